"""The command line: `limbeck init | run | ask | distill | optimize | show | review | sql | export | predict | card | eval | models | schema`.

The one place that turns errors into a line on stderr and an exit code. Heavy libraries are imported by the commands that
need them, so that `limbeck --help` is quick.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limbeck.cli_ask import ask_data
from limbeck.cli_schema import schema
from limbeck.errors import ConfigError, Interrupted, LimbeckError, QueryError
from limbeck.visible import in_json, literal, unbroken, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__.split("\n")[0])
models = typer.Typer(no_args_is_help=True, help="The embedded model, and a server for it.")
app.add_typer(models, name="models")
app.add_typer(schema, name="schema")
app.command("ask")(ask_data)

Project = Annotated[Path, typer.Option("--project", "-p", help="the project's folder")]
DEFAULT_PROJECT = Path("limbeck-project")


def main() -> None:
    """Run a command; `LimbeckError` becomes one line and its exit code."""
    try:
        app()
    except LimbeckError as error:
        print(f"limbeck: {visible(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)


BESIDE = {"tables": ("records.yaml", "schemas/records.yaml"), "documents": ("fields.yaml", "fields/receipt.yaml")}
"""The file that a starter config names, and what it is a copy of."""


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="the config to write")] = Path("my.yaml"),
    pipeline: Annotated[
        str, typer.Option(help="`taxonomy`, `extreme` for a long list of labels, `tables` for records of tables, `documents` for receipts, invoices, contracts, or `analysis` for questions over data")
    ] = "taxonomy",
) -> None:
    """Write a commented starter config."""
    from importlib.resources import files

    from limbeck.settings import FOREIGN

    if pipeline not in FOREIGN:
        raise ConfigError(f"no pipeline {pipeline!r}; write one of: {', '.join(FOREIGN)}")
    if path.exists():
        also = "" if pipeline == "taxonomy" else f" --pipeline {pipeline}"
        raise ConfigError(f"{str(path)!r} is there already; write another one with: limbeck init other.yaml{also}")
    configs = files("limbeck") / "configs"
    hint = f"# yaml-language-server: $schema={configs / 'schema.json'}\n"
    written = {path: hint + (configs / f"{pipeline}.yaml").read_text("utf-8")}
    name, source = BESIDE.get(pipeline, ("", ""))
    if name and not (path.parent / name).exists():
        written[path.parent / name] = (configs / source).read_text("utf-8")
    try:
        for file, text in written.items():
            file.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"can't write {str(path)!r} ({error.strerror}); name a file in a folder that you may write to") from None
    print(f"wrote {' and '.join(map(str, written))}; edit {'it' if len(written) == 1 else 'both'}, then: limbeck run {path}")


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help="a YAML config; write one with `limbeck init`")],
    model: Annotated[str | None, typer.Option(help="replaces model.name; `fake` needs no model")] = None,
    limit: Annotated[int | None, typer.Option(help="replaces documents.limit")] = None,
    budget_labels: Annotated[
        int | None, typer.Option(help="replaces labels.llm_limit (rank.limit): how many documents the model labels")
    ] = None,
    project: Annotated[Path | None, typer.Option("--project", "-p", help="replaces project")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, only warnings")] = False,
) -> None:
    """Run a pipeline, or go on with it; ends with taxonomy or labels, examples, costs, and where report and student are."""
    from limbeck import show as showing
    from limbeck.progress import Progress
    from limbeck.run import run as run_pipeline
    from limbeck.settings import load
    from limbeck.views import VIEWS, write_report

    place = str(project.resolve()) if project else None
    replaced = {"model.name": model, "documents.limit": limit, "labels.llm_limit": budget_labels, "project": place}
    settings = load(config, replaced)
    try:
        outcome = run_pipeline(settings, Progress(quiet=quiet))
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on where it was") from None
    found = showing.find(outcome.store, outcome.run)
    report = write_report(outcome.store, found)
    if outcome.already:
        print("finished before; nothing was asked again")
    unbroken().print(VIEWS[found.pipeline].ending(outcome.store, found, report))


@app.command()
def optimize(
    config: Annotated[Path, typer.Argument(help="a YAML config of the pipeline `extreme`, with `documents: gold`")],
    method: Annotated[str | None, typer.Option(help="replaces optimize.method: bootstrap, mipro or gepa")] = None,
    model: Annotated[str | None, typer.Option(help="replaces model.name; `fake` needs no model")] = None,
    project: Annotated[Path | None, typer.Option("--project", "-p", help="replaces project")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="a .json file; else program.json in the project")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, only warnings")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="nothing but one JSON object")] = False,
) -> None:
    """Improve the prompts of a pipeline with a few labelled documents; ends with scores, costs and the program's file."""
    from rich.console import Console

    from limbeck.optimizing import optimize as optimize_program
    from limbeck.optimizing.showing import ending
    from limbeck.progress import Progress
    from limbeck.settings import load

    place = str(project.resolve()) if project else None
    settings = load(config, {"optimize.method": method, "model.name": model, "project": place})
    try:
        made = optimize_program(settings, Progress(quiet=quiet or as_json), out)
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on, and pays no answer twice") from None
    if as_json:
        print(in_json(json.dumps({"program": str(made.program), **made.about}, ensure_ascii=False)))
    else:
        Console().print(ending(str(made.program), made.about))


@app.command()
def show(
    run: Annotated[str | None, typer.Argument(help="the beginning of a run's id; all runs without it")] = None,
    project: Project = DEFAULT_PROJECT,
    labels: Annotated[bool, typer.Option("--labels", help="every row of the input with its label")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="what failed, and why")] = False,
    cost: Annotated[bool, typer.Option("--cost", help="calls, tokens, seconds and price by step")] = False,
    annotators: Annotated[bool, typer.Option("--annotators", help="who labelled, how well, what each mixes up")] = False,
    errors: Annotated[bool, typer.Option("--errors", help="labels that are probably wrong, the likeliest first")] = False,
    limit: Annotated[int | None, typer.Option(help="no more rows than this", min=1)] = None,
) -> None:
    """List runs, or show one: what it found, and with options its labels, annotators, likely errors, failures and costs."""
    from rich.console import Console

    from limbeck import show as showing
    from limbeck.run import STORE
    from limbeck.views import VIEWS, runs_table

    store, console = project / STORE, Console()
    asked = labels or annotators or errors or failed or cost
    if run is None and not asked:
        console.print(runs_table(store))
        return
    found = showing.find(store, run)
    of = VIEWS[found.pipeline]
    views: list[tuple[bool, Callable[[], RenderableType]]] = [
        (labels, lambda: of.labels(store, found, limit)),
        (annotators, lambda: of.annotators(store, found)),
        (errors, lambda: of.errors(store, found, limit)),
        (failed, lambda: showing.failures_table(store, found)),
        (cost, lambda: showing.cost_table(store, found)),
        (not asked, lambda: of.ending(store, found, None)),
    ]
    for wanted, view in views:
        if wanted:
            console.print(view())


@app.command()
def review(
    run: Annotated[str | None, typer.Argument(help="the beginning of a run's id; the newest without it")] = None,
    project: Project = DEFAULT_PROJECT,
    person: Annotated[str, typer.Option("--as", help="whose answers they are")] = "me",
    most: Annotated[int | None, typer.Option("-n", help="stop after so many answers", min=1)] = None,
) -> None:
    """Answer where an answer is worth most, one key a document; `limbeck run` then learns from it."""
    from limbeck.reviewing import review as ask_person

    ask_person(project, run, person, most)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="one SELECT; tables: runs, documents, labels, votes, calls, …")],
    project: Project = DEFAULT_PROJECT,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a row")] = False,
) -> None:
    """Ask the project's store, read-only, also while a run is writing."""
    from rich.console import Console
    from rich.table import Table

    from limbeck.query import ask
    from limbeck.run import STORE

    answer = ask(project / STORE, statement)
    if len(set(answer.column_names)) < len(answer.column_names):
        raise QueryError(f"two columns of {statement!r} have one name; name them apart with AS")
    if as_json:
        for row in answer.to_pylist():
            print(in_json(json.dumps(row, ensure_ascii=False, default=str)))
        return
    table = Table(*map(literal, answer.column_names), box=None)
    for row in answer.to_pylist():
        table.add_row(*(literal(str(value)) for value in row.values()))
    Console().print(table)


@app.command()
def export(
    run: Annotated[str | None, typer.Argument(help="the beginning of a run's id; the newest without it")] = None,
    project: Project = DEFAULT_PROJECT,
    out: Annotated[Path, typer.Option("--out", "-o", help="a folder; files that are there already stay as they are")] = Path("records"),
    form: Annotated[str, typer.Option("--format", help="`parquet`, `csv` or `jsonl`")] = "parquet",
    kind: Annotated[str | None, typer.Option("--type", help="the one record type that is wanted")] = None,
    values: Annotated[bool, typer.Option("--values", help="also `values`: a row a value with source, status, confidence")] = False,
) -> None:
    """Write the records that a run of the pipelines `tables` or `documents` found, a file a record type; also while it runs."""
    from limbeck import show as showing
    from limbeck.exporting import export as write
    from limbeck.run import STORE

    store = project / STORE
    for file in write(store, showing.find(store, run), out, form, kind, values):
        print(visible(f"wrote {file}"))


@app.command()
def distill(
    run: Annotated[str | None, typer.Argument(help="the beginning of the id of a run over tables or documents; the newest without it")] = None,
    project: Project = DEFAULT_PROJECT,
    kind: Annotated[list[str] | None, typer.Option(help="of tables `cells`, of documents `tagger`, of both `writer`; again for more, all without it")] = None,
    base: Annotated[str | None, typer.Option(help="the causal model that a writer adapts: `embedded`, a folder or a hub id")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, only warnings")] = False,
) -> None:
    """Train students on the records of a run, so that tables or documents are read without the large model."""
    from limbeck.distilling import distill as train
    from limbeck.progress import Progress
    from limbeck.run import STORE
    from limbeck.show import find

    found = find(project / STORE, run)
    try:
        students = train(project.resolve(), found, kind or (), base, Progress(quiet=quiet))
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command begins anew") from None
    for one in students:
        scores = json.loads(one.metrics)
        told = f"{scores['agreement']:.3f}" if "agreement" in scores else "not measured, as nothing was held out"
        print(f"{one.kind}: {project / one.path}; agreement with the records: {told}")


@app.command()
def predict(
    student: Annotated[Path, typer.Argument(help="a student's folder")],
    file: Annotated[Path, typer.Argument(help="CSV, JSONL, Parquet, text file or folder; files with tables, pictures, PDFs for students of these")],
    text: Annotated[str | None, typer.Option(help="the column that holds the text, or a table's markup")] = None,
    key: Annotated[str | None, typer.Option(help="the column that holds your id of a row")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="a .csv or .jsonl file; else JSONL on stdout")] = None,
) -> None:
    """Label a file with a student, or make records of its tables or of documents: no large model."""
    from limbeck.predicting import predict_file

    predict_file(student, file, text=text, key=key, out=out)


@app.command()
def card(
    student: Annotated[Path, typer.Argument(help="a student's folder")],
    as_json: Annotated[bool, typer.Option("--json", help="the card as JSON")] = False,
) -> None:
    """Print a student's data card: its sources, annotators, noise, training and limits."""
    from limbeck.card import markdown, read_any

    found = read_any(student)
    print(in_json(found.model_dump_json(indent=1)) if as_json else visible(markdown(found)), end="\n" if as_json else "")


@app.command("eval")
def evaluate(
    name: Annotated[str, typer.Argument(help="`list`, or an eval's name")],
    data: Annotated[Path | None, typer.Option(help="the folder with the data")] = None,
    test: Annotated[Path | None, typer.Option(help="score on this file, of the same form as the eval's own")] = None,
    seed: Annotated[int, typer.Option(help="the seed", min=0, max=2**31 - 1)] = 0,
    reviews: Annotated[int, typer.Option(help="documents a person is asked about; gold answers", min=0)] = 0,
    model: Annotated[str | None, typer.Option(help="an OpenAI-compatible server's address, or a model's name; the embedded model without it")] = None,
    limit: Annotated[int | None, typer.Option(help="ask no more questions than this", min=1)] = None,
    report: Annotated[Path | None, typer.Option(help="an HTML file for the figures, curves drawn")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="nothing but one JSON object, as the last line")] = False,
) -> None:
    """Run one measured task and print one JSON object as the last line."""
    from limbeck.evals import describe, evaluate_named
    from limbeck.evals.page import write_page
    from limbeck.evals.place import Place

    if name == "list":
        print(describe())
        return
    figures = evaluate_named(name, Place(data, test, seed, quiet=as_json, reviews=reviews, model=model, limit=limit))
    if report:
        write_page(figures, report)
    print(json.dumps(figures))


@models.command()
def pull() -> None:
    """Fetch the embedded model (SmolLM2-135M-Instruct, Apache-2.0) into limbeck's cache."""
    from limbeck.embedded import embedded_model

    print(embedded_model())


@models.command("serve")
def serve_model(
    model: Annotated[str, typer.Argument(help="`embedded`, or a model folder")] = "embedded",
    port: Annotated[int, typer.Option(help="on the loopback interface")] = 8000,
) -> None:
    """Serve a model with vLLM until Ctrl-C."""
    from limbeck.serving import serve_forever

    serve_forever(model, port)
