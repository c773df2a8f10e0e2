"""Models that analyse data: scripted agents, and what came of a run with them."""

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from limbeck.dialects import CHOICE, Body
from limbeck.fakes import FakeLLM
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.run import Outcome, run
from limbeck.schemas.analysis import Trace
from limbeck.settings import Settings
from limbeck.show import find
from limbeck.show_analysis import trace

Answer = Callable[[str], str]
"""Of a prompt's text."""
Say = str | dict[str, str] | Callable[[Body], str]
AGENTS = {
    "analyze": "Write a Python script that loads one file",
    "plan": "Propose the one next step",
    "code": "Write one whole Python script that carries out",
    "verify": "Judge whether a plan",
    "route": "A plan does not yet answer",
    "debug": "A Python script fails",
    "finalize": "Write one whole Python script that works out",
}
SALES = "shop,amount\nNorth,10\nSouth,31.5\nNorth,5\n"
LOOK = "```python\nprint(open('data/sales.csv').read())\n```"
"""A script that describes the one file."""
ENOUGH, MORE = {"reason": "The total is there.", "decision": "sufficient"}, {"reason": "The total is missing.", "decision": "insufficient"}
ADD = {"reason": "The first step is right.", "decision": "Add Step"}


def agent(body: Body) -> str:
    """Who is asked."""
    said = body["messages"][0]["content"]
    return next(name for name, start in AGENTS.items() if said.startswith(start))


def step_back(step: int) -> dict[str, str]:
    return {"reason": f"Step {step} is wrong.", "decision": f"Step {step}"}


class Agents(FakeLLM):
    """Each agent has a queue of answers; who is asked for more than it has is a mistake of the test."""

    def __init__(self, **said: Iterable[Say]) -> None:
        self.queues: dict[str, deque[Say]] = {"analyze": deque([LOOK]), **{name: deque(answers) for name, answers in said.items()}}
        self.asked: Counter[str] = Counter()
        super().__init__(self._said)

    def _said(self, body: Body) -> str:
        name = agent(body)
        self.asked[name] += 1
        assert self.queues.get(name), f"{name} is asked once more: {body['messages'][-1]['content'][-2000:]}"
        said = self.queues[name].popleft()
        if isinstance(said, dict):
            return said["decision"] if CHOICE in body else json.dumps(said)
        return said if isinstance(said, str) else said(body)

    def prompts(self, name: str) -> list[str]:
        """What an agent was shown, from the first to the last."""
        return ["\n".join(one["content"] for one in body["messages"]) for body in self.history if agent(body) == name]


def script(*lines: str) -> str:
    return "```python\n" + "\n".join(lines) + "\n```"


def folder(tmp_path: Path, **files: str) -> Path:
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    for name, text in (files or {"sales.csv": SALES}).items():
        (data / name).write_text(text, "utf-8")
    return data


def settings(tmp_path: Path, data: Path, **sections: Any) -> Settings:
    values: dict[str, Any] = {
        "pipeline": "analysis",
        "project": str(tmp_path / "project"),
        "use_case": "Sales of two shops.",
        "documents": {"source": str(data)},
        "model": {"name": "big", "concurrency": 2},
        "ask": {"question": "How much was sold in all?", "format": "a number with one decimal"},
        "sandbox": {"seconds": 20, "memory": 2},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return Settings.model_validate(values)


def answered(config: Settings, agents: FakeLLM) -> tuple[Trace, Outcome]:
    outcome = run(config, Progress(quiet=True), send=agents)
    return trace(outcome.store, find(outcome.store, outcome.run)), outcome


def rows(outcome: Outcome, sql: str) -> list[dict[str, Any]]:
    return list(ask(outcome.store, sql.format(run=outcome.run)).to_pylist())


@contextmanager
def server(answer: Answer, listed: Any = None) -> Iterator[tuple[str, list[str]]]:
    """An OpenAI-compatible server; its address, and the prompts that it was sent."""
    prompts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._say({"data": [{"id": "scripted", "max_model_len": 16_384}]} if listed is None else listed)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = "\n".join(message["content"] for message in body["messages"])
            prompts.append(prompt)
            said = {"message": {"role": "assistant", "content": answer(prompt)}, "finish_reason": "stop"}
            self._say({"choices": [said], "usage": {"prompt_tokens": 10, "completion_tokens": 5}})

        def _say(self, body: Any) -> None:
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}/v1", prompts
        finally:
            listening.shutdown()
