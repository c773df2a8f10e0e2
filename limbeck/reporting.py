"""From a project's store to the facts of a taxonomy's report. Works on unfinished runs too."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from limbeck import quality, show
from limbeck.aggregate import distribution
from limbeck.facts import (
    AnnotatorFacts,
    CategoryFacts,
    ConfusionFacts,
    ErrorFacts,
    ExampleFacts,
    Facts,
    Measure,
    NoiseFacts,
    PairFacts,
    StageFacts,
    StudentFacts,
)
from limbeck.metrics import confusable_pairs
from limbeck.reliability import Reliability
from limbeck.schemas import OTHER, Decision, Run, Taxonomy

EXAMPLES, EXAMPLES_EACH, PAIRS, ERRORS = 20, 3, 8, 10
CONFUSIONS, MOST_DRAWN = 3, 15
"""An annotator's errors that are listed, and the labels of a confusion matrix that is drawn."""
NOTES = 6
"""The first notes of a taxonomy are shown; the whole trail of edits is in the store."""


def facts(store: Path, run: Run) -> Facts:
    """What the report says of a run."""
    summary = json.loads(run.summary)
    found, measured = show.taxonomy(store, run), show.measures(store, run)
    space = found.id if found else ""
    rows = show.labelled(store, run, space) if found else []
    decision = quality.decision(store, run, space)
    return Facts(
        **frame(store, run),
        title=f"Taxonomy of {source(run)}",
        notes=(*summary.get("skipped", ()), *(found.notes[:NOTES] if found else ()), *_weights(_models(store, run, space))),
        categories=_categories(store, run, found, rows),
        other=show.counts(store, run, space).get(OTHER, 0) if found else 0,
        pairs=_pairs(store, run, found, decision),
        coverage=measured.get("coverage"),
        measures=_measures(measured),
        gold=_gold(measured),
        method=_method(decision),
        annotators=tuple(_annotator(one, decision) for one in quality.annotators(store, run)),
        noise=_noise(store, run),
        show_errors=f"limbeck show {show.short(run.id)} --errors --project {store.parent.name}",
        students=_students(store, run, measured),
        examples=tuple(
            ExampleFacts(text=row["text"], label=row["label"], confidence=row["confidence"])
            for row in rows[:EXAMPLES]
            if row["label"]
        ),
    )


def source(run: Run) -> str:
    """The documents' file, without the folders above it."""
    return Path(json.loads(run.config)["documents"]["source"]).name


def frame(store: Path, run: Run) -> dict[str, Any]:
    """What the report of any pipeline says of a run: the fields of `Frame` but for its title and its notes."""
    settings, steps = json.loads(run.config), show.cost(store, run)
    seconds = sum(json.loads(run.summary).get("seconds", {}).values())
    return {
        "run": show.short(run.id),
        "pipeline": run.pipeline,
        "status": run.status,
        "model": settings["model"]["name"],
        "started": run.started,
        "seconds": run.finished - run.started if run.finished else None,
        "documents": run.documents,
        "use_case": settings["use_case"],
        "stages": tuple(_stage(row["step"], row) for row in steps),
        "total": _stage("Total", show.total(store, run) | {"seconds": seconds}),
        "failed": len(show.failures(store, run)),
        "repaired": sum(row["repaired"] for row in steps),
        "show_failed": f"limbeck show {show.short(run.id)} --failed --project {store.parent.name}",
    }


def _models(store: Path, run: Run, space: str) -> dict[str, float]:
    """How much each model's votes weigh; empty where none voted."""
    sql = f"SELECT value FROM artifacts WHERE run = '{run.id}' AND step = 'weights' AND item = '{space}'"
    found = show.rows(store, sql)
    return dict(json.loads(found[0]["value"])) if found else {}


def _weights(models: dict[str, float]) -> list[str]:
    """The same, in a sentence each."""
    why = "κ between its labels and its labels with the table turned round"
    return [f"The votes of {name} weigh {weight:.2f} of 1, which is {why}." for name, weight in models.items()]


def _categories(
    store: Path, run: Run, found: Taxonomy | None, rows: list[dict[str, Any]]
) -> tuple[CategoryFacts, ...]:
    if found is None:
        return ()
    sizes = show.counts(store, run, found.id)
    texts: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: -(row["confidence"] or 0.0)):
        if len(texts[row["label"]]) < EXAMPLES_EACH:
            texts[row["label"]].append(row["text"])
    return tuple(
        CategoryFacts(
            name=one.name,
            description=one.description,
            parent=one.parent,
            count=sizes.get(one.name, 0),
            examples=tuple(texts.get(one.name, ())),
        )
        for one in found.categories
    )


def _pairs(store: Path, run: Run, found: Taxonomy | None, decision: Decision | None) -> tuple[PairFacts, ...]:
    """Labels that the annotators' votes waver between, each with two documents where they do."""
    if found is None:
        return ()
    votes = quality.votes(store, run, found.id)
    items = list(dict.fromkeys(vote.item for vote in votes))
    weights = decision.weights if decision else None
    shares = distribution(votes, found.names, items, weights) if items else []
    place = {name: at for at, name in enumerate(found.names)}
    pairs = []
    for first, second, weight in confusable_pairs(shares, found.names, PAIRS):
        a, b = place[first], place[second]
        torn = sorted(range(len(items)), key=lambda row: -shares[row][a] * shares[row][b])[:2]
        texts = _texts(store, [items[row] for row in torn])
        pairs.append(PairFacts(first=first, second=second, weight=weight, examples=texts))
    return tuple(pairs)


def _texts(store: Path, items: list[str]) -> tuple[str, ...]:
    listed = ", ".join(f"'{item}'" for item in items)
    return tuple(row["text"] for row in show.rows(store, f"SELECT text FROM documents WHERE id IN ({listed})"))


def _method(decision: Decision | None) -> str:
    if decision is None:
        return ""
    return f"{decision.method} ({decision.why})" if decision.why else decision.method


def _annotator(one: Reliability, decision: Decision | None) -> AnnotatorFacts:
    """What is believed of an annotator; its confusion matrix where it errs and that can be read."""
    weights = decision.weights if decision and decision.weights else {}
    errors = tuple((label, voted, share) for label, voted, share, _ in one.confused(CONFUSIONS))
    drawn = bool(errors) and len(one.labels) <= MOST_DRAWN
    return AnnotatorFacts(
        name=one.annotator,
        voted=one.voted,
        coverage=one.coverage,
        weight=weights.get(one.annotator),
        accuracy=one.accuracy,
        kappa=one.kappa,
        confusion=ConfusionFacts(
            labels=one.labels if drawn else (),
            matrix=tuple(tuple(row) for row in one.shares.tolist()) if drawn else (),
            errors=errors,
        ),
    )


def _noise(store: Path, run: Run) -> NoiseFacts | None:
    looked = quality.errors(store, run)
    if looked is None:
        return None
    found = tuple(ErrorFacts(text=one.text, label=one.label, better=one.better) for one in quality.likely_errors(store, run, ERRORS))
    return NoiseFacts(rate=looked.rate, found=len(looked.found), errors=found)


def _measures(measured: dict[str, Any]) -> tuple[Measure, ...]:
    """The paper's measures, those that could not be taken included."""
    agreement = measured.get("agreement") or {}
    return (
        _measure("Label accuracy", measured.get("accuracy"), "the model prefers the label to a random other one"),
        _measure("Relevance", measured.get("relevance"), "the model calls the label relevant to the use case"),
        _measure("Fleiss' κ", agreement.get("fleiss"), "all annotators"),
        *(_measure(f"Cohen's κ: {pair}", one, "") for pair, one in (agreement.get("pairs") or {}).items()),
    )


def _measure(name: str, one: dict[str, Any] | None, note: str) -> Measure:
    if not one or one.get("value") is None:
        return Measure(name=name, note=f"not measured: {note}" if note else "not measured")
    return Measure(name=name, value=one["value"], low=one["low"], high=one["high"], n=one["n"], note=note)


def _gold(measured: dict[str, Any]) -> tuple[Measure, ...]:
    gold = measured.get("gold")
    names = {"accuracy": "Accuracy", "macro_f1": "Macro-F1", "nmi": "NMI", "ari": "ARI"}
    if not gold:
        return ()
    # Labels that limbeck named itself never equal gold names; then only the groupings can be compared.
    told = [key for key in names if gold["accuracy"] > 0 or key in ("nmi", "ari")]
    return tuple(Measure(name=names[key], value=gold[key], n=gold["n"]) for key in told)


def _students(store: Path, run: Run, measured: dict[str, Any]) -> tuple[StudentFacts, ...]:
    students = []
    for row in show.students(store, run):
        metrics, scores = json.loads(row["metrics"]), (measured.get("students") or {}).get(row["kind"]) or {}
        students.append(
            StudentFacts(
                kind=row["kind"],
                agreement=scores.get("agreement"),
                unseen=scores.get("unseen", 0),
                macro_f1=metrics.get("macro_f1"),
                ece=metrics.get("ece"),
                seconds=metrics.get("seconds"),
                chosen=row["chosen"],
                path=row["path"],
            )
        )
    return tuple(students)


def _stage(name: str, row: dict[str, Any]) -> StageFacts:
    fields = ("calls", "prompt_tokens", "completion_tokens", "seconds", "price")
    return StageFacts(name=name, **{field: row[field] for field in fields})
