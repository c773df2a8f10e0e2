"""The whole pipeline, from `run` to the store, with models that are functions: one that does as told, and worse ones."""

import asyncio
import functools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.encoder import Embeddings, Encoder
from limbeck.errors import BudgetSpent, ConfigError, DocumentsError, GuardrailError
from limbeck.fakes import FakeLLM
from limbeck.llm import CHOICE, Body
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.run import Outcome, run
from limbeck.schemas import OTHER
from limbeck.settings import Settings

Answer = Callable[[Body], str]
TOPICS = {"Cards": "card", "Loans": "loan", "Transfers": "transfer"}
ABOUT = {
    "Cards": ["my card was stolen", "where is my new card", "the card has a wrong name", "block the card at once"],
    "Loans": ["what does a loan cost", "I repay my loan early", "a loan for a house", "the loan was refused"],
    "Transfers": ["the transfer is late", "cancel this transfer", "a transfer to Norway", "what does a transfer need"],
}


@pytest.fixture(autouse=True, scope="module")
def one_encoder() -> Iterator[None]:
    """Load the encoder once for all runs, and embed each text once: that is what takes time."""
    known: dict[str, Any] = {}
    encode = Encoder.encode

    def remembered(self: Encoder, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Embeddings:
        if new := list(dict.fromkeys(text for text in texts if text not in known)):
            known.update(zip(new, encode(self, new), strict=True))
        if on_batch:
            on_batch(len(texts))
        return np.stack([known[text] for text in texts]) if texts else encode(self, [])

    patch = pytest.MonkeyPatch()
    patch.setattr(Encoder, "load", staticmethod(functools.cache(Encoder.load)))
    patch.setattr(Encoder, "encode", remembered)
    patch.setattr("limbeck.agreement.ROUNDS", 50)
    yield
    patch.undo()


def texts(each: int) -> list[str]:
    """Distinct texts on three topics in turn."""
    topics = list(ABOUT.values())
    return [f"{topics[n % 3][n // 3 % 4]}, case {n}" for n in range(3 * each)]


def settings(folder: Path, rows: list[str] | None = None, **sections: Any) -> Settings:
    """A config over a text file of these rows; what is not said is small and fast."""
    source = folder / "documents.txt"
    if rows is not None:
        source.write_text("\n".join(rows) + "\n", encoding="utf-8")
    values: dict[str, Any] = {
        "project": str(folder / "project"),
        "use_case": "Route each message to the team that can answer it.",
        "documents": {"source": str(source)},
        "model": {"name": "big", "concurrency": 4},
        "taxonomy": {"minibatch": 20, "chains": 2, "size": 5},
        "student": {"kinds": ["logistic"]},
        "measures": {"sample": 0},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return Settings.model_validate(values)


def started(config: Settings, answer: Answer) -> tuple[FakeLLM, Outcome]:
    fake = FakeLLM(answer)
    return fake, run(config, Progress(quiet=True), send=fake)


def rows(outcome: Outcome, sql: str) -> list[dict[str, Any]]:
    return list(ask(outcome.store, sql).to_pylist())


def taxonomy(outcome: Outcome) -> dict[str, Any]:
    (row,) = rows(outcome, f"SELECT value FROM taxonomies WHERE run = '{outcome.run}'")
    found: dict[str, Any] = json.loads(row["value"])
    return found


def names(outcome: Outcome) -> list[str]:
    return [row["name"] for row in taxonomy(outcome)["categories"]]


def labels(outcome: Outcome) -> dict[str, str]:
    """The primary label of each text."""
    sql = f"""SELECT d.text, l.label FROM labels l JOIN documents d ON d.id = l.item
        JOIN taxonomies t ON t.run = l.run AND t.id = l.space WHERE l.run = '{outcome.run}'"""
    return {row["text"]: row["label"] for row in rows(outcome, sql)}


def measures(outcome: Outcome) -> dict[str, Any]:
    (row,) = rows(outcome, f"SELECT value FROM artifacts WHERE run = '{outcome.run}' AND step = 'measures'")
    found: dict[str, Any] = json.loads(row["value"])
    return found


# ---- models ----------------------------------------------------------------------------------------------------------


STARTS = {"Choose": "Choose the table", "Prefer": "Two labels", "Relevant": "A document was", "Pick": "Label one"}


def program(body: Body) -> str:
    """Which program asks; of those that take a choice its prompt's beginning tells."""
    if CHOICE in body:
        return next(name for name, start in STARTS.items() if body["messages"][0]["content"].startswith(start))
    return str(body["response_format"]["name"])


def asked(body: Body) -> str:
    """The last input: the first of the user's messages, whatever was answered since."""
    return str(body["messages"][1]["content"])


def part(body: Body, title: str) -> str:
    """One input from the system message."""
    found = re.search(rf"^## {title}\n(.*?)(?=\n\n## |\Z)", body["messages"][0]["content"], re.S | re.M)
    return found[1] if found else ""


def table_rows(table: str) -> list[tuple[str, str]]:
    return re.findall(r"^\d+\. ([^:\n]+)(?:: (.*))?$", table, re.M)


def fits(name: str, text: str) -> bool:
    return TOPICS.get(name, "no topic") in text


def described(name: str) -> dict[str, str]:
    return {"name": name, "description": f"The message is about a {TOPICS.get(name, name)}."}


def good(body: Body) -> str:
    """What a model says that does as it is told."""
    answer: Any = ANSWERS[program(body)](body)
    return answer if isinstance(answer, str) else json.dumps(answer)


def summarised(body: Body) -> Any:
    topic = next((word for word in TOPICS.values() if word in asked(body)), "nothing")
    return {"summary": f"The message is about a {topic}.", "explanation": "It says so."}


def generated(body: Body) -> Any:
    found = [name for name in TOPICS if fits(name, asked(body))]
    return {"explanation": "As the documents are.", "categories": [described(name) for name in found]}


def updated(body: Body) -> Any:
    table = table_rows(part(body, "Table"))
    new = [name for name in TOPICS if fits(name, asked(body)) and name not in dict(table)]
    kept = [{"name": name, "description": description} for name, description in table]
    edit = f"Add {', '.join(new)}" if new else "N/A"
    rated = {"score": 60 if new else 90, "explanation": "It must cover the documents.", "suggestions": edit}
    return {**rated, "categories": [*kept, *(described(name) for name in new)]}


def reviewed(body: Body) -> Any:
    table = [{"name": name, "description": description} for name, description in table_rows(asked(body))]
    return {"score": 95, "explanation": "Clear.", "suggestions": "N/A", "categories": table}


def chosen(body: Body) -> str:
    """The table that names most topics; of equal ones the alphabet's first, wherever it stands."""
    tables = asked(body).partition("### Documents")[0].split("### Table ")[1:]
    best = min(tables, key=lambda table: (-len(table_rows(table)), table.partition("\n")[2].strip()))
    return best.partition("\n")[0]


def classified(body: Body) -> Any:
    table = [name for name, _ in table_rows(part(body, "Table"))]
    name = next((name for name in table if fits(name, asked(body))), OTHER)
    index = table.index(name) + 1
    return {"reason": "It says so.", "index": index, "name": name, "also": [index]}


def picked(body: Body) -> str:
    table = [name for name, _ in table_rows(part(body, "Table"))]
    options: list[str] = body[CHOICE]
    return next((one for one, name in zip(options, table, strict=True) if fits(name, asked(body))), options[-1])


def preferred(body: Body) -> str:
    document, _, proposed = asked(body).partition("### Labels")
    found = [letter for letter, name in re.findall(r"^([AB])\. ([^:\n]+):", proposed, re.M) if fits(name, document)]
    return found[0] if found else "None"


def named(body: Body) -> Any:
    counts = Counter({name: asked(body).count(word) for name, word in TOPICS.items()})
    return described(counts.most_common(1)[0][0])


ANSWERS: dict[str, Answer] = {
    "Summarise": summarised,
    "Generate": generated,
    "Update": updated,
    "Review": reviewed,
    "Choose": chosen,
    "Classify": classified,
    "Pick": picked,
    "Prefer": preferred,
    "Relevant": lambda _: "yes",
    "NameCluster": named,
}


def but(**others: Callable[[Body], Any]) -> Answer:
    """The good model, but for some programs."""

    def answer(body: Body) -> str:
        other = others.get(program(body))
        said = other(body) if other else good(body)
        return said if isinstance(said, str) else json.dumps(said)

    return answer


def requests(fake: FakeLLM, name: str) -> list[Body]:
    return [body for body in fake.history if program(body) == name]


def listed(body: Body) -> list[str]:
    return re.findall(r"^- (.*)$", asked(body), re.M)


# ---- the paper's way -------------------------------------------------------------------------------------------------


def test_a_good_model_takes_the_papers_way(tmp_path: Path) -> None:
    written = texts(20)
    fake, outcome = started(settings(tmp_path, written, measures={"sample": 5}), good)
    found = taxonomy(outcome)
    assert (found["method"], sorted(names(outcome))) == ("paper", sorted(TOPICS))
    assert labels(outcome) == {text: list(TOPICS)[n % 3] for n, text in enumerate(written)}
    steps = [f"/chain-{chain}/{step}" for chain in (0, 1) for step in (0, 1, 2, "review")]
    made = rows(outcome, "SELECT item FROM artifacts WHERE step = 'chain' ORDER BY item")
    assert [row["item"] for row in made] == steps
    # The chains come to the same table, which is reviewed once.
    asked_for = {"Generate", "Update", "Review", "Choose", "Classify", "Prefer", "Relevant"}
    assert asked_for - {"Choose"} <= set(map(program, fake.history)) <= asked_for
    taken = measures(outcome)
    assert taken["coverage"] == taken["accuracy"]["value"] == taken["relevance"]["value"] == 1.0
    assert taken["accuracy"]["n"] == 5
    (run_row,) = rows(outcome, "SELECT status, documents FROM runs")
    assert run_row == {"status": "finished", "documents": 60}
    (student,) = rows(outcome, "SELECT kind, path, chosen FROM students")
    assert (student["kind"], student["chosen"]) == ("logistic", True)
    assert (outcome.store.parent / student["path"]).is_dir()
    assert rows(outcome, "SELECT DISTINCT status FROM artifacts") == [{"status": "done"}]


def test_minibatches_are_equal_and_show_each_document_once_and_none_that_is_held_out(tmp_path: Path) -> None:
    written = texts(20)
    fake, _ = started(settings(tmp_path, written), good)
    shown = [listed(body) for body in fake.history if program(body) in ("Generate", "Update")]
    assert {len(batch) for batch in shown} == {18}
    seen = Counter(text for batch in shown for text in batch)
    assert len(seen) == 54 and set(seen.values()) == {2}
    # The chains do not read in the same order.
    assert len({tuple(listed(body)) for body in requests(fake, "Generate")}) == 2


@pytest.mark.parametrize(("documents", "sizes"), [(63, {19}), (70, {15, 16})])
def test_no_minibatch_is_short_or_padded(documents: int, sizes: set[int], tmp_path: Path) -> None:
    config = settings(tmp_path, texts(24)[:documents], taxonomy={"chains": 1}, labels={"llm_limit": 0})
    fake, _ = started(config, good)
    shown = [listed(body) for body in fake.history if program(body) in ("Generate", "Update")]
    learning = documents - int(documents * 0.1)
    assert sum(map(len, shown)) == len({text for batch in shown for text in batch}) == learning
    assert {len(batch) for batch in shown} == sizes


def test_one_minibatch_is_not_read_twice(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(20), taxonomy={"minibatch": 200, "chains": 1})
    fake, outcome = started(config, good)
    assert [program(body) for body in fake.history[:2]] == ["Generate", "Review"]
    assert not requests(fake, "Update") and taxonomy(outcome)["method"] == "paper"


def test_review_sees_no_documents(tmp_path: Path) -> None:
    fake, _ = started(settings(tmp_path, texts(20)), good)
    assert requests(fake, "Review")
    assert not [body for body in requests(fake, "Review") if "case " in json.dumps(body["messages"])]


def test_temperatures_are_the_papers(tmp_path: Path) -> None:
    fake, _ = started(settings(tmp_path, texts(20)), good)
    found = {program(body): (body["temperature"], body["top_p"]) for body in fake.history}
    assert found.pop("Generate") == (0.5, 0.5) and found.pop("Update") == (0.2, 0.5)
    assert set(found.values()) == {(0.0, 0.5)}


def test_edits_and_reasons_are_kept_in_the_notes(tmp_path: Path) -> None:
    def little(body: Body) -> Any:
        return {"explanation": "A start.", "categories": [described("Cards")]}

    _, outcome = started(settings(tmp_path, texts(20), taxonomy={"chains": 1}), but(Generate=little))
    notes = taxonomy(outcome)["notes"]
    assert names(outcome) == ["Cards", "Loans", "Transfers"]
    assert notes[1:] == [
        "/chain-0/1 (update, 60/100): Add Loans, Transfers — It must cover the documents.",
        "/chain-0/2 (update, 90/100): N/A — It must cover the documents.",
        "/chain-0/review (review, 95/100): N/A — Clear.",
    ]


def test_a_seed_taxonomy_is_the_first_draft(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(20), taxonomy={"seed": ["Cards: Anything, with a card.", "Gifts"], "chains": 1})
    fake, outcome = started(config, good)
    assert not requests(fake, "Generate")
    first, *others = requests(fake, "Update")
    assert part(first, "Table") == "1. Cards: Anything, with a card.\n2. Gifts"
    assert len(others) == 2 and {len(listed(body)) for body in (first, *others)} == {18}
    assert names(outcome) == ["Cards", "Gifts", "Loans", "Transfers"]


def test_long_texts_are_read_as_summaries(tmp_path: Path) -> None:
    long = [f"{text} " + "and so on " * 30 for text in texts(20)[:12]]
    fake, outcome = started(settings(tmp_path, [*long, *texts(20)[12:]]), good)
    assert {asked(body).strip() for body in requests(fake, "Summarise")} == {text.strip() for text in long}
    shown = {text for body in requests(fake, "Generate") for text in listed(body)}
    assert not [text for text in shown if "and so on" in text]
    assert shown & {f"The message is about a {word}." for word in TOPICS.values()}
    assert len(labels(outcome)) == 60


# ---- selection -------------------------------------------------------------------------------------------------------


def varied(body: Body) -> Any:
    """A table that depends on the documents' order, so that chains differ."""
    made = generated(body)
    made["categories"][0]["description"] += f" First: {listed(body)[0][-2:]}."
    return made


def contents(tables: Sequence[str]) -> tuple[str, ...]:
    return tuple(table.strip() for table in tables)


def test_candidates_change_places_and_the_best_wins(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(20), taxonomy={"chains": 3, "minibatch": 200})
    fake, outcome = started(config, but(Generate=varied))
    ballots = [re.split(r"### (?:Table \d|Documents)\n", asked(body)) for body in requests(fake, "Choose")]
    tables = [tuple(one.strip() for one in ballot[1:-1]) for ballot in ballots]
    assert rows(outcome, "SELECT count(*) AS n FROM artifacts WHERE step = 'select'") == [{"n": 6}]
    places = Counter((table, place) for one in tables for place, table in enumerate(one))
    assert len(places) == 9 and set(places.values()) == {2}
    assert {len(one) for one in tables} == {3} and len({frozenset(contents(one)) for one in tables}) == 1
    assert len(set(map(contents, tables))) > 1
    best = min(tables[0])
    assert [f"{at}. {row['name']}: {row['description']}" for at, row in enumerate(taxonomy(outcome)["categories"], 1)] == (
        best.split("\n")
    )


def test_ballots_show_documents_that_no_chain_was_shown(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(20), taxonomy={"chains": 3})
    fake, _ = started(config, but(Generate=varied))
    learned = {text for body in fake.history if program(body) in ("Generate", "Update") for text in listed(body)}
    judged = {text for body in requests(fake, "Choose") for text in listed(body)}
    assert len(judged) == 6 and not judged & learned


def test_one_chain_of_several_may_fail(tmp_path: Path) -> None:
    doomed: list[str] = []

    def sometimes(body: Body) -> Any:
        doomed[:] = doomed or [asked(body)]
        return "nothing useful" if asked(body) == doomed[0] else generated(body)

    _, outcome = started(settings(tmp_path, texts(20), taxonomy={"chains": 3}), but(Generate=sometimes))
    assert taxonomy(outcome)["method"] == "paper" and sorted(names(outcome)) == sorted(TOPICS)
    failed = rows(outcome, "SELECT step, value, error, len(calls) AS calls FROM artifacts WHERE status = 'failed'")
    assert [(one["step"], one["value"], one["calls"]) for one in failed] == [("chain", "null", 6)]
    assert "no usable answer in 6 attempts" in failed[0]["error"]


# ---- guardrails ------------------------------------------------------------------------------------------------------


def too_many(body: Body) -> Any:
    rows = [{"name": f"Kind {n} of card", "description": f"Number {n} of them."} for n in range(6)]
    return {"explanation": "Many.", "categories": rows}


def test_the_size_limit_is_enforced_by_showing_the_error(tmp_path: Path) -> None:
    def learns(body: Body) -> Any:
        return generated(body) if len(body["messages"]) > 2 else too_many(body)

    fake, outcome = started(settings(tmp_path, texts(20), taxonomy={"chains": 1}), but(Generate=learns))
    first, second = requests(fake, "Generate")
    schema = first["response_format"]["schema"]
    assert schema["properties"]["categories"]["maxItems"] == 5
    assert second["messages"][2]["content"] == json.dumps(too_many(first))
    assert "5" in second["messages"][3]["content"] and second["temperature"] == 0.6
    assert taxonomy(outcome)["method"] == "paper" and len(names(outcome)) == 3
    (made,) = rows(outcome, "SELECT status, len(calls) AS calls FROM artifacts WHERE item = '/chain-0/0'")
    assert made == {"status": "repaired", "calls": 2}


BROKEN: dict[str, tuple[Answer, str]] = {
    "words only": (lambda _: "I am sorry, I can't.", "6 attempts"),
    "too many rows": (but(Generate=too_many), "6 attempts"),
    "always the first": (
        but(Classify=lambda body: {"reason": "", "index": 1, "name": table_rows(part(body, "Table"))[0][0], "also": [1]}),
        "does not label alike",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_model_that_is_too_weak_gets_clusters_and_a_note(case: str, tmp_path: Path) -> None:
    answer, why = BROKEN[case]
    written = texts(20)
    _, outcome = started(settings(tmp_path, written), answer)
    found = taxonomy(outcome)
    assert found["method"] == "clusters" and 1 < len(found["categories"]) <= 5
    assert why in found["notes"][0] and found["notes"][0].endswith("made from clusters")
    assert set(labels(outcome)) == set(written) and set(labels(outcome).values()) <= {*names(outcome), OTHER}
    assert all(row["name"] and row["examples"] for row in found["categories"])


@pytest.mark.parametrize("case", ["too many rows", "always the first"])
def test_where_the_paper_is_insisted_on_a_weak_model_stops_the_run(case: str, tmp_path: Path) -> None:
    answer, why = BROKEN[case]
    config = settings(tmp_path, texts(20), taxonomy={"method": "paper"})
    with pytest.raises(GuardrailError, match=r"no taxonomy by the paper's way: .*write `taxonomy: method: auto`") as error:
        started(config, answer)
    assert why in str(error.value)


def test_an_index_and_a_name_of_different_rows_are_asked_again(tmp_path: Path) -> None:
    def confused(body: Body) -> Any:
        said = classified(body)
        return said if len(body["messages"]) > 2 else {**said, "name": "Fees"}

    config = settings(tmp_path, texts(4), taxonomy={"given": list(TOPICS)}, labels={"probe": 0})
    fake, outcome = started(config, but(Classify=confused))
    repaired = rows(outcome, "SELECT error, status, len(calls) AS calls FROM artifacts WHERE step LIKE 'label/%'")
    assert {(one["status"], one["calls"]) for one in repaired} == {("repaired", 2)}
    assert {one["error"] for one in repaired} == {
        f"index {n!r} is {name!r}, not 'Fees'; give both of one row" for n, name in enumerate(TOPICS, 1)
    }
    again = [body for body in requests(fake, "Classify") if len(body["messages"]) > 2]
    assert len(again) == 12 and all("not 'Fees'" in body["messages"][3]["content"] for body in again)
    assert Counter(labels(outcome).values()) == dict.fromkeys(TOPICS, 4)


# ---- labels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["reasoned", "choice"])
def test_other_is_offered_at_assignment_and_nowhere_else(mode: str, tmp_path: Path) -> None:
    written = [*texts(20), *(f"what a lovely day it is, number {n}" for n in range(20))]
    fake, outcome = started(settings(tmp_path, written, labels={"mode": mode}), good)
    assert OTHER not in names(outcome)
    assert {text for text, label in labels(outcome).items() if label == OTHER} == set(written[60:])
    assert measures(outcome)["coverage"] == 0.75
    offered = re.compile(rf"^\d+\. {OTHER}\b", re.M)
    tables = {program(body) for body in fake.history if any(offered.search(one["content"]) for one in body["messages"])}
    assert tables == {"Classify" if mode == "reasoned" else "Pick"}
    (manifest,) = (outcome.store.parent / "students").glob("*/student.json")
    assert sorted(json.loads(manifest.read_text())["labels"]) == sorted(TOPICS)


ODD = ['Cards, "lost" or stolen', "Loans; 'early' repayment", "Überweisungen — 送金: transfers abroad"]


@pytest.mark.parametrize("mode", ["reasoned", "choice"])
def test_given_labels_are_taken_as_they_are(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [name.partition(": ")[0] for name in ODD]
    for name, word in zip(odd, ("card", "loan", "transfer"), strict=True):
        monkeypatch.setitem(TOPICS, name, word)
    written = texts(6)
    file = tmp_path / "labels.txt"
    file.write_text("\n".join(ODD) + "\n\n", encoding="utf-8")
    config = settings(tmp_path, written, taxonomy={"given": str(file)}, labels={"mode": mode})
    fake, outcome = started(config, good)
    assert not set(map(program, fake.history)) & {"Generate", "Update", "Review", "NameCluster", "Summarise"}
    assert names(outcome) == odd and taxonomy(outcome)["method"] == "given"
    assert labels(outcome) == {text: odd[n % 3] for n, text in enumerate(written)}
    (manifest,) = (outcome.store.parent / "students").glob("*/student.json")
    assert json.loads(manifest.read_text())["labels"] == odd


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["Cards", "Cards"], "label 'Cards' is given twice; write each name once"),
        (["Cards", "Other"], "label 'Other' is always offered when labelling; leave it out"),
        ([" "], "no label in (' ',); write one name a line"),
        ("missing.txt", "no label file 'missing.txt' (FileNotFoundError); write one name a line into it"),
    ],
)
@pytest.mark.parametrize("key", ["given", "seed"])
def test_labels_that_can_not_be_taken_are_refused_before_anything_is_written(
    key: str, given: Any, message: str, tmp_path: Path
) -> None:
    config = settings(tmp_path, ["a text"], taxonomy={key: given})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError) as error:
        started(config, good)
    assert (str(error.value), sorted(tmp_path.rglob("*"))) == (message, before)


def test_one_label_is_a_taxonomy_too(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(4), taxonomy={"given": ["Cards"]}, measures={"sample": 5})
    _, outcome = started(config, good)
    assert Counter(labels(outcome).values()) == {"Cards": 4, OTHER: 8}
    assert measures(outcome)["accuracy"] is None


def test_two_levels(tmp_path: Path) -> None:
    def divided(body: Body) -> Any:
        """Below the first level: by whether a message asks."""
        if "divide it" not in part(body, "Use case"):
            return generated(body)
        parts = [{"name": f"{kind} cases", "description": f"Case numbers that are {kind}."} for kind in ("odd", "even")]
        return {"explanation": "By number.", "categories": parts}

    def leaf(body: Body) -> Any:
        table = [name for name, _ in table_rows(part(body, "Table"))]
        kind = "even cases" if int(asked(body).split()[-1]) % 2 == 0 else "odd cases"
        topic = next(name for name in TOPICS if fits(name, asked(body)))
        rank = [f"{kind} ({topic})", topic, kind]
        name = min(table, key=lambda one: (rank.index(one) if one in rank else 9))
        index = table.index(name) + 1
        return {"reason": "", "index": index, "name": name, "also": [index]}

    config = settings(tmp_path, texts(30), taxonomy={"levels": 2, "chains": 1, "minibatch": 200, "held_out": 0.4})
    fake, outcome = started(config, but(Generate=divided, Classify=leaf))
    found = [(row["name"], row["parent"]) for row in taxonomy(outcome)["categories"]]
    top = [name for name, parent in found if parent is None]
    assert sorted(top) == sorted(TOPICS)
    below = {parent: [name for name, of in found if of == parent] for parent in top}
    assert {len(parts) for parts in below.values()} == {2} and len(found) == len(dict(found)) == 9
    assert set(labels(outcome).values()) <= {name for name, parent in found if parent}
    assert len(requests(fake, "Generate")) == 4
    for body in requests(fake, "Generate")[1:]:
        assert len({next(name for name in TOPICS if fits(name, text)) for text in listed(body)}) == 1


def test_the_encoder_labels_what_the_model_is_not_asked_about(tmp_path: Path) -> None:
    written = texts(20)
    fake, outcome = started(settings(tmp_path, written, taxonomy={"given": list(TOPICS)}, labels={"llm_limit": 12}), good)
    (voted,) = rows(outcome, "SELECT count(DISTINCT item) AS n FROM votes WHERE annotator LIKE 'llm:%' AND space NOT LIKE '%/all'")
    assert voted["n"] == 12 and len(labels(outcome)) == 60
    assert {text: labels(outcome)[text] for text in written[:12]} == {t: list(TOPICS)[n % 3] for n, t in enumerate(written[:12])}


def test_gold_is_for_the_scorer_alone(tmp_path: Path) -> None:
    found = []
    for gold in (None, "truth"):
        folder = tmp_path / str(gold)
        folder.mkdir()
        file = folder / "documents.jsonl"
        lines = [{"text": text, "truth": f"goldsecret{n % 2}"} for n, text in enumerate(texts(20))]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        config = settings(folder, documents={"source": str(file), "text": "text", "gold": gold})
        fake, outcome = started(config, good)
        assert "goldsecret" not in json.dumps(fake.history)
        assert "goldsecret" not in json.dumps(rows(outcome, "SELECT * FROM votes")) + json.dumps(taxonomy(outcome))
        found.append((labels(outcome), names(outcome), sorted(json.dumps(body) for body in fake.history)))
        assert ("gold" in measures(outcome)) == bool(gold)
    assert found[0] == found[1]
    assert measures(outcome)["gold"]["n"] == 60 and measures(outcome)["gold"]["accuracy"] == 0.0


# ---- again -----------------------------------------------------------------------------------------------------------


def test_the_same_again_asks_nothing(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(10))
    _, first = started(config, good)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    fake, second = started(config, good)
    assert (fake.history, second.already, second.run) == ([], True, first.run)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_another_file_of_labels_or_of_gold_is_another_run(tmp_path: Path) -> None:
    def table(gold: str) -> str:
        return "".join(f"{json.dumps({'text': text, 'gold': gold})}\n" for text in texts(2))

    given, source = tmp_path / "labels.txt", tmp_path / "documents.jsonl"
    config = settings(tmp_path, taxonomy={"given": str(given)}, documents={"source": str(source), "text": "text", "gold": "gold"})
    ids = []
    for labels, gold in (("Cards\nLoans\n", "x"), ("Cards\nGifts\n", "x"), ("Cards\nGifts\n", "y"), ("Cards\nLoans\n", "x")):
        given.write_text(labels, encoding="utf-8")
        source.write_text(table(gold), encoding="utf-8")
        ids.append(started(config, good)[1].run)
    assert len(set(ids)) == 3 and ids[0] == ids[3]


def test_a_run_stopped_by_its_budget_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder in (whole, parted):
        folder.mkdir()
    fake, wanted = started(settings(whole, texts(10)), good)
    total, sent = len(fake.history), 0
    for calls in (1, 6, 40, total - 1):
        fake = FakeLLM(good)
        with pytest.raises(BudgetSpent, match=rf"budget.calls of {calls} is spent; raise it"):
            run(settings(parted, texts(10), budget={"calls": calls}), Progress(quiet=True), send=fake)
        sent += len(fake.history)
        assert sent == calls
        (row,) = ask(parted / "project" / "limbeck.duckdb", "SELECT status FROM runs").to_pylist()
        assert row == {"status": "stopped"}
    fake, outcome = started(settings(parted, texts(10), budget={"calls": total}), good)
    assert (sent + len(fake.history), outcome.run, outcome.already) == (total, wanted.run, False)
    assert (labels(outcome), taxonomy(outcome), measures(outcome)) == (labels(wanted), taxonomy(wanted), measures(wanted))


def test_answers_on_their_way_when_the_budget_is_spent_are_kept(tmp_path: Path) -> None:
    answered: list[Body] = []

    async def slow(body: Body) -> Body:
        answer = await FakeLLM(good)(body)
        answered.append(body)
        await asyncio.sleep(0.01 * (1 + len(answered) % 3))
        return answer

    config = settings(tmp_path, texts(10), taxonomy={"given": list(TOPICS)}, budget={"calls": 10})
    with pytest.raises(BudgetSpent):
        run(config, Progress(quiet=True), send=slow)
    (kept,) = ask(tmp_path / "project" / "limbeck.duckdb", "SELECT count(*) AS n FROM calls").to_pylist()
    assert (len(answered), kept["n"]) == (10, 10)


def test_a_smaller_run_in_the_same_project_has_its_own_documents_alone(tmp_path: Path) -> None:
    given = {"given": list(TOPICS)}
    _, large = started(settings(tmp_path, texts(20), taxonomy=given), good)
    _, small = started(settings(tmp_path, texts(20), taxonomy=given, documents={"limit": 9}), good)
    assert small.run != large.run
    assert len(labels(large)) == 60
    assert set(labels(small)) == set(texts(20)[:9])
    assert measures(small)["coverage"] == 1.0


# ---- odd corpora -----------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "empty": ("a.txt", b"", {}, "no documents in {path!r}; give a file with at least one text"),
    "binary junk": (
        "a.txt",
        bytes(range(256)) * 40,
        {},
        "{path!r} is not text; convert it to UTF-8 text, CSV, JSONL or Parquet",
    ),
    "no such column": (
        "a.csv",
        b"id,body\n1,a text\n",
        {"text": "bdy"},
        "no column 'bdy' in {path!r}; it has 'id', 'body': write `text: body`",
    ),
    "nothing but blanks": (
        "a.csv",
        b"text,n\n ,1\n",
        {},
        "no text in column 'text' of {path!r} (rows left out because they have no text: 1); name another with `text:`",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_documents_that_can_not_be_read_are_refused_before_anything_is_written(case: str, tmp_path: Path) -> None:
    name, content, options, message = REFUSED[case]
    file = tmp_path / name
    file.write_bytes(content)
    config = settings(tmp_path, documents={"source": str(file), **options})
    with pytest.raises(DocumentsError) as error:
        started(config, good)
    assert str(error.value) == message.format(path=str(file))
    assert list(tmp_path.rglob("*")) == [file]


MEGABYTE = {"words": "my card is lost and gone " * 42_000, "one word": "card" + "x" * 1_000_000}


@pytest.mark.parametrize("case", MEGABYTE)
def test_a_text_of_a_megabyte_is_shown_in_part(case: str, tmp_path: Path) -> None:
    written = [MEGABYTE[case], *texts(10)]
    fake, outcome = started(settings(tmp_path, written), good)
    longest = max(len(message["content"]) for body in fake.history for message in body["messages"])
    assert longest < 8192 * 4  # The model's context, in characters.
    assert len(labels(outcome)) == 31 and labels(outcome)[MEGABYTE[case]] == "Cards"
    # One long text does not make every minibatch short.
    assert max(len(listed(body)) for body in requests(fake, "Generate")) > 10


@pytest.mark.parametrize(
    ("written", "documents", "answer"),
    [
        (["my card was stolen"], 1, good),
        (["my card was stolen"], 1, BROKEN["words only"][0]),
        (["my card was stolen"] * 3, 1, good),
        (["my card was stolen", "a loan"], 2, BROKEN["words only"][0]),
    ],
    ids=["one", "one, broken model", "three equal", "two, broken model"],
)
def test_tiny_corpora(written: list[str], documents: int, answer: Answer, tmp_path: Path) -> None:
    _, outcome = started(settings(tmp_path, written), answer)
    assert rows(outcome, "SELECT count(*) AS n FROM documents") == [{"n": documents}]
    assert rows(outcome, "SELECT count(*) AS n FROM places") == [{"n": len(written)}]
    assert set(labels(outcome)) == set(written)
    assert rows(outcome, "SELECT status FROM runs") == [{"status": "finished"}]


@pytest.mark.parametrize("count", [1, 4])
def test_a_good_model_is_believed_on_few_documents_too(count: int, tmp_path: Path) -> None:
    written = [text for text in texts(count) if "card" in text] if count == 1 else texts(count)
    _, outcome = started(settings(tmp_path, written, taxonomy={"chains": 1}), good)
    assert taxonomy(outcome)["method"] == "paper"


def test_equal_ids_and_equal_texts(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,text\n7,my card\n7,a loan\n7,my card\n", encoding="utf-8")
    config = settings(tmp_path, documents={"source": str(file), "key": "id"}, taxonomy={"given": list(TOPICS)})
    _, outcome = started(config, good)
    assert rows(outcome, "SELECT key, d.text FROM places p JOIN documents d ON d.id = p.document ORDER BY position") == [
        {"key": "7", "text": "my card"},
        {"key": "7#2", "text": "a loan"},
        {"key": "7#3", "text": "my card"},
    ]
    (row,) = rows(outcome, "SELECT summary FROM runs")
    assert json.loads(row["summary"])["skipped"] == [f"{file}: ids that come again, made distinct as in '7#2': 2"]


FOREIGN = {
    "Japanese": ["カードを紛失しました", "送金が届きません"],
    "mixed": ["Meine Karte wurde gestohlen", "لقد سرقت بطاقتي", "💳😡", "Где мой перевод"],
}


@pytest.mark.parametrize("language", FOREIGN)
def test_other_languages(language: str, tmp_path: Path) -> None:
    answer: Answer = BROKEN["words only"][0]
    written = [f"{text} {n}" for n in range(4) for text in FOREIGN[language]]
    _, outcome = started(settings(tmp_path, written), answer)
    assert set(labels(outcome)) == set(written)
    assert names(outcome) and all(name.strip() for name in names(outcome))


def test_long_texts_without_spaces_are_summarised(tmp_path: Path) -> None:
    written = [f"{n}" + "カードを紛失しました。" * 100 for n in range(6)]
    fake, _ = started(settings(tmp_path, written), good)
    assert len(requests(fake, "Summarise")) == 6
