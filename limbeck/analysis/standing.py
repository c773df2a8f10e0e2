"""A script of an analysis as a file that runs by itself: `python answer.py`, or `python answer.py FOLDER` over other data."""

from pathlib import Path

HEAD = '''\
# {question}
# Run it with: python answer.py [FOLDER]
import os as _os
import sys as _sys
import tempfile as _tempfile

# The script opens its files as `data/…`, in a folder of its own for what it writes.
_data = _os.path.abspath(_sys.argv[1]) if len(_sys.argv) > 1 else {data!r}
if not _os.path.exists(_data):
    _sys.exit("no data at " + repr(_data) + "; say where it is: python answer.py FOLDER")
_os.chdir(_tempfile.mkdtemp(prefix="answer-"))
{link}
'''
FUTURE = "from __future__ import "
FOLDER = '_os.symlink(_data, "data", target_is_directory=True)'
FILE = '_os.mkdir("data")\n_os.symlink(_data, _os.path.join("data", {name!r}))'


def standing(script: str, question: str, data: Path) -> str:
    """Put before a script what the sandbox did for it."""
    link = FILE.format(name=data.name) if data.is_file() else FOLDER
    head = HEAD.format(question=" ".join(question.split()), data=str(data.absolute()), link=link)
    # Python wants what is of the future before anything else.
    future = [line for line in script.splitlines() if line.startswith(FUTURE)]
    return "\n".join([*future, head, *(line for line in script.splitlines() if line not in future)]) + "\n"


def script_name(run: str) -> str:
    """The file in the project that holds the script of a run's answer."""
    return f"answer-{run.removeprefix('b2:')[:8]}.py"
