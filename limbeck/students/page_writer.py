"""The student `writer` of documents: a causal model with a LoRA adapter that writes a document's record as JSON, served by vLLM.

It is shown the text with its layout and nothing else: fields and their rules it learns by heart, as its answers can have no
other form. It writes values normalised, so that equal values have one spelling to learn and nobody has to put them right;
where they stand is looked for afterwards, and what stands nowhere counts less.
"""

import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from limbeck.fields.answers import MOST_ENTRIES
from limbeck.fields.recording import entries_of, found_of
from limbeck.pages import layout
from limbeck.schemas.fields import Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages
from limbeck.students.page_lessons import PageLesson
from limbeck.students.page_writer_answers import constraint, heard
from limbeck.students.writer import Send
from limbeck.students.writer_training import Drawn, Lesson, Message, Progress, Tokens, Writer, train

TASK = "Write the record of a document as JSON: the value of each of its fields, and nothing of those that it lacks."
CONTEXT = 8192
"""Tokens that its server has to hold: the longest text, a token a byte at worst, and its answer."""
MOST_TEXT = 6000
"""Bytes of a document that it is shown; of a longer one the beginning and the end."""
BEGINNING = 4000
LEFT_OUT = "\n…\n"
MOST_TOKENS, WITH_LISTS = 500, 2000
"""Room for a record, and for one with a list of entries; the rest of a longer one is lost."""
LONGEST = 3072
"""Tokens of a lesson; longer ones are left out."""
MOST_HELD = 16

Piece = tuple[str, float]
"""A part of an answer, and what it weighs."""
IsSeen = Callable[[Found], bool]


def messages(pages: Pages) -> list[Message]:
    """What it is asked about a document; the same when it is taught and when it answers."""
    return [{"role": "system", "content": TASK}, {"role": "user", "content": shown(pages)}]


def shown(pages: Pages) -> str:
    """What it sees of a document: its text with the layout, whole rows of it where it is long."""
    text = layout.text(pages)
    if len(text.encode()) <= MOST_TEXT:
        return text
    lines = text.splitlines()
    first = _fitting(lines, BEGINNING)
    last = _fitting(lines[len(first) :][::-1], MOST_TEXT - BEGINNING - len(LEFT_OUT.encode()))
    return "\n".join(first) + LEFT_OUT + "\n".join(last[::-1])


def _fitting(lines: Sequence[str], most: int) -> Sequence[str]:
    """The first lines that have no more than so many bytes."""
    ends = np.cumsum([len(one.encode()) + 1 for one in lines])
    return lines[: int((ends <= most).sum())]


# ---- teaching --------------------------------------------------------------------------------------------------------


def fit(
    lessons: Sequence[PageLesson],
    held: Sequence[PageLesson],
    fields: FieldSet,
    base: str,
    seed: int,
    progress: Progress,
    most_tokens: int | None = None,
) -> Writer:
    """Teach a writer.

    Args:
        lessons: What to learn.
        held: Lessons on which its loss is measured; may be none.
        fields: What is wanted of documents.
        base: `embedded`, or a folder or hub id of a causal model.
        seed: Of adapter, draw and order.
        progress: Told about each epoch.
        most_tokens: That it learns from in all; some minutes' where nobody says how many.

    Raises:
        StudentError: There is no lesson that fits.
        ConfigError: The base can't be loaded.
    """

    def draw(tokens: Tokens, most: int) -> Drawn:
        order = np.random.default_rng(seed).permutation(len(lessons)).tolist()
        return list(_drawn([lessons[at] for at in order], fields, tokens, most)), list(_drawn(held[:MOST_HELD], fields, tokens, most))

    return train(fields, base, seed, progress, most_tokens, draw, "documents")


def _drawn(lessons: Sequence[PageLesson], fields: FieldSet, tokens: Tokens, most: int) -> Iterator[Lesson]:
    """Lessons, but for those that are too long, until so many tokens are full; at least one."""
    total = 0
    for one in lessons:
        made = lesson(one, fields, tokens)
        if made.size <= LONGEST:
            total += made.size
            if total > most and total > made.size:
                return
            yield made


def lesson(one: PageLesson, fields: FieldSet, tokens: Tokens) -> Lesson:
    """A document and its record as tokens."""
    text, weights = weighed(one, fields)
    said, each = tokens.weighed(text, weights)
    end = tokens.of(tokens.end)
    return Lesson(tokens.prompt(messages(one.pages)), [*said, *end], [*each, *[1.0] * len(end)])


def weighed(one: PageLesson, fields: FieldSet) -> tuple[str, list[float]]:
    """A lesson's answer, and what each of its letters weighs."""
    seen = shown(one.pages)
    everything = LEFT_OUT not in seen

    def is_seen(found: Found) -> bool:
        return everything or all(one.pages.words[word].text in seen for word in found.words)

    pieces = list(_pieces(one, fields, is_seen))
    return "".join(text for text, _ in pieces), [weight for text, weight in pieces for _ in text]


def _pieces(one: PageLesson, fields: FieldSet, is_seen: IsSeen) -> Iterator[Piece]:
    """An answer's parts. What follows a field of which nothing is known weighs nothing: that it isn't there is no lesson."""
    before, unknown = "{", False
    for field in fields.fields:
        left_out = any(name.partition(".")[0] == field.name for name in one.unknown)
        unknown |= left_out
        value = [] if left_out else list(_values(one.findings, field, is_seen))
        if value:
            yield f"{before}{_quoted(field.name)}:", 0.0 if unknown else 1.0
            yield from value
            before, unknown = ",", False
    yield "{}" if before == "{" else "}", 0.0 if unknown else 1.0


def _values(findings: Findings, field: Field, is_seen: IsSeen) -> Iterator[Piece]:
    """What is said of a field; nothing where nothing is."""
    if field.kind == "list":
        entries = [{name: found for name, found in one.items() if is_seen(found)} for one in entries_of(findings, field.name)]
        yield from _listed([list(_entry(one, field.fields)) for one in entries if one])
        return
    values = [(_quoted(one.value), one.score) for one in found_of(findings, field.name) if is_seen(one)]
    yield from _listed([[one] for one in values]) if field.several else values[:1]


def _entry(entry: dict[str, Found], fields: Sequence[Field]) -> Iterator[Piece]:
    before = "{"
    for one in fields:
        if one.name in entry:
            yield f"{before}{_quoted(one.name)}:", 1.0
            yield _quoted(entry[one.name].value), entry[one.name].score
            before = ","
    yield "}", 1.0


def _listed(items: Sequence[Sequence[Piece]]) -> Iterator[Piece]:
    for number, item in enumerate(items[: MOST_ENTRIES]):
        yield ("," if number else "["), 1.0
        yield from item
    if items:
        yield "]", 1.0


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# ---- reading ---------------------------------------------------------------------------------------------------------


async def read(send: Send, model: str, fields: FieldSet, pages: Pages) -> Findings:
    """What it finds in a document, each value as likely as it is by its own account, and less so where it stands nowhere.

    Args:
        send: Takes a chat request of OpenAI's protocol.
        model: What the server calls it.
        fields: What it was taught.
        pages: The document.
    """
    form = {"type": "json_schema", "name": "record", "schema": constraint(fields), "strict": True}
    room = WITH_LISTS if any(one.kind == "list" for one in fields.fields) else MOST_TOKENS
    body = {"model": model, "messages": messages(pages), "max_tokens": room, "temperature": 0.0, "response_format": form, "logprobs": True}
    answered = await send(body)
    return heard(answered["choices"][0], fields, pages)
