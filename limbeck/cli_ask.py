"""`limbeck ask`: a question over a folder of data, answered by scripts that a model writes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from limbeck.errors import Interrupted, NoAnswer
from limbeck.visible import in_json, unbroken


def ask_data(
    question: Annotated[str, typer.Argument(help="what you want to know")],
    folder: Annotated[Path, typer.Argument(help="a folder of data, or one file; a limbeck project, too")],
    form: Annotated[str | None, typer.Option("--format", help="how the answer is to be written, such as `a number with two decimals`")] = None,
    config: Annotated[Path | None, typer.Option(help="a YAML config of the pipeline `analysis`, for everything else")] = None,
    model: Annotated[str | None, typer.Option(help="replaces model.name; `fake` needs no model")] = None,
    base_url: Annotated[str | None, typer.Option(help="replaces model.base_url: an OpenAI-compatible server")] = None,
    rounds: Annotated[int | None, typer.Option(help="replaces ask.rounds: how often a plan is carried out and judged, at most")] = None,
    project: Annotated[Path | None, typer.Option("--project", "-p", help="where all that is done is kept; else limbeck-analysis")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, only warnings")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="nothing but one JSON object")] = False,
) -> None:
    """Answer a question over a folder of data by scripts that a model writes, run apart from everything else."""
    from limbeck import show, show_analysis
    from limbeck.progress import Progress
    from limbeck.run import run as run_pipeline
    from limbeck.settings import of_question
    from limbeck.views import write_report

    replaced = {"ask.format": form, "ask.rounds": rounds, "model.name": model, "model.base_url": base_url}
    settings = of_question(question, folder, config, {**replaced, "project": str(project.resolve()) if project else None})
    try:
        outcome = run_pipeline(settings, Progress(quiet=quiet or as_json))
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on where it was") from None
    store, found = outcome.store, show.find(outcome.store, outcome.run)
    report = write_report(store, found)
    if as_json:
        print(in_json(json.dumps({**show_analysis.as_json(store, found), "report": str(report)}, ensure_ascii=False)))
    else:
        unbroken().print(show_analysis.ending(store, found, report))
    if show_analysis.trace(store, found).answer is None:
        raise NoAnswer(f"no script came to its end, so there is no answer to {question!r}; see what was tried: {report}")
