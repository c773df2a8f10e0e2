"""What a run that ranks a list's labels found, for people: labels used, ranked labels, what speaks for each, and scores.

The counterpart of `show.py`, which it reads the store with; `limbeck/views.py` chooses between the two by the pipeline.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from limbeck import show
from limbeck.charts import many
from limbeck.schemas import Run
from limbeck.show import clipped, closing, rows, short
from limbeck.visible import on_one_line, visible

OPEN = "/open"
"""How the space of labels that the list lacks ends, as `stages/ranking.py` writes it."""
MOST_USED, MOST_MISSING = 10, 5
"""Labels that a run's ending shows."""
FIRST = 3
"""Labels of a document that a run's ending shows."""
LONGEST_SAID = 60
SCORES = {"rp5": "RP@5", "rp10": "RP@10", "recall50": "Recall@50", "ndcg10": "nDCG@10", "hf1": "HF1@5"}
"""Measures of rankings, as papers write them; `hf1` counts a label's ancestors, too."""


@dataclass(frozen=True)
class Used:
    """A listed label and the documents that have it."""

    label: str
    documents: int
    first: int
    """Of them, those whose best label it is."""


@dataclass(frozen=True)
class Spoken:
    """A label of a document, and what speaks for it."""

    label: str
    score: float
    """About 0 to 1; it falls with the label's place."""
    said: tuple[int, int] | str = ""
    """From where to where in the document, in characters; or the label that a model inferred; empty where nothing does."""

    def words(self, text: str) -> str:
        """What speaks for it, as text."""
        return self.said if isinstance(self.said, str) else text[self.said[0] : self.said[1]]


@dataclass(frozen=True)
class Ranking:
    """A row of the input with its labels, the best first."""

    key: str
    text: str
    labels: tuple[Spoken, ...]
    inferred: tuple[str, ...]
    """What a model guessed of it in its own words."""


@dataclass(frozen=True)
class Missing:
    """A label that documents have, says the model, and the list lacks."""

    label: str
    documents: int
    near: str
    """The listed label that comes nearest to it."""
    similarity: float


def used(store: Path, run: Run) -> list[Used]:
    """Labels by the number of their documents, the most frequent first."""
    found = rows(
        store,
        "WITH placed AS (SELECT label, row_number() OVER (PARTITION BY item ORDER BY rowid) AS place FROM labels "
        f"WHERE run = '{run.id}' AND NOT ends_with(space, '{OPEN}')) "
        "SELECT label, count(*) AS documents, count(*) FILTER (place = 1) AS first FROM placed "
        "GROUP BY label ORDER BY documents DESC, first DESC, label",
    )
    return [Used(**row) for row in found]


def missing(store: Path, run: Run) -> list[Missing]:
    """Labels that the list lacks, the most frequent first."""
    found = rows(
        store,
        "SELECT label, count(*) AS documents, any_value(method) AS near, any_value(confidence) AS similarity FROM labels "
        f"WHERE run = '{run.id}' AND ends_with(space, '{OPEN}') GROUP BY label ORDER BY documents DESC, label",
    )
    return [Missing(**{**row, "near": row["near"].removeprefix("near ")}) for row in found]


def rankings(store: Path, run: Run, limit: int | None = None) -> list[Ranking]:
    """Rows of the input with their labels, in the input's order; no more documents than `limit`."""
    places = (
        f"SELECT key, document, position FROM places WHERE run = '{run.id}' ORDER BY position"
        + (f" LIMIT {limit}" if limit else "")
    )
    found = rows(store, f"SELECT p.key, p.document, d.text FROM ({places}) p JOIN documents d ON d.id = p.document ORDER BY p.position")
    said = {row["item"]: json.loads(row["value"]) or {} for row in _made(store, run, "retrieve", places)}
    guessed = {row["item"]: json.loads(row["value"]) or [] for row in _made(store, run, "infer", places)}
    labels: dict[str, list[Spoken]] = {}
    for row in _labels(store, run, places):
        where = _where(said.get(row["item"], {}), row["label"])
        labels.setdefault(row["item"], []).append(Spoken(row["label"], row["confidence"], where))
    return [
        Ranking(row["key"], row["text"], tuple(labels.get(row["document"], ())), tuple(guessed.get(row["document"], ())))
        for row in found
    ]


def _labels(store: Path, run: Run, places: str) -> list[dict[str, Any]]:
    return rows(
        store,
        f"SELECT item, label, confidence FROM labels WHERE run = '{run.id}' AND NOT ends_with(space, '{OPEN}') "
        f"AND item IN (SELECT document FROM ({places})) ORDER BY rowid",
    )


def _made(store: Path, run: Run, step: str, places: str) -> list[dict[str, Any]]:
    return rows(
        store,
        f"SELECT item, value FROM artifacts WHERE run = '{run.id}' AND step = '{step}' "
        f"AND item IN (SELECT document FROM ({places}))",
    )


def _where(found: dict[str, Any], label: str) -> tuple[int, int] | str:
    """What speaks for a label; nothing for one that the model brought in and retrieval hadn't found."""
    if label not in found.get("labels", ()):
        return ""
    where = found["said"][found["labels"].index(label)]
    return where if isinstance(where, str) else (int(where[0]), int(where[1]))


def listed(store: Path, run: Run) -> dict[str, Any]:
    """Facts on the list and on what models said that isn't on it; empty before the run's end."""
    return dict(show.measures(store, run).get("labels") or {})


def gold(store: Path, run: Run) -> dict[str, dict[str, float]]:
    """Scores against gold by what ranked; empty before the run's end, and where there is no gold."""
    return dict(show.measures(store, run).get("gold") or {})


# ---- as a terminal shows it ------------------------------------------------------------------------------------------


def sized(store: Path, run: Run) -> str:
    """How many labels a run used, in a word or two."""
    found = used(store, run)
    return f"{len(found):,} labels" if found else "–"


def tree(store: Path, run: Run) -> Tree:
    """The labels used, the most frequent with their counts."""
    found, all_ = used(store, run), listed(store, run).get("listed")
    if not found:
        return Tree("no labels yet" if run.status != "finished" else "no labels were found")
    of = f" of {all_:,} listed" if all_ else ""
    root = Tree(f"[bold]{len(found):,}{of} labels[/], {run.documents:,} documents")
    for one in found[:MOST_USED]:
        first = f"  first in {one.first:,}" if one.first else ""
        root.add(Text.assemble((clipped(one.label), "bold"), "  ", (f"{one.documents:,}", "cyan"), (first, "dim")))
    if len(found) > MOST_USED:
        root.add(Text(f"{len(found) - MOST_USED:,} more", "dim"))
    return root


def labels_table(store: Path, run: Run, limit: int | None) -> Table:
    """Rows of the input with their ranked labels, each with its score and the words that speak for it."""
    table = Table("key", "labels", "text", box=None)
    for one in rankings(store, run, limit):
        lines = Text("\n").join([_spoken(label, one.text) for label in one.labels]) if one.labels else Text("–")
        table.add_row(Text(on_one_line(one.key)), lines, Text(clipped(one.text)))
    return table


def _spoken(label: Spoken, text: str) -> Text:
    words = on_one_line(label.words(text))
    cut = words if len(words) <= LONGEST_SAID else words[: LONGEST_SAID - 1] + "…"
    said = f"  {'inferred ' if isinstance(label.said, str) else ''}“{cut}”" if cut else ""
    return Text.assemble(f"{label.score:.2f} ", clipped(label.label), (said, "dim"))


def examples_table(store: Path, run: Run) -> Table:
    """A few documents with their first labels."""
    table = Table("key", "first labels", "text", box=None)
    for one in rankings(store, run, 5):
        first = ", ".join(clipped(label.label) for label in one.labels[:FIRST])
        table.add_row(Text(on_one_line(one.key)), Text(first or "–"), Text(clipped(one.text)))
    return table


def gold_table(store: Path, run: Run) -> Table:
    """Scores against gold, a row for each that ranked."""
    found = gold(store, run)
    names = [key for key in SCORES if any(key in scores for scores in found.values())]
    table = Table("against gold", *(SCORES[name] for name in names), "documents", box=None)
    for who, scores in found.items():
        figures = (f"{scores[name]:.3f}" if name in scores else "–" for name in names)
        table.add_row(Text(on_one_line(who)), *figures, f"{scores['documents']:,}")
    return table


def missing_table(store: Path, run: Run) -> Table:
    """The most frequent labels that the list lacks."""
    table = Table("not on the list", "documents", "nearest listed", "similarity", box=None)
    for one in missing(store, run)[:MOST_MISSING]:
        table.add_row(Text(clipped(one.label)), f"{one.documents:,}", Text(clipped(one.near)), f"{one.similarity:.2f}")
    return table


def ending(store: Path, run: Run, report: Path | None) -> RenderableType:
    """What a person wants to know when a run is over: labels, examples, scores, what the list lacks, cost, where things are."""
    tables = [examples_table(store, run), gold_table(store, run), missing_table(store, run)]
    shown = [part for table in tables if table.row_count for part in (table, "")]
    lines = [*_notes(store, run), *student_lines(store, run), "", *closing(store, run, report)]
    return Group(tree(store, run), "", *shown, *(Text(visible(line)) for line in lines))


def _notes(store: Path, run: Run) -> list[str]:
    found = listed(store, run)
    dropped = found.get("invented", 0)
    notes = [f"Labels: {on_one_line(note)}" for note in found.get("notes", ())]
    if dropped:
        notes.append(f"Invented: {many(dropped, 'label', 'labels')} that the model named and nobody had offered; dropped")
    return [*notes, ""] if notes else []


def student_lines(store: Path, run: Run) -> list[str]:
    """How well each student agrees with the ranking, and where the best is."""
    lines = []
    for student in show.students(store, run):
        scores = json.loads(student["metrics"])
        agreed = "agreement not measured, as no text was held out"
        if "agreement" in scores:
            agreed = f"agreement with the ranking {scores['agreement']:.3f}, before it was taught {scores['before']:.3f}"
        lines.append(f"Student ({student['kind']}): {agreed}")
        if student["chosen"]:
            lines.append(f"Student: {store.parent / student['path']}")
    return lines or [f"Student: none{show.why_none(store, run, 'distil')}"]


def annotators_view(store: Path, run: Run) -> str:
    """What stands in place of annotators, of whom a ranking has none."""
    return f"labels are ranked, not voted on; scores are in: limbeck show {short(run.id)}"


def errors_view(store: Path, run: Run, limit: int | None) -> str:
    """What stands in place of likely errors, which nothing looks for in a ranking."""
    return f"rankings are not searched for errors; read: limbeck show {short(run.id)} --labels"
