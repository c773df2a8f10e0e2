import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from limbeck.sandbox.keeping import keep
from limbeck.sandbox.scratch import Scratch, fresh


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    scratch = Scratch(tmp_path / "scratch")
    scratch.data.mkdir(parents=True)
    return scratch


def test_plain_files_are_kept_and_nothing_else(scratch: Scratch, tmp_path: Path) -> None:
    secret, work = tmp_path / "secret", scratch.work
    secret.write_text("secret", "utf-8")
    for name in ("plot.png", "data/sales.csv", ".hidden", "plots/a.png", "plots/.cache/b", "one", "-rf\n; x.png"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(name, "utf-8")
    (work / "plot.png").chmod(0o4755)
    (work / "link.png").symlink_to(secret)
    (work / "folder").symlink_to(tmp_path)
    os.link(work / "one", work / "two")
    os.link(secret, work / "secret.png")
    os.mkfifo(work / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(work / "socket"))
        kept = keep(scratch, tmp_path / "kept", 1)
    assert [path.relative_to(tmp_path / "kept").as_posix() for path in kept] == ["plot.png", "plots/a.png", "rf_; x.png".replace(";", "_")]
    assert sorted(path for path in (tmp_path / "kept").rglob("*") if not path.is_dir()) == sorted(kept)
    assert stat.S_IMODE(kept[0].stat().st_mode) & 0o7111 == 0


def test_what_is_kept_is_limited_in_size_and_number(scratch: Scratch, tmp_path: Path) -> None:
    (scratch.work / "large").write_bytes(b"x" * 900_000)
    os.truncate(os.open(scratch.work / "sparse", os.O_CREAT | os.O_RDWR), 10**9)
    for name in range(300):
        (scratch.work / f"{name}.csv").write_bytes(b"x" * 1000)
    kept = keep(scratch, tmp_path / "kept", 1)
    assert len(kept) == 200 and sum(path.stat().st_size for path in kept) <= 1_000_000


def test_names_that_come_to_the_same_do_no_harm(scratch: Scratch, tmp_path: Path) -> None:
    for name in ("a?", "a*", "b?/c", "b*"):
        (scratch.work / name).parent.mkdir(exist_ok=True)
        (scratch.work / name).write_text(name, "utf-8")
    kept = keep(scratch, tmp_path / "kept", 1)
    assert {path.relative_to(tmp_path / "kept").as_posix() for path in kept} in ({"a_", "b_"}, {"a_", "b_/c"})
    assert keep(scratch, tmp_path / "kept", 1) == kept


def test_a_scratch_folder_of_any_depth_goes_away() -> None:
    with fresh("") as scratch:
        subprocess.run([sys.executable, "-c", "import os\nfor _ in range(5000): os.mkdir('d'); open('f', 'w').close(); os.chdir('d')"], cwd=scratch.work, check=True)
        (scratch.work / "locked").mkdir(mode=0)
    assert not scratch.folder.exists()
