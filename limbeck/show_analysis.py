"""What came of a question over a folder of data: the trace, put together from the store, and how a terminal shows it.

The counterpart of `show.py`, which it reads the store with; `limbeck/views.py` chooses by the pipeline.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from limbeck.analysis.standing import script_name, standing
from limbeck.charts import many
from limbeck.schemas import Run
from limbeck.schemas.analysis import (
    WRONG,
    Answer,
    DataFile,
    Description,
    Ran,
    Round,
    Trace,
    Tried,
    Verdict,
    kept,
)
from limbeck.script_drawing import Script, in_lines, last_line
from limbeck.show import clipped, closing, rows, short, total
from limbeck.visible import visible

NOTHING_YET = "no script of a round has run well yet"
BROKEN_OFF = "the run was broken off; the same command goes on"


def trace(store: Path, run: Run) -> Trace:
    """All that a run has done so far, also where it has not ended.

    Without an answer in the store, the answer is what the last sound step of the plan printed, as the best so far.
    """
    config, made = json.loads(run.config), _made(store, run)
    ask, rounds = config["ask"], _rounds(made)
    steps = plan_after(rounds[-1]) if rounds else ()
    answer, best = made["answer"].get("answer"), _best_so_far(rounds, steps)
    if best:
        script = standing(best.script, ask["question"], Path(config["documents"]["source"]))
        best = best.model_copy(update={"script": script, "why": json.loads(run.summary).get("why") or best.why})
    return Trace(
        question=ask["question"],
        format=ask["format"],
        descriptions=tuple(one for _, one in data_files(store, run) if one),
        found=tuple(found["found"]) if (found := made["retrieve"].get("files")) else (),
        rounds=rounds,
        steps=((answer or {}).get("steps") or (best.steps if best and not answer else ())) or steps,
        answer=Answer.model_validate(answer) if answer else best,
    )


def data_files(store: Path, run: Run, limit: int | None = None) -> list[tuple[DataFile, Description | None]]:
    """The files of the folder, each with what is known of it; None where nobody has looked yet."""
    found = rows(
        store,
        "SELECT d.text, a.value, a.error, a.item FROM places p JOIN documents d ON d.id = p.document "
        "LEFT JOIN artifacts a ON a.run = p.run AND a.step = 'analyze' AND a.item = p.document "
        f"WHERE p.run = '{run.id}' ORDER BY p.position" + (f" LIMIT {limit}" if limit else ""),
    )
    return [(file, _description(row, file)) for row in found for file in [DataFile.model_validate_json(row["text"])]]


def _description(row: dict[str, Any], file: DataFile) -> Description | None:
    if row["item"] is None:
        return None
    said = json.loads(row["value"])
    return Description.model_validate(said) if said else Description(path=file.path, text="", by="limbeck", error=row["error"])


def plan_after(one: Round) -> tuple[int, ...]:
    """The plan that a round leaves: what its decision keeps, and its own step only if the script ran well."""
    if WRONG.fullmatch(one.decision):
        return tuple(kept((*one.after, one.number), one.decision))
    return (*one.after, one.number) if ran_well(one) else one.after


def taken_back(rounds: tuple[Round, ...]) -> dict[int, Round]:
    """Rounds whose steps were taken back, by number, each with the round that decided so."""
    return {
        number: one
        for one in rounds
        if WRONG.fullmatch(one.decision)
        for number in (*one.after, one.number)
        if number not in plan_after(one)
    }


def ran_well(one: Round) -> bool:
    """Whether the script that counts came to its end."""
    return one.ran is not None and one.ran.error is None


@dataclass(frozen=True)
class Beside:
    """What the store holds of the rounds beside the trace."""

    reasons: dict[int, str]
    """Why the router decided as it did, by round."""
    seconds: dict[int, float]
    """The model's and the scripts' time together, by round."""
    last: tuple[Tried, ...]
    """The scripts that were to print the answer as it is asked for."""
    unanswered: str
    """Why the run ended without an answer, if it did."""


def beside(store: Path, run: Run) -> Beside:
    """Reasons, seconds, the last scripts, and why there is no answer."""
    made = _made(store, run)
    reasons = {int(item): value.get("reason", "") for item, value in made["route"].items() if value}
    final = made["finalize"].get("final") or {"tried": ()}
    _, unanswered = made["errors"].get("answer", ("", json.loads(run.summary).get("why", "")))
    return Beside(reasons, _seconds(store, run, made), tuple(Tried.model_validate(one) for one in final["tried"]), unanswered)


def _seconds(store: Path, run: Run, made: dict[str, dict[str, Any]]) -> dict[int, float]:
    found = rows(
        store,
        "SELECT round, sum(seconds) AS seconds FROM (SELECT DISTINCT split_part(item, '/', 1) AS round, unnest(calls) AS id FROM artifacts "
        f"WHERE run = '{run.id}' AND step IN ('plan', 'code', 'execute', 'debug', 'verify', 'route')) JOIN calls USING (id) GROUP BY round",
    )
    spent: defaultdict[int, float] = defaultdict(float, {int(row["round"]): row["seconds"] for row in found})
    for item, value in made["execute"].items():
        spent[_place(item)[0]] += value["ran"]["seconds"] if value else 0.0
    return dict(spent)


# ---- from the store's rows -------------------------------------------------------------------------------------------


_ROUNDS = ("plan", "code", "execute", "debug", "verify", "route")


def _made(store: Path, run: Run) -> dict[str, dict[str, Any]]:
    """Values by step and item, without descriptions; those that failed are None, and step and error are under `errors`, by item."""
    found = rows(store, f"SELECT step, item, value, status, error FROM artifacts WHERE run = '{run.id}' AND step <> 'analyze' ORDER BY step, item")
    made: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in found:
        made[row["step"]][row["item"]] = json.loads(row["value"])
        if row["status"] == "failed":
            made["errors"][row["item"]] = row["step"], row["error"] or "no answer"
    return made


def _place(item: str) -> tuple[int, int]:
    """Round and attempt of an item such as `001/2`."""
    number, _, attempt = item.partition("/")
    return int(number), int(attempt or 0)


def _rounds(made: dict[str, dict[str, Any]]) -> tuple[Round, ...]:
    rounds: list[Round] = []
    for number in sorted({_place(item)[0] for step in _ROUNDS for item in made[step]}):
        rounds.append(_round(number, made, plan_after(rounds[-1]) if rounds else ()))
    return tuple(rounds)


def _round(number: int, made: dict[str, dict[str, Any]], after: tuple[int, ...]) -> Round:
    """A round; where the planner had no step, it stands after the plan that the round before left."""
    name = f"{number:03}"
    planned = made["plan"].get(name) or {"step": "", "after": after}
    tried = sorted((_place(item)[1], value) for item, value in made["execute"].items() if value and _place(item)[0] == number)
    verdict, route = made["verify"].get(name), made["route"].get(name)
    return Round(
        number=number,
        after=tuple(planned["after"]),
        plan=planned["step"],
        tried=tuple(Tried(script=value["script"], ran=Ran.model_validate(value["ran"])) for _, value in tried),
        verdict=Verdict.model_validate(verdict) if verdict else None,
        decision=route["decision"] if route else "",
        note="; ".join(f"{step}: {why}" for item, (step, why) in made["errors"].items() if item.partition("/")[0] == name),
    )


def _best_so_far(rounds: tuple[Round, ...], steps: tuple[int, ...]) -> Answer | None:
    """Of the plan the last step that ran well, else of all rounds."""
    sound = [one for one in rounds if ran_well(one)]
    best = next(reversed([one for number in steps for one in sound if one.number == number] or sound), None)
    if best is None or best.ran is None:
        return None
    return Answer(text=best.ran.output.strip(), status="best so far", why=BROKEN_OFF, script=best.script, steps=(*best.after, best.number), files=best.ran.files)


def write_script(store: Path, run: Run) -> None:
    """Write the answer's script beside the store, also where it is no more than the best so far."""
    if answer := trace(store, run).answer:
        (store.parent / script_name(run.id)).write_text(answer.script, "utf-8")


# ---- for programs ----------------------------------------------------------------------------------------------------


def as_json(store: Path, run: Run) -> dict[str, Any]:
    """What a program wants to know of a run; `answer` and `status` are None where nothing was found yet."""
    found, spent, more = trace(store, run), total(store, run), beside(store, run)
    answer, report = found.answer, store.parent / f"report-{short(run.id)}.html"
    return {
        "answer": answer.text if answer else None,
        "status": answer.status if answer else None,
        "why": answer.why if answer else more.unanswered or NOTHING_YET,
        "question": found.question,
        "plan": plan(found),
        "script": answer.script if answer else "",
        "script_file": str(file) if (file := store.parent / script_name(run.id)).is_file() else None,
        "files": [str(store.parent / file) for file in answer.files] if answer else [],
        "rounds": len(found.rounds),
        "run": short(run.id),
        "calls": spent["calls"],
        "prompt_tokens": spent["prompt_tokens"],
        "completion_tokens": spent["completion_tokens"],
        "money": spent["price"],
        "seconds": sum(json.loads(run.summary).get("seconds", {}).values()),
        "report": str(report) if report.is_file() else None,
    }


def plan(found: Trace) -> list[str]:
    """The steps of the plan in the end."""
    by_number = {one.number: one.plan for one in found.rounds}
    return [by_number.get(number, "") for number in found.steps]


# ---- as a terminal shows it ------------------------------------------------------------------------------------------


def sized(store: Path, run: Run) -> str:
    """How good the answer is, in a word or two."""
    answer = trace(store, run).answer
    return answer.status if answer else "–"


def ending(store: Path, run: Run, report: Path | None) -> RenderableType:
    """What a person wants to know when a run is over: answer, plan, script, what it left, rounds and files, cost."""
    found = trace(store, run)
    parts: list[RenderableType] = [*_answer(found, beside(store, run)), "", *_plan(found)]
    if found.answer and found.answer.script.strip():
        parts += [Text("Script", "bold"), Script(found.answer.script), ""]
    lines = [*_sure(found.answer), *_left(store, run, found), _rounds_line(found), _data_line(store, run, found), *closing(store, run, report)]
    return Group(*parts, *(Text(visible(line), overflow="fold") for line in lines))


def _answer(found: Trace, more: Beside) -> Iterator[RenderableType]:
    answer = found.answer
    if answer is None:
        yield Text(clean(f"No answer: {more.unanswered or NOTHING_YET}"), "bold red")
        return
    verified = answer.status == "verified"
    yield Text("Answer", "bold") if verified else Text(clean(f"Best so far, NOT verified: {answer.why}"), "bold red")
    yield Text(in_lines(answer.text) or "(the script printed nothing)", overflow="fold")


def _sure(answer: Answer | None) -> list[str]:
    """Once more beneath, as an answer may be longer than a screen."""
    if answer is None:
        return []
    return ["Answer: verified by the model's own verdict" if answer.status == "verified" else clean(f"Answer: best so far, NOT verified: {answer.why}")]


def _plan(found: Trace) -> Iterator[RenderableType]:
    steps = plan(found)
    if steps:
        yield Text("Plan", "bold")
        yield from (Text(f"{place}. {clean(step)}", overflow="fold") for place, step in enumerate(steps, 1))
        yield ""


def clean(text: str) -> str:
    """A text of any length on one line, nothing of it obeyed."""
    return in_lines(" ".join(text.split()))


def _left(store: Path, run: Run, found: Trace) -> list[str]:
    script = store.parent / script_name(run.id)
    lines = [f"Script: {clean(str(script))}"] if script.is_file() else []
    return lines + [f"File: {clean(str(store.parent / file))}" for file in (found.answer.files if found.answer else ())]


def _rounds_line(found: Trace) -> str:
    count, back = len(found.rounds), len(taken_back(found.rounds).keys() - set(found.steps))
    parts = [f"{len(found.steps)} in the plan"] + [f"{back} taken back"] * bool(back)
    return f"Rounds: {count} ({', '.join(parts)})"


def _data_line(store: Path, run: Run, found: Trace) -> str:
    files = data_files(store, run)
    described = [one for one in found.descriptions if one.text]
    ours, unread = sum(1 for one in described if one.by == "limbeck"), len(found.descriptions) - len(described)
    parts = [f"{len(described)} described"] + [f"{ours} of them not by the model"] * bool(ours) + [f"{unread} can't be read"] * bool(unread)
    parts += [f"{len(found.found)} looked for and used"] * bool(found.found)
    return f"Data: {many(len(files), 'file', 'files')} ({', '.join(parts)})"


def labels_table(store: Path, run: Run, limit: int | None) -> Table:
    """The files with what is known of them."""
    table = Table("file", "described by", "first line", "error", box=None)
    for file, one in data_files(store, run, limit):
        first = next((line for line in one.text.splitlines() if line.strip()), "") if one else ""
        by = one.by if one and one.text else "–"
        error = last_line(one.error) if one and one.error else ""
        table.add_row(*(Text(in_lines(clipped(text))) for text in (file.path, by, first, error)))
    return table


def rounds_table(store: Path, run: Run) -> RenderableType:
    """The rounds in order."""
    found, spent = trace(store, run), beside(store, run).seconds
    if not found.rounds:
        return "no rounds yet"
    table = Table("round", "step", "scripts", "seconds", "verdict", "decision", "in the plan", box=None)
    for one in found.rounds:
        verdict = ("sufficient" if one.verdict.sufficient else "not sufficient") if one.verdict else "–"
        kept = f"step {found.steps.index(one.number) + 1}" if one.number in found.steps else "no"
        figures = (f"{len(one.tried)}", f"{spent.get(one.number, 0.0):.1f}", verdict)
        table.add_row(f"{one.number}", Text(in_lines(clipped(one.plan or one.note))), *figures, Text(in_lines(one.decision or "–")), kept)
    return table


def errors_view(store: Path, run: Run, limit: int | None) -> RenderableType:
    """What was rejected: steps that were taken back and why, then scripts that failed."""
    found, more = trace(store, run), beside(store, run)
    rejected = [*_back(found, more.reasons), *_failed(found, more.last)][:limit]
    if not rejected:
        return "no step was taken back, and every script ran"
    table = Table("where", "rejected", "why", box=None)
    for row in rejected:
        table.add_row(*(Text(clean(text), overflow="fold") for text in row))
    return table


def _back(found: Trace, reasons: dict[int, str]) -> Iterator[tuple[str, str, str]]:
    by_number = {one.number: one for one in found.rounds}
    for number, one in sorted(taken_back(found.rounds).items()):
        why = [one.verdict.reason if one.verdict else "", reasons.get(one.number, "")]
        if number not in found.steps and number in by_number:
            yield f"round {number}", f"step: {clipped(by_number[number].plan)}", " / ".join(dict.fromkeys(filter(None, why))) or one.decision


def _failed(found: Trace, last: tuple[Tried, ...]) -> Iterator[tuple[str, str, str]]:
    scripts = [(f"round {one.number}", one.tried) for one in found.rounds]
    scripts += [("answer", last), *((one.path, one.tried) for one in found.descriptions)]
    for where, tried in scripts:
        for place, one in enumerate(tried, 1):
            if one.ran.error is not None:
                yield where, f"script {place} of {len(tried)}", last_line(one.ran.error)
