"""Taxonomies that a person gives: names in the config, or a file with one name, or `name: description`, a line."""

from pathlib import Path

from limbeck.errors import ConfigError
from limbeck.schemas import OTHER, Category
from limbeck.settings import Settings


def given_rows(settings: Settings) -> list[Category]:
    """The labels to take as they are; empty where none are given."""
    return rows(settings.taxonomy.given)


def seed_rows(settings: Settings) -> list[Category]:
    """The first draft to be updated; empty where none is given."""
    return rows(settings.taxonomy.seed)


def written_down(settings: Settings) -> list[list[dict[str, object]]]:
    """Both, as JSON."""
    return [[row.model_dump() for row in rows] for rows in (given_rows(settings), seed_rows(settings))]


def rows(source: tuple[str, ...] | str | None) -> list[Category]:
    """Read a given taxonomy.

    Raises:
        ConfigError: The file is missing or empty, or a name occurs twice or is the reserved `Other`.
    """
    if source is None:
        return []
    found = [_row(line) for line in (_lines(source) if isinstance(source, str) else source) if line.strip()]
    names = [row.name for row in found]
    if not names:
        raise ConfigError(f"no label in {source!r}; write one name a line")
    if "" in names:
        raise ConfigError(f"a label in {source!r} has no name before its ': '; write `name: description`")
    folded = [name.casefold() for name in names]
    if twice := sorted(name for name in names if folded.count(name.casefold()) > 1):
        raise ConfigError(f"label {twice[0]!r} is given twice; write each name once")
    if OTHER.casefold() in folded:
        raise ConfigError(f"label {OTHER!r} is always offered when labelling; leave it out")
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigError(f"no label file {path!r} ({error.__class__.__name__}); write one name a line into it") from None


def _row(line: str) -> Category:
    """A name may hold commas and quotes; only a colon and a space part it from its description."""
    name, _, description = line.strip().partition(": ")
    return Category(name=name.strip(), description=description.strip())
