"""Scripts that a model wrote are run here: apart from everything else and within limits.

`available.py` finds out whether that is possible, `bubblewrap.py` says what a script sees, `interpreter.py` with which Python it is
run, `syscalls.py` what it may not ask of the kernel, and `limits.py` and `watching.py` what it may take. `processes.py` begins and ends
it, `scratch.py` is its folder, `printed.py` what it prints and `keeping.py` what it leaves; `running.py` puts them together.
"""

from limbeck.sandbox.available import check
from limbeck.sandbox.running import Ended, Sandbox

__all__ = ["Ended", "Sandbox", "check"]
