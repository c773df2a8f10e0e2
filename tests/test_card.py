"""Data cards: what they say of a run, that they travel, and what students are not shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scripted import (
    CHOOSES,
    MISTAKEN,
    TOPICS,
    careless,
    good,
    labels,
    rows,
    settings,
    speechless,
    started,
    texts,
)
from test_cli import limbeck

from limbeck import card as cards
from limbeck.card import markdown, read, write
from limbeck.encoder import Encoder
from limbeck.errors import NoCard, StudentError
from limbeck.limits import limits
from limbeck.reviewing import opened
from limbeck.run import Outcome
from limbeck.schemas.card import (
    Agreement,
    Annotator,
    Applying,
    Card,
    LabelSize,
    LeftOut,
    Noise,
    Pair,
    Source,
    Training,
)
from limbeck.settings import Settings
from limbeck.stages.card import kind_of
from limbeck.stages.errors import errors
from limbeck.stages.parts import parts
from limbeck.stages.review import learn, questions, record
from limbeck.students import fit_best

GIVEN = {"given": list(TOPICS)}


def folders(outcome: Outcome) -> list[Path]:
    return sorted((outcome.store.parent / "students").iterdir())


def card_of(outcome: Outcome) -> Card:
    (folder,) = folders(outcome)
    return read(folder)


# ---- of a run ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_encoder")
def test_the_facts_of_a_run(tmp_path: Path) -> None:
    source = [*texts(10), "", texts(1)[0], "what is the weather"]
    conf = settings(
        tmp_path,
        source,
        taxonomy=GIVEN,
        labels={"aggregate": "auto", "probe": 0},
        student={"kinds": ["logistic", "mlp"]},
    )
    _, outcome = started(conf, good)
    first, second = (read(folder) for folder in folders(outcome))
    assert (first.training.kind, second.training.kind) == ("logistic", "mlp")
    assert first.model_copy(update={"training": second.training}) == second
    assert [one.training.chosen for one in (first, second)].count(True) == 1
    assert (first.source.file, first.source.rows, first.source.documents) == ("documents.txt", 32, 31)
    assert first.source.skipped == ("rows left out because they have no text: 1",)
    assert [(one.name, one.kind, one.voted, one.coverage) for one in first.annotators] == [
        ("encoder:minilm", "encoder", 31, 1.0),
        ("llm:big/reasoned", "model", 31, 1.0),
    ]
    assert first.method == "soft" and first.why.startswith("2 annotators give 2.0 votes an item, too few")
    assert [(one.first, one.second, one.documents) for one in first.agreement.pairs] == [
        ("encoder:minilm", "llm:big/reasoned", 31)
    ]
    assert first.agreement.pairs[0].kappa == pytest.approx(first.agreement.fleiss, abs=0.05)
    found = labels(outcome)
    assert {one.name: one.documents for one in first.labels} == {
        name: list(found.values()).count(name) for name in TOPICS
    }
    assert (
        first.training.metrics.keys() >= {"held_out", "accuracy", "ece"}
        and "seconds" not in first.training.metrics
    )
    assert first.limits == limits(first) != ()


@pytest.mark.usefixtures("one_encoder")
@pytest.mark.parametrize("aggregate", ["soft", "dawid-skene", "auto"])
def test_how_all_labels_that_apply_were_decided(aggregate: str, tmp_path: Path) -> None:
    conf = settings(
        tmp_path, texts(10), taxonomy=GIVEN, labels={"aggregate": aggregate, "several": True, "probe": 0}
    )
    _, outcome = started(conf, good)
    card = card_of(outcome)
    (kept,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'aggregate' AND item LIKE '%/all'")
    decision = json.loads(kept["value"])
    assert card.applying == Applying(method=decision["method"], why=decision["why"])
    assert bool(card.applying.why) == (aggregate == "auto") and aggregate in ("auto", card.applying.method)
    assert card.training.thresholds and "may be none or several of them." in "\n".join(card.limits)


@pytest.mark.usefixtures("one_encoder")
def test_every_document_is_counted_once(tmp_path: Path) -> None:
    source = [*texts(12), "what is the weather", "sing a song"]
    _, outcome = started(
        settings(tmp_path, source, taxonomy=GIVEN, labels={"probe": 0, "aggregate": "majority"}), good
    )
    with opened(outcome.store.parent, None) as context:
        documents = context.store.documents(outcome.run)
        record(context, "ann", {one.id: "Other" for one in documents[-2:]})
        learn(context)
    _, outcome = started(
        settings(tmp_path, source, taxonomy=GIVEN, labels={"probe": 0, "aggregate": "majority"}), good
    )
    card = card_of(outcome)
    assert card.applying is None
    left = card.left_out
    assert left.other == 2 and left.unlabelled == left.doubted == 0 and left.held_out > 0
    assert sum(left.model_dump().values()) + card.training.lessons == card.source.documents == 38
    assert sum(one.shown for one in card.labels) == card.training.lessons
    assert sum(one.documents for one in card.labels) == card.training.lessons + left.held_out
    assert "also to a text that none of them fits; of its own documents that is 2 texts." in "\n".join(
        card.limits
    )


@pytest.mark.usefixtures("one_encoder")
def test_no_text_and_no_place_of_this_machine_is_in_a_card(tmp_path: Path) -> None:
    encoder = tmp_path / "my-encoder"
    encoder.symlink_to(Encoder.load().path)
    conf = settings(
        tmp_path,
        [*texts(8), ""],
        taxonomy=GIVEN,
        model={"name": str(tmp_path / "models" / "my-model")},
        student={"encoder": str(encoder)},
        labels={"probe": 0, "aggregate": "auto"},
    )
    _, outcome = started(conf, good)
    (folder,) = folders(outcome)
    for name in (cards.JSON, cards.MARKDOWN):
        written = (folder / name).read_text()
        assert str(tmp_path) not in written and str(Path.home()) not in written
        assert not [text for text in texts(8) if text in written]
    assert [one.name for one in read(folder).annotators] == ["encoder:my-encoder", "llm:my-model/reasoned"]
    assert read(folder).training.encoder == "my-encoder"
    assert (folder / cards.MARKDOWN).read_text() == markdown(read(folder))


@pytest.mark.usefixtures("one_encoder")
def test_a_run_after_a_review_renews_the_card(tmp_path: Path) -> None:
    conf = settings(
        tmp_path, texts(12), taxonomy={"given": ["Cards", "Loans", "Odds and ends"]}, labels={"llm_limit": 0}
    )
    _, outcome = started(conf, speechless)
    before = card_of(outcome)
    assert "No person has checked a label." in before.limits
    with opened(outcome.store.parent, None) as context:
        record(context, "ann", {one.document.id: "Loans" for one in questions(context, 5)})
        learn(context)
    assert card_of(outcome) == before
    _, again = started(conf, speechless)
    after = card_of(again)
    (ann,) = [one for one in after.annotators if one.kind == "person"]
    assert (ann.name, ann.voted, ann.weight, ann.accuracy) == ("person:ann", 5, 100.0, 1.0)
    assert "People gave 5 answers on 36 documents; the other labels are unchecked." in after.limits
    assert (outcome.run, after.source) == (again.run, before.source)


@pytest.mark.usefixtures("one_encoder")
def test_a_card_counts_answered_texts_that_left_the_measuring(tmp_path: Path) -> None:
    conf = settings(tmp_path, texts(12), taxonomy=GIVEN, labels={"llm_limit": 0}, student={"held_out": 0.4})
    _, outcome = started(conf, speechless)
    assert (before := card_of(outcome)).training.spared == 0
    with opened(outcome.store.parent, None) as context:
        kept = parts(context)
        given = {one.item: one.label for one in context.store.labels(outcome.run, context.store.taxonomy(outcome.run).id)}
        # Two that were held out, and one that was shown anyway.
        record(context, "ann", {item: given[item] for item in (*kept.held_out[:2], kept.shown[0])})
        learn(context)
    after = card_of(started(conf, speechless)[1])
    assert after.training.spared == 2 == before.left_out.held_out - after.left_out.held_out
    assert [one for one in after.limits if one.startswith("Students were taught 2 answered texts")]


@pytest.mark.usefixtures("one_encoder")
def test_without_students_there_is_no_card(tmp_path: Path) -> None:
    _, outcome = started(settings(tmp_path, texts(4), taxonomy=GIVEN, student={"kinds": []}), good)
    assert not (outcome.store.parent / "students").exists()


# ---- labels that are probably wrong ------------------------------------------------------------------------


def careless_run(folder: Path, errors: str, held_out: float = 0.01) -> tuple[Settings, Outcome]:
    conf = settings(
        folder,
        texts(12),
        taxonomy=GIVEN,
        labels={**CHOOSES, "errors": errors},
        student={"kinds": ["logistic"], "held_out": held_out},
    )
    return conf, started(conf, careless)[1]


def taught(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The texts that students are shown, one set a training, from now on."""
    shown: list[set[str]] = []

    def watched(kinds: Any, lessons: Any, *rest: Any) -> Any:
        shown.append(set(lessons.texts))
        return fit_best(kinds, lessons, *rest)

    monkeypatch.setattr("limbeck.stages.training.fit_best", watched)
    return shown


@pytest.mark.usefixtures("one_encoder")
@pytest.mark.parametrize(("errors", "dropped"), [("keep", set()), ("drop", set(MISTAKEN))])
def test_likely_errors_are_dropped_where_asked(
    errors: str, dropped: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = taught(monkeypatch)
    _, outcome = careless_run(tmp_path, errors)
    assert set(labels(outcome)) - shown[0] == dropped
    card = card_of(outcome)
    assert (card.errors, card.left_out.doubted, card.training.lessons) == (
        errors,
        len(dropped),
        36 - len(dropped),
    )
    assert card.noise and card.noise.found == 2 and card.noise.confused == (("Transfers", "Cards", 2.0),)
    assert next(one.noise for one in card.labels if one.name == "Transfers") == pytest.approx(
        2 / 14, abs=0.01
    )


@pytest.mark.usefixtures("one_encoder")
def test_likely_errors_are_found_where_several_labels_may_apply(tmp_path: Path) -> None:
    conf = settings(
        tmp_path,
        texts(12),
        taxonomy=GIVEN,
        labels={**CHOOSES, "several": True},
        annotators={"words": False},
        student={"kinds": []},
    )
    outcome = started(conf, careless)[1]
    with opened(outcome.store.parent, None) as context:
        found = errors(context)
        by_id = {one.id: one.text for one in context.store.documents(outcome.run)}
    assert found is not None
    said = {by_id[item]: (label, better) for item, label, better in found.found}
    assert said == dict.fromkeys(MISTAKEN, ("Transfers", "Cards"))
    assert found.rate == pytest.approx(2 / 36)
    assert found.rates == pytest.approx({"Cards": 0, "Loans": 0, "Transfers": 2 / 14})


@pytest.mark.usefixtures("one_encoder")
def test_what_a_person_has_answered_is_never_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf, outcome = careless_run(tmp_path, "drop")
    with opened(outcome.store.parent, None) as context:
        # The person insists on what looks wrong.
        told = next(one.id for one in context.store.documents(outcome.run) if one.text == MISTAKEN[0])
        record(context, "ann", {told: "Transfers"})
        learn(context)
    shown = taught(monkeypatch)
    started(conf, careless)
    assert set(labels(outcome)) - shown[0] == {MISTAKEN[1]}
    assert card_of(outcome).left_out.doubted == 1


@pytest.mark.usefixtures("one_encoder")
def test_errors_are_looked_for_anew_among_the_labels_that_answers_made(tmp_path: Path) -> None:
    conf, outcome = careless_run(tmp_path, "keep")
    assert card_of(outcome).labels[0].name == "Cards" and (before := card_of(outcome).noise) and before.rate > 0
    with opened(outcome.store.parent, None) as context:
        wrong = {one.id: "Cards" for one in context.store.documents(outcome.run) if one.text in MISTAKEN}
        record(context, "ann", wrong)
        learn(context)
        # A session goes on asking about what was found before.
        assert (found := errors(context)) and {item for item, *_ in found.found} == set(wrong)
    started(conf, careless)
    after = card_of(outcome).noise
    assert after and (after.rate, after.found, after.confused) == (0, 0, ())


# ---- limits, Markdown, files -------------------------------------------------------------------------------


def made(**given: Any) -> Card:
    """A card without anything remarkable, but for what is given."""
    facts: dict[str, Any] = {
        "use_case": "Route messages.",
        "source": Source(file="a.csv", content="b2:0", rows=90, documents=80),
        "method": "soft",
        "annotators": (annotator("encoder:minilm", "encoder"), annotator("llm:big/choice", "model")),
        "agreement": Agreement(fleiss=0.7, pairs=(Pair(first="a", second="b", kappa=0.7, documents=80),)),
        "labels": tuple(
            LabelSize(name=name, documents=40, shown=30, noise=0.02) for name in ("Cards", "Loans")
        ),
        "noise": Noise(rate=0.02, found=1),
        "errors": "keep",
        "left_out": LeftOut(unlabelled=0, other=0, held_out=20, doubted=0),
        "training": training(),
    }
    return Card(**{**facts, **given})


def annotator(name: str, kind: Any, voted: int = 80) -> Annotator:
    return Annotator(name=name, kind=kind, voted=voted, coverage=voted / 80, accuracy=0.9)


def training(**given: Any) -> Training:
    facts = {
        "kind": "mlp",
        "encoder": "minilm",
        "max_tokens": 128,
        "seed": 0,
        "lessons": 60,
        "chosen": True,
        "temperature": 1.5,
    }
    return Training(**{**facts, "metrics": {"held_out": 9.0}, **given})


ALWAYS = {
    "Its scores are agreement with held-out pseudo-labels, not with the truth.",
    "No gold label was used, neither to train it nor for a figure here.",
    "It always gives one of its labels, also to a text that none of them fits.",
    "It reads no more than the first 128 tokens of a text.",
    "The languages of the texts were not checked; on others than it was shown, nothing is known of it.",
}
NO_PERSON = "No person has checked a label."
UNSEEN = "Errors that annotators make again and again are not in the noise estimate."
SIZES = tuple(
    LabelSize(name=name, documents=few, shown=few, noise=noise)
    for name, few, noise in (("A", 200, 0.1), ("B", 20, 0.2), ("C", 3, 0.9))
)
SAID: dict[str, tuple[Card, set[str]]] = {
    "nothing remarkable": (made(), {NO_PERSON, UNSEEN}),
    "a person": (
        made(
            annotators=(annotator("a", "rule"), annotator("b", "rule"), annotator("person:ann", "person", 1))
        ),
        {"People gave 1 answer on 80 documents; the other labels are unchecked.", UNSEEN},
    ),
    "answered texts taught": (
        made(training=training(spared=3)),
        {
            NO_PERSON,
            UNSEEN,
            "Students were taught 3 answered texts that had been drawn for measuring; people are asked about hard "
            "texts, so the agreement that its run reports is measured on clearer ones.",
        },
    ),
    "one annotator": (
        made(annotators=(annotator("words", "patterns"),), agreement=Agreement(fleiss=None)),
        {NO_PERSON, UNSEEN, "All labels come from words, so nothing tells how often it errs."},
    ),
    "little agreement": (
        made(
            agreement=Agreement(
                fleiss=0.3,
                pairs=tuple(Pair(first="a", second=str(k), kappa=k, documents=9) for k in (0.19, 0.2, None)),
            )
        ),
        {NO_PERSON, UNSEEN, "a and 0.19 agree little (κ 0.19)."},
    ),
    "much noise": (
        made(noise=Noise(rate=0.23, found=12)),
        {
            NO_PERSON,
            "About 23% of the labels are estimated to be wrong; errors made again and again come on top.",
        },
    ),
    "too few to tell": (
        made(noise=None),
        {NO_PERSON, "There are too few labels to estimate how many of them are wrong."},
    ),
    "few and noisy and uneven labels": (
        made(labels=SIZES),
        {
            NO_PERSON,
            UNSEEN,
            "Labels taught by fewer than 10 texts: 'C'.",
            "Labels of which a fifth or more is estimated to be wrong: 'B'.",
            "Sizes are uneven: the largest label has 200 documents, the smallest 3.",
        },
    ),
    "many small labels": (
        made(labels=tuple(LabelSize(name=str(place), documents=9, shown=9) for place in range(11))),
        {
            NO_PERSON,
            UNSEEN,
            "Labels taught by fewer than 10 texts: '0', '1', '2', '3', '4', '5', '6', '7' and 3 more.",
        },
    ),
    "an encoder that was adapted": (
        made(training=training(kind="lora")),
        {
            NO_PERSON,
            UNSEEN,
            "Its folder holds a vector of each text that it learnt from; words of a text can be guessed from one.",
        },
    ),
    "nothing held out": (
        made(training=training(metrics={"held_out": 0.0})),
        {
            NO_PERSON,
            UNSEEN,
            "No lesson was held out: it has no scores, and its probabilities are not calibrated.",
        },
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_limits_are_stated_plainly(case: str) -> None:
    card, said = SAID[case]
    assert set(limits(card)) - ALWAYS == said
    assert set(limits(card)) >= ALWAYS


def test_where_several_labels_apply_limits_say_that_none_may() -> None:
    left, thresholds = LeftOut(unlabelled=0, other=2, held_out=20, doubted=0), training(thresholds=(0.2, 0.5))
    several = made(applying=Applying(method="soft"), training=thresholds, left_out=left)
    said = set(limits(several))
    assert said - set(limits(made(training=thresholds, left_out=left))) == {
        "Its primary label is always one of its labels, also for a text that none of them fits; "
        "of its own documents that is 2 texts.",
        "Which labels apply is decided by a threshold for each, and may be none or several of them.",
    }
    assert not [sentence for sentence in said if sentence.startswith("It always gives one of its labels")]


HOW: dict[str, tuple[Card, str]] = {
    "one label": (made(), "Labels were made of votes by `soft`.\n\n|"),
    "one label, chosen": (made(why="a|b"), "Labels were made of votes by `soft`: a\\|b.\n\n|"),
    "several": (
        made(why="c", applying=Applying(method="dawid-skene", why="3 annotators")),
        "- The primary label was made of votes by `soft`: c.\n"
        "- All labels that apply were made of votes by `dawid-skene`: 3 annotators.\n\n|",
    ),
}


@pytest.mark.parametrize("case", HOW)
def test_a_card_says_how_labels_were_made(case: str) -> None:
    card, said = HOW[case]
    assert f"\n## Labels\n\n{said}" in markdown(card)


def table(page: str, title: str) -> list[list[str]]:
    """The cells of the first table of a section, its head left out."""
    section = page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [line.replace("\\|", "¦").strip("|").split("|") for line in lines[2:]]


@given(st.text(max_size=30))
def test_any_name_stays_in_its_cell(name: str) -> None:
    page = markdown(made(labels=(LabelSize(name=name, documents=1000, shown=3),), use_case=name))
    assert [len(row) for row in table(page, "Labels")] == [4]
    assert table(page, "Labels")[0][1:] == [" 1,000 ", " 3 ", " – "]
    assert page.count("\n## ") == 8


def test_markdown_and_html_mean_nothing_in_it() -> None:
    page = markdown(made(use_case="<img src=x> [a](b) `c` *d*\n# e"))
    assert "Its use case: \\<img src=x\\> \\[a\\](b) \\`c\\` \\*d\\* \\# e\n" in page


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = made()
    write(card, tmp_path)
    assert read(tmp_path) == card
    assert sorted(one.name for one in tmp_path.iterdir()) == ["CARD.md", "card.json"]
    with pytest.raises(StudentError, match="can't write a card to"):
        write(card, tmp_path / "nowhere")


@pytest.mark.parametrize("broken", ["{", '{"version": 2}', '{"extra": 1}', b"\xff"])
def test_a_damaged_card_is_one_line(broken: str | bytes, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with pytest.raises(StudentError, match="copy it anew, or train it again") as raised:
        read(tmp_path)
    assert "\n" not in str(raised.value)


def test_nothing_else_gets_into_a_card() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Card.model_validate({**made().model_dump(), "texts": ["my card was stolen"]})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("llm:smollm2/choice", "model"),
        ("encoder:minilm", "encoder"),
        ("clusters", "clusters"),
        ("rule:card", "rule"),
        ("neighbours", "examples"),
        ("person:ann", "person"),
        ("words", "patterns"),
        ("patterns", "patterns"),
        ("ngrams", "patterns"),
    ],
)
def test_what_an_annotator_is(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_the_command_prints_a_card_or_says_what_to_type(tmp_path: Path) -> None:
    write(made(), tmp_path)
    done = limbeck(tmp_path, "card", ".")
    assert (done.returncode, done.stdout, done.stderr) == (0, markdown(made()), "")
    assert Card.model_validate(json.loads(limbeck(tmp_path, "card", ".", "--json").stdout)) == made()
    done = limbeck(tmp_path, "card", "nowhere")
    said = (
        "limbeck: 'nowhere' holds no card (no 'card.json'); type one of the folders in the project's "
        "`students`, or train an older student anew: limbeck run YOUR.yaml --project NEW\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert issubclass(NoCard, StudentError)


@pytest.mark.usefixtures("one_encoder")
def test_why_is_in_the_store_too(tmp_path: Path) -> None:
    _, outcome = started(
        settings(tmp_path, texts(4), taxonomy=GIVEN, labels={"aggregate": "auto", "probe": 0}), good
    )
    (row,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'aggregate'")
    assert json.loads(row["value"])["why"] == card_of(outcome).why != ""
