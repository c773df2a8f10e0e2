"""From a project's store to the facts of a report on ranked labels. Works on unfinished runs too."""

import json
from pathlib import Path
from typing import Any

from limbeck import show, show_ranked
from limbeck.facts import (
    FinderFacts,
    MissingFacts,
    RankedFacts,
    RankingFacts,
    ScoreFacts,
    SpokenFacts,
    UsedFacts,
)
from limbeck.reporting import frame, source
from limbeck.schemas import Run

MOST_USED, EXAMPLES_EACH = 200, 3
"""Labels that a report lists, and texts of each."""
DOCUMENTS, MISSING = 20, 30


def facts(store: Path, run: Run) -> RankedFacts:
    """What the report says of a run."""
    used, listed = show_ranked.used(store, run), show_ranked.listed(store, run)
    return RankedFacts(
        **{**frame(store, run), "model": _models(run)},
        title=f"Labels of {source(run)}",
        notes=_notes(store, run, listed),
        listed=listed.get("listed"),
        used=_used(store, run, used),
        others=max(0, len(used) - MOST_USED),
        rankings=tuple(_ranking(one) for one in show_ranked.rankings(store, run, DOCUMENTS)),
        invented=listed.get("invented", 0),
        missing=tuple(
            MissingFacts(name=one.label, count=one.documents, near=one.near, similarity=one.similarity)
            for one in show_ranked.missing(store, run)[:MISSING]
        ),
        gold=_gold(show_ranked.gold(store, run)),
        finders=tuple(_finder(row) for row in show.students(store, run)),
    )


def _models(run: Run) -> str:
    """The run's model, and the one that ranked where that was another."""
    settings = json.loads(run.config)
    other = (settings.get("rank") or {}).get("model")
    name = str(settings["model"]["name"])
    return f"{name}, ranking: {other['name']}" if other else name


def _notes(store: Path, run: Run, listed: dict[str, Any]) -> tuple[str, ...]:
    """What was left out of documents and list, and why students are fewer than asked for."""
    found = show.rows(store, f"SELECT value FROM artifacts WHERE run = '{run.id}' AND step = 'distil'")
    students = [f"Students: {note}" for row in found if (note := json.loads(row["value"])["note"])]
    return (*json.loads(run.summary).get("skipped", ()), *listed.get("notes", ()), *students)


def _used(store: Path, run: Run, used: list[show_ranked.Used]) -> tuple[UsedFacts, ...]:
    texts = _examples(store, run)
    return tuple(
        UsedFacts(name=one.label, count=one.documents, first=one.first, examples=tuple(texts.get(one.label, ())))
        for one in used[:MOST_USED]
    )


def _examples(store: Path, run: Run) -> dict[str, list[str]]:
    """A few texts of each of the most frequent labels, those where it stands highest."""
    ours = f"run = '{run.id}' AND NOT ends_with(space, '{show_ranked.OPEN}')"
    found = show.rows(
        store,
        "WITH placed AS (SELECT label, item, confidence, rowid AS spot, row_number() OVER (PARTITION BY item ORDER BY rowid) AS place "
        f"FROM labels WHERE {ours}), most AS (SELECT label FROM placed GROUP BY label "
        f"ORDER BY count(*) DESC, count(*) FILTER (place = 1) DESC, label LIMIT {MOST_USED}), "
        "best AS (SELECT *, row_number() OVER (PARTITION BY label ORDER BY place, confidence DESC, spot) AS nth FROM placed "
        "WHERE label IN (SELECT label FROM most)) "
        f"SELECT b.label, d.text FROM best b JOIN documents d ON d.id = b.item WHERE nth <= {EXAMPLES_EACH} ORDER BY b.label, nth",
    )
    texts: dict[str, list[str]] = {}
    for row in found:
        texts.setdefault(row["label"], []).append(row["text"])
    return texts


def _ranking(one: show_ranked.Ranking) -> RankingFacts:
    labels = tuple(SpokenFacts(name=label.label, score=label.score, said=label.said) for label in one.labels)
    return RankingFacts(key=one.key, text=one.text, labels=labels, inferred=one.inferred)


def _gold(found: dict[str, dict[str, float]]) -> tuple[ScoreFacts, ...]:
    names = [key for key in show_ranked.SCORES if any(key in scores for scores in found.values())]
    return tuple(
        ScoreFacts(
            name=who,
            scores=tuple((show_ranked.SCORES[name], scores.get(name)) for name in names),
            documents=int(scores["documents"]),
            unlisted=int(scores["unlisted"]),
        )
        for who, scores in found.items()
    )


def _finder(row: dict[str, Any]) -> FinderFacts:
    metrics = json.loads(row["metrics"])
    scores = {name: metrics.get(name) for name in ("agreement", "before", "share")}
    return FinderFacts(kind=row["kind"], chosen=row["chosen"], path=row["path"], **scores)
