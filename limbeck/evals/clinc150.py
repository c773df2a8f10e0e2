"""CLINC150 with neither names nor labels: do the categories found follow its domains and its intents? And with its names?

On the rows that belong to a domain (out-of-scope rows are left out, as they are no group), beside scikit-learn's k-means
on the same encoder. Then its 150 names are given, and each annotator, the labels and a student scored in one table.
"""

import random
from typing import Any

from limbeck.encoder import Encoder
from limbeck.errors import ConfigError
from limbeck.evals.names import from_names, table
from limbeck.evals.place import Place, Rows, scratch
from limbeck.metrics import clustering
from limbeck.run import run
from limbeck.sections import (
    DocumentsSettings,
    LabelSettings,
    MeasureSettings,
    StudentSettings,
    TaxonomySettings,
)
from limbeck.settings import Settings
from limbeck.show import rows as ask_rows

USE_CASE = "Sort what people ask an assistant by what they want done."
LEVELS = {"domains": (10, "domain"), "intents": (150, "intent")}
READ_BY_LLM, PROBED = 100, 24
OUT_OF_SCOPE = "oos"
FIELDS = {"text": str, "intent": str, "domain": str}
LEARNED_FROM = 6000
"""Texts that are labelled by name and learnt from, drawn from the whole development file."""
FEWEST = max(size for size, _ in LEVELS.values())


def evaluate(place: Place) -> dict[str, Any]:
    """Find 10 and 150 categories in `--test`, or else in the small development file; both without looking at gold."""
    everything = place.test_rows(FIELDS) or place.rows("taxonomy_clinc150/dev_small.jsonl", FIELDS)
    data = _in_scope(everything)
    if len(data) < FEWEST:
        raise ConfigError(f"{len(data)!r} texts are in scope, too few for {FEWEST!r} clusters; give a longer file with --test")
    texts = [row["text"] for row in data]
    figures: dict[str, Any] = {"documents": len(texts)}
    for level, (size, column) in LEVELS.items():
        said, names = _found(place, texts, size)
        gold = [row[column] for row in data]
        plain = _k_means(texts, size, place.seed)
        for measure, value in clustering(said, gold).items():
            figures[f"{measure}_{level}"] = round(value, 4)
        for measure, value in clustering(plain, gold).items():
            figures[f"kmeans_{measure}_{level}"] = round(value, 4)
        figures[f"names_{level}"] = names
    return figures | _by_name(place, data)


def _in_scope(rows: Rows) -> Rows:
    return [row for row in rows if row["domain"] != OUT_OF_SCOPE]


def _by_name(place: Place, testing: Rows) -> dict[str, Any]:
    """Label other texts by the names of the intents, and test the student on these."""
    told = {row["text"] for row in testing}
    others = [row for row in _in_scope(place.rows("taxonomy_clinc150/dev.jsonl", FIELDS)) if row["text"] not in told]
    learning = random.Random(place.seed).sample(others, min(LEARNED_FROM, len(others)))
    names = {row["intent"]: row["intent"].replace("_", " ") for row in others}
    texts = ([row["text"] for row in rows] for rows in (learning, testing))
    found = from_names(place, USE_CASE, sorted(names.values()), *texts, read_by_llm=READ_BY_LLM)
    # From here on gold is read.
    gold, unseen = ([{str(names.get(row["intent"], row["intent"]))} for row in rows] for rows in (learning, testing))
    scores = table(found, gold, unseen, several=False)
    return {
        "student_accuracy": scores["student"]["accuracy"],
        "labels_accuracy": scores["labels"]["accuracy"],
        "table": scores,
        "learned_from": len(learning),
        "tested_on": len(testing),
    }


def _found(place: Place, texts: list[str], size: int) -> tuple[list[str], list[str]]:
    """Each text's category, and the categories' names."""
    with scratch(texts) as (folder, source):
        settings = Settings(
            project=str(folder / "project"),
            use_case=USE_CASE,
            documents=DocumentsSettings(source=str(source), text="text", key="key"),
            taxonomy=TaxonomySettings(size=size, chains=1, sample=150, minibatch=50),
            labels=LabelSettings(llm_limit=READ_BY_LLM, probe=PROBED),
            student=StudentSettings(kinds=()),
            measures=MeasureSettings(sample=0),
            seed=place.seed,
        )
        outcome = run(settings, place.progress())
        labels = ask_rows(
            outcome.store,
            "SELECT l.label FROM places p JOIN labels l ON l.item = p.document AND l.run = p.run "
            "JOIN taxonomies t ON t.id = l.space AND t.run = l.run ORDER BY p.position",
        )
        names = ask_rows(outcome.store, "SELECT unnest(json_extract_string(value, '$.categories[*].name')) AS n FROM taxonomies")
    return [row["label"] for row in labels], [row["n"] for row in names]


def _k_means(texts: list[str], size: int, seed: int) -> list[str]:
    from sklearn.cluster import KMeans

    vectors = Encoder.load().last_layer(texts)
    return [str(label) for label in KMeans(size, n_init=10, random_state=seed).fit_predict(vectors)]
