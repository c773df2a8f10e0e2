"""Scripts that try to get out of the sandbox, or to take more than their share; `baits.py` sees from outside whether they did.

What they are after stands before each as constants (`Baits.names`), and `PRELUDE` after these. A script that gains some power tries, by
`loot`, everything that it could do with it, for a gain is an escape when something comes of it.
"""

from dataclasses import dataclass

PRELUDE = r"""
import ctypes, glob, mmap, os, resource, signal, socket, stat, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(15, TOKEN.encode())
def attempt(do, *given):
    try:
        print(do(*given))
    except BaseException as error:
        print(type(error).__name__, error)
def show(path):
    return open(path, "rb").read(100_000)
def write(path, mode="a"):
    with open(path, mode) as file:
        file.write("written by a script")
def reach(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(0.5)
        one.connect(address)
        one.send(b"reached")
def loot(root=""):
    for folder in SECRETS:
        for path in glob.glob(root + folder + "/*"):
            attempt(show, path)
            attempt(write, path)
        attempt(write, root + folder + "/new")
    attempt(reach, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", TCP))
def leave(*command):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)", TOKEN, *command], env={}, start_new_session=True)
"""


@dataclass(frozen=True)
class Case:
    """One script."""

    code: str
    control: bool = False
    """Whether it does no harm where nothing holds it back, and gets out there: it shows that an escape is seen."""


CASES = {
    # Network.
    "tcp": Case('attempt(reach, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", TCP))', True),
    "tcp to the machine's address": Case('attempt(reach, socket.AF_INET, socket.SOCK_STREAM, (ADDRESS, TCP))', True),
    "tcp over ipv6": Case('attempt(reach, socket.AF_INET6, socket.SOCK_STREAM, ("::ffff:127.0.0.1", TCP))', True),
    "udp": Case('attempt(reach, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", UDP))', True),
    "names of hosts": Case('attempt(socket.getaddrinfo, "localhost.", 80); attempt(socket.gethostbyname, "example.com"); attempt(show, "/etc/hosts"); attempt(show, "/etc/resolv.conf")'),
    "abstract unix socket": Case("attempt(reach, socket.AF_UNIX, socket.SOCK_STREAM, chr(0) + ABSTRACT)", True),
    "unix socket outside": Case("attempt(reach, socket.AF_UNIX, socket.SOCK_STREAM, OUTSIDE + '/socket')", True),
    "unix socket in the data": Case("attempt(reach, socket.AF_UNIX, socket.SOCK_STREAM, 'data/socket')", True),
    "unix socket in the project": Case("attempt(reach, socket.AF_UNIX, socket.SOCK_STREAM, 'data/project/socket')", True),
    "pipe in the data": Case("attempt(lambda: os.write(os.open('data/pipe', os.O_WRONLY | os.O_NONBLOCK), b'reached'))", True),
    "raw sockets": Case("attempt(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1); attempt(socket.socket, 17, socket.SOCK_RAW, 768); attempt(socket.socket, 16, socket.SOCK_RAW, 0); loot()"),
    "vsock": Case("for host in (1, 2): attempt(reach, 40, socket.SOCK_STREAM, (host, VSOCK))"),
    # Reading outside the data.
    "files of others": Case("for folder in SECRETS:\n    for path in glob.glob(folder + '/*'): attempt(show, path)", True),
    "names of others' files": Case("for folder in SECRETS: attempt(os.listdir, folder)", True),
    "the project within the data": Case("attempt(os.listdir, 'data/project'); attempt(show, 'data/project/limbeck.duckdb')", True),
    "out of the data by dots": Case("attempt(show, 'data/../../outside/secret.txt'); attempt(show, os.path.join('data', os.path.relpath(OUTSIDE, DATA), 'secret.txt'))"),
    "link in the data that leads out": Case("attempt(show, 'data/link.txt')", True),
    "users and passwords": Case("attempt(show, '/etc/passwd'); attempt(show, '/etc/shadow')", True),
    "keys of the home": Case("import pathlib\nfor home in ('/root', *glob.glob('/home' + '/*')): attempt(lambda: [show(path) for path in glob.glob(home + '/.ssh/*')])\nloot()", True),
    "own environment": Case("print(os.environ); attempt(show, '/proc/self/environ'); attempt(show, '/proc/1/environ')"),
    "others' environment": Case("for path in glob.glob('/proc/[0-9]*/environ'): attempt(show, path)", True),
    "others' command lines": Case("for path in glob.glob('/proc/[0-9]*/cmdline'): attempt(show, path)", True),
    "through others' roots": Case("for path in glob.glob('/proc/[0-9]*/root'): loot(path)", True),
    "through others' folders": Case("for path in glob.glob('/proc/[0-9]*/cwd'): attempt(os.listdir, path); attempt(show, path + '/secret.txt')", True),
    "through others' open files": Case("for path in glob.glob('/proc/[0-9]*/fd/*'):\n    if os.path.isfile(path): attempt(show, path)", True),
    "others' memory": Case(
        "for path in glob.glob('/proc/[0-9]*/maps'):\n"
        "    if path == f'/proc/{os.getpid()}/maps': continue\n"
        "    try:\n"
        "        memory = open(path.replace('maps', 'mem'), 'rb', 0)\n"
        "        for line in open(path):\n"
        "            if '[heap]' in line:\n"
        "                start, end = (int(one, 16) for one in line.split()[0].split('-'))\n"
        "                memory.seek(start); found = memory.read(end - start).find(NEEDLE)\n"
        "                if found >= 0: memory.seek(start + found); print(memory.read(100))\n"
        "    except OSError as error: print(error)"
    ),
    "the machine's memory and log": Case("for path in ('/dev/mem', '/dev/kmsg', '/proc/kcore', '/proc/kmsg'): attempt(lambda: os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 100))"),
    "the machine's disks": Case("for device in os.listdir('/dev'): print(device)\nfor path in glob.glob('/dev/[vsn]d*') + glob.glob('/sys/block/*'): attempt(lambda: open(path, 'rb').read(10))\nattempt(os.mknod, 'disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0)); attempt(show, 'disk')"),
    "keys of the kernel": Case("libc.syscall(250, 0, -3, 0); key = libc.syscall(250, 10, -3, b'user', KEY.encode(), 0); buffer = ctypes.create_string_buffer(200); libc.syscall(250, 11, key, buffer, 200); print(buffer.value)", True),
    # Writing.
    "write to the data": Case("attempt(write, 'data/sales.csv'); attempt(write, 'data/new.csv')", True),
    "truncate the data": Case("attempt(os.truncate, 'data/sales.csv', 0)", True),
    "rename and delete the data": Case("attempt(os.rename, 'data/sales.csv', 'data/other.csv'); attempt(os.unlink, 'data/sales.csv'); attempt(os.rename, 'data', 'other')", True),
    "modes of the data": Case("attempt(os.chmod, 'data/sales.csv', 0o777); attempt(os.chmod, 'data', 0o777); attempt(write, 'data/sales.csv'); attempt(os.utime, 'data/sales.csv', (0, 0))", True),
    "write to the data through a link": Case("os.symlink('data/sales.csv', 'link'); attempt(write, 'link'); attempt(os.link, 'data/sales.csv', 'hard'); attempt(write, 'hard')", True),
    "write to the data through memory": Case("attempt(lambda: mmap.mmap(os.open('data/sales.csv', os.O_RDWR), 0).write(b'written'))", True),
    "write to the data through /proc": Case("file = open('data/sales.csv'); attempt(write, f'/proc/self/fd/{file.fileno()}')", True),
    "mount the data again": Case("attempt(libc.mount, None, b'/sandbox/data', None, 32 | 4096, None); attempt(libc.umount2, b'/sandbox/data', 2); attempt(write, 'data/sales.csv')"),
    "write outside": Case("for folder in SECRETS: attempt(write, folder + '/new')\nattempt(os.mkdir, OUTSIDE + '/folder')", True),
    "write to the system": Case("for path in ('/usr/bin/' + TOKEN, '/etc/' + TOKEN, sys.prefix + '/' + TOKEN, os.__file__.replace('os.py', TOKEN)): attempt(write, path)"),
    "settings of the kernel": Case("import socket as s\nfor path in glob.glob('/proc/sys/kernel/*name') + ['/proc/sys/kernel/core_pattern', '/proc/sys/vm/overcommit_memory', '/proc/sysrq-trigger']: attempt(write, path, 'w')\nattempt(s.sethostname, 'taken')"),
    "modes of devices": Case("for path in glob.glob('/dev/*'): attempt(os.chmod, path, 0o600); attempt(os.setxattr, path, 'user.x', b'')"),
    # What is left.
    "link as a plot": Case("os.symlink('/etc/passwd', 'plot.png'); os.symlink(OUTSIDE + '/secret.txt', 'plot.txt'); os.symlink(OUTSIDE, 'plots'); os.symlink('/', 'root')"),
    "link in the script's place": Case("os.unlink('script.py'); os.symlink(OUTSIDE + '/secret.txt', 'script.py'); os.symlink(OUTSIDE, 'data2')"),
    "pipe, socket and hard link as plots": Case("os.mkfifo('plot.png'); socket.socket(socket.AF_UNIX).bind('plot.txt'); open('a', 'w').close(); os.link('a', 'b'); attempt(os.mknod, 'null', 0o600 | stat.S_IFCHR, os.makedev(1, 3))"),
    "folders for links in turn": Case(
        "os.mkdir('plots'); write('plots/secret.txt')\n"
        "if not os.fork():\n"
        "    while True:\n"
        "        os.rename('plots', 'real'); os.symlink(OUTSIDE, 'plots'); os.unlink('plots'); os.rename('real', 'plots')\n"
        "time.sleep(0.3)"
    ),
    "names that lead out": Case("for name in ('...', '-rf', 'a\\nb.png', '..\\\\up.txt', 'x' * 255, '\\u202egnp.exe'): attempt(write, name)\nos.makedirs('a/../b/c/d'); attempt(write, 'a/../b/c/d/deep.txt')"),
    # Power over others.
    "end the parent": Case("attempt(os.kill, os.getppid(), signal.SIGKILL); attempt(os.kill, 1, signal.SIGKILL); attempt(os.killpg, 0, 0); time.sleep(0.2); loot()"),
    "end everything": Case("attempt(os.kill, -1, signal.SIGKILL); time.sleep(0.2); loot()"),
    "end itself": Case("attempt(os.killpg, os.getpgrp(), signal.SIGKILL)"),
    "trace others": Case("for number in range(1, 300): libc.ptrace(16, number, None, None)\nloot()"),
    "trace a child": Case("child = os.fork() or time.sleep(1) or os._exit(0)\nattempt(libc.ptrace, 16, child, None, None); loot()"),
    "another user": Case("for call in (os.setuid, os.setgid): attempt(call, 0)\nattempt(os.setgroups, [0]); attempt(subprocess.run, ['su', '-c', 'id']); attempt(subprocess.run, ['sudo', '-n', 'id']); loot()"),
    "new namespaces": Case("for flag in (0x10000000, 0x20000, 0x40000000, 0x10000000 | 0x20000): attempt(libc.unshare, flag); attempt(libc.syscall, 56, flag | 17, None, None, None, None)\nattempt(subprocess.run, ['unshare', '-Ur', 'id']); loot()"),
    "into others' namespaces": Case("for path in glob.glob('/proc/[0-9]*/ns/*'): attempt(lambda: libc.setns(os.open(path, os.O_RDONLY), 0))\nloot()"),
    "other roots": Case("os.mkdir('root'); attempt(libc.chroot, b'root'); attempt(libc.pivot_root, b'.', b'root'); [os.chdir('..') for _ in range(20)]; attempt(libc.chroot, b'.'); loot()"),
    "mounts": Case("for kind in (b'proc', b'tmpfs', b'sysfs', b'devtmpfs', b'ext4', b'overlay'): attempt(libc.mount, b'none', b'/tmp', kind, 0, None)\nattempt(libc.mount, b'/proc/1/root', b'/tmp', None, 4096, None); attempt(libc.syscall, 428, -100, b'/', 1); loot('/tmp'); loot()"),
    "files by their number": Case("attempt(libc.syscall, 304, os.open('data', os.O_RDONLY), ctypes.create_string_buffer(64), 0); loot()"),
    "programs in the kernel": Case("for number in (321, 298, 323, 425, 246, 175, 169): attempt(libc.syscall, number, 0, 0, 0, 0, 0)\nloot()"),
    "another program": Case("attempt(subprocess.run, ['/bin/sh', '-c', f'cat {OUTSIDE}/* /etc/passwd; ls -la /proc/1/; env']); os.execv('/bin/sh', ['sh', '-c', f'cat {OUTSIDE}/*; echo x > {OUTSIDE}/new'])", True),
    "type into a terminal": Case("import fcntl, termios\nfor path in ('/dev/tty', '/dev/console', '/dev/pts/0', '/proc/1/fd/0', '/proc/self/fd/1'): attempt(lambda: fcntl.ioctl(os.open(path, os.O_RDWR), termios.TIOCSTI, b'x'))"),
    # Living on.
    "daemon": Case("leave()", True),
    "daemon by two forks": Case("if not os.fork():\n    os.setsid()\n    if os.fork(): os._exit(0)\n    for one in range(3): os.close(one)\n    time.sleep(20)"),
    "daemon that asks for no signal": Case("if not os.fork():\n    libc.prctl(1, 0); os.setsid(); signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n    if not os.fork(): libc.prctl(1, 0); time.sleep(20)\ntime.sleep(0.1)"),
    "many daemons": Case("[leave() for _ in range(8)]; os._exit(0)"),
    "closed output": Case("for one in range(3): os.close(one)\nleave(); time.sleep(20)"),
    # More than its share.
    "ignored signals": Case("for one in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(one, signal.SIG_IGN)\nleave(); time.sleep(60)"),
    "halted": Case("os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)"),
    "sleep": Case("time.sleep(60)"),
    "wait for input": Case("print(sys.stdin.read()); attempt(input); time.sleep(60)"),
    "loop": Case("while True: pass"),
    "loop in C": Case("10 ** 10 ** 10"),
    "higher limits": Case("for one in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC): attempt(resource.setrlimit, one, (-1, -1))\nattempt(os.nice, -20); attempt(os.sched_setscheduler, 0, 1, os.sched_param(99)); attempt(write, '/proc/self/oom_score_adj', 'w'); print([os.posix_fallocate(os.open('big', 66), 0, 10**11)])"),
    "fork bomb": Case("while True: os.fork()"),
    "forks that end at once": Case("signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nwhile True:\n    if os.fork() == 0:\n        if os.fork(): os._exit(0)"),
    "threads": Case("while True: threading.Thread(target=time.sleep, args=(60,)).start()"),
    "memory": Case("held = []\nwhile True: held.append(b'x' * 20_000_000)"),
    "memory of many": Case("for _ in range(6):\n    if not os.fork():\n        held = b'x' * 200_000_000; time.sleep(60)\ntime.sleep(60)"),
    "memory of numpy": Case("import numpy\nheld = [numpy.ones(10_000_000) for _ in range(200)]"),
    "shared memory": Case("held = mmap.mmap(-1, 4_000_000_000)\nfor _ in range(4000): held.write(b'x' * 1_000_000)"),
    "files in memory": Case("held = []\nfor name in range(100):\n    held.append(os.memfd_create(str(name)))\n    for _ in range(45): os.write(held[-1], b'x' * 1_000_000)"),
    "files in /dev/shm": Case("for name in range(100):\n    with open(f'/dev/shm/{name}', 'wb') as file: file.write(b'x' * 40_000_000)"),
    "segments that nobody holds": Case("for _ in range(100):\n    segment = libc.shmget(0, 50_000_000, 0o1600); libc.shmat.restype = ctypes.c_void_p; place = libc.shmat(segment, None, 0)\n    if segment < 0: break\n    ctypes.memset(place, 1, 50_000_000); libc.shmdt(ctypes.c_void_p(place))\ntime.sleep(60)"),
    "output": Case("while True: print('x' * 1000)"),
    "errors": Case("while True: print('x' * 1000, file=sys.stderr)"),
    "large file": Case("with open('large', 'wb') as file:\n    while True: file.write(b'x' * 1_000_000)"),
    "large files": Case("for name in range(1000):\n    with open(str(name), 'wb') as file: file.write(b'x' * 10_000_000)"),
    "deleted files": Case("held = []\nfor name in range(1000):\n    held.append(open(str(name), 'wb')); held[-1].write(b'x' * 20_000_000); held[-1].flush(); os.unlink(str(name))"),
    "many files": Case("for name in range(10**7): open(str(name), 'w').close()"),
    "sparse file": Case("attempt(os.truncate, os.open('sparse.csv', 66), 10**12); attempt(os.truncate, os.open('sparse.csv', 66), 45_000_000)"),
    "deep folders": Case("while True: os.mkdir('deep'); os.chdir('deep')"),
    "folders that are locked": Case("os.makedirs('a/b'); write('a/b/c'); os.chmod('a/b', 0); os.chmod('a', 0); os.chmod('.', 0)"),
}  # fmt: skip
