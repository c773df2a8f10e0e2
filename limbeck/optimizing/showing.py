"""An optimisation on the terminal: each step's score before and after, and what it cost."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from limbeck.progress import spoken
from limbeck.visible import literal


def ending(program: str, about: dict[str, Any]) -> RenderableType:
    """What `limbeck optimize` ends with."""
    table = Table("RP@10 of", "unoptimised", literal(about["method"]), "kept", box=None)
    for name, step in about["steps"].items():
        new = ", new instructions" if step["instructions"] == "new" else ""
        kept = f"{step['demos']} demonstrations{new}" if step["demos"] or new else "as it was"
        table.add_row(name, f"{step['unoptimized']:.4f}", f"{step['optimized']:.4f}", kept)
    whole, better = about["rp@10"], about["kept"] == "optimized"
    said = "optimised" if better else "unoptimised: no other did better"
    table.add_row("program", f"{whole['unoptimized']:.4f}", f"{whole['optimized']:.4f}", said)
    return Group(table, *map(literal, (_documents(about), _spent(about), f"program: {program}")))


def _documents(about: dict[str, Any]) -> str:
    counts = about["documents"]
    said = f"compared on {counts['validation']} documents; {counts['train']} others to learn from"
    left = f"; {counts['without_gold']} left out for lack of listed labels" if counts["without_gold"] else ""
    return said + left + (f"; {about['unlisted']} true labels not on the list" if about["unlisted"] else "")


def _spent(about: dict[str, Any]) -> str:
    spent = about["spent"]
    tokens = spent["prompt_tokens"] + spent["completion_tokens"]
    money = f", cost {spent['money']:.4f}" if spent["money"] else ""
    return f"{spent['calls']} calls, {spent['cached']} from the cache, {tokens} tokens{money}, {spoken(about['seconds'])}"
