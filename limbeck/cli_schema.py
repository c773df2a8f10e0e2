"""`limbeck schema [check | draft]`: the JSON Schema of a config, and schemas of records."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limbeck.errors import ConfigError, Interrupted
from limbeck.visible import in_json, literal, visible

if TYPE_CHECKING:
    from rich.table import Table

    from limbeck.schemas.extraction import RecordSchema

schema = typer.Typer(invoke_without_command=True, help="Print the JSON Schema of a config, for editors; check or draft a schema of records.")


@schema.callback()
def printed(context: typer.Context) -> None:
    """Print the JSON Schema of a config, for editors; it also lies in the package, `configs/schema.json`."""
    if context.invoked_subcommand is not None:
        return
    from limbeck.settings import Settings

    print(json.dumps(Settings.model_json_schema(), indent=2))


@schema.command()
def check(
    file: Annotated[str, typer.Argument(help="a YAML or JSON file, or `file.py:Class`, which runs the file")],
    as_json: Annotated[bool, typer.Option("--json", help="nothing but one JSON object")] = False,
) -> None:
    """Read a schema of records, and say what it asks for and what in it is probably a mistake."""
    from rich.console import Console

    from limbeck.records.checking import notes
    from limbeck.records.reading import read_schema

    found = read_schema(file)
    said = notes(found)
    if as_json:
        print(in_json(json.dumps({**found.model_dump(mode="json"), "notes": said}, ensure_ascii=False)))
        return
    console = Console()
    console.print(_table(found))
    for note in said:
        console.print(f"- {literal(note)}", soft_wrap=True)


@schema.command()
def draft(
    files: Annotated[list[str], typer.Argument(help="files or folders with sample tables")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="a new file; else the draft is printed")] = None,
    model: Annotated[str | None, typer.Option(help="what improves the draft; without one it is what headers say")] = None,
    base_url: Annotated[str | None, typer.Option(help="the model's OpenAI-compatible server")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, only warnings")] = False,
) -> None:
    """Propose a schema of records from sample tables, as a file for you to edit."""
    from limbeck.progress import Progress
    from limbeck.proposing import propose, refused, write
    from limbeck.sections import ModelSettings

    if base_url and not model:
        raise ConfigError(f"no model at {base_url!r} is named; add --model NAME")
    if out and out.exists():
        raise refused(out, FileExistsError())
    asked = ModelSettings(name=model, base_url=base_url) if model else None
    try:
        text = propose(files, Progress(quiet=quiet), asked)
    except KeyboardInterrupt:
        raise Interrupted("stopped; nothing was written") from None
    if out is None:
        print(visible(text), end="")
        return
    write(text, out)
    print(f"wrote {out}; edit it, then: limbeck schema check {out}")


def _table(found: "RecordSchema") -> "Table":
    """Types and attributes, a line each."""
    from rich.table import Table

    table = Table("type", "attribute", "kind", "also called", "description", box=None)
    for type in found.types:
        table.add_row(*map(literal, (type.name, "", "", ", ".join(type.aliases), type.description)))
        for one in type.attributes:
            kind = f"{one.kind}: {', '.join(one.options)}" if one.options else one.kind
            table.add_row(*map(literal, ("", one.name, kind, ", ".join(one.aliases), one.description)))
    return table
