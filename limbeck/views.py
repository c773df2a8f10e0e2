"""What each pipeline shows of its runs: on a terminal, and as a report. The one place that tells pipelines apart."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table

from limbeck import (
    quality,
    report,
    report_analysis,
    report_pages,
    report_ranked,
    report_records,
    reporting,
    reporting_analysis,
    reporting_pages,
    reporting_ranked,
    reporting_records,
    show,
    show_analysis,
    show_pages,
    show_ranked,
    show_records,
)
from limbeck.schemas import Run


@dataclass(frozen=True)
class Views:
    """How a pipeline's runs are shown; each takes the store's path and the run."""

    sized: Callable[[Path, Run], str]
    """What was found, in a word or two."""
    ending: Callable[[Path, Run, Path | None], RenderableType]
    labels: Callable[[Path, Run, int | None], RenderableType]
    annotators: Callable[[Path, Run], RenderableType]
    errors: Callable[[Path, Run, int | None], RenderableType]
    page: Callable[[Path, Run], str]
    """The report, as HTML."""


VIEWS = {
    "taxonomy": Views(
        show.sized,
        show.ending,
        show.labels_table,
        quality.annotators_view,
        quality.errors_view,
        lambda store, run: report.render(reporting.facts(store, run)),
    ),
    "extreme": Views(
        show_ranked.sized,
        show_ranked.ending,
        show_ranked.labels_table,
        show_ranked.annotators_view,
        show_ranked.errors_view,
        lambda store, run: report_ranked.render(reporting_ranked.facts(store, run)),
    ),
    "tables": Views(
        show_records.sized,
        show_records.ending,
        show_records.labels_table,
        show_records.annotators_view,
        show_records.errors_view,
        lambda store, run: report_records.render(reporting_records.facts(store, run)),
    ),
    "documents": Views(
        show_pages.sized,
        show_pages.ending,
        show_pages.labels_table,
        show_pages.annotators_view,
        show_pages.errors_view,
        lambda store, run: report_pages.render(reporting_pages.facts(store, run)),
    ),
    "analysis": Views(
        show_analysis.sized,
        show_analysis.ending,
        show_analysis.labels_table,
        show_analysis.rounds_table,
        show_analysis.errors_view,
        lambda store, run: report_analysis.render(reporting_analysis.facts(store, run)),
    ),
}
"""By the pipeline's name."""


def runs_table(store: Path) -> Table:
    """All runs of a project."""
    table = Table("run", "pipeline", "status", "documents", "found", "failed", "calls", box=None)
    for run in show.runs(store):
        table.add_row(
            show.short(run.id),
            run.pipeline,
            run.status,
            f"{run.documents:,}",
            VIEWS[run.pipeline].sized(store, run),
            str(len(show.failures(store, run))),
            f"{show.total(store, run)['calls']:,}",
        )
    return table


def write_report(store: Path, run: Run) -> Path:
    """Write a run's report, and of an analysis the script of its answer.

    Returns:
        Its path, `report-<the run's first letters>.html` in the project's folder.
    """
    path = store.parent / f"report-{show.short(run.id)}.html"
    path.write_text(VIEWS[run.pipeline].page(store, run), "utf-8")
    if run.pipeline == show.DATA:
        show_analysis.write_script(store, run)
    return path
