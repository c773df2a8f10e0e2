"""Which Python a script is run with: limbeck's own, with its packages and without its environment."""

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

PARTS = ("bin", "lib", "lib64", "share", "pyvenv.cfg")
"""Of an installation or a virtual environment. Not all of it: `pip.conf` may hold a password."""
PACKAGES = ("site-packages", "dist-packages")
THREADS = "2"
"""Of each library for linear algebra: several scripts are run at once."""


@functools.cache
def paths() -> tuple[Path, ...]:
    """What must be readable for this Python to start and to import its packages."""
    roots = dict.fromkeys([sys.base_prefix, os.path.realpath(sys.base_prefix), sys.prefix, os.path.realpath(sys.prefix)])
    found = [path for root in roots for part in PARTS if (path := Path(root, part)).exists()]
    links = [link for link in _links() if not any(link.is_relative_to(path) for path in found)]
    return (*found, *links, *_packages())


def _links() -> Iterator[Path]:
    """The executable, and the links that lead to it."""
    path = Path(sys.executable)
    while path.is_symlink():
        yield path
        path = path.parent / os.readlink(path)
    yield path


@functools.cache
def _packages() -> tuple[Path, ...]:
    """Folders of packages outside the installation, such as a user's own."""
    inside = tuple(os.path.join(root, "") for root in (sys.prefix, sys.base_prefix))
    return tuple(Path(path) for path in sys.path if os.path.basename(path) in PACKAGES and not path.startswith(inside))


def environment(temporary: str) -> dict[str, str]:
    """Every variable that a script has.

    Args:
        temporary: Its folder for temporary files and caches.
    """
    several = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS"), THREADS)
    return {
        "PATH": os.pathsep.join((os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin")),
        "HOME": temporary,
        "TMPDIR": temporary,
        "USER": "script",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": temporary,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(map(str, _packages())),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        **several,
    }
