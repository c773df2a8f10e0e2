"""An eval's figures as a page: one table of figures, one of each group of them, and the curves drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limbeck.charts import STYLE, lines, safe, table
from limbeck.errors import ConfigError

DRAWN = ("teacher", "agreed", "student")
"""What of a curve's points is drawn; all of it stands in the table."""
ACROSS = "rate"


def write_page(figures: Mapping[str, Any], path: Path) -> None:
    """Write an eval's page.

    Raises:
        ConfigError: The file can't be written.
    """
    try:
        path.write_text(page(figures), "utf-8")
    except OSError as error:
        raise ConfigError(f"can't write {str(path)!r} ({error.strerror}); name another file with --report") from None


def page(figures: Mapping[str, Any]) -> str:
    """An eval's figures as HTML without scripts."""
    title = f"limbeck eval {figures['eval']}, seed {figures['seed']}"
    plain = {name: value for name, value in figures.items() if not isinstance(value, Mapping | list)}
    groups = {name: value for name, value in figures.items() if isinstance(value, Mapping) and name != "curves"}
    parts = [_section("Figures", _pairs(plain))]
    parts += [_section(kind, _curve(kind, points)) for kind, points in figures.get("curves", {}).items()]
    parts += [_section(name, _group(value)) for name, value in groups.items()]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{safe(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><h1>{safe(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{safe(title.replace('_', ' ').capitalize())}</h2>{inside}</section>"


def _pairs(values: Mapping[str, Any]) -> str:
    return table(("", "figure"), [(safe(name), safe(_said(value))) for name, value in values.items()], "figures")


def _group(values: Mapping[str, Any]) -> str:
    """Figures by name, or rows of figures by name."""
    rows = {name: value for name, value in values.items() if isinstance(value, Mapping)}
    if not rows:
        return _pairs(values)
    heads = list(dict.fromkeys(key for row in rows.values() for key in row))
    cells = [(safe(name), *(safe(_said(row.get(key, "–"))) for key in heads)) for name, row in rows.items()]
    return table(("", *map(safe, heads)), cells, "figures")


def _curve(kind: str, points: list[dict[str, float]]) -> str:
    """A curve's picture and its points."""
    drawn = [name for name in DRAWN if name in points[0]]
    curves = {name: [(point[ACROSS], point[name]) for point in points] for name in drawn}
    keys = "".join(f'<span class="key key-{at}"></span>{safe(name)}' for at, name in enumerate(drawn, 1))
    rates = sorted({0.0, *(point[ACROSS] for point in points)})
    told = "score by the share of what is taught that was made wrong"
    plot = (
        f'<figure><div class="plot"><div class="ys">{"".join(f"<span>{y}%</span>" for y in (100, 75, 50, 25, 0))}</div>'
        f'{lines(curves, f"{kind}: {told}")}'
        f'<div class="xs">{"".join(f"<span>{rate:.0%}</span>" for rate in rates)}</div></div>'
        f"<figcaption><span>{keys}</span><span>{told}</span></figcaption></figure>"
    )
    heads = list(points[0])
    return plot + table(heads, [[safe(_said(point[head])) for head in heads] for point in points], "figures")


def _said(value: Any) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
