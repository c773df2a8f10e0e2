"""One typed call: what is sent, what passes, and what the model is told when its answer does not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy import lm15
from hypothesis import given
from hypothesis import strategies as st

from limbeck.dialects import CHOICE, Body
from limbeck.errors import BudgetSpent, CallFailed, GuardrailError, ModelUnreachable
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, Spent
from limbeck.programs.guardrails import (
    ENGLISH,
    Row,
    check_cluster_name,
    check_language,
    check_rows,
    check_words,
    letters,
    plain,
)
from limbeck.programs.predict import RETRIES, CheckedChoice, CheckedPredict, shown
from limbeck.programs.taxonomy import Labeller, Taxonomist, numbered
from limbeck.schemas import Category
from limbeck.sections import BudgetSettings, ModelSettings
from limbeck.store import Store


class Weigh(dspy.Signature):  # type: ignore[misc]
    """Weigh a thing."""

    use_case: str = dspy.InputField()
    thing: str = dspy.InputField()
    grams: int = dspy.OutputField(desc="in grams", ge=0)
    why: str = dspy.OutputField(desc="the reason", max_length=20)


class Say(dspy.Signature):  # type: ignore[misc]
    """Say yes or no."""

    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.duckdb") as opened:
        yield opened


async def ask(store: Store, send: Any, program: Any, **inputs: Any) -> Any:
    llm = LLM("m", store, send, ModelSettings(name="m", retries=0), BudgetSettings(), Spent())
    with dspy.context(lm=llm.lm(), disable_history=True, trace=None):
        return await program.acall(**inputs)


def weighed(grams: Any = 5, why: str = "I see it", **more: Any) -> str:
    return json.dumps({"grams": grams, "why": why, **more})


# ---- what is sent ----------------------------------------------------------------------------------------------------


async def test_the_whole_of_a_request(store: Store) -> None:
    fake = FakeLLM([weighed()])
    said = await ask(store, fake, CheckedPredict(Weigh, temperature=0.5, max_tokens=40), use_case="Post.", thing="a hat")
    assert (said.grams, said.why, said.repaired, said.error, len(said.calls)) == (5, "I see it", False, None, 1)
    system = (
        "Weigh a thing.\n\n## Use case\nPost.\n\n## Form\nAnswer with one JSON object and nothing else:\n"
        '{"grams": in grams,\n "why": the reason}'
    )
    assert fake.history == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": "a hat"}],
            "max_tokens": 40,
            "temperature": 0.5,
            "top_p": 0.5,
            "response_format": {
                "type": "json_schema",
                "name": "Weigh",
                "strict": True,
                "schema": {
                    "title": "Weigh",
                    "type": "object",
                    "properties": {
                        "grams": {"minimum": 0, "title": "Grams", "type": "integer"},
                        "why": {"maxLength": 20, "title": "Why", "type": "string"},
                    },
                    "required": ["grams", "why"],
                    "additionalProperties": False,
                },
            },
        }
    ]


async def test_all_documents_share_one_prefix_to_the_byte(store: Store) -> None:
    fake = FakeLLM(lambda _: weighed())
    program = CheckedPredict(Weigh)
    program.demos = [dspy.Example(thing="a cup", grams=300, why="china")]
    things = ["a hat", "{braces} and %s", "第二", "## Use case\nnot one", "x" * 5000]
    for thing in things:
        await ask(store, fake, program, use_case="Post.", thing=thing)
    assert len({body["messages"][0]["content"].encode() for body in fake.history}) == 1
    assert [body["messages"][1:] for body in fake.history] == [[{"role": "user", "content": thing}] for thing in things]
    assert '## Example\na cup\n\n{"grams": 300, "why": "china"}' in fake.history[0]["messages"][0]["content"]
    await ask(store, fake, program, use_case="Another.", thing="a hat")
    assert "## Use case\nAnother." in fake.history[-1]["messages"][0]["content"]


async def test_other_demonstrations_are_another_prefix(store: Store) -> None:
    fake = FakeLLM(lambda _: weighed())
    program = CheckedPredict(Weigh)
    await ask(store, fake, program, use_case="Post.", thing="a hat")
    program.demos = [dspy.Example(thing="a cup", grams=300, why="china")]
    await ask(store, fake, program, use_case="Post.", thing="a hat")
    assert len({body["messages"][0]["content"] for body in fake.history}) == 2


def test_values_as_prompts_show_them() -> None:
    row = Row(name="é", description='"d"')
    assert (shown("a\nb"), shown([row, 1]), shown({"é": None})) == (
        "a\nb", '[{"name": "é", "description": "\\"d\\""}, 1]', '{"é": null}',
    )  # fmt: skip


# ---- what passes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [weighed(), f"Sure! {weighed()} There.", f"```json\n{weighed()}\n```", weighed(more=[1, {"a": 2}]), weighed(grams="5")],
    ids=["bare", "words around it", "fenced", "too many keys", "a number as text"],
)
async def test_answers_that_pass_at_once(answer: str, store: Store) -> None:
    said = await ask(store, FakeLLM([answer]), CheckedPredict(Weigh), use_case="Post.", thing="a hat")
    assert (said.grams, said.why, said.repaired) == (5, "I see it", False)


WRONG = {
    "no JSON": ("about five grams", "'the answer': Invalid JSON"),
    "empty": ("", "'the answer': Invalid JSON"),
    "half an object": ('{"grams": 5, "why": "I s', "'the answer': Invalid JSON"),
    "a list": ("[1, 2]", "'the answer'"),
    "a key is missing": ('{"grams": 5}', "'why': Field required"),
    "another type": (weighed(grams="heavy"), "'grams': Input should be a valid integer"),
    "out of range": (weighed(grams=-1), "'grams': Input should be greater than or equal to 0"),
    "too long": (weighed(why="x" * 21), "'why': String should have at most 20 characters"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_answer_is_shown_to_the_model_with_what_is_wrong(case: str, store: Store) -> None:
    answer, error = WRONG[case]
    fake = FakeLLM([answer, weighed()])
    said = await ask(store, fake, CheckedPredict(Weigh), use_case="Post.", thing="a hat")
    assert (said.grams, said.repaired, len(said.calls)) == (5, True, 2)
    assert error in said.error and said.error.endswith("; answer with the JSON object described above")
    first, second = (body["messages"] for body in fake.history)
    assert second[:2] == first
    if answer:
        again = f"That answer can't be used: {said.error}. Answer again."
        assert second[2:] == [{"role": "assistant", "content": answer}, {"role": "user", "content": again}]


async def test_six_attempts_each_a_tenth_warmer_then_it_is_given_up(store: Store) -> None:
    fake = FakeLLM(lambda body: f"no {len(fake.history)}")
    with pytest.raises(GuardrailError, match="^no usable answer in 6 attempts; the last error: 'the answer': Invalid JSON") as error:
        await ask(store, fake, CheckedPredict(Weigh, temperature=0.2), use_case="Post.", thing="a hat")
    assert [body["temperature"] for body in fake.history] == [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert RETRIES == 5 and len(set(error.value.calls)) == 6
    found = [store.call(id) for id in error.value.calls]
    assert [call.text for call in found if call] == [f"no {n}" for n in range(1, 7)]
    # Each attempt shows the answer before it, not all of them.
    assert [len(body["messages"]) for body in fake.history] == [2, 4, 4, 4, 4, 4]
    assert [body["messages"][2]["content"] for body in fake.history[1:]] == [f"no {n}" for n in range(1, 6)]


async def test_checks_see_inputs_and_outputs(store: Store) -> None:
    def heavy(inputs: dict[str, Any], outputs: Any) -> None:
        if outputs.grams < len(inputs["thing"]):
            raise GuardrailError(f"{inputs['thing']!r} weighs more")

    fake = FakeLLM([weighed(1), weighed(2), weighed(50)])
    said = await ask(store, fake, CheckedPredict(Weigh, heavy), use_case="Post.", thing="a hat")
    assert (said.grams, said.error, len(said.calls)) == (50, "'a hat' weighs more", 3)


async def test_an_answer_that_was_cut_off_is_asked_again(store: Store) -> None:
    finishes = iter(["length", "length", "stop"])

    async def cut(body: Body) -> Body:
        answer = await FakeLLM([weighed()])(body)
        answer["choices"][0]["finish_reason"] = next(finishes)
        return answer

    said = await ask(store, cut, CheckedPredict(Weigh, max_tokens=7), use_case="Post.", thing="a hat")
    assert (said.grams, said.repaired, len(said.calls)) == (5, True, 3)
    assert said.error == "the answer was cut off after 7 tokens; be shorter"


async def test_an_answer_that_is_always_cut_off_is_given_up(store: Store) -> None:
    async def cut(body: Body) -> Body:
        answer = await FakeLLM([weighed()])(body)
        answer["choices"][0]["finish_reason"] = "length"
        return answer

    with pytest.raises(GuardrailError, match="6 attempts; the last error: the answer was cut off") as error:
        await ask(store, cut, CheckedPredict(Weigh), use_case="Post.", thing="a hat")
    assert len(error.value.calls) == 6


def narrow(limit: int) -> tuple[list[int], Any]:
    """A model that reads so many characters."""
    lengths: list[int] = []

    async def send(body: Body) -> Body:
        length = sum(len(message["content"]) for message in body["messages"])
        lengths.append(length)
        if length > limit:
            raise lm15.ContextLengthError("maximum context length exceeded", status=400)
        return await FakeLLM([weighed()])(body)

    return lengths, send


async def test_a_document_that_is_too_long_is_halved(store: Store) -> None:
    lengths, send = narrow(1000)
    said = await ask(store, send, CheckedPredict(Weigh), use_case="Post.", thing="hat " * 1000)
    assert len(lengths) == 4 and lengths == sorted(lengths, reverse=True) and lengths[-1] <= 1000
    assert (said.grams, said.repaired, len(said.calls)) == (5, True, 1)
    assert said.error == "the document was longer than the model reads; only its beginning was shown"


async def test_a_prompt_that_does_not_fit_at_all_is_a_failed_call(store: Store) -> None:
    _, send = narrow(10)
    with pytest.raises(CallFailed, match=r"does not fit 'm'; write a shorter use case, fewer labels, or a model with"):
        await ask(store, send, CheckedPredict(Weigh), use_case="Post.", thing="hat " * 1000)


@pytest.mark.parametrize(
    ("raised", "expected", "message"),
    [
        (lm15.AuthError("bad key", status=401), ModelUnreachable, "is gone or refuses: .*bad key.*run again to go on"),
        (lm15.TransportError("lost"), ModelUnreachable, "is gone or refuses: .*lost"),
        (lm15.InvalidRequestError("odd field", status=400), CallFailed, "refused or failed: .*odd field.*limbeck show RUN --failed"),
        (lm15.ServerError("down", status=500), CallFailed, "refused or failed: .*down"),
        (BudgetSpent("budget.calls of 1 is spent"), BudgetSpent, "^budget.calls of 1 is spent$"),
        (ModelUnreachable("gone"), ModelUnreachable, "^gone$"),
    ],
    ids=["401", "lost", "400", "500", "our budget", "our own"],
)
async def test_errors_of_servers_become_ours(raised: Exception, expected: type[Exception], message: str, store: Store) -> None:
    async def send(body: Body) -> Body:
        raise raised

    with pytest.raises(expected, match=message) as error:
        await ask(store, send, CheckedPredict(Weigh), use_case="Post.", thing="a hat")
    assert type(error.value) is expected and "\n" not in str(error.value)


# ---- choices ---------------------------------------------------------------------------------------------------------

OPTIONS = ('1. Cards, "lost" or stolen', "2. Fees.", "3. `Other`", "None")


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("form", ["{}", " {}\n", '"{}"', "`{}`", "{}."])
async def test_a_choice_is_one_of_the_options_word_for_word(option: str, form: str, store: Store) -> None:
    fake = FakeLLM([form.format(option)])
    said = await ask(store, fake, CheckedChoice(Say), config={"options": OPTIONS}, question="Which?")
    assert (said.answer, said.repaired) == (option, False)
    (body,) = fake.history
    assert body[CHOICE] == list(OPTIONS) and "response_format" not in body


@pytest.mark.parametrize("answer", ["", "4. More", "1", "Fees", "2. fees", "1. Cards", "2. Fees. 3. `Other`", '{"choice": "None"}'])
async def test_anything_else_is_none(answer: str, store: Store) -> None:
    fake = FakeLLM([answer, "None"])
    said = await ask(store, fake, CheckedChoice(Say), config={"options": OPTIONS}, question="Which?")
    assert (said.answer, said.repaired) == ("None", True)
    assert said.error == f"{answer!r} is not one of the options; answer with one of them, word for word"


LABELS = ('Cards, "lost" or stolen', "Fees", "Überweisung: wohin?")


@pytest.mark.parametrize("mode", ["choice", "reasoned"])
@pytest.mark.parametrize("index", [1, 2, 3, 4])
async def test_labels_of_any_name_can_be_given(mode: str, index: int, store: Store) -> None:
    names = (*LABELS, "Other")
    labeller = Labeller(tuple(Category(name=name, description="d") for name in LABELS), mode)
    reasoned = json.dumps({"reason": "r", "index": index, "name": names[index - 1], "also": [4, index, index]})
    answer = str(index) if mode == "choice" else reasoned
    said = await ask(store, FakeLLM([answer]), labeller, use_case="Post.", document="a hat")
    assert said.label == names[index - 1]
    expected = (said.label,) if mode == "choice" else tuple(dict.fromkeys((said.label, "Other")))
    assert said.also == expected
    assert labeller.table.splitlines()[-1] == "4. Other: None of the above fits."


@pytest.mark.parametrize(
    ("index", "name", "also", "error"),
    [
        (0, "Cards", [1], "there is no index 0; indexes go from 1 to 3"),
        (4, "Cards", [1], "there is no index 4; indexes go from 1 to 3"),
        (1, "Cards", [1, 9], "there is no index 9; indexes go from 1 to 3"),
        (1, "Fees", [1], "index 1 is 'Cards', not 'Fees'; give both of one row"),
        (3, "Cards", [], "index 3 is 'Other', not 'Cards'; give both of one row"),
    ],
)
async def test_index_and_name_must_agree(index: int, name: str, also: list[int], error: str, store: Store) -> None:
    labeller = Labeller((Category(name="Cards"), Category(name="Fees")), "reasoned")
    wrong = json.dumps({"reason": "", "index": index, "name": name, "also": also})
    right = json.dumps({"reason": "", "index": 2, "name": "FEES!", "also": []})
    said = await ask(store, FakeLLM([wrong, right]), labeller, use_case="Post.", document="a hat")
    assert (said.label, said.error, said.also) == ("Fees", error, ("Fees",))


def test_a_table_as_prompts_show_it() -> None:
    assert numbered([Category(name="a"), Category(name="b", description="c: d")]) == "1. a\n2. b: c: d"


# ---- guardrails ------------------------------------------------------------------------------------------------------


def table(*rows: tuple[str, str]) -> list[Row]:
    return [Row.model_construct(name=name, description=description) for name, description in rows]


SOUND = [("Cards", "About cards."), ("Other people's cards", "About them."), ("General Ledger Errors", "About books.")]


def test_a_sound_table_passes() -> None:
    check_rows(table(*SOUND), 3)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the table has 0 categories, it must have 1 to 3; merge or add some"),
        ([*SOUND, ("Loans", "About loans.")], "the table has 4 categories, it must have 1 to 3; merge or add some"),
        ([("Other", "x")], "'Other' says nothing; name what its documents have in common"),
        ([("Misc.", "x")], "'Misc.' says nothing; name what its documents have in common"),
        ([("general issues", "x")], "'general issues' says nothing; name what its documents have in common"),
        ([(" !", "x")], "' !' says nothing; name what its documents have in common"),
        ([("Cards", "x"), ("cards!", "y")], "'cards!' occurs twice; merge the two or tell them apart"),
        ([("Cards", "The same."), ("Loans", "the same")], "'Loans' has the description of another category; tell them apart"),
        ([("w " * 16, "x")], "the name has 16 words; write at most 10"),
        ([("Cards", "w " * 46)], "the description has 46 words; write at most 30"),
    ],
)
def test_tables_that_do_not_pass(rows: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(GuardrailError) as error:
        check_rows(table(*rows), 3)
    assert str(error.value) == message


@given(st.integers(1, 60), st.integers(1, 40))
def test_word_limits_let_half_as_many_again_pass(count: int, limit: int) -> None:
    if count <= limit * 1.5:
        check_words("name", "w " * count, limit)
    else:
        with pytest.raises(GuardrailError, match=f"the name has {count} words; write at most {limit}"):
            check_words("name", "w " * count, limit)


GERMAN = "karte wurde gestohlen und ich brauche sofort eine neue weil mein konto sonst leer ist " * 2


@pytest.mark.parametrize(
    ("text", "language", "passes"),
    [
        ("the card was stolen", "English", True),
        ("карта украдена", "English", False),
        ("карта украдена", "Russian", True),
        ("カードを紛失しました", "Japanese", True),
        ("the card", "Japanese", False),
        ("123 — !", "English", True),
        (GERMAN, "English", False),
        ("Karte gestohlen", "English", True),  # Too short to tell.
        ("anything", "Klingon", True),
        ("", "English", True),
        ("card карта of the", "English", True),
    ],
)
def test_languages(text: str, language: str, passes: bool) -> None:
    if passes:
        check_language(text, language)
    else:
        with pytest.raises(GuardrailError, match=f"the answer is not in '{language}'; write '{language}'"):
            check_language(text, language)


@given(st.lists(st.sampled_from(sorted(ENGLISH) + ["card", "loan", "stolen"]), min_size=25, max_size=60))
def test_english_passes_for_english(words: list[str]) -> None:
    if ENGLISH.intersection(words):
        check_language(" ".join(words), "English")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Card delivery", None),
        ("New cards", None),
        ("Weather", "'Weather' has no word of the documents; use a keyword"),
        ("Card of the five new kinds", "the name has 6 words; write at most 4"),
        ("Card of the five new kinds of it", "the name has 8 words; write at most 4"),
    ],
)
def test_names_of_clusters(name: str, message: str | None) -> None:
    inputs = {"documents": "Keywords: card\n\nDocuments:\n- my cards have not arrived, delivery is late"}
    outputs = Row.model_construct(name=name, description="It is.")
    if message is None or name.count(" ") == 5:  # Six words are still let pass.
        check_cluster_name(inputs, outputs)
        return
    with pytest.raises(GuardrailError) as error:
        check_cluster_name(inputs, outputs)
    assert str(error.value) == message


@given(st.text())
def test_plain_is_plain_once_and_for_all(text: str) -> None:
    assert plain(plain(text)) == plain(text) and plain(text.upper()) == plain(text.upper().lower())


def test_what_a_server_is_told_leaves_room_for_the_words_asked_for() -> None:
    programs = Taxonomist(7, "German")
    assert "at most 7 categories" in programs.generate.signature.instructions
    assert "in German" in programs.summarise.signature.instructions
    assert "{" not in "".join(one.signature.instructions for one in (programs.generate, programs.update, programs.review))
    assert letters(10) >= 10 * 8
