"""What a project holds, for people: runs, a run's taxonomy, labels, failures and cost. Reads only, also during a run."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Group, RenderableType
from rich.table import Table
from rich.tree import Tree

from limbeck.errors import NoSuchRun
from limbeck.query import ask
from limbeck.schemas import OTHER, Run, Taxonomy, tables
from limbeck.visible import literal, on_one_line

LONGEST_TEXT = 100
TABLES, FILES, DATA = "tables", "documents", "analysis"
"""The pipelines whose documents are tables, files, and files of data."""
FIRST_CELLS = 8
"""Of a table without a caption and a file, which stand for it."""
UNLEARNT = " (from before your answers; learn from them with: limbeck run YOUR.yaml)"


def runs(store: Path) -> list[Run]:
    """All runs, the newest first."""
    return [Run.model_validate(row) for row in rows(store, "SELECT * FROM runs ORDER BY started DESC")]


def find(store: Path, name: str | None) -> Run:
    """A run by the beginning of its id, or the newest.

    Raises:
        NoSuchRun: None is called so, or several are.
    """
    found = [run for run in runs(store) if name is None or run.id.removeprefix("b2:").startswith(name.removeprefix("b2:"))]
    if not found:
        raise NoSuchRun(f"no run {name!r} in {str(store.parent)!r}; list them with: limbeck show")
    if name is not None and len(found) > 1:
        raise NoSuchRun(f"{len(found)!r} runs begin with {name!r}; write more of the id")
    return found[0]


def rows(store: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of a question, as dicts."""
    return list(ask(store, sql).to_pylist())


def taxonomy(store: Path, run: Run) -> Taxonomy | None:
    """A run's taxonomy, if it has one yet."""
    found = rows(store, f"SELECT value FROM taxonomies WHERE run = '{run.id}'")
    return Taxonomy.model_validate_json(found[0]["value"]) if found else None


def counts(store: Path, run: Run, space: str) -> dict[str, int]:
    """Documents by label, the largest label first."""
    found = rows(
        store,
        f"SELECT label, count(*) AS documents FROM labels WHERE run = '{run.id}' AND space = '{space}' "
        "GROUP BY label ORDER BY documents DESC, label",
    )
    return {row["label"]: row["documents"] for row in found}


def labelled(store: Path, run: Run, space: str, limit: int | None = None) -> list[dict[str, Any]]:
    """Every row of the input with its label: `key`, `text`, `label`, `confidence`; in the input's order."""
    return rows(
        store,
        "SELECT p.key, d.text, l.label, l.confidence FROM places p JOIN documents d ON d.id = p.document "
        f"LEFT JOIN labels l ON l.item = p.document AND l.run = p.run AND l.space = '{space}' "
        f"WHERE p.run = '{run.id}' ORDER BY p.position" + (f" LIMIT {limit}" if limit else ""),
    )


def failures(store: Path, run: Run) -> list[dict[str, Any]]:
    """Artifacts that failed: `step`, `item`, `error`, `text`; of a table or a file, what a person calls it."""
    found = rows(
        store,
        "SELECT a.step, a.item, a.error, d.text FROM artifacts a LEFT JOIN documents d ON d.id = a.item "
        f"WHERE a.run = '{run.id}' AND a.status = 'failed' ORDER BY a.step, a.item",
    )
    if run.pipeline in (FILES, DATA):
        keys = {row["document"]: row["key"] for row in rows(store, f"SELECT document, min_by(key, position) AS key FROM places WHERE run = '{run.id}' GROUP BY 1")}
        return [{**row, "text": keys.get(row["item"], row["text"])} for row in found]
    return [{**row, "text": row["text"] and called(row["text"])} for row in found] if run.pipeline == TABLES else found


_PLACES = """SELECT document, "row", "column", part FROM records WHERE run = '{run}'"""


def failed_cells(store: Path, run: Run) -> list[dict[str, Any]]:
    """Values of tables that no record was made of, though other values of the same table have one; like `failures`."""
    if run.pipeline != TABLES:
        return []
    found = rows(
        store,
        "SELECT a.step, a.item, a.value->'failed' AS failed, d.text FROM artifacts a LEFT JOIN documents d ON d.id = a.item "
        f"WHERE a.run = '{run.id}' AND a.status <> 'failed' AND json_type(a.value, '$.failed') = 'OBJECT' ORDER BY a.step, a.item",
    )
    made = {f"{one['document']}#{one['row']},{one['column']},{one['part']}" for one in rows(store, _PLACES.format(run=run.id))} if found else set()
    failed = {
        (row["item"], cell): {"step": row["step"], "item": f"{short(row['item'])}#{cell}", "error": why, "text": called(row["text"] or "")}
        for row in found
        for cell, why in json.loads(row["failed"]).items()
    }
    return [one for (item, cell), one in failed.items() if f"{item}#{cell}{',0' * (cell.count(',') < 2)}" not in made]


def captions(store: Path, documents: Collection[str]) -> dict[str, str]:
    """What a person calls tables, by their documents' ids."""
    found = rows(store, "SELECT id, text FROM documents WHERE id IN (" + ", ".join(["''", *(f"'{one}'" for one in documents)]) + ")")
    return {row["id"]: called(row["text"]) for row in found}


def called(text: str) -> str:
    """What a person calls a table that is a document's text: its caption, else its file, else its first words."""
    try:
        table = tables.Table.model_validate_json(text)
    except ValidationError:
        return text
    return table.caption or table.source or " | ".join(cell.text for cell in table.cells[:FIRST_CELLS])


def cost(store: Path, run: Run) -> list[dict[str, Any]]:
    """What each step made and spent: `step`, `done`, `repaired`, `failed`, `calls`, tokens, `seconds`, `price`.

    A call that several steps share is counted at each. `seconds` are the model's, added up over parallel calls.
    """
    return rows(
        store,
        f"""
        WITH made AS (
            SELECT *, rowid AS place, regexp_replace(step, '/b2:.*', '') AS stage FROM artifacts WHERE run = '{run.id}'
        ), used AS (
            SELECT stage, count(*) AS calls, sum(prompt_tokens)::BIGINT AS prompt_tokens,
                sum(completion_tokens)::BIGINT AS completion_tokens, sum(seconds) AS seconds, sum(price) AS price
            FROM (SELECT DISTINCT stage, unnest(calls) AS id FROM made) JOIN calls USING (id) GROUP BY stage
        )
        SELECT stage AS step, count(*) FILTER (status = 'done') AS done, count(*) FILTER (status = 'repaired') AS repaired,
            count(*) FILTER (status = 'failed') AS failed, coalesce(any_value(u.calls), 0) AS calls,
            coalesce(any_value(prompt_tokens), 0) AS prompt_tokens,
            coalesce(any_value(completion_tokens), 0) AS completion_tokens,
            coalesce(any_value(seconds), 0) AS seconds, coalesce(any_value(price), 0) AS price
        FROM made LEFT JOIN used u USING (stage) GROUP BY stage ORDER BY min(place)
        """,
    )


def total(store: Path, run: Run) -> dict[str, Any]:
    """A run's calls, tokens and price, each call counted once."""
    return rows(
        store,
        "SELECT count(*) AS calls, coalesce(sum(prompt_tokens), 0)::BIGINT AS prompt_tokens, "
        "coalesce(sum(completion_tokens), 0)::BIGINT AS completion_tokens, coalesce(sum(price), 0) AS price "
        f"FROM calls WHERE id IN (SELECT DISTINCT unnest(calls) FROM artifacts WHERE run = '{run.id}')",
    )[0]


def measures(store: Path, run: Run) -> dict[str, Any]:
    """What the run measured; empty before its end."""
    found = rows(store, f"SELECT value FROM artifacts WHERE run = '{run.id}' AND step = 'measures'")
    return dict(json.loads(found[0]["value"])) if found else {}


def students(store: Path, run: Run) -> list[dict[str, Any]]:
    """A run's students, the chosen one first."""
    return rows(store, f"SELECT * FROM students WHERE run = '{run.id}' ORDER BY chosen DESC, kind")


# ---- as a terminal shows it ------------------------------------------------------------------------------------------


def sized(store: Path, run: Run) -> str:
    """How many categories a run has, in a word or two."""
    found = taxonomy(store, run)
    return f"{len(found.leaves)} categories" if found else "–"


def tree(store: Path, run: Run) -> Tree:
    """The taxonomy with counts."""
    found = taxonomy(store, run)
    if found is None:
        return Tree("no taxonomy yet")
    sizes = counts(store, run, found.id)
    root = Tree(f"[bold]{len(found.leaves)} categories[/], {sum(sizes.values()):,} documents")
    for top in [one for one in found.categories if one.parent is None]:
        parts = [one for one in found.categories if one.parent == top.name]
        size = sum(sizes.get(one.name, 0) for one in parts or [top])
        branch = root.add(_row(top.name, size, top.description))
        for part in parts:
            branch.add(_row(part.name, sizes.get(part.name, 0), part.description))
    if OTHER in sizes:
        root.add(f"[dim]{OTHER}  {sizes[OTHER]:,}[/]")
    return root


def _row(name: str, size: int, description: str) -> str:
    return f"[bold]{literal(name)}[/]  [cyan]{size:,}[/]  [dim]{literal(clipped(description))}[/]"


def labels_table(store: Path, run: Run, limit: int | None) -> Table:
    """Labelled rows of the input."""
    table = Table("key", "label", "confidence", "text", box=None)
    found = taxonomy(store, run)
    for row in labelled(store, run, found.id, limit) if found else []:
        confidence = f"{row['confidence']:.2f}" if row["confidence"] is not None else "–"
        table.add_row(literal(row["key"]), literal(row["label"] or "–"), confidence, literal(clipped(row["text"])))
    return table


def failures_table(store: Path, run: Run) -> Table:
    """What failed, and why."""
    table = Table("step", "item", "error", "text", box=None)
    for row in [*failures(store, run), *failed_cells(store, run)]:
        table.add_row(literal(row["step"]), literal(short(row["item"])), literal(row["error"] or ""), literal(clipped(row["text"] or "")))
    return table


def cost_table(store: Path, run: Run) -> Table:
    """What each step made and spent."""
    names = ("step", "done", "repaired", "failed", "calls", "prompt_tokens", "completion_tokens")
    table = Table(*(name.replace("_", " ") for name in names), "model seconds", "price", box=None)
    for row in cost(store, run):
        table.add_row(*(f"{row[n]:,}" if n != "step" else literal(row[n]) for n in names), f"{row['seconds']:.1f}", f"{row['price']:.4f}")
    return table


def ending(store: Path, run: Run, report: Path | None) -> RenderableType:
    """What a person wants to know when a run is over: taxonomy, examples, agreement, cost, and where things are."""
    lines = [*_notes(store, run), "", *_student_lines(store, run), "", *closing(store, run, report)]
    return Group(tree(store, run), "", labels_table(store, run, 5), "", *(literal(line) for line in lines))


def closing(store: Path, run: Run, report: Path | None) -> list[str]:
    """What a run of any pipeline ends with: what it spent, what failed, where the report is."""
    spent, summary = total(store, run), json.loads(run.summary)
    seconds = sum(summary.get("seconds", {}).values())
    tokens = f"{spent['prompt_tokens']:,} + {spent['completion_tokens']:,} tokens"
    money = f", {spent['price']:.4f} of money" if spent["price"] else ""
    lines = [f"Spent: {spent['calls']:,} calls, {tokens}, {seconds:.0f} s{money}"]
    failed = len(failures(store, run))
    if failed:
        lines.append(f"Failed: {failed} (limbeck show {short(run.id)} --failed --project {store.parent})")
    if report:
        lines.append(f"Report: {report}")
    return lines


def _notes(store: Path, run: Run) -> list[str]:
    found = taxonomy(store, run)
    return [f"Taxonomy: {found.notes[0]}"] if found and found.notes else []


def _student_lines(store: Path, run: Run) -> list[str]:
    found = measures(store, run).get("students", {})
    lines = []
    for student in students(store, run):
        scores = found.get(student["kind"]) or {}
        if student["chosen"]:
            if scores.get("agreement") is not None:
                share = f"{scores['agreement']:.3f} on {scores['unseen']} texts it has not seen"
                lines.append(f"Student ({student['kind']}): agreement with the labels {share}")
            lines.append(f"Student: {store.parent / student['path']}" + (UNLEARNT if run.status == "reviewed" else ""))
    return lines or [f"Student: none{why_none(store, run, 'train')}"]


def why_none(store: Path, run: Run, step: str) -> str:
    """Why a run has no student, where the step that trains has come to its end; in brackets, or nothing."""
    found = rows(store, f"SELECT value FROM artifacts WHERE run = '{run.id}' AND step = '{step}'")
    return f" ({json.loads(found[0]['value'])['note']})" if found else ""


def clipped(text: str) -> str:
    """A text on one line, cut where it is long."""
    line = on_one_line(text)
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def short(id: str) -> str:
    """As much of an id as a person types."""
    return id.removeprefix("b2:")[:8] if id.startswith("b2:") else id
