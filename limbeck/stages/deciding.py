"""Decide: what was said of each value becomes one record, each of its attributes with its place in the source.

Where a table was read several times, the readings vote (`records/voting.py`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from limbeck.context import RunContext
from limbeck.records.answers import Said
from limbeck.records.grounding import Source, ground
from limbeck.records.voting import Decided, decide, item, votes
from limbeck.schemas import Vote
from limbeck.schemas.extraction import Extracted
from limbeck.schemas.tables import Table
from limbeck.stages.extracting import said, steps
from limbeck.stages.tabled import cells, schema_of, tables


async def make_records(context: RunContext) -> None:
    """Keep the records of every table that was read."""
    found, decided = tables(context), _decided(context)
    with context.progress.stage("ground", len(decided), "tables") as stage:
        for document, records in decided.items():
            context.store.put_records(context.run, document, grounded(context, found[document], records))
            stage.advance(1)


def grounded(context: RunContext, table: Table, records: Mapping[str, Decided]) -> list[Extracted]:
    """The records of a table, in the order of its values."""
    source, schema = Source(table), schema_of(context.settings)
    targets = [one for one in cells(context, table) if one.key in records]
    return [ground(records[one.key].said, one, source, schema, records[one.key].sure) for one in targets]


def _decided(context: RunContext) -> dict[str, dict[str, Decided]]:
    """What the readings come to, by document and the cells' keys."""
    names = steps(context)
    if len(names) == 1:
        return {document: {key: Decided(one) for key, one in records.items()} for document, records, _ in said(context, names[0])}
    schema, readings = schema_of(context.settings), {f"llm:{context.llm.model}/{name}": dict(_items(context, name)) for name in names}
    given = votes(readings, schema)
    _keep(context, given)
    decided: dict[str, dict[str, Decided]] = defaultdict(dict)
    for name, one in decide(given, schema).items():
        document, _, key = name.rpartition("#")
        decided[document][key] = one
    return decided


def _items(context: RunContext, step: str) -> Iterator[tuple[str, Said]]:
    for document, records, _ in said(context, step):
        yield from ((item(document, key), one) for key, one in records.items())


def _keep(context: RunContext, given: Sequence[Vote]) -> None:
    by: dict[tuple[str, str], list[Vote]] = defaultdict(list)
    for vote in given:
        by[vote.space, vote.annotator].append(vote)
    for (space, annotator), part in by.items():
        context.store.put_votes(space, annotator, part)
