"""What a script may not ask of the kernel: a filter (seccomp) that stands behind the namespaces.

Refused are calls that a program for data analysis never makes and that kernels have been broken by, calls that take memory where the
watch can't see it, and sockets of families that no namespace holds back, such as those to a virtual machine's host (vsock).
"""

import errno
import functools
import platform
import struct

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Which number of a call is the machine's, and what the kernel calls its architecture."""
REFUSED = {
    # Others' memory.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    # Keys, which no namespace keeps apart.
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # Programs within the kernel.
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # Mounts and namespaces.
    "mount": (165, 40), "umount2": (166, 39), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "open_tree": (428, 428), "mount_setattr": (442, 442), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    # The machine.
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "acct": (163, 89), "quotactl": (179, 60),
    "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    # Memory that counts as no process's.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    # Permissions of another kind, which change modes, too.
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
}  # fmt: skip
IGNORED = {"chmod": (90, 53), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)}
"""Changes of modes: done to all appearance. /dev/null is the machine's own, and root, who owns it, could lock all others out of it;
while copying a file, which changes the copy's mode, must not fail. ARM has no chmod."""
CLONE, CLONE3, IOCTL, SOCKET = (56, 220), 435, (16, 29), (41, 198)
NEW_NAMESPACES = 0x7E020000
"""Every CLONE_NEW… that clone knows."""
TYPING = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, which type into a terminal."""
FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET and AF_INET6, whose sockets stay within the namespaces."""
FOREIGN = 0x40000000
"""From here on are numbers of x32, a second set of the same calls."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST, SECOND = 0, 4, 16, 24
"""Where the call's number, the architecture and the low halves of two arguments lie in what a filter sees (struct seccomp_data)."""
Step = tuple[int, int, int, int]
ALLOWED: Step = (RETURN, 0, 0, 0x7FFF0000)


@functools.cache
def program(machine: str = platform.machine()) -> bytes | None:
    """The filter as the kernel reads it (an array of struct sock_filter); None for a machine whose calls we don't know."""
    if machine not in MACHINES:
        return None
    which, architecture = MACHINES[machine]
    unknown, forbidden = _failing(errno.ENOSYS), _failing(errno.EPERM)
    steps: list[Step] = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), unknown, (LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, FOREIGN), unknown]
    # What clone3 is asked lies in memory, out of a filter's sight; told that there is no such call, the C library falls back on clone.
    steps += [(EQUAL, 0, 1, CLONE3), unknown]
    for numbers in REFUSED.values():
        steps += [(EQUAL, 0, 1, numbers[which]), forbidden]
    for numbers in IGNORED.values():
        steps += [(EQUAL, 0, 1, numbers[which]), _failing(0)]
    steps += _call(CLONE[which], [(LOAD, 0, 0, FIRST), (ANY_BIT, 0, 1, NEW_NAMESPACES), forbidden])
    steps += _call(IOCTL[which], [(LOAD, 0, 0, SECOND), (EQUAL, 1, 0, TYPING[0]), (EQUAL, 0, 1, TYPING[1]), forbidden])
    known = [(EQUAL, len(FAMILIES) - at, 0, family) for at, family in enumerate(FAMILIES)]
    steps += _call(SOCKET[which], [(LOAD, 0, 0, FIRST), *known, _failing(errno.EAFNOSUPPORT)])
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, ALLOWED])


def _call(number: int, steps: list[Step]) -> list[Step]:
    """Steps that are taken for one call alone, after which it is allowed."""
    return [(EQUAL, 0, len(steps) + 1, number), *steps, ALLOWED]


def _failing(error: int) -> Step:
    return (RETURN, 0, 0, 0x00050000 | error)
