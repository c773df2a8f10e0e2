"""`limbeck schema [check | draft]`: the JSON Schema of a config, and schemas of records."""

import json

import typer

schema = typer.Typer(invoke_without_command=True, help="Print the JSON Schema of a config, for editors; check or draft a schema of records.")


@schema.callback()
def printed(context: typer.Context) -> None:
    """Print the JSON Schema of a config, for editors; it also lies in the package, `configs/schema.json`."""
    if context.invoked_subcommand is not None:
        return
    from limbeck.settings import Settings

    print(json.dumps(Settings.model_json_schema(), indent=2))
