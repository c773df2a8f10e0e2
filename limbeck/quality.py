"""How far a run's labels can be trusted: annotators with their estimates, and labels that are probably wrong.

Reads the store only, also during a run; annotators are judged by the votes and labels of that moment.
"""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from limbeck import show
from limbeck.reliability import Applicable, Reliability, applicables, reliabilities
from limbeck.schemas import PEOPLE, Decision, Errors, Label, Run, Vote
from limbeck.schemas.quality import AGGREGATE, ERRORS
from limbeck.visible import literal

CONFUSIONS = 3
"""An annotator's errors that a terminal shows."""


@dataclass(frozen=True)
class LikelyError:
    """A document whose label is probably wrong."""

    text: str
    label: str
    better: str
    """The label it probably should have."""


def decision(store: Path, run: Run, space: str) -> Decision | None:
    """How the votes became labels; None before the first labels."""
    value = _artifact(store, run, AGGREGATE, space)
    return Decision.model_validate_json(value) if value else None


def votes(store: Path, run: Run, space: str) -> list[Vote]:
    """The votes of a run's annotators on its documents; runs with the same labels share a space."""
    counted = decision(store, run, space)
    found = show.rows(
        store,
        f"SELECT * FROM votes WHERE space = '{space}' "
        f"AND item IN (SELECT document FROM places WHERE run = '{run.id}') ORDER BY annotator, item, label",
    )
    ours = [Vote.model_validate(row) for row in found]
    return [vote for vote in ours if counted is None or vote.annotator in counted.annotators]


def annotators(store: Path, run: Run) -> list[Reliability]:
    """The annotators of a run's labels by name; empty before the first labels."""
    found = show.taxonomy(store, run)
    if found is None:
        return []
    labels, made = _labels(store, run, found.id), decision(store, run, found.id)
    return (
        reliabilities(votes(store, run, found.id), labels, run.documents, made.method if made else "")
        if labels
        else []
    )


def applying(store: Path, run: Run, space: str) -> tuple[Decision, list[Applicable]] | None:
    """How all labels that apply were found, and the annotators by them; None where one label counts."""
    made = decision(store, run, f"{space}/all")
    if made is None:
        return None
    said = votes(store, run, f"{space}/all")
    return made, applicables(said, _labels(store, run, f"{space}/all"), made.method)


def _labels(store: Path, run: Run, space: str) -> list[Label]:
    sql = f"SELECT * EXCLUDE (run) FROM labels WHERE run = '{run.id}' AND space = '{space}' ORDER BY item, label"
    return [Label.model_validate(row) for row in show.rows(store, sql)]


def errors(store: Path, run: Run) -> Errors | None:
    """Likely errors that no person has answered since; None where nobody has looked."""
    value = _artifact(store, run, ERRORS, ERRORS)
    if value is None:
        return None
    found, taxonomy = Errors.model_validate_json(value), show.taxonomy(store, run)
    space = taxonomy.id if taxonomy else ""
    told = {vote.item for vote in votes(store, run, space) if vote.annotator.startswith(PEOPLE)}
    return found.model_copy(update={"found": tuple(one for one in found.found if one[0] not in told)})


def likely_errors(store: Path, run: Run, limit: int | None = None) -> list[LikelyError]:
    """Documents whose label is probably wrong, the likeliest error first."""
    looked = errors(store, run)
    found = looked.found[:limit] if looked else ()
    if not found:
        return []
    listed = ", ".join(f"'{item}'" for item, _, _ in found)
    rows = show.rows(store, f"SELECT id, text FROM documents WHERE id IN ({listed})")
    texts = {row["id"]: row["text"] for row in rows}
    return [LikelyError(texts[item], label, better) for item, label, better in found]


def _artifact(store: Path, run: Run, step: str, item: str) -> str | None:
    """An artifact's value; None where there is none or it is nothing."""
    sql = f"SELECT value FROM artifacts WHERE run = '{run.id}' AND step = '{step}' AND item = '{item}'"
    found = show.rows(store, sql)
    return str(found[0]["value"]) if found and found[0]["value"] != "null" else None


# ---- as a terminal shows it --------------------------------------------------------------------------------


def annotators_view(store: Path, run: Run) -> RenderableType:
    """How labels were made, the annotators, and what each of them mixes up."""
    found, taxonomy = annotators(store, run), show.taxonomy(store, run)
    if not found or taxonomy is None:
        return "no labels yet"
    made = decision(store, run, taxonomy.id) or Decision(method="votes")
    every = applying(store, run, taxonomy.id)
    return Group(
        _how("labels", made), "", _annotators(found, made), "", _confusions(found), *(_applicables(*every) if every else ())
    )


def _how(what: str, made: Decision) -> str:
    return f"{what} by {made.method}" + (f": {literal(made.why)}" if made.why else "")


def _applicables(made: Decision, found: list[Applicable]) -> tuple[RenderableType, ...]:
    """Where several labels may apply: how good each annotator's yes is."""
    table = Table("annotator", "documents", "labels", "estimated precision", "estimated recall", box=None)
    for one in found:
        table.add_row(
            literal(one.annotator), f"{one.voted:,}", f"{one.yes:,}", f"{one.precision:.2f}", _figure(one.recall)
        )
    return "", _how("all labels that apply", made), "", table


def _annotators(found: list[Reliability], made: Decision) -> Table:
    table = Table(
        "annotator", "documents", "coverage", "weight", "estimated accuracy", "κ with labels", box=None
    )
    for one in found:
        weight = made.weights.get(one.annotator) if made.weights else None
        figures = (f"{weight:.2f}" if weight is not None else "–", f"{one.accuracy:.2f}", _figure(one.kappa))
        table.add_row(literal(one.annotator), f"{one.voted:,}", f"{one.coverage:.0%}", *figures)
    return table


def _confusions(found: list[Reliability]) -> RenderableType:
    table = Table("annotator", "label", "voted for", "share", "documents", box=None)
    for one in found:
        for label, voted, share, documents in one.confused(CONFUSIONS):
            table.add_row(
                literal(one.annotator), literal(label), literal(voted), f"{share:.0%}", f"{documents:.0f}"
            )
    return table if table.row_count else "no annotator's votes differ from the labels"


def _figure(value: float | None) -> str:
    return f"{value:.2f}" if value is not None else "–"


def errors_view(store: Path, run: Run, limit: int | None = None) -> RenderableType:
    """Documents whose label is probably wrong."""
    looked = errors(store, run)
    if looked is None:
        return "nobody has looked for errors yet, or there are too few labels to tell"
    table = Table("label", "probably", "text", box=None)
    for one in likely_errors(store, run, limit):
        table.add_row(literal(one.label), literal(one.better), literal(show.clipped(one.text)))
    head = f"{len(looked.found):,} labels stand out; {looked.rate:.1%} of all are estimated to be wrong"
    return (
        Group(head, "", table, "", f"answer them with: limbeck review {show.short(run.id)}")
        if looked.found
        else head
    )
