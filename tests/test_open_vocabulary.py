import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.labelmodels import ABSENT, accu
from limbeck.labelmodels.open_vocabulary import ACCURACY
from limbeck.schemas import GOLD, Vote

RELIABLE = {"good": 0.95, "fair": 0.75, "poor": 0.45, "bad": 0.3}


def vote(item: str, annotator: str, label: str, score: float = 1.0, space: str = "s") -> Vote:
    return Vote(item=item, space=space, annotator=annotator, label=label, score=score)


def planted(items: int = 300, seed: int = 0, says: float = 0.9) -> list[Vote]:
    """Votes of annotators with planted accuracies; the truth of item i is `i:t`, false values are `i:0` to `i:9`."""
    chance = random.Random(seed)
    return [
        vote(str(item), name, f"{item}:t" if chance.random() < right else f"{item}:{chance.randrange(10)}")
        for item in range(items)
        for name, right in RELIABLE.items()
        if chance.random() < says
    ]


def share_right(votes: list[Vote]) -> float:
    labels = accu(votes).labels
    return sum(label.label == f"{label.item}:t" for label in labels) / len(labels)


def test_planted_accuracies_are_found() -> None:
    found = accu(planted()).accuracies
    assert {name: found[name, "s"] for name in RELIABLE} == pytest.approx(RELIABLE, abs=0.06)


def test_better_than_counting() -> None:
    votes = planted()
    counted: dict[str, dict[str, int]] = {}
    for one in votes:
        of_item = counted.setdefault(one.item, {})
        of_item[one.label] = of_item.get(one.label, 0) + 1
    majority = sum(max(sorted(labels), key=lambda label: labels[label]) == f"{item}:t" for item, labels in counted.items()) / len(counted)
    assert share_right(votes) >= majority + 0.05


def test_confidence_is_a_probability() -> None:
    labels = accu(planted(600)).labels
    for low, high in ((0.0, 0.9), (0.9, 1.0)):
        some = [label for label in labels if low < label.confidence <= high]
        right = sum(label.label == f"{label.item}:t" for label in some) / len(some)
        assert sum(label.confidence for label in some) / len(some) == pytest.approx(right, abs=0.1)


def test_spaces_have_accuracies_of_their_own() -> None:
    chance = random.Random(1)
    votes = []
    for item in range(100):
        for space, expert in (("dates", "a"), ("names", "b")):
            votes += [vote(str(item), who, f"{item}:t" if who == expert or chance.random() < 0.3 else f"{item}:{chance.randrange(9)}", space=space) for who in "abc"]
    found = accu(votes).accuracies
    assert found["a", "dates"] > 0.6 > 0.5 > found["a", "names"]
    assert found["b", "names"] > 0.6 > 0.5 > found["b", "dates"]


def copied(copies: int) -> list[Vote]:
    """Two good annotators, and a poor one that others copy."""
    chance = random.Random(2)
    votes = []
    for item in range(200):
        truth = f"{item}:t"
        poor = truth if chance.random() < 0.5 else f"{item}:{chance.randrange(10)}"
        votes += [vote(str(item), who, truth if chance.random() < 0.85 else f"{item}:{chance.randrange(10)}") for who in ("one", "two", "three")]
        votes += [vote(str(item), f"copy{number}", poor) for number in range(copies)]
    return votes


def test_copies_are_found_and_count_once() -> None:
    found = accu(copied(2))
    assert found.copies["copy0", "copy1", "s"] > 0.95 > 0.05 > found.copies["one", "two", "s"]
    assert share_right(copied(2)) == pytest.approx(share_right(copied(1)), abs=0.02)


def test_readings_of_one_source_do_not_outvote_others() -> None:
    votes = copied(4)
    labels = accu(votes, sources={f"copy{number}": "model" for number in range(4)}).labels
    assert sum(label.label == f"{label.item}:t" for label in labels) / len(labels) == pytest.approx(share_right(copied(1)), abs=0.03)


def test_a_model_is_in_each_space_as_right_as_in_all() -> None:
    """A model that names a tip on every receipt is not believed where it is wrong of nearly all else; one that is right of all else is."""
    for right, believed in ((0.1, ABSENT), (0.95, "tip")):
        chance = random.Random(0)
        votes = []
        for item in map(str, range(60)):
            for space in ("date", "total"):
                votes += [vote(item, who, f"{item}:t", space=space) for who in "ab"]
                votes.append(vote(item, "llm/read", f"{item}:t" if chance.random() < right else f"{item}:{chance.randrange(9)}", space=space))
            votes += [vote(item, "llm/read", "tip", space="tip"), vote(item, "a", ABSENT, 0.7, space="tip")]
        decided = [one.label for one in accu(votes, sources={"llm/read": "llm"}).labels if one.space == "tip"]
        assert decided == [believed] * 60


def test_a_vote_without_others_proves_nothing() -> None:
    votes = [vote(str(item), "rule", ABSENT, 0.5) for item in range(100)] + [vote("a", "rule", "1")]
    assert accu(votes).accuracies["rule", "s"] == pytest.approx(ACCURACY)
    readings = [vote(str(item), f"llm/{number}", str(item)) for item in range(20) for number in range(2)]
    assert accu(readings, sources={"llm/0": "llm", "llm/1": "llm"}).accuracies["llm/0", "s"] == pytest.approx(ACCURACY)


def test_absent_is_a_value() -> None:
    assert accu([vote("a", "x", ABSENT), vote("a", "y", ABSENT), vote("a", "z", "9.00")]).labels[0].label == ABSENT


def test_scores_weigh() -> None:
    weak = accu([vote("a", "x", "1", 0.2), vote("a", "y", "2", 0.9)])
    assert weak.labels[0].label == "2"
    assert accu([vote("a", "x", "1", 0.0)]).labels == []


def test_one_vote_may_be_shared() -> None:
    shared = accu([vote("a", "x", "1", 1.0), vote("a", "x", "2", 1.0), vote("a", "y", "2")]).probabilities["a", "s"]
    assert shared["2"] > shared["1"]


def test_what_is_thought_beforehand() -> None:
    votes = [vote("a", "rule", "1"), vote("a", "model", "2")]
    assert accu(votes, accuracies={"rule": 0.9, "model": 0.6}).labels[0].label == "1"
    assert accu(votes, accuracies={"rule": 0.6, "model": 0.9}).labels[0].label == "2"


def test_what_is_known_stays_and_teaches() -> None:
    votes = [vote(str(item), who, f"{item}:{who}") for item in range(60) for who in ("x", "y")]
    known = {(str(item), "s"): f"{item}:y" for item in range(30)}
    found = accu(votes, known=known)
    assert [label.label for label in found.labels] == [f"{item}:y" for item in range(60)]
    assert found.labels[0].confidence == 1.0


def test_values_that_are_alike_support_each_other() -> None:
    votes = [vote("a", "x", "blue door"), vote("a", "y", "blue doors"), vote("a", "z", "tea")]
    votes += [vote("b", who, "same") for who in "xyz"]
    alike = {"s": lambda one, other: float(one[:4] == other[:4])}
    plain, lent = (accu(votes, alike=given).probabilities["a", "s"] for given in (None, alike))
    assert plain["tea"] == pytest.approx(plain["blue door"])
    assert lent["tea"] < lent["blue door"]


def test_gold_is_refused() -> None:
    with pytest.raises(ValueError, match="gold vote on 'a'"):
        accu([vote("a", GOLD, "1")])


def test_no_votes() -> None:
    assert accu([]).labels == []


VOTES = st.lists(st.builds(vote, st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from(("1", "2", "3", ABSENT)), st.sampled_from((0.25, 1.0))), max_size=12)


@given(VOTES, st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter(votes: list[Vote], chance: random.Random) -> None:
    mixed = list(votes)
    chance.shuffle(mixed)
    one, other = accu(votes), accu(mixed)
    assert {(label.item, label.label) for label in one.labels} == {(label.item, label.label) for label in other.labels}
    for key, believed in one.probabilities.items():
        assert other.probabilities[key] == pytest.approx(believed, abs=1e-9)


@given(VOTES)
def test_probabilities_are_probabilities(votes: list[Vote]) -> None:
    found = accu(votes)
    for believed in found.probabilities.values():
        assert all(0 <= share <= 1 for share in believed.values()) and sum(believed.values()) <= 1 + 1e-9
    assert all(0 < one < 1 for one in found.accuracies.values())
