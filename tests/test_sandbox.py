import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from limbeck.errors import SandboxError
from limbeck.evals.baits import marked
from limbeck.evals.hostile import CASES
from limbeck.evals.sandbox import APART, LOOSE, attempt
from limbeck.sandbox import Ended, Sandbox, available, check, syscalls
from limbeck.sandbox.keeping import keep
from limbeck.sandbox.scratch import Scratch, fresh
from limbeck.sections import SandboxSettings

USUAL = SandboxSettings(seconds=60.0)
PRINT = "print(open('data/sales.csv').read())"
SALES = "number,value\n1,20\n2,22\n"


@pytest.fixture(autouse=True)
def works(request: pytest.FixtureRequest) -> None:
    """Tests that need bubblewrap are left out where it is not allowed to work, but not where tests must show that it does."""
    if "apart" not in request.keywords and "settings" not in request.fixturenames:
        return
    try:
        check(USUAL)
    except SandboxError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no sandbox on this machine: {error}")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "sales.csv").write_text(SALES)
    return folder
