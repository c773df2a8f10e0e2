"""Annotators that are no model: what they say of texts, and how they fail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from limbeck.annotators import (
    Ballots,
    Pattern,
    mine,
    neighbour_ballots,
    ngram_ballots,
    pattern_ballots,
    patterns,
    read_patterns,
    read_rules,
    rule_ballots,
    word_ballots,
    write_patterns,
)
from limbeck.annotators.ballots import label_named
from limbeck.annotators.crossfit import cross_fitted
from limbeck.errors import ConfigError

LABELS = ["Refunds", "Cards", "top_up_failed"]
words = st.text("ab é中ก-'’/", min_size=1, max_size=12).filter(str.strip)
"""Words of several scripts, with what may stand between them."""

# ---- ballots ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [("Cards", "Cards"), (" cards ", "Cards"), ("TOP_UP_FAILED", "top_up_failed")],
)
def test_a_label_is_known_by_its_name_whatever_its_capitals(name: str, found: str) -> None:
    assert label_named(name, LABELS) == found


def test_a_label_that_differs_in_its_capitals_alone_is_meant_as_it_is_written() -> None:
    assert [label_named(name, ["US", "us"]) for name in ("us", "US", "Us")] == ["us", "US", "US"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Refund", "no label 'Refund'; did you mean 'Refunds'?"),
        ("top up failed", "no label 'top up failed'; did you mean 'top_up_failed'?"),
        ("zzz", "no label 'zzz'; write one of the labels, such as 'Refunds'"),
    ],
)
def test_an_unknown_label_is_refused_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ValueError) as error:
        label_named(name, LABELS)
    assert str(error.value) == message


def test_shares_become_ballots_the_best_first_and_the_small_ones_left_out() -> None:
    shares = np.array([[0.25, 0.5, 0.009], [0, 0, 0], [0.5, 0.5, 1.5]], dtype=np.float32)
    votes = Ballots.of_shares("me", shares, ["b", "a", "c"]).votes
    assert votes == ((("a", 0.5), ("b", 0.25)), (), (("c", 1.0), ("a", 0.5), ("b", 0.5)))


# ---- rules -----------------------------------------------------------------------------------------------------------


def one_ballot(rule: Callable[[str], object], text: str = "a text") -> Ballots:
    (ballots,) = rule_ballots({"it": rule}, [text], LABELS)
    assert ballots.annotator == "rule:it" and len(ballots.votes) == 1
    return ballots


ANSWERS: dict[str, tuple[Any, tuple[tuple[str, float], ...]]] = {
    "nothing": (None, ()),
    "an empty list": ([], ()),
    "a label": ("Cards", (("Cards", 1.0),)),
    "a label in other capitals": ("cards", (("Cards", 1.0),)),
    "a label and a score": (("Cards", 0.25), (("Cards", 0.25),)),
    "a numpy score": (("Cards", np.float32(0.5)), (("Cards", 0.5),)),
    "score 0": (("Cards", 0), (("Cards", 0.0),)),
    "a label and a score in a list": ([["Cards", 0.5]], (("Cards", 0.5),)),
    "several": (["Refunds", ("Cards", 0.5)], (("Refunds", 1.0), ("Cards", 0.5))),
    "one twice": ([("Cards", 0.5), ("cards", 0.75)], (("Cards", 0.75),)),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_a_rule_may_answer(case: str) -> None:
    answer, ballot = ANSWERS[case]
    ballots = one_ballot(lambda _: answer)
    assert (ballots.votes, ballots.failed, ballots.first_failure) == ((ballot,), 0, "")


FORM = "; return a label, (label, score), a list of these, or None, on 'a text'"
JUNK: dict[str, tuple[Any, str]] = {
    "a number": (7, f"ValueError: answer 7{FORM}"),
    "yes": (True, f"ValueError: answer True{FORM}"),
    "bytes": (b"Cards", f"ValueError: answer b'Cards'{FORM}"),
    "score first": ((0.5, "Cards"), f"ValueError: answer (0.5, 'Cards'){FORM}"),
    "three parts": (("Cards", 0.5, 1), f"ValueError: answer ('Cards', 0.5, 1){FORM}"),
    "above 1": (("Cards", 1.5), "ValueError: score 1.5; give one from 0 to 1, on 'a text'"),
    "below 0": (("Cards", -0.1), "ValueError: score -0.1; give one from 0 to 1, on 'a text'"),
    "not a number": (("Cards", float("nan")), "ValueError: score nan; give one from 0 to 1, on 'a text'"),
    "unknown": ("Card", "ValueError: no label 'Card'; did you mean 'Cards'?, on 'a text'"),
    "one of two unknown": (["Cards", "Gifts"], "ValueError: no label 'Gifts'; write one of the labels, such as 'Refunds', on 'a text'"),
}


@pytest.mark.parametrize("case", JUNK)
def test_junk_is_an_abstention_that_says_what_to_return(case: str) -> None:
    answer, message = JUNK[case]
    ballots = one_ballot(lambda _: answer)
    assert (ballots.votes, ballots.failed, ballots.first_failure) == (((),), 1, message)


def leaves(_: str) -> None:
    raise SystemExit(3)


def never_ends(text: str) -> object:
    return never_ends(text)


def complains(_: str) -> None:
    raise KeyError("on two\n  lines " + "and long " * 100)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda _: 1 / 0, "ZeroDivisionError: division by zero, on 'a text'"),
        (leaves, "SystemExit: 3, on 'a text'"),
        (never_ends, "RecursionError: maximum recursion depth exceeded"),
        (complains, "KeyError: 'on two\\n lines and long"),
    ],
)
def test_a_rule_that_raises_abstains_and_says_why_on_one_short_line(rule: Callable[[str], object], message: str) -> None:
    ballots = one_ballot(rule)
    assert (ballots.votes, ballots.failed) == (((),), 1)
    assert ballots.first_failure.startswith(message)
    assert "\n" not in ballots.first_failure and len(ballots.first_failure) < 300


def test_a_rule_that_fails_here_and_there_votes_everywhere_else() -> None:
    texts = ["my card", "", "refund please", "x" * 500]
    (ballots,) = rule_ballots({"first": lambda text: {"m": "Cards", "r": "Refunds"}[text[0]]}, texts, LABELS)
    assert ballots.votes == ((("Cards", 1.0),), (), (("Refunds", 1.0),), ())
    assert (ballots.failed, ballots.first_failure) == (2, "IndexError: string index out of range, on ''")


def test_a_person_can_stop_a_rule() -> None:
    def stopped(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one_ballot(stopped)


SOURCE = '''
import dataclasses
import re
from os.path import basename  # A function of one argument that is nobody's rule.


@dataclasses.dataclass
class Found:
    label: str


def _lower(text):
    return text.lower()


def refund(text):
    return Found("Refunds").label if re.search("refund", _lower(text)) else None


def two(text, other):
    return "Cards"


def optional(text, least=3):
    return "Cards" if text.count("card") >= least else None


ever = lambda text: "Cards"
'''


def test_rules_are_the_public_functions_of_one_text_that_a_file_defines(tmp_path: Path) -> None:
    path = tmp_path / "rules.py"
    path.write_text(SOURCE, "utf-8")
    rules = read_rules(path)
    assert list(rules) == ["refund", "optional", "ever"]
    votes = [ballots.votes for ballots in rule_ballots(rules, ["REFUND", "card card card"], LABELS)]
    assert votes == [((("Refunds", 1.0),), ()), ((), (("Cards", 1.0),)), ((("Cards", 1.0),),) * 2]


WRITE = "def refund(text): return 'Refunds' if 'money back' in text else None"
BAD_RULES: dict[str, tuple[bytes | None, str]] = {
    "no file": (None, f"can't open rules {{path!r}} (No such file or directory); write into it: {WRITE}"),
    "empty": (b"", f"no rule in {{path!r}}; write a function of one text: {WRITE}"),
    "only imports": (b"from os.path import basename\n", f"no rule in {{path!r}}; write a function of one text: {WRITE}"),
    "only private": (b"def _a(text): return 1\n", f"no rule in {{path!r}}; write a function of one text: {WRITE}"),
    "raises": (b"1 / 0", "rules {path!r} can't be run (ZeroDivisionError: division by zero); try: python -P {path!r}"),
    "leaves": (b"import sys; sys.exit()", "rules {path!r} can't be run (SystemExit); try: python -P {path!r}"),
    "no module": (
        b"import nosuchthing",
        "rules {path!r} can't be run (ModuleNotFoundError: No module named 'nosuchthing'); try: python -P {path!r}",
    ),
}


@pytest.mark.parametrize("case", BAD_RULES)
def test_rules_that_can_not_be_used(case: str, tmp_path: Path) -> None:
    content, message = BAD_RULES[case]
    path = tmp_path / "rules.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_rules(path)
    assert str(error.value) == message.format(path=str(path))


@pytest.mark.parametrize("content", [b"def f(text:\n  return", b"\x00", b"\xff\xfe", b"raise ValueError('a\\nb')"])
def test_rules_that_are_no_python_are_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rules.py"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="can't be run") as error:
        read_rules(path)
    assert "\n" not in str(error.value)


# ---- patterns --------------------------------------------------------------------------------------------------------

FOUND: dict[str, tuple[str, str, bool]] = {
    "a word": ("refund", "A Refund, please", True),
    "not inside a word": ("card", "discard the cardboard", False),
    "at both ends": ("card", "card", True),
    "beside a digit": ("card", "card2", False),
    "several words over a line break": ("money back", "my Money\n  back!", True),
    "a capital that folds to two letters": ("STRASSE", "in der Straße", True),
    "a sign": ("c++", "I write C++.", True),
    "a keyword that begins with a sign": ("#1", "we are #1", True),
    "an underscore": ("up", "top_up", False),
    "Chinese": ("退款", "我要退款了", True),
    "Thai": ("คืนเงิน", "ขอคืนเงินด้วย", True),
    "Korean with an ending": ("환불", "환불을 원해요", True),
    "Latin beside Chinese": ("visa", "我的visa卡", True),
    "a regular expression": ("/charged (me )?twice/", "You CHARGED me twice", True),
    "a regular expression over words": ("/char.*twice/", "charged once", False),
    "a regular expression as it is": ("/^my/", "not my card", False),
    "two slashes are a keyword": ("//", "http://x", True),
}


@pytest.mark.parametrize("case", FOUND)
def test_where_a_pattern_is_found(case: str) -> None:
    written, text, found = FOUND[case]
    ((ballot),) = pattern_ballots("p", [Pattern("Cards", written)], [text]).votes
    assert ballot == ((("Cards", 1.0),) if found else ())


@given(words, st.lists(words, max_size=4), st.lists(words, max_size=4))
def test_a_keyword_is_found_among_other_words(keyword: str, before: list[str], after: list[str]) -> None:
    text = " ".join([*before, keyword, *after])
    pattern = Pattern("Cards", f" {keyword} ")
    if not pattern.is_regex:
        assert pattern.found(text, patterns.folded(text))
    assert not Pattern("Cards", "nowhere").found(text, patterns.folded(text))


def test_patterns_vote_by_the_sum_of_their_scores_and_all_that_apply_do() -> None:
    some = [Pattern("A", "one", 0.6), Pattern("A", "two", 0.6), Pattern("B", "three", 0.9), Pattern("C", "four", 0.0)]
    votes = pattern_ballots("p", some, ["one two three", "two", "four", "three one", "none"]).votes
    assert [[(label, round(score, 3)) for label, score in ballot] for ballot in votes] == [
        [("A", 0.9), ("B", 0.675)],
        [("A", 0.6)],
        [],
        [("B", 0.9), ("A", 0.6)],
        [],
    ]
    every = pattern_ballots("p", [Pattern(label, label) for label in "abc"], ["a b c"]).votes
    assert every == ((("a", 1.0), ("b", 1.0), ("c", 1.0)),)


def test_a_regular_expression_that_never_ends_fails_and_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.01)
    slow = Pattern("Cards", "/(a+)+$/")
    texts = [f"{'a' * 5000}! {n}" for n in range(9)] + ["a card!"]
    ballots = pattern_ballots("patterns", [slow, Pattern("Refunds", "card")], texts)
    assert ballots.votes == ((),) * 9 + ((("Refunds", 1.0),),)
    assert ballots.failed == patterns.PATIENCE
    said = rf"{slow.written} takes over 0.01 s on {texts[0][:60]!r}; write it without nested `*` or `+`"
    assert ballots.first_failure == said


def pattern_file(folder: Path, text: str) -> Path:
    path = folder / "patterns.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_file_of_patterns(tmp_path: Path) -> None:
    text = "refunds: [refund, 'money  back', refund]\nCards: card\ntop_up_failed: {top up: 0.8, '/declin(ed|es)/': 1}\n"
    found = [(one.label, one.written, one.score) for one in read_patterns(pattern_file(tmp_path, text), LABELS)]
    assert found == [
        ("Refunds", "refund", 1.0),
        ("Refunds", "money  back", 1.0),
        ("Cards", "card", 1.0),
        ("top_up_failed", "top up", 0.8),
        ("top_up_failed", "/declin(ed|es)/", 1.0),
    ]


def test_words_that_yaml_takes_for_something_else_are_words(tmp_path: Path) -> None:
    path = pattern_file(tmp_path, "no: [no, off, 007, 1.50, null, ~, 2024-01-01]\n007: [yes]\n")
    found = [(one.label, one.written) for one in read_patterns(path, ["007", "no"])]
    assert found == [*(("no", word) for word in ("no", "off", "007", "1.50", "null", "~", "2024-01-01")), ("007", "yes")]


EXAMPLE = "write lines such as `refunds: [refund, \"money back\", '/charged.*twice/']`"
BAD_PATTERNS: dict[str, tuple[bytes | None, str]] = {
    "no file": (None, f"can't open patterns {{path!r}} (No such file or directory); {EXAMPLE}"),
    "empty": (b"", f"no patterns in {{path!r}}; {EXAMPLE}"),
    "a list": (b"[a, b]", f"no patterns in {{path!r}}; {EXAMPLE}"),
    "no pattern": (b"Cards: []\nRefunds: {}", f"no patterns in {{path!r}}; {EXAMPLE}"),
    "not YAML": (b"Cards: [a\nRefunds: b", "{path!r} is not YAML at line 2; put regular expressions in single quotes: '/\u2026/'"),
    "bytes": (b"\xff\xfe\xfa", "{path!r} is not YAML; put regular expressions in single quotes: '/\u2026/'"),
    "unknown label": (b"Cards: a\n\nRefund: b", "{path!r}, line 3, label 'Refund': no label 'Refund'; did you mean 'Refunds'?"),
    "twice": (
        b"Cards: a\nRefunds: c\ncards: b",
        "{path!r}, line 3, label 'cards': the label is there twice; write all its patterns in one list",
    ),
    "a wrong expression": (
        b"Cards: ['/(a/']",
        "{path!r}, line 1, label 'Cards': regular expression '/(a/' is wrong (missing ) at position 2); "
        "try it at a Python prompt",
    ),
    "an empty keyword": (b"Cards: [a, '']", "{path!r}, line 1, label 'Cards': an empty keyword matches everything; leave it out"),
    "nothing": (b"Cards:\n", "{path!r}, line 1, label 'Cards': an empty keyword matches everything; leave it out"),
    "a blank keyword": (b"Cards: {' ': 1}", "{path!r}, line 1, label 'Cards': an empty keyword matches everything; leave it out"),
    "too large": (b"Cards: {a: 1.5}", "{path!r}, line 1, label 'Cards': score 1.5 of 'a'; write one from 0 to 1"),
    "no number": (b"Cards: {a: high}", "{path!r}, line 1, label 'Cards': score 'high'; write one from 0 to 1"),
    "nan": (b"Cards: {a: nan}", "{path!r}, line 1, label 'Cards': score nan of 'a'; write one from 0 to 1"),
    "a list in a list": (b"Cards: [[a]]", f"{{path!r}}, line 1, label 'Cards': a list inside a list; {EXAMPLE}"),
    "a list as a label": (b"Refunds: a\n? [Cards, b]\n: c\n", f"{{path!r}}, line 2: a list inside a list; {EXAMPLE}"),
    "itself": (b"Cards: &a [*a]", f"{{path!r}}, line 1, label 'Cards': a list inside a list; {EXAMPLE}"),
}


@pytest.mark.parametrize("case", BAD_PATTERNS)
def test_patterns_that_can_not_be_used(case: str, tmp_path: Path) -> None:
    content, message = BAD_PATTERNS[case]
    path = tmp_path / "patterns.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_patterns(path, LABELS)
    assert str(error.value) == message.format(path=str(path))


@pytest.mark.parametrize("content", ["[" * 5000, "Cards: " + "[" * 5000 + "]" * 5000, "Cards: ['/" + "(" * 5000 + "/']"])
def test_patterns_that_are_too_deep_are_one_line(content: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        read_patterns(pattern_file(tmp_path, content), LABELS)
    assert "\n" not in str(error.value)


@given(st.lists(st.tuples(words, words, st.integers(0, 100)), min_size=1, unique_by=lambda one: one[:2]))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(tmp_path: Path, rows: list[tuple[str, str, int]]) -> None:
    keywords = [Pattern(label, written, score / 100) for label, written, score in rows]
    kept = [one for one in keywords if not one.is_regex]
    labels = list(dict.fromkeys(one.label for one in kept))
    if not kept or len({label.strip().casefold() for label in labels}) < len(labels):
        return
    write_patterns(kept, tmp_path / "written.yaml")
    found = read_patterns(tmp_path / "written.yaml", labels)
    assert found == sorted(kept, key=lambda one: labels.index(one.label))


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "votes"),
    [
        ("my cards were stolen", {"lost_card"}),
        ("You CHARGED me", {"wrong charges"}),
        ("a charge", {"wrong charges"}),
        ("charging", {"wrong charges"}),
        ("nothing of it", set()),
        ("a card that was charged", {"lost_card", "wrong charges"}),
        ("an AT machine", set()),
    ],
)
def test_labels_own_words_vote_whatever_their_endings(text: str, votes: set[str]) -> None:
    others = ["something else", "one more", "and another"]
    ballot = word_ballots([text, *others], ["lost_card", "wrong charges", "at", "退款"]).votes[0]
    assert {label for label, _ in ballot} == votes


def test_the_rarest_word_tells_most_and_one_that_all_texts_have_nothing() -> None:
    texts = ["card lost", *["card here"] * 3, "card"]
    votes = word_ballots(texts, ["lost card", "card"]).votes
    assert votes == ((("lost card", 1.0),), (), (), (), ())


@given(st.lists(words, max_size=5), st.lists(words, max_size=4, unique=True))
def test_words_always_give_one_ballot_a_text(texts: list[str], labels: list[str]) -> None:
    votes = word_ballots(texts, labels).votes
    assert len(votes) == len(texts)
    assert all(0.5 <= score <= 1 and label in labels for ballot in votes for label, score in ballot)


# ---- neighbours ------------------------------------------------------------------------------------------------------

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
BETWEEN = [2**-0.5, 2**-0.5]


def test_near_examples_vote_and_it_abstains_where_none_is_near_or_they_disagree() -> None:
    ballots = neighbour_ballots([[3.0, 0.1], BETWEEN, WEST], [EAST, NORTH], ["Cards", "Refunds"], least_share=0.6)
    assert ballots.annotator == "neighbours"
    ((label, score),), *none = ballots.votes
    assert label == "Cards" and score > 0.99 and none == [(), ()]


def test_only_so_many_examples_vote() -> None:
    examples, labels = [EAST, *[[1.0, 0.1]] * 9], ["Cards", *["Refunds"] * 9]
    nearest = [neighbour_ballots([EAST], examples, labels, neighbours=count).votes[0][0][0] for count in (1, 9)]
    assert nearest == ["Cards", "Refunds"]


def test_no_examples_and_no_texts() -> None:
    assert neighbour_ballots([EAST], np.empty((0, 2)), []).votes == ((),)
    assert neighbour_ballots(np.empty((0, 2)), [EAST], ["Cards"]).votes == ()
    with pytest.raises(ValueError, match="1 examples with 2 labels; give one label an example"):
        neighbour_ballots([EAST], [EAST], ["Cards", "Refunds"])


@given(st.integers(0, 40), st.integers(1, 20), st.integers(1, 30))
def test_neighbours_shares_add_up_to_1_whatever_the_order_of_examples(n: int, m: int, neighbours: int) -> None:
    rng = np.random.default_rng(n + 100 * m)
    texts, examples = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    labels = [LABELS[number] for number in rng.integers(0, 3, m)]
    votes = neighbour_ballots(texts, examples, labels, neighbours=neighbours).votes
    order = rng.permutation(m)
    again = neighbour_ballots(texts, examples[order], [labels[place] for place in order], neighbours=neighbours).votes
    assert len(votes) == n
    for ballot, other in zip(votes, again, strict=True):
        assert dict(ballot) == pytest.approx(dict(other), abs=1e-3)
        assert not ballot or (ballot[0][1] >= 0.5 and sum(score for _, score in ballot) == pytest.approx(1, abs=0.03))


# ---- rules that limbeck writes ---------------------------------------------------------------------------------------

TOPICS = {"card": "Cards", "refund": "Refunds"}
TEXTS = [f"my {word} is {state}, {n}" for n, state in enumerate(["late", "lost", "here", "gone"] * 2) for word in TOPICS]
ONE_HOT = np.array([[1.0, 0.0] if "card" in text else [0.0, 1.0] for text in TEXTS], dtype=np.float32)
NAMES = ["Cards", "Refunds"]


def test_rules_are_what_tells_a_label_and_nothing_else() -> None:
    rules = mine(TEXTS, ONE_HOT, NAMES)
    assert [(rule.label, rule.written, rule.score) for rule in rules] == [("Cards", "card", 1.0), ("Refunds", "refund", 1.0)]


def test_rules_are_also_learnt_where_nothing_stands_between_words() -> None:
    texts = ["我要退款", "请退款", "退款吧", "我的卡丢了", "卡在哪里", "新卡呢"]
    rules = mine(texts, np.eye(2)[[1, 1, 1, 0, 0, 0]], NAMES)
    votes = pattern_ballots("p", rules, ["想退款", "换卡", "你好"]).votes
    assert votes == ((("Refunds", 1.0),), (("Cards", 1.0),), ())


@pytest.mark.parametrize("texts", [[], ["...", "?!"]])
def test_nothing_can_be_learnt_from_nothing(texts: list[str]) -> None:
    assert mine(texts, np.eye(2, dtype=np.float32)[: len(texts)], NAMES) == []
    assert ngram_ballots(texts, np.eye(2, dtype=np.float32)[: len(texts)], NAMES).votes == ((),) * len(texts)


def test_rules_vote_on_texts_of_which_nothing_is_known() -> None:
    votes = ngram_ballots([*TEXTS, "what about the refund", "hello"], [*ONE_HOT, [0, 0], [0, 0]], NAMES).votes
    assert [dict(ballot).keys() for ballot in votes[:-2]] == [{NAMES[place]} for place in ONE_HOT.argmax(axis=1)]
    assert votes[-2:] == ((("Refunds", 1.0),), ())


@given(st.integers(0, 15), st.integers(0, 4))
@hypothesis_settings(max_examples=15)
def test_a_text_is_never_voted_on_by_what_was_learnt_from_itself(place: int, seed: int) -> None:
    turned = ONE_HOT.copy()
    turned[place] = 1 - turned[place]
    before, after = (ngram_ballots(TEXTS, shares, NAMES, seed=seed).votes[place] for shares in (ONE_HOT, turned))
    assert before == after != ()


def test_a_word_that_one_text_alone_has_never_votes_on_it() -> None:
    texts = [*TEXTS, "unheard"]
    shares = np.vstack([ONE_HOT, [[1.0, 0.0]]])
    assert ngram_ballots(texts, shares, NAMES).votes[-1] == ()


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 6), st.integers(0, 5))
def test_cross_fitting_teaches_all_others_and_asks_about_each_once(known: list[int], folds: int, seed: int) -> None:
    shares = np.array([[float(one > 0)] for one in known], dtype=np.float32).reshape(-1, 1)
    asked: list[int] = []

    def learn(taught: Any, held: Any) -> list[frozenset[int]]:
        asked.extend(held.tolist())
        return [frozenset(taught.tolist())] * len(held)

    nothing: frozenset[int] = frozenset()
    said = cross_fitted(shares, learn, nothing, folds=folds, seed=seed)
    labelled = {place for place, one in enumerate(known) if one}
    assert len(asked) == len(set(asked)) and len(said) == len(known)
    for place, taught in enumerate(said):
        assert place not in taught and taught <= labelled
        if place not in labelled:
            assert taught == labelled
        elif folds >= len(labelled):
            assert taught == labelled - {place}
