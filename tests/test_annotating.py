"""Whole runs in which rules, keywords, examples, several wordings, modes and models vote beside each other."""

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted import OWN, TOPICS, good, labels, rows, settings, started, texts

from limbeck.dialects import Body
from limbeck.errors import ConfigError, NoLikelihood
from limbeck.fakes import FakeLLM
from limbeck.progress import Progress
from limbeck.reviewing import opened
from limbeck.run import Outcome, run
from limbeck.sections import AnnotatorSettings
from limbeck.settings import Settings, load
from limbeck.stages.labelling import ECHO
from limbeck.stages.review import record

pytestmark = pytest.mark.usefixtures("one_encoder")

RULES = """
def card(text):
    return "Cards" if "card" in text else None

def fussy(text):
    if "loan" in text:
        raise RuntimeError("no loans, please")
    return ("Transfers", 0.5) if "transfer" in text else None
"""
PATTERNS = "Loans: [loan, '/re(pay|fused)/']\nCards: {stolen: 0.8}\n"
EXAMPLES = [("is my new card on its way", "Cards"), ("costs of a loan", "Loans"), ("cancel a late transfer", "transfers")]
GIVEN = {"given": list(TOPICS)}
WORDINGS = (f"{OWN}.", f"{OWN}, please.")


def files(folder: Path, **changed: str) -> dict[str, str]:
    """The files of annotators, by key."""
    examples = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in EXAMPLES)
    paths = {}
    for key, name, content in (
        ("rules", "rules.py", RULES),
        ("patterns", "patterns.yaml", PATTERNS),
        ("examples", "examples.jsonl", examples),
    ):
        path = folder / name
        path.write_text(changed.get(key, content), "utf-8")
        paths[key] = str(path)
    return paths


def everybody(folder: Path, **changed: str) -> Settings:
    return settings(
        folder,
        texts(8),
        taxonomy=GIVEN,
        labels={"mode": ["reasoned", "choice", "likelihood"], "wordings": WORDINGS, "probe": 6},
        annotators={**files(folder, **changed), "words": True, "written": True, "models": [{"name": "small"}]},
    )


def votes(outcome: Outcome, annotator: str, kind: str = "") -> dict[str, dict[str, float]]:
    """An annotator's votes: by text, each label's score."""
    found: dict[str, dict[str, float]] = {}
    sql = f"""SELECT d.text, v.label, v.score FROM votes v JOIN documents d ON d.id = v.item
        JOIN taxonomies t ON v.space = t.id || '{kind}' WHERE t.run = '{outcome.run}' AND v.annotator = '{annotator}'"""
    for row in rows(outcome, sql):
        found.setdefault(row["text"], {})[row["label"]] = round(row["score"], 3)
    return found


def about(word: str, scores: dict[str, float]) -> dict[str, dict[str, float]]:
    return {text: scores for text in texts(8) if word in text}


def test_everybody_votes_and_is_named(tmp_path: Path) -> None:
    fake, outcome = started(everybody(tmp_path), good)
    sql = "SELECT annotator, count(DISTINCT item) AS n FROM votes WHERE NOT ends_with(space, '/all') GROUP BY 1 ORDER BY 1"
    voted = {row["annotator"]: row["n"] for row in rows(outcome, sql)}
    models = [name for name in voted if name.startswith("llm:")]
    ways = ["choice", "choice/", "choice/", "likelihood", "reasoned", "reasoned/", "reasoned/"]
    wanted = [f"llm:{model}/{way}" for model in ("big", "small") for way in ways]
    assert [name[:-4] if name.count("/") == 2 else name for name in models] == wanted
    assert {voted.pop(name) for name in models} == {24}
    assert voted == {
        "encoder:minilm": 24,
        "neighbours": voted["neighbours"],
        "ngrams": voted["ngrams"],
        "patterns": len(about("loan", {}) | about("stolen", {})),
        "rule:card": 8,
        "rule:fussy": 8,
        "words": 24,
    }
    assert 0 < voted["neighbours"] < 24 and 0 < voted["ngrams"] < 24
    assert votes(outcome, "rule:card") == votes(outcome, "rule:card", "/all") == about("card", {"Cards": 1.0})
    assert votes(outcome, "rule:fussy") == about("transfer", {"Transfers": 0.5})
    assert votes(outcome, "patterns") == about("loan", {"Loans": 1.0}) | about("stolen", {"Cards": 0.8})
    assert labels(outcome) == {text: list(TOPICS)[n % 3] for n, text in enumerate(texts(8))}
    # Two models read 24 documents in five ways that write and one that scores three labels, and six documents again.
    assert len(fake.history) == 2 * (24 + 6) * (6 + 3)


def test_a_wording_stands_in_place_of_limbecks_own(tmp_path: Path) -> None:
    fake, _ = started(everybody(tmp_path), good)
    said = [str(body["messages"][0]["content"]) for body in fake.history if "prompt_logprobs" not in body]
    for wording in WORDINGS:
        own = [one for one in said if one.startswith(f"{wording}\n\n")]
        assert len(own) == 2 * 2 * 30
        assert all("1. Cards\n2. Loans\n" in one or "2. Loans\n" in one for one in own)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_rule_that_fails_is_a_warning_and_the_run_goes_on(quiet: bool, tmp_path: Path) -> None:
    stream = io.StringIO()
    outcome = run(everybody(tmp_path), Progress(stream, live=False, quiet=quiet), send=FakeLLM(good))
    said = [line for line in stream.getvalue().splitlines() if "rule:" in line]
    first = next(text for text in texts(8) if "loan" in text)
    assert said == [f"rule:fussy failed on 8 documents: RuntimeError: no loans, please, on {first!r}"]
    assert rows(outcome, "SELECT status FROM runs") == [{"status": "finished"}]


def test_the_same_again_asks_nothing(tmp_path: Path) -> None:
    _, first = started(everybody(tmp_path), good)
    fake, second = started(everybody(tmp_path), good)
    assert (fake.history, second.already, second.run) == ([], True, first.run)


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("rules", RULES + "\ndef loan(text): return 'Loans' if 'loan' in text else None\n"),
        ("patterns", PATTERNS + "Transfers: transfer\n"),
        ("examples", '{"text": "a transfer", "label": "Transfers"}\n'),
    ],
)
def test_another_file_is_another_run_that_pays_no_call_again(key: str, content: str, tmp_path: Path) -> None:
    _, first = started(everybody(tmp_path), good)
    fake, second = started(everybody(tmp_path, **{key: content}), good)
    assert fake.history == [] and not second.already and second.run != first.run
    if key == "rules":
        assert votes(second, "rule:loan") == about("loan", {"Loans": 1.0})


def test_the_same_file_elsewhere_is_the_same_run(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    config = everybody(tmp_path)
    _, first = started(config, good)
    moved = config.model_copy(update={"annotators": config.annotators.model_copy(update=files(tmp_path / "other"))})
    assert started(moved, good)[1] == Outcome(first.run, first.store, already=True)


def test_an_annotator_that_abstains_takes_back_what_it_said_in_another_run(tmp_path: Path) -> None:
    started(everybody(tmp_path), good)
    changed = RULES.replace('"card" in text', '"stolen" in text')
    _, outcome = started(everybody(tmp_path, rules=changed), good)
    assert votes(outcome, "rule:card") == votes(outcome, "rule:card", "/all") == about("stolen", {"Cards": 1.0})


# ---- rules that limbeck writes ---------------------------------------------------------------------------------------


def writing(folder: Path, examples: list[tuple[str, str]] | None = None) -> Settings:
    """A config in which limbeck writes rules, and nobody but the encoder votes beside them."""
    path = folder / "examples.jsonl"
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in examples or []), "utf-8")
    annotators = {"written": True, "examples": str(path) if examples else None}
    return settings(folder, texts(8), taxonomy=GIVEN, labels={"llm_limit": 0}, annotators=annotators)


@pytest.mark.parametrize(("examples", "weight"), [([("where is card 1", "Cards"), ("lend me 1", "Loans")], 1.0), (None, ECHO)])
def test_rules_learnt_from_the_first_labels_hardly_outvote_them(
    examples: list[tuple[str, str]] | None, weight: float, tmp_path: Path
) -> None:
    _, outcome = started(writing(tmp_path, examples), good)
    (decision,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'aggregate' AND NOT ends_with(item, '/all')")
    assert json.loads(decision["value"])["weights"]["ngrams"] == weight


def test_written_rules_can_be_read_edited_and_named_in_a_config(tmp_path: Path) -> None:
    _, outcome = started(writing(tmp_path), good)
    (path,) = outcome.store.parent.glob("written-*.yaml")
    assert path.name == f"written-{outcome.run[3:11]}.yaml"
    again = settings(tmp_path, texts(8), taxonomy=GIVEN, labels={"llm_limit": 0}, annotators={"patterns": str(path)})
    _, other = started(again, good)
    assert set(votes(other, "patterns")) >= set(votes(outcome, "ngrams")) != set()


def test_written_rules_learn_nothing_from_what_they_said_before(tmp_path: Path) -> None:
    # A rule that guesses, so that one more vote changes what is believed.
    guess = "def guess(text): return ('Cards', 'Loans', 'Transfers')[int(text.split()[-1]) % 7 % 3]\n"
    rules = AnnotatorSettings(written=True, rules=files(tmp_path, rules=guess)["rules"])
    config = writing(tmp_path).model_copy(update={"annotators": rules})
    _, outcome = started(config, good)
    before, (path,) = votes(outcome, "ngrams"), outcome.store.parent.glob("written-*.yaml")
    written = path.read_text("utf-8")
    for _ in range(2):
        with opened(outcome.store.parent, outcome.run) as context:
            record(context, "ann", {})
        assert not started(config, good)[1].already
        assert (votes(outcome, "ngrams"), path.read_text("utf-8")) == (before, written)


def test_rules_learnt_from_an_example_do_not_vote_on_it(tmp_path: Path) -> None:
    told = [(text, list(TOPICS)[n % 3]) for n, text in enumerate(texts(8))]
    text, label = told[0]
    said = []
    for number, other in enumerate((label, "Loans")):
        folder = tmp_path / str(number)
        folder.mkdir()
        _, outcome = started(writing(folder, [(text, other), *told[1:]]), good)
        said.append((votes(outcome, "ngrams")[text], votes(outcome, "neighbours")[text]))
    (rules, near), (rules_then, near_then) = said
    assert rules == rules_then == {"Cards": 1.0}
    assert max(near, key=lambda one: near[one]) == "Cards" and max(near_then, key=lambda one: near_then[one]) == "Loans"


def test_several_labels_that_are_found_all_apply(tmp_path: Path) -> None:
    both = "a card and a loan and a transfer"
    (tmp_path / "patterns.yaml").write_text("Cards: card\nLoans: loan\nTransfers: transfer\n", "utf-8")
    config = settings(
        tmp_path,
        [both, *texts(4)],
        taxonomy=GIVEN,
        labels={"llm_limit": 0, "several": True},
        annotators={"patterns": str(tmp_path / "patterns.yaml")},
    )
    _, outcome = started(config, good)
    assert votes(outcome, "patterns", "/all")[both] == {"Cards": 1.0, "Loans": 1.0, "Transfers": 1.0}
    # Words vote by themselves where several labels may apply.
    assert set(votes(outcome, "words", "/all")[both]) == set(TOPICS)
    sql = f"SELECT label FROM labels l JOIN documents d ON d.id = l.item WHERE ends_with(space, '/all') AND text = '{both}'"
    assert {row["label"] for row in rows(outcome, sql)} == set(TOPICS)


# ---- what can't be used ----------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, bytes | None, str]] = {
    "no rules": ("rules", None, "can't open {path!r} (No such file or directory); correct its path under `annotators:`"),
    "rules that break": (
        "rules",
        b"1 / 0",
        "rules {path!r} can't be run (ZeroDivisionError: division by zero); try: python -P {path!r}",
    ),
    "no patterns": ("patterns", None, "can't open {path!r} (No such file or directory); correct its path under `annotators:`"),
    "patterns of an unknown label": (
        "patterns",
        b"Card: card",
        "{path!r}, line 1, label 'Card': no label 'Card'; did you mean 'Cards'?",
    ),
    "no examples": ("examples", None, "can't open {path!r} (No such file or directory); correct its path under `annotators:`"),
    "examples without a label": (
        "examples",
        b'{"text": "my card", "label": "Cards"}\n{"text": "my loan", "label": " "}\n',
        "{path!r}, example 'my loan': no label; leave the row out, or label it",
    ),
    "examples of an unknown label": (
        "examples",
        b'{"text": "my loan", "label": "loan"}\n',
        "{path!r}, example 'my loan': no label 'loan'; did you mean 'Loans'?",
    ),
    "examples without a column of labels": (
        "examples",
        b'{"text": "my loan", "topic": "Loans"}\n',
        "no column 'label' in {path!r}; it has 'text', 'topic'; name its columns 'text' and 'label'",
    ),
    "examples without a column of texts": (
        "examples",
        b'{"body": "my loan", "label": "Loans"}\n',
        "no column 'text' in {path!r}; it has 'body', 'label'; name its columns 'text' and 'label'",
    ),
    "examples that are empty": ("examples", b"", "no documents in {path!r}; give a file with at least one text"),
    "examples without any label": (
        "examples",
        b'{"text": "my card", "label": ""}\n{"text": "my loan", "label": null}\n',
        "no label in column 'label' of {path!r}; write each text's label there, or leave the file out",
    ),
    "examples without any text": (
        "examples",
        b'{"text": "", "label": "Cards"}\n',
        "no text in column 'text' of {path!r} (rows left out because they have no text: 1); "
        "write a text there and its label under 'label'",
    ),
    "rules that are a program": (
        "rules",
        b"\x7fELF\0\0",
        "rules {path!r} can't be run (they are no text); name a Python file, and write into it: "
        "def refund(text): return 'Refunds' if 'money back' in text else None",
    ),
    "patterns that are a program": (
        "patterns",
        b"\x7fELF\0\0",
        "{path!r} is not YAML; put regular expressions in single quotes: '/…/'",
    ),
    "a NUL": ("rules\0", None, "can't open {path!r} (embedded null byte); correct its path under `annotators:`"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_can_not_be_used_is_one_line_before_anything_is_written(case: str, tmp_path: Path) -> None:
    key, content, message = REFUSED[case]
    path = tmp_path / f"file-{key}.jsonl"
    if content is not None:
        path.write_bytes(content)
    config = settings(tmp_path, texts(2), taxonomy=GIVEN, annotators={key.strip("\0"): str(path)})
    with pytest.raises(ConfigError) as error:
        started(config, good)
    assert str(error.value) == message.format(path=str(path))
    assert not (tmp_path / "project").exists()


def test_examples_with_a_header_alone_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "examples.csv"
    path.write_text("text,label\n", "utf-8")
    with pytest.raises(ConfigError) as error:
        started(settings(tmp_path, texts(2), taxonomy=GIVEN, annotators={"examples": str(path)}), good)
    assert str(error.value) == f"no documents in {str(path)!r}; give a file with at least one text"


@pytest.mark.parametrize("key", ["rules", "patterns", "examples"])
@pytest.mark.parametrize(
    ("make", "why"), [(os.mkdir, "Is a directory"), (os.mkfifo, "a pipe or a device, which can't be read twice")]
)
def test_what_is_no_file_is_refused(make: Callable[[Path], None], why: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    make(path)
    with pytest.raises(ConfigError) as error:
        started(settings(tmp_path, texts(2), annotators={key: str(path)}), good)
    assert str(error.value) == f"can't open {str(path)!r} ({why}); correct its path under `annotators:`"
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    ("key", "content"),
    [("patterns", "Cards: [card"), ("patterns", "Cards: '/(/'"), ("examples", '{"text": "my card"}'), ("examples", "card")],
)
def test_a_file_is_read_before_anything_is_asked_also_where_the_labels_are_not_yet_known(
    key: str, content: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{key}.jsonl"
    path.write_text(content, "utf-8")
    fake = FakeLLM(good)
    with pytest.raises(ConfigError, match=re.escape(repr(str(path)))):
        run(settings(tmp_path, texts(2), annotators={key: str(path)}), Progress(quiet=True), send=fake)
    assert fake.history == [] and not (tmp_path / "project").exists()


@pytest.mark.parametrize("there", [True, False])
def test_an_encoder_that_can_not_be_used_is_one_line_before_anything_is_written_or_asked(there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    if there:
        folder.mkdir()
    fake = FakeLLM(good)
    with pytest.raises(ConfigError) as error:
        run(settings(tmp_path, texts(2), student={"encoder": str(folder)}), Progress(quiet=True), send=fake)
    assert repr(str(folder)) in str(error.value) and "; write 'minilm', the folder of a transformers model" in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "project").exists() and fake.history == []


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(2), taxonomy=GIVEN, annotators={"models": [{"name": "big"}]})
    with pytest.raises(ConfigError, match="two models of .* have one name, so their votes can't be told apart; leave one out"):
        started(config, good)
    assert not (tmp_path / "project").exists()


def test_labels_that_are_not_yet_known_are_checked_when_they_are(tmp_path: Path) -> None:
    path = tmp_path / "patterns.yaml"
    path.write_text("Gifts: gift\n", "utf-8")
    config = settings(tmp_path, texts(20), annotators={"patterns": str(path)})
    with pytest.raises(ConfigError, match="line 1, label 'Gifts': no label 'Gifts'"):
        started(config, good)
    path.write_text("Cards: card\n", "utf-8")
    fake, outcome = started(config, good)
    assert set(votes(outcome, "patterns")) == {text for text in texts(20) if "card" in text}
    asked = {str(body["response_format"]["name"]) for body in fake.history if "response_format" in body}
    assert not asked & {"Generate", "Update", "Review"}


@pytest.mark.parametrize("quiet", [False, True])
def test_of_labels_that_a_found_taxonomy_lacks_there_are_no_votes_and_the_run_says_so(quiet: bool, tmp_path: Path) -> None:
    (tmp_path / "patterns.yaml").write_text("Gifts: gift\ncards: card\n'Old loans': loan\n", "utf-8")
    examples = [("is my new card on its way", "Cards"), ("a present for you", "Presents")]
    lines = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in examples)
    (tmp_path / "examples.jsonl").write_text(lines, "utf-8")
    paths = {key: str(tmp_path / name) for key, name in (("patterns", "patterns.yaml"), ("examples", "examples.jsonl"))}
    stream = io.StringIO()
    config = settings(tmp_path, texts(20), annotators={**paths, "written": True})
    outcome = run(config, Progress(stream, live=False, quiet=quiet), send=FakeLLM(good))
    assert votes(outcome, "patterns") == {text: {"Cards": 1.0} for text in texts(20) if "card" in text}
    assert {label for one in votes(outcome, "neighbours").values() for label in one} == {"Cards"}
    assert votes(outcome, "ngrams") and rows(outcome, "SELECT status FROM runs") == [{"status": "finished"}]
    said, write = stream.getvalue().splitlines(), "write `taxonomy: given:` to have labels of these names"
    lacks = "that the taxonomy lacks, so that they don't vote"
    assert [line for line in said if "lacks" in line] == [
        f"labels in {paths['patterns']!r} {lacks}: 'Gifts', 'Old loans'; {write}",
        f"labels in {paths['examples']!r} {lacks}: 'Presents'; {write}",
    ]
    first = [f"of the labels in {path!r}, those will vote that the taxonomy comes to have; {write}" for path in paths.values()]
    assert said[:2] == first if not quiet else len(said) == 2


BAD_KEYS = {
    "mode: []": "'mode' in 'labels'",
    "mode: [choice, loud]": "'mode' in 'labels'",
    "wordings: [' ']": "'wordings' in 'labels'",
    "llm_limit: -1": "'llm_limit' in 'labels'",
}


@pytest.mark.parametrize("line", BAD_KEYS)
def test_values_that_can_not_be_used(line: str, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(f"use_case: x\ndocuments: {{source: a.txt}}\nlabels: {{{line}}}\n", "utf-8")
    with pytest.raises(ConfigError) as error:
        load(path)
    assert str(error.value).startswith(BAD_KEYS[line]) and len(str(error.value).splitlines()) == 1


def likelihood_alone(folder: Path) -> Settings:
    return settings(folder, texts(8), taxonomy=GIVEN, labels={"mode": "likelihood", "probe": 6})


def test_a_model_that_only_scores_labels(tmp_path: Path) -> None:
    fake, outcome = started(likelihood_alone(tmp_path), good)
    assert labels(outcome) == {text: list(TOPICS)[n % 3] for n, text in enumerate(texts(8))}
    assert len(fake.history) == 3 * (24 + 6)
    said = votes(outcome, "llm:big/likelihood")[texts(8)[0]]
    assert max(said, key=lambda label: said[label]) == "Cards" and sum(said.values()) == pytest.approx(1, abs=0.02)


def test_a_server_that_can_not_score_stops_the_run_with_one_clear_error(tmp_path: Path) -> None:
    def answer(_: Body) -> str:
        return "Hello!"

    with pytest.raises(NoLikelihood, match="does not say how likely a prompt is .* write `mode: reasoned` under `labels:` or `rank:`"):
        started(likelihood_alone(tmp_path), answer)
    fake, outcome = started(settings(tmp_path, texts(8), taxonomy=GIVEN), good)
    assert len(labels(outcome)) == 24 and fake.history


