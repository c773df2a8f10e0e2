"""The whole pipeline, from `run` to the store, with models that are functions: one that does as told, and worse ones."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted import (
    TOPICS,
    Answer,
    asked,
    but,
    classified,
    described,
    fits,
    generated,
    good,
    labels,
    listed,
    measures,
    names,
    part,
    program,
    requests,
    rows,
    settings,
    speechless,
    started,
    table_rows,
    taxonomy,
    texts,
)

from limbeck.dialects import Body
from limbeck.errors import ConfigError, GuardrailError
from limbeck.schemas import OTHER

pytestmark = pytest.mark.usefixtures("one_encoder")

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
    "words only": (speechless, "6 attempts"),
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
        (["Cards", "cards"], "label 'Cards' is given twice; write each name once"),
        ([": all of them"], "a label in (': all of them',) has no name before its ': '; write `name: description`"),
        (["Cards", "Other"], "label 'Other' is always offered when labelling; leave it out"),
        ([" "], "no label in (' ',); write one name a line"),
        ("a\0b", "no label file 'a\\x00b' (ValueError); write one name a line into it"),
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
    sql = "SELECT DISTINCT text FROM votes JOIN documents ON item = id WHERE annotator LIKE 'llm:%' AND space NOT LIKE '%/all'"
    read = [row["text"] for row in rows(outcome, sql)]
    assert len(read) == 12 and len(labels(outcome)) == 60
    assert {text: labels(outcome)[text] for text in read} == {text: list(TOPICS)[written.index(text) % 3] for text in read}


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
