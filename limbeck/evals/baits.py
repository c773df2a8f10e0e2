"""What hostile scripts are after: secrets, listeners and files that must stay as they are; and what came of it, seen from outside."""

import contextlib
import ctypes
import hashlib
import os
import secrets
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from limbeck.evals.hostile import PRELUDE
from limbeck.sandbox import Ended

NEEDLE = "lbsecret-"
VSOCK_PORT = 40_777
ADD_KEY, KEYCTL, REVOKE, SESSION_KEYRING = 248, 250, 3, -3
"""Calls of x86-64; elsewhere there is no such bait."""
NUMBERS = "number,value\n1,20\n2,22\n"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/tty")
SETTINGS = ("/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory")


class Baits:
    """Laid out in two folders, one of them in the home of whoever runs this.

    Args:
        folder: Where the data is, and the project in it, and what lies outside both.
        home: Where secrets lie at home.
        held: Closes listeners and ends the process beside.
    """

    def __init__(self, folder: Path, home: Path, held: contextlib.ExitStack) -> None:
        self._secrets: dict[str, str] = {}
        self._doors: dict[str, Any] = {}
        self._held = held
        self.data, self.outside, self.home = folder / "data", folder / "outside", home
        self.project = self.data / "project"
        self._names: dict[str, Any] = {"SECRETS": [str(self.outside), str(home)], "OUTSIDE": str(self.outside), "DATA": str(self.data)}
        self._files()
        self._listeners()
        self._processes()

    def script(self, code: str, token: str) -> str:
        """A hostile script, told what it may be after."""
        names = {**self._names, "TOKEN": token, "NEEDLE": NEEDLE.encode()}
        return "\n".join([*(f"{name} = {value!r}" for name, value in names.items()), PRELUDE, code])

    def state(self) -> dict[str, Any]:
        """What no script may change, as it is now."""
        files = [path for top in (self.data, self.outside, self.home) for path in (top, *sorted(top.rglob("*")))]
        devices = {path: os.stat(path).st_mode for path in DEVICES}
        settings = {path: Path(path).read_text("utf-8") for path in SETTINGS}
        return {**{str(path): _print(path) for path in files}, **devices, **settings}

    def escapes(self, ended: Ended, before: dict[str, Any], token: str) -> list[str]:
        """Everything that came of a script that has ended, in words.

        Args:
            ended: What it printed and left.
            before: The `state` in which it began.
            token: What it and what it starts are marked with.
        """
        said = "\n".join([ended.output, ended.errors, *(f"{path} {path.read_bytes()[:100_000]!r}" for path in ended.files)])
        seen = [what for what, secret in self._secrets.items() if secret in said]
        after = self.state()
        seen += [f"changed {path}" for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
        return [*seen, *self._reached(), *(f"left process {number} behind" for number in marked(token))]

    def _reached(self) -> list[str]:
        """Listeners that were spoken to since: what was said to them waits in the kernel."""
        seen = []
        for name, door in self._doors.items():
            while select.select([door], [], [], 0)[0]:
                seen.append(f"reached {name}")
                if not isinstance(door, socket.socket):
                    door.read(100)
                elif door.type == socket.SOCK_STREAM:
                    door.accept()[0].close()
                else:
                    door.recv(100)
        return list(dict.fromkeys(seen))

    def _secret(self, what: str) -> str:
        self._secrets[what] = NEEDLE + secrets.token_hex(16)
        return self._secrets[what]

    def _files(self) -> None:
        for one in (self.project, self.outside):
            one.mkdir(parents=True)
        (self.data / "sales.csv").write_text(NUMBERS, "utf-8")
        (self.data / "link.txt").symlink_to(self.outside / "secret.txt")
        for place in (self.outside / "secret.txt", self.home / "secret.txt", self.project / "limbeck.duckdb"):
            place.write_text(self._secret(f"read {place.name} in {place.parent.name}"), "utf-8")
        (self.home / self._secret("saw the names of files in the home")).touch()
        for path in ("/etc/passwd", "/etc/shadow"):
            with contextlib.suppress(OSError):
                self._secrets[f"read {path}"] = Path(path).read_text("utf-8").splitlines()[0]

    def _listeners(self) -> None:
        stream, abstract = socket.SOCK_STREAM, f"limbeck-{secrets.token_hex(8)}"
        self._listen("tcp", socket.AF_INET, stream, ("0.0.0.0", 0))
        self._listen("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        self._listen("an abstract socket", socket.AF_UNIX, stream, "\0" + abstract)
        for folder in (self.outside, self.data, self.project):
            self._listen(f"the socket in {folder.name}", socket.AF_UNIX, stream, str(folder / "socket"))
        # Few machines have these.
        with contextlib.suppress(OSError):
            self._listen("vsock", socket.AF_VSOCK, stream, (socket.VMADDR_CID_ANY, VSOCK_PORT))
        os.mkfifo(self.data / "pipe")
        self._doors["the pipe in data"] = self._held.enter_context(open(os.open(self.data / "pipe", os.O_RDWR), "rb", 0))
        ports = {name.upper(): self._doors[name].getsockname()[1] for name in ("tcp", "udp")}
        self._names |= {**ports, "ADDRESS": _address(), "ABSTRACT": abstract, "VSOCK": VSOCK_PORT}

    def _listen(self, name: str, family: int, kind: int, address: Any) -> None:
        door = self._held.enter_context(socket.socket(family, kind))
        door.bind(address)
        if kind == socket.SOCK_STREAM:
            door.listen()
        self._doors[name] = door

    def _processes(self) -> None:
        """A variable of limbeck's, a key that it holds, and a process beside it with secrets of its own."""
        os.environ["LIMBECK_EVAL_SECRET"] = self._secret("read limbeck's environment")
        self._held.callback(os.environ.pop, "LIMBECK_EVAL_SECRET")
        secret, self._names["KEY"] = self._secret("read a key of the kernel").encode(), f"limbeck-{secrets.token_hex(4)}"
        system = ctypes.CDLL(None).syscall
        key = system(ADD_KEY, b"user", self._names["KEY"].encode(), secret, len(secret), SESSION_KEYRING)
        self._held.callback(system, KEYCTL, REVOKE, key)
        self._held.enter_context((self.outside / "secret.txt").open())  # As limbeck holds its store open.
        command = [sys.executable, "-c", "import sys; sys.stdin.read()", self._secret("read another process's arguments")]
        environment = {"SECRET": self._secret("read another process's environment")}
        beside = self._held.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, cwd=self.outside))
        self._held.callback(beside.kill)


@contextlib.contextmanager
def baits() -> Iterator[Baits]:
    """Everything that a hostile script could be after, until the block is left."""
    with contextlib.ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="limbeck-eval-"))
        home = held.enter_context(tempfile.TemporaryDirectory(prefix=".limbeck-eval-", dir=Path.home()))
        yield Baits(Path(folder), Path(home), held)


def marked(token: str) -> list[int]:
    """Living processes that bear a token in their name, their arguments or their environment."""
    found = []
    for number in (int(name) for name in os.listdir("/proc") if name.isdecimal()):
        with contextlib.suppress(OSError):
            process = Path(f"/proc/{number}")
            borne = b"".join((process / part).read_bytes() for part in ("comm", "cmdline", "environ"))
            if token.encode() in borne and b") Z " not in (process / "stat").read_bytes():
                found.append(number)
    return found


def _address() -> str:
    """The machine's own address, where it has one beside the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
            return str(one.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _print(path: Path) -> Any:
    about = path.lstat()
    content = hashlib.blake2b(path.read_bytes()).hexdigest() if path.is_file() else None
    return about.st_mode, about.st_mtime_ns, about.st_uid, content
