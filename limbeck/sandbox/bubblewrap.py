"""What a script sees and reaches: the system's programs, this Python, the data and its scratch folder, and nothing else (bubblewrap).

It has no network, no environment, no other processes and no capabilities, and can't get any of them back.
"""

import functools
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from limbeck.errors import SandboxError
from limbeck.sandbox import interpreter
from limbeck.sandbox.scratch import Scratch

WORK = "/sandbox"
"""What a script knows its scratch folder as; the data is in `data` therein."""
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Beside /usr: links into it, or folders of their own on older systems."""
FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime", "/nix/store")
"""What libraries and fonts need of the rest. No users, no hosts, no keys."""
SHARED = 64 * 2**20
"""Bytes of /dev/shm, through which processes hand each other arrays."""


def arguments(scratch: Scratch, data: Path, masked: Sequence[Path]) -> list[str]:
    """Options of `bwrap` for one run; they hold for 0.8 and later.

    The system's folders come first and the scratch folder next, since Python or the data may lie in a folder of its name.

    Args:
        scratch: The folder that may be written to.
        data: The folder, or the one file, that is shown as `data`.
        masked: Files and folders that are shown empty.
    """
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    # Some files of /proc ask for the number of the user alone, which for root is root's even in here: hence read-only.
    options += ["--hostname", "sandbox", "--uid", "1000", "--gid", "1000", *_system(), "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"]
    options += ["--size", str(SHARED), "--tmpfs", "/dev/shm", "--bind", str(scratch.work), WORK, "--bind", str(scratch.temporary), "/tmp"]
    for path in interpreter.paths():
        options += ["--ro-bind", str(path), str(path)]
    shown = f"{WORK}/data" if data.is_dir() else f"{WORK}/data/{data.name}"
    options += ["--ro-bind", str(data), shown]
    for path in masked:
        options += _mask(path, f"{shown}/{path.relative_to(data)}" if path.is_relative_to(data) else str(path))
    options += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK, "--clearenv"]
    for name, value in interpreter.environment("/tmp").items():
        options += ["--setenv", name, value]
    return options


@functools.cache
def _system() -> tuple[str, ...]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM:
        if os.path.islink(name):
            options += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            options += ["--ro-bind", name, name]
    for name in FILES:
        options += ["--ro-bind-try", name, name]
    return tuple(options)


def _mask(path: Path, shown: str) -> list[str]:
    if path.is_dir():
        return ["--tmpfs", shown, "--remount-ro", shown]
    return ["--ro-bind", "/dev/null", shown]


def masked(data: Path, hidden: Sequence[Path]) -> list[Path]:
    """What must not be seen of the data and of Python: what is hidden, and ways to programs outside (sockets, pipes, devices).

    Raises:
        SandboxError: The data is itself hidden.
    """
    if data in hidden:
        raise SandboxError(f"the data {str(data)!r} is the project's own folder; write another folder as `project:`")
    roots = (data, *interpreter.paths())
    inside = [path for path in hidden if any(path.is_relative_to(root) for root in roots)]
    doors = [path for path in _doors(data) if not any(path.is_relative_to(one) for one in inside)]
    return [path for path in (*inside, *doors) if path.exists()]


@functools.cache
def _doors(data: Path) -> tuple[Path, ...]:
    """Found once: a folder of data may be large."""
    return tuple(path for folder, _, names in os.walk(data) for name in names if _is_door(path := Path(folder, name)))


def _is_door(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISLNK(mode)
