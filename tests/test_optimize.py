"""Optimised prompts: what is tried, what is kept, what it cost; and models that show when a prompt has got better."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest
from dspy import lm15
from hypothesis import given
from hypothesis import strategies as st

import limbeck.optimizing as optimizing
from limbeck.cli import main
from limbeck.context import RunContext
from limbeck.dialects import Body
from limbeck.documents import read
from limbeck.errors import BudgetSpent, CallFailed, ConfigError, ModelUnreachable
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, Spent
from limbeck.optimizing import Optimized, optimize
from limbeck.optimizing.examples import Examples, draw
from limbeck.optimizing.methods import check
from limbeck.optimizing.steps import judged, score
from limbeck.programs.extreme import Infer, Ranking
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.retrieval.labelset import LabelSet, of_names
from limbeck.retrieval.measures import measure
from limbeck.retrieval.retriever import Found
from limbeck.schemas import Corpus, Document, Place
from limbeck.sections import OptimizeSettings
from limbeck.settings import Settings, load
from limbeck.stages.listed import open_program
from limbeck.store import Store

NAMES = [f"label {n:02}" for n in range(40)]
FAR = 20
"""The place at which retrieval finds the second of a document's two labels; it finds the first if it is inferred."""


class Retriever:
    """What was inferred comes first, then labels in their order; a document's second label is where Rank must find it."""

    labels: LabelSet = of_names(NAMES)

    async def find(self, texts: Sequence[str], inferred: Sequence[Sequence[str]], count: int) -> list[Found]:
        return [self._found(text, guesses, count) for text, guesses in zip(texts, inferred, strict=True)]

    def _found(self, text: str, guesses: Sequence[str], count: int) -> Found:
        _, second = truth(text)
        first = [guess for guess in guesses if guess in NAMES]
        rest = [name for name in NAMES[:30] if name not in (*first, second, truth(text)[0])]
        names = [*first, *rest][:FAR] + [second] + [*first, *rest][FAR:]
        rows = np.array([NAMES.index(name) for name in names[:count]])
        return Found(rows, np.ones(len(rows), np.float32), ((0, 1),) * len(rows), ((0, 1),) * len(rows))


def truth(text: str) -> tuple[str, str]:
    number = int(re.findall(r"note (\d+)", text)[0])
    return NAMES[30 + number % 10], NAMES[20 + number % 10]


TEXTS = [f"This is note {n}." for n in range(24)]


def settings(folder: Path, **sections: Any) -> Settings:
    rows = [json.dumps({"text": text, "gold": truth(text)}) for text in TEXTS]
    (folder / "notes.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "labels.txt").write_text("\n".join(NAMES) + "\n", "utf-8")
    values: dict[str, Any] = {
        "pipeline": "extreme",
        "project": str(folder / "project"),
        "use_case": "File notes.",
        "documents": {"source": str(folder / "notes.jsonl"), "text": "text", "gold": "gold"},
        "labelset": {"source": str(folder / "labels.txt")},
        "model": {"name": "small", "retries": 0, "price": {"prompt": 2.0, "completion": 5.0}},
        "optimize": {"teacher": {"name": "large", "retries": 0, "price": {"prompt": 20.0, "completion": 50.0}}, "train": 4, "candidates": 3},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return Settings.model_validate(values)


@pytest.fixture(autouse=True)
def _stubbed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    async def opened(_: Any) -> Retriever:
        return Retriever()

    if "end_to_end" not in request.node.name:
        monkeypatch.setattr(optimizing, "open_retriever", opened)


# ---- models ----------------------------------------------------------------------------------------------------------

MAGIC = "Think of the second digit."
"""An instruction with which the small model answers rightly."""


def system(body: Body) -> str:
    return "".join(one["content"] for one in body["messages"] if one["role"] == "system")


def said(body: Body, right: bool) -> str:
    """The answer of one of our programs, right or useless."""
    text = body["messages"][1]["content"]
    first, second = truth(text)
    if body["response_format"]["name"] == "GuessLabels":
        return json.dumps({"labels": [first if right else "no idea"]})
    return json.dumps({"reason": "so", "ranked": [second, first] if right else re.findall(r"^- (.*)$", text, re.M)[:10]})


def proposed(body: Body) -> str:
    """The answer to one of DSPy's own programs, whatever it asks for."""
    last = body["messages"][-1]["content"]
    fields = re.findall(r"\[\[ ## (\w+) ## \]\]", last.rpartition("Respond with")[2])
    if fields:
        return "".join(f"[[ ## {name} ## ]]\n{'' if name == 'completed' else MAGIC}\n" for name in fields)
    return json.dumps({name: MAGIC for name in ("new_instruction",)})


def model(right: Callable[[Body], bool]) -> FakeLLM:
    """A small model that is right where the prompt makes it so, and a large one that always is."""

    def answer(body: Body) -> str:
        ours = body.get("response_format", {}).get("name") in ("GuessLabels", "OrderOptions")
        return said(body, body["model"] == "large" or right(body)) if ours else proposed(body)

    return FakeLLM(answer)


def shown(body: Body) -> bool:
    return "## Example" in system(body)


def rows(folder: Path, sql: str) -> list[dict[str, Any]]:
    return list(ask(folder / "project" / "limbeck.duckdb", sql).to_pylist())


def done(config: Settings, fake: FakeLLM, **options: Any) -> Optimized:
    return optimize(config, Progress(quiet=True), send=fake, **options)


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_bootstrap_from_left_to_right(tmp_path: Path) -> None:
    fake = model(shown)
    made = done(settings(tmp_path), fake)
    assert made.about["steps"] == {
        "infer": {"unoptimized": 0.0, "optimized": 0.5, "demos": 2, "instructions": "unchanged"},
        "rank": {"unoptimized": 0.5, "optimized": 1.0, "demos": 2, "instructions": "unchanged"},
    }
    assert (made.about["kept"], made.about["rp@10"]) == ("optimized", {"unoptimized": 0.0, "optimized": 1.0})
    assert teachers(fake) == {"GuessLabels", "OrderOptions"}


def teachers(fake: FakeLLM) -> set[str]:
    return {body["response_format"]["name"] for body in fake.history if body["model"] == "large"}


@pytest.mark.parametrize(("method", "demos"), [("mipro", 2), ("gepa", 0)])
def test_instructions_that_a_teacher_writes(method: str, demos: int, tmp_path: Path) -> None:
    fake = model(lambda body: MAGIC in system(body))
    made = done(settings(tmp_path, optimize={"method": method, "candidates": 4}), fake)
    assert made.about["steps"] == {
        "infer": {"unoptimized": 0.0, "optimized": 0.5, "demos": demos, "instructions": "new"},
        "rank": {"unoptimized": 0.5, "optimized": 1.0, "demos": demos, "instructions": "new"},
    }
    assert made.about["spent"]["calls"] == len(fake.history) == rows(tmp_path, "SELECT count(*) AS n FROM calls")[0]["n"]
    proposals = {body["model"] for body in fake.history if "response_format" not in body}
    assert proposals == {"large"}  # The small one is never asked how to ask it.


@pytest.mark.parametrize("method", ["bootstrap", "mipro", "gepa"])
def test_what_is_no_better_is_not_kept(method: str, tmp_path: Path) -> None:
    made = done(settings(tmp_path, optimize={"method": method}), model(lambda body: not shown(body) and MAGIC not in system(body)))
    same = {"demos": 0, "instructions": "unchanged"}
    assert made.about["steps"] == {
        "infer": {"unoptimized": 0.5, "optimized": 0.5, **same},
        "rank": {"unoptimized": 1.0, "optimized": 1.0, **same},
    }
    assert (made.about["kept"], made.about["rp@10"]) == ("unoptimized", {"unoptimized": 1.0, "optimized": 1.0})
    state = json.loads(made.program.read_text("utf-8"))
    assert [state[name]["demos"] for name in ("infer.guess", "rank.order")] == [[], []]


def test_the_better_of_a_step_alone_may_be_the_worse_of_the_whole(tmp_path: Path) -> None:
    """With what Infer finds after it has learned, this Rank goes astray: the whole is as it was, or it is not kept."""

    def answer(body: Body) -> str:
        text = body["messages"][1]["content"]
        if body["response_format"]["name"] == "GuessLabels":
            return said(body, body["model"] == "large" or shown(body))
        options = re.findall(r"^- (.*)$", text, re.M)
        astray = truth(text)[0] in options
        return json.dumps({"reason": "so", "ranked": options[5:15] if astray else list(truth(text))})

    made = done(settings(tmp_path), FakeLLM(answer))
    assert (made.about["steps"]["infer"]["optimized"], made.about["rp@10"]["unoptimized"]) == (0.5, 0.5)
    assert (made.about["rp@10"]["optimized"], made.about["kept"]) == (0.0, "unoptimized")
    assert json.loads(made.program.read_text("utf-8"))["infer.guess"]["demos"] == []


def test_only_the_steps_in_which_a_model_is_asked(tmp_path: Path) -> None:
    fake = model(shown)
    made = done(settings(tmp_path, infer={"mode": "never"}, rank={"model": {"name": "ranker"}}), fake)
    assert (list(made.about["steps"]), made.about["models"]) == (["rank"], {"rank": "ranker"})
    assert {body["model"] for body in fake.history} == {"ranker", "large"}
    again = done(settings(tmp_path, rank={"mode": "never"}), model(shown))
    assert (list(again.about["steps"]), again.about["rp@10"]) == (["infer"], {"unoptimized": 0.0, "optimized": 0.5})


def test_an_answer_that_can_not_be_used_counts_as_nothing_right(tmp_path: Path) -> None:
    def answer(body: Body) -> str:
        even = int(re.findall(r"note (\d+)", body["messages"][1]["content"])[0]) % 2 == 0
        return said(body, True) if even else "I am sorry, I can't."

    config = settings(tmp_path, rank={"mode": "never"})
    made = done(config, FakeLLM(answer))
    even = sum(int(one.document.text.split()[-1][:-1]) % 2 == 0 for one in drawn(config).validation)
    assert made.about["rp@10"] == {"unoptimized": even / 20 / 2, "optimized": even / 20 / 2}


@pytest.mark.parametrize("method", ["bootstrap", "gepa"])
def test_a_model_that_never_answers_usably(method: str, tmp_path: Path) -> None:
    ours = {"GuessLabels", "OrderOptions"}
    silent = FakeLLM(lambda body: "I can't." if body.get("response_format", {}).get("name") in ours else proposed(body))
    made = done(settings(tmp_path, optimize={"method": method}, documents={"limit": 9}), silent)
    assert (made.about["kept"], made.about["rp@10"]) == ("unoptimized", {"unoptimized": 0.0, "optimized": 0.0})


# ---- what is saved ---------------------------------------------------------------------------------------------------


def drawn(config: Settings) -> Examples:
    source = config.documents
    return draw(config, read(source.source, text=source.text, gold=source.gold, limit=source.limit), of_names(NAMES))


def scored(config: Settings, fake: FakeLLM) -> tuple[float, int]:
    """Mean RP@10 of the config's program on the validation documents, as a run ranks them; and the calls it took."""

    async def scores() -> tuple[float, int]:
        with Store.open(Path(config.project) / "limbeck.duckdb") as store:
            spent = Spent()
            llm = LLM("small", store, fake, config.model, config.budget, spent)
            retriever: Any = Retriever()
            program = open_program(RunContext("", config, store, llm, llm.lm(), Progress(quiet=True), retriever=retriever))
            with dspy.context(lm=llm.lm(), disable_history=True, trace=None):
                found = [
                    (await program.acall(use_case=config.use_case, document=one.document.text, chunks=[one.document.text])).labels
                    for one in drawn(config).validation
                ]
        gold = [one.gold for one in drawn(config).validation]
        return measure(found, gold).at["rp"][10], spent.calls

    return asyncio.run(scores())


@pytest.mark.parametrize("method", ["bootstrap", "mipro", "gepa"])
def test_a_saved_program_loads_and_scores_the_same(method: str, tmp_path: Path) -> None:
    config = settings(tmp_path, optimize={"method": method})
    right: Callable[[Body], bool] = lambda body: MAGIC in system(body) or shown(body)  # noqa: E731
    made = done(config, model(right))
    loaded = config.model_copy(update={"program": str(made.program)})
    # Every answer is in the store: to the letter the same prompts as those by which the program was chosen.
    assert scored(loaded, FakeLLM([])) == (made.about["rp@10"]["optimized"], 0)
    assert scored(config, FakeLLM([])) == (made.about["rp@10"]["unoptimized"], 0)


def test_all_that_is_written(tmp_path: Path) -> None:
    config = settings(tmp_path)
    made = done(config, model(shown))
    assert sorted(one.name for one in made.program.parent.iterdir()) == ["limbeck.duckdb", "program.about.json", "program.json"]
    about = json.loads(made.program.with_suffix(".about.json").read_text("utf-8"))
    assert about == made.about
    (calls,) = rows(
        tmp_path,
        "SELECT count(*) AS calls, sum(prompt_tokens)::BIGINT AS prompt_tokens, "
        "sum(completion_tokens)::BIGINT AS completion_tokens, sum(price) AS money FROM calls",
    )
    assert about.pop("seconds") >= 0 and about["spent"].pop("cached") > 0
    assert about.pop("spent") == pytest.approx(calls)
    assert about.pop("data").startswith("b2:") and set(about.pop("steps")) == {"infer", "rank"}
    assert about == {
        "method": "bootstrap",
        "models": {"infer": "small", "rank": "small"},
        "teacher": "large",
        "seed": 0,
        "documents": {"train": 4, "validation": 20, "without_gold": 0},
        "unlisted": 0,
        "kept": "optimized",
        "rp@10": {"unoptimized": 0.0, "optimized": 1.0},
    }
    state = json.loads(made.program.read_text("utf-8"))
    taught = {one.document.text for one in drawn(config).train}
    for demo in state["infer.guess"]["demos"]:
        assert set(demo) == {"use_case", "document", "labels"} and demo["document"] in taught


def test_the_same_seed_is_the_same_program(tmp_path: Path) -> None:
    first, second, other = (
        done(settings(tmp_path / name, seed=seed), model(shown))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
        if not (tmp_path / name).mkdir()  # type: ignore[func-returns-value]
    )
    assert first.program.read_bytes() == second.program.read_bytes() != other.program.read_bytes()
    assert {**first.about, "seconds": 0} == {**second.about, "seconds": 0}
    assert first.about["data"] != other.about["data"]


def test_what_was_answered_once_is_free(tmp_path: Path) -> None:
    config = settings(tmp_path)
    first, again = done(config, model(shown)), done(config, FakeLLM([]), out=tmp_path / "new" / "other.json")
    assert again.about["spent"] == {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "money": 0.0, "cached": again.about["spent"]["cached"]}
    assert again.program.read_bytes() == first.program.read_bytes()


async def test_a_prompt_shows_the_demonstrations_of_the_moment(tmp_path: Path) -> None:
    """Optimisers make and drop demonstrations by the hundred; one may lie where another was."""
    fake = FakeLLM(lambda body: said(body, True))
    with Store.open(tmp_path / "a.duckdb") as store:
        config = settings(tmp_path)
        guess, llm = Infer().guess, LLM("small", store, fake, config.model, config.budget, Spent())
        with dspy.context(lm=llm.lm(), disable_history=True, trace=None):
            for n in range(50):
                guess.demos = [dspy.Example(document=f"shown {n}", labels=["x"])]
                await guess.acall(use_case="x", document="This is note 1.")
                assert f"shown {n}\n" in system(fake.history[-1]) and len(fake.history) == n + 1


# ---- the documents ---------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["", "label 01", "Label 01|label 02", '["label 03"]', "unknown", "unknown|label 04"]), max_size=30),
       st.integers(1, 12), st.integers(1, 12), st.integers(0, 9))
def test_no_document_is_in_both_parts(golds: list[str], train: int, validation: int, seed: int) -> None:
    documents = [Document.of(f"text {n % 20}") for n in range(len(golds))]
    places = [Place(position=n, key=str(n), document=one.id, source="x", gold=gold or None)
              for n, (one, gold) in enumerate(zip(documents, golds, strict=True))]
    distinct = tuple({one.id: one for one in documents}.values())
    config = Settings.model_validate({
        "pipeline": "extreme", "use_case": "x", "documents": {"source": "x", "gold": "gold"}, "labelset": {"source": "y"},
        "optimize": {"train": train, "validation": validation}, "seed": seed,
    })
    corpus = Corpus(documents=distinct, places=tuple(places))
    listed = {place.document for place in places if "abel" in (place.gold or "")}
    if len(listed) <= train:
        with pytest.raises(ConfigError, match="too few"):
            draw(config, corpus, of_names(NAMES))
        return
    found = draw(config, corpus, of_names(NAMES))
    parts = [[one.document.id for one in part] for part in (found.train, found.validation)]
    assert [len(part) for part in parts] == [train, min(validation, len(listed) - train)]
    assert len({*parts[0], *parts[1]}) == len(parts[0]) + len(parts[1]) and {*parts[0], *parts[1]} <= listed
    assert all(one.gold and set(one.gold) <= set(NAMES) for one in (*found.train, *found.validation))
    assert found.without_gold == len(distinct) - len(listed)
    assert draw(config, corpus, of_names(NAMES)) == found


@pytest.mark.parametrize(
    ("gold", "labels", "error", "words"),
    [
        (["a"], ["a", "b"], None, "Of the first 10 labels, 1.00 of what could be right is right (RP@10)."),
        (
            ["a", "c"], ["a", "b"], None,
            "Of the first 10 labels, 0.50 of what could be right is right (RP@10). True labels that were missed: c. "
            "Wrong labels that were ranked high: b.",
        ),
        (
            ["a"], [], "too long",
            "Of the first 10 labels, 0.00 of what could be right is right (RP@10). The answer could not be used: too long. "
            "True labels that were missed: a.",
        ),
        (
            ["z"], list("abcdefghijz"), None,
            "Of the first 10 labels, 0.00 of what could be right is right (RP@10). True labels that were missed: z. "
            "Wrong labels that were ranked high: a; b; c; d; e.",
        ),
    ],
)
def test_feedback(gold: list[str], labels: list[str], error: str | None, words: str) -> None:
    example, ranking = dspy.Example(gold=gold), Ranking(labels=labels, error=error)
    said = judged(example, ranking, None, None, None)
    assert (said.feedback, said.score) == (words, score(example, ranking))


# ---- what goes wrong -------------------------------------------------------------------------------------------------


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no gold": ({"documents": {"gold": None}}, {}, r"no labels to learn from in '.*notes.jsonl'; name the column .* `documents: \{gold: …\}`"),
    "too few": ({"optimize": {"train": 24}}, {}, r"24 documents of '.*' have labels of the list, too few for 24 to learn from .* `optimize: \{train: …\}`"),
    "nothing to ask": ({"model": {"name": "embedded"}}, {}, r"model 'embedded' is asked nothing .* write `infer: \{mode: always\}` or"),
    "no such form": ({}, {"out": Path("program.txt")}, r"a program can't be saved as 'program.txt'; name a file that ends in .json"),
    "nowhere to write": ({}, {"out": Path("/dev/null/program.json")}, r"a program can't be saved as '/dev/null/program.json'; name a file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_found_before_anything_is_written(case: str, tmp_path: Path) -> None:
    sections, options, message = REFUSED[case]
    with pytest.raises(ConfigError, match=message):
        done(settings(tmp_path, **sections), FakeLLM([]), **options)
    assert not (tmp_path / "project").exists()


def test_another_pipeline_has_no_program(tmp_path: Path) -> None:
    config = Settings.model_validate({"use_case": "x", "documents": {"source": "x"}, "project": str(tmp_path / "project")})
    with pytest.raises(ConfigError, match="pipeline 'taxonomy' has no list of labels; write `pipeline: extreme`"):
        done(config, FakeLLM([]))


def test_mipro_without_optuna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"method 'mipro' needs optuna; install it with: pip install 'limbeck\[optimize\]'"):
        check("mipro")
    check("gepa")


@pytest.mark.parametrize("method", ["bootstrap", "mipro", "gepa"])
def test_a_budget_stops_it_and_it_can_go_on(method: str, tmp_path: Path) -> None:
    config = settings(tmp_path, optimize={"method": method}, budget={"calls": 25})
    with pytest.raises(BudgetSpent, match="budget.calls of 25 is spent"):
        done(config, model(shown))
    assert [one.name for one in (tmp_path / "project").iterdir()] == ["limbeck.duckdb"]
    assert rows(tmp_path, "SELECT count(*) AS n FROM calls")[0]["n"] == 25
    made = done(settings(tmp_path, optimize={"method": method}), model(shown))
    assert made.about["spent"]["cached"] >= 25 and made.program.exists()


@pytest.mark.parametrize("method", ["bootstrap", "mipro", "gepa"])
def test_a_teacher_that_is_lost(method: str, tmp_path: Path) -> None:
    good = model(lambda body: False)

    async def send(body: Body) -> Body:
        if body["model"] == "large":
            raise lm15.TransportError("connection reset")
        return await good(body)

    with pytest.raises(ModelUnreachable, match="the server of 'large' is gone or refuses: "):
        optimize(settings(tmp_path, optimize={"method": method}), Progress(quiet=True), send=send)
    assert [one.name for one in (tmp_path / "project").iterdir()] == ["limbeck.duckdb"]


def test_a_teacher_that_proposes_nothing_readable(tmp_path: Path) -> None:
    ours = {"GuessLabels", "OrderOptions"}
    fake = FakeLLM(lambda body: said(body, False) if body.get("response_format", {}).get("name") in ours else "Hm.")
    with pytest.raises(CallFailed, match=r"'large' proposes nothing that can be read; name a larger model in `optimize: \{teacher"):
        done(settings(tmp_path, optimize={"method": "mipro"}), fake)


def test_a_teacher_that_is_not_there_is_found_before_anything_is_written(tmp_path: Path) -> None:
    teacher = {"name": "large", "base_url": "http://127.0.0.1:9/v1"}
    config = settings(tmp_path, model={"name": "fake"}, optimize={"teacher": teacher})
    with pytest.raises(ModelUnreachable, match="no model server at 'http://127.0.0.1:9/v1'"):
        optimize(config, Progress(quiet=True))
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("method", ["bootstrap", "mipro", "gepa"])
def test_stopping_leaves_no_thread_behind(method: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """As Ctrl-C does: the main task is cancelled while the optimiser's threads wait for answers."""
    # Shells let what they put into the background ignore Ctrl-C.
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler)))
    before, good, asked = set(threading.enumerate()), model(lambda body: False), 0

    async def send(body: Body) -> Body:
        nonlocal asked
        asked += 1
        if asked == 30:
            os.kill(os.getpid(), signal.SIGINT)
        if asked >= 30:
            await asyncio.sleep(3600)
        return await good(body)

    with pytest.raises(KeyboardInterrupt):
        optimize(settings(tmp_path, optimize={"method": method}), Progress(quiet=True), send=send)
    for thread in set(threading.enumerate()) - before:
        if not thread.daemon:  # Else the process could not end.
            thread.join(10)
            assert not thread.is_alive(), thread
    assert [one.name for one in (tmp_path / "project").iterdir()] == ["limbeck.duckdb"]


# ---- the command -----------------------------------------------------------------------------------------------------


CONFIG = """\
pipeline: extreme
project: project
use_case: Route each message.
documents: {source: messages.jsonl, text: text, gold: team}
labelset: {source: labels.txt}
model: {name: fake}
optimize: {train: 3, candidates: 2}
"""
MESSAGES = {
    "my card was stolen": "card theft",
    "where is my new card": "card delivery",
    "what does a loan cost": "loan costs",
    "I repay my loan early": "loan repayment",
    "the transfer is late": "late transfer",
    "close my account and stop my card": ["closing an account", "card theft"],
    "the machine kept my cash": ["cash machine", "unheard of"],
    "hello there": None,
}
LABELS = ["card theft", "card delivery", "loan costs", "loan repayment", "late transfer", "closing an account", "cash machine"]


def written(folder: Path) -> None:
    (folder / "my.yaml").write_text(CONFIG, "utf-8")
    (folder / "labels.txt").write_text("\n".join(LABELS) + "\n", "utf-8")
    lines = [json.dumps({"text": text, "team": gold}) for text, gold in MESSAGES.items()]
    (folder / "messages.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def test_the_command_end_to_end(tmp_path: Path) -> None:
    written(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "limbeck", "optimize", "my.yaml", "--quiet"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    shown = [re.sub(r"\d+ (calls|from|tokens|s$)", r"N \1", line.rstrip()) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr, shown) == (
        0,
        "",
        [
            " RP@10 of  unoptimised  bootstrap  kept",
            " infer     1.0000       1.0000     as it was",
            " rank      1.0000       1.0000     as it was",
            " program   1.0000       1.0000     unoptimised: no other did better",
            "compared on 4 documents; 3 others to learn from; 1 left out for lack of listed labels; 1 true labels not on the list",
            "N calls, N from the cache, N tokens, N s",
            "program: project/program.json",
        ],
    )


def test_one_json_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path)
    lines = CONFIG.replace("messages.jsonl", "notes.jsonl").replace("gold: team", "gold: gold")
    (tmp_path / "my.yaml").write_text(lines, "utf-8")
    words = ["limbeck", "optimize", str(tmp_path / "my.yaml"), "--json", "--method", "gepa", "-o", str(tmp_path / "a.json")]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    (line,) = said.out.splitlines()
    about = json.loads((tmp_path / "a.about.json").read_text("utf-8"))
    assert (ended.value.code, said.err, json.loads(line)) == (0, "", {"program": str(tmp_path / "a.json"), **about})
    assert about["method"] == "gepa"


def test_a_teacher_beside_the_file_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "teacher").mkdir()
    (tmp_path / "my.yaml").write_text(CONFIG.replace("candidates: 2", "candidates: 2, teacher: {name: teacher}"), "utf-8")
    config = load(tmp_path / "my.yaml")
    assert config.optimize.teacher is not None and config.optimize.teacher.name == str(tmp_path / "teacher")
    plain = config.model_copy(update={"optimize": OptimizeSettings()})
    assert config.outcome() == plain.outcome()  # How its program came about is none of a run's business.


def test_optimize_belongs_to_one_pipeline(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("use_case: x\ndocuments: {source: x}\noptimize: {demos: 1}\n", "utf-8")
    with pytest.raises(ConfigError, match="section 'optimize' in '.*my.yaml' is not read by this pipeline"):
        load(tmp_path / "my.yaml")
