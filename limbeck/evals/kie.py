"""Documents with gold values: how they are piped through limbeck, and how what it says is scored.

Conventions: values are compared as their field's kind is normalised, gold and answer alike (`RM 9.00` is `9.00`, `25 DEC 18`
is `2018-12-25`), names and addresses as printed, case aside. ANLS (τ = 0.5) and ANLS* are the published package's: a value
that is absent on both sides scores 1, on one side 0; of several accepted values the nearest counts; lists are matched.
"""

import json
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from limbeck.errors import ConfigError
from limbeck.fields.normalising import normal
from limbeck.progress import Progress
from limbeck.run import Outcome, run
from limbeck.schemas.fields import Field, FieldSet, Said
from limbeck.schemas.pages import Box, Pages, Sheet, Word
from limbeck.settings import load

Gold = Mapping[str, Any]
"""By field: None, a text, a tuple of accepted texts, or a list of texts that all have to be said."""


@dataclass(frozen=True)
class Row:
    """A document with its gold values, which scorers alone read."""

    id: str
    pages: Pages
    gold: Gold


# ---- pages from gold boxes -------------------------------------------------------------------------------------------


def pages_of_boxes(boxes: Sequence[tuple[str, Box]], width: float, height: float) -> Pages:
    """Lines of text with boxes as pages of words; a line's box is shared out among its words by their letters."""
    from limbeck.pages.lines import rows

    parts = [part for text, box in boxes for part in words_of(text, box)]
    lines = rows([box for _, box in parts])
    words = [Word(text=parts[at][0], box=parts[at][1], line=number) for number, line in enumerate(lines) for at in line]
    return Pages(sheets=(Sheet(width=width, height=height),), words=tuple(words))


def words_of(text: str, box: Box) -> list[tuple[str, Box]]:
    """The words of a line, each with its share of the line's box."""
    left, top, right, bottom = box
    letter = (right - left) / max(len(text), 1)
    return [(one[0], (left + one.start() * letter, top, left + one.end() * letter, bottom)) for one in re.finditer(r"\S+", text)]


# ---- through the pipeline --------------------------------------------------------------------------------------------


def piped(rows: Iterable[Row], fields: FieldSet, folder: Path, progress: Progress, **config: Any) -> Outcome:
    """Run the pipeline on documents, whose names are their ids; gold stays here.

    Args:
        rows: The documents.
        fields: What is wanted of them.
        folder: Where documents and project go.
        progress: What a person sees.
        config: Further sections of the config.
    """
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    for row in rows:
        (folder / "pages" / f"{row.id}.pages.json").write_text(row.pages.model_dump_json(exclude_defaults=True), "utf-8")
    (folder / "fields.yaml").write_text(json.dumps(fields.model_dump(mode="json")), "utf-8")
    written = {
        "pipeline": "documents",
        "use_case": f"Keep the books: {fields.description or fields.name}",
        "documents": {"source": "pages"},
        "fields": {"source": "fields.yaml"},
        **config,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(written), "utf-8")
    return run(load(folder / "config.yaml"), progress)


def id_of(key: str) -> str:
    """A row's id, of its place's key."""
    return key.removesuffix(".pages.json")


# ---- scores ----------------------------------------------------------------------------------------------------------


def scores(rows: Sequence[Row], said: Mapping[str, Said], fields: FieldSet, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """`anls` and `exact` of each field named, `mean` over them; `star`: ANLS* of whole documents under `all`.

    Args:
        rows: Documents with gold.
        said: What is said of each, by id; nothing of one that is missing.
        fields: What was asked.
        names: Fields to score, `items.name` for the names of all entries.
    """
    compared = [_compared(row, said.get(row.id, {}), fields, names) for row in rows]
    anls = {name: _mean(anls_of(*one[name]) for one in compared) for name in names}
    exact = {name: _mean(float(is_exact(*one[name])) for one in compared) for name in names}
    star = _mean(anls_of({name: gold for name, (gold, _) in one.items()}, {name: answer for name, (_, answer) in one.items()}) for one in compared)
    return {"anls": {**anls, "mean": _mean(anls.values())}, "exact": {**exact, "mean": _mean(exact.values())}, "star": {"all": star}}


def _compared(row: Row, said: Said, fields: FieldSet, names: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """Gold and answer of each field, in the form in which they are compared."""
    found = {}
    for name in names:
        field = fields.field(name) or Field(name=name)
        outer, _, inner = name.partition(".")
        answer = [entry.get(inner) for entry in said.get(outer) or () if entry.get(inner)] if inner else said.get(name)
        found[name] = (_normal(row.gold.get(name), field, fields), _normal(answer, field, fields))
    return found


def _normal(value: Any, field: Field, fields: FieldSet) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_normal(one, field, fields) for one in value) or None
    text = " ".join(str(value or "").split())
    return (normal(text, field, fields.day_first) or text) or None


def anls_of(gold: Any, said: Any) -> float:
    """ANLS* of one thing, ANLS where it is a text (Peer et al. 2024, arXiv:2402.03848).

    Raises:
        ConfigError: The package is not installed.
    """
    try:
        from anls_star import anls_score
    except ImportError:
        raise ConfigError("this eval scores with 'anls-star', which is not installed; type: pip install 'limbeck[measure]'") from None
    score: Any = anls_score(gold, said)
    return float(score)


def is_exact(gold: Any, said: Any) -> bool:
    """Whether an answer is gold, or one of the texts accepted, case and blanks aside; of a list, all in any order."""
    if isinstance(gold, list) or isinstance(said, list):
        return sorted(map(_folded, gold or ())) == sorted(map(_folded, said or ()))
    return _folded(said) in {_folded(one) for one in (gold if isinstance(gold, tuple) else (gold,))}


def _folded(text: Any) -> str:
    return " ".join(str(text or "").casefold().split())


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return round(statistics.fmean(found), 4) if found else 0.0
