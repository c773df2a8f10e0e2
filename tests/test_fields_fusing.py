from limbeck.fields.fusing import fuse
from limbeck.fields.fusing_entries import aligned
from limbeck.labelmodels import ABSENT
from limbeck.schemas.fields import Entry, Field, FieldSet, Findings, Found

FIELDS = FieldSet(
    name="it",
    fields=(
        Field(name="company", kind="name"),
        Field(name="total", kind="money"),
        Field(name="codes", several=True),
        Field(name="items", kind="list", fields=(Field(name="name", kind="name"), Field(name="amount", kind="money"))),
    ),
)


def found(value: str, *words: int, score: float = 1.0) -> Found:
    return Found(value=value, words=words, score=score)


def one(name: str, *values: Found) -> Findings:
    return {name: list(values)}


def values(findings: Findings, name: str) -> list[str]:
    return [each.value for each in findings.get(name, []) if isinstance(each, Found)]


def test_most_of_them_decide_and_case_does_not() -> None:
    said = {"a": one("company", found("BLUE DOOR", 1, 2)), "b": one("company", found("Blue Door.")), "c": one("company", found("Tea"))}
    decided = fuse([said], FIELDS)[0]["company"]
    assert len(decided) == 1
    first = decided[0]
    assert isinstance(first, Found) and first.words == (1, 2) and first.value == "BLUE DOOR" and 0.5 < first.score <= 1


def test_words_come_from_whoever_has_them() -> None:
    decided = fuse([{"a": one("total", found("9.00")), "b": one("total", found("9.00", 7))}], FIELDS)[0]["total"][0]
    assert isinstance(decided, Found) and decided.words == (7,)


def test_annotators_are_judged_over_all_documents() -> None:
    documents = [{"good": one("total", found(f"{number}.00")), "fair": one("total", found(f"{number}.00" if number % 3 else "5.50")), "bad": one("total", found("1.23"))} for number in range(30)]
    documents.append({"good": one("total", found("7.00")), "bad": one("total", found("8.00"))})
    assert values(fuse(documents, FIELDS)[-1], "total") == ["7.00"]


def test_absent_and_abstaining() -> None:
    said: dict[str, Findings] = {"a": {"total": []}, "b": {"total": []}, "c": {"total": []}, "d": one("total", found("9.00"))}
    assert fuse([said], FIELDS)[0] == {"total": []}
    assert fuse([{"a": {}}], FIELDS) == [{}]
    assert fuse([], FIELDS) == []


def test_how_surely_it_is_absent() -> None:
    said = {"rules:absence": one("total", found(ABSENT)), "llm:m/read": one("total", found("9.00", score=0.5))}
    assert fuse([said], FIELDS)[0] == {"total": []}


def test_a_person_is_right() -> None:
    said = {"a": one("total", found("9.00")), "b": one("total", found("9.00")), "person:ann": one("total", found("8.00"))}
    decided = fuse([said], FIELDS)[0]["total"][0]
    assert isinstance(decided, Found) and (decided.value, decided.score) == ("8.00", 1.0)


def test_trust_beforehand() -> None:
    said = {"model": one("total", found("9.00")), "rule": one("total", found("8.00"))}
    assert values(fuse([said], FIELDS, {"model": 0.5, "rule": 0.8})[0], "total") == ["8.00"]
    assert values(fuse([said], FIELDS, {"model": 0.9, "rule": 0.6})[0], "total") == ["9.00"]


def test_readings_of_one_model_do_not_outvote_rules() -> None:
    readings: dict[str, Findings] = {f"llm:small/reading-{number}": one("total", found("9.00")) for number in range(3)}
    said = {**readings, "rules:cue": one("total", found("8.00")), "rules:sums": one("total", found("8.00"))}
    assert values(fuse([said], FIELDS)[0], "total") == ["8.00"]


def test_several_values_are_decided_one_by_one() -> None:
    said = {"a": one("codes", found("A1"), found("B2")), "b": one("codes", found("A1"), found("C3")), "c": one("codes", found("A1"), found("B2"))}
    assert values(fuse([said], FIELDS)[0], "codes") == ["A1", "B2"]


TEA: Entry = {"name": found("Tea", 1), "amount": found("2.00", 2)}
CAKE: Entry = {"name": found("Cake", 3), "amount": found("3.00", 4)}


def test_entries_that_share_words_or_values_are_one() -> None:
    no_words: Entry = {"name": found("cake"), "amount": found("3.00")}
    lines = aligned({"a": [TEA, CAKE], "b": [no_words]}, FIELDS.fields[3])
    assert lines == [{"a": TEA}, {"a": CAKE, "b": no_words}]


def test_an_entry_of_another_comes_between() -> None:
    other: Entry = {"name": found("Milk", 9)}
    lines = aligned({"a": [TEA, CAKE], "b": [other, CAKE]}, FIELDS.fields[3])
    assert [sorted(line) for line in lines] == [["b"], ["a"], ["a", "b"]]


def test_entries_are_decided_one_by_one() -> None:
    wrong: Entry = {"name": found("Cake", 3), "amount": found("30.00", 5)}
    only: Entry = {"name": found("Thanks", 8)}
    said: dict[str, Findings] = {"a": {"items": [TEA, CAKE]}, "b": {"items": [TEA, CAKE]}, "c": {"items": [TEA, wrong, only]}}
    decided = fuse([said], FIELDS)[0]["items"]
    assert [{name: each.value for name, each in entry.items()} for entry in decided if isinstance(entry, dict)] == [{"name": "Tea", "amount": "2.00"}, {"name": "Cake", "amount": "3.00"}]
