"""The report of an analysis: the same page as `report.py`'s, and as safe, with the answer first and every round after it."""

import base64
from collections.abc import Callable, Sequence

from limbeck import charts
from limbeck.charts import element, safe, table
from limbeck.facts_analysis import AnalysisFacts, DataFacts, PictureFacts, RoundFacts
from limbeck.report import LONGEST_NAME, LONGEST_TEXT, Tile, costs, failures, page
from limbeck.schemas.analysis import ADD, Tried
from limbeck.script_drawing import STYLE as SCRIPTS
from limbeck.script_drawing import block, folded, last_line

LONGEST_ANSWER, LONGEST_REASON, LONGEST_OUTPUT = 50_000, 2_000, 1_200
"""Characters of the answer, of a reason, and of what a round's script printed before it is folded."""
STYLE = (
    SCRIPTS
    + """
.answer { font-size: .9375rem; max-height: 40rem; border-inline-start: 3px solid var(--accent); border-radius: 0; padding: 1rem 1.25rem; }
.answer.short { font-size: 1.5rem; font-weight: 600; }
.verified, .unverified { font-weight: 600; }
section > p.unverified { color: var(--accent); }
section > p.verified { color: var(--ink); }
.steps { margin: 0; padding-inline-start: 1.75rem; max-width: 46rem; }
.steps li { padding: .25rem 0; }
.steps a { color: inherit; text-decoration-color: var(--line); }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem; margin-bottom: 1rem; }
.pictures img { display: block; max-width: 100%; max-height: 40rem; height: auto; background: #fff; border: 1px solid var(--line); border-radius: 4px; }
.round { border: 1px solid var(--line); border-inline-start-width: 4px; border-radius: 4px; padding: .9rem 1.1rem; margin-top: 1rem; scroll-margin-top: 1rem; }
.round.kept { border-inline-start-color: var(--accent); }
.round.back, .round.failed { border-style: dashed; }
.round.back h3 { text-decoration: line-through; text-decoration-color: var(--soft); color: var(--soft); font-weight: 500; }
.round:target { outline: 2px solid var(--accent); }
.round > p { font-size: .9375rem; margin-top: .35rem; max-width: 46rem; }
.round > p b, .made b { font-weight: 600; margin-inline-end: .35rem; }
.top { display: flex; flex-wrap: wrap; gap: .15rem .75rem; align-items: baseline; font-size: .8125rem; color: var(--soft); margin-bottom: .2rem; }
.fate { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem; line-height: 1.35rem; font-size: .75rem; color: var(--ink); }
.kept .fate { border-color: var(--accent); color: var(--accent); font-weight: 600; }
.round .output { max-height: 16rem; }
.made { padding-inline-start: .85rem; border-inline-start: 2px solid var(--track); }
.made > p { font-size: .8125rem; color: var(--soft); }
.file h3 { font-weight: 500; }
.file .top { margin: 0; }
.unused h3 { color: var(--soft); }
.left td:first-child { font-weight: 400; }
@media (max-width: 46rem) { .listing { max-height: 24rem; } .answer.short { font-size: 1.25rem; } .round { padding: .75rem .8rem; } }
@media print { h2, h3, .top { break-after: avoid; } figure { break-inside: avoid; } }
"""
)


def render(facts: AnalysisFacts) -> str:
    """Write the report.

    Args:
        facts: What to say; no field needs to be filled but the required ones.

    Returns:
        A complete HTML page.
    """
    sections = [(id, title, make(facts)) for id, title, make in SECTIONS]
    return page(facts, _tiles(facts), sections, STYLE, pictures=bool(facts.pictures))


def _tiles(facts: AnalysisFacts) -> list[Tile]:
    scripts = [one.ran for some in _all_tried(facts) for one in some]
    failed = sum(1 for ran in scripts if ran.error is not None)
    back = sum(1 for one in facts.rounds if one.taken_back_in)
    return [
        ("Answer", facts.answer.status if facts.answer else "none yet", "by the model’s own verdict" if facts.answer and facts.answer.status == "verified" else ""),
        ("Rounds", f"{len(facts.rounds):,}", f"{back:,} taken back" if back else ""),
        ("Files of data", f"{facts.documents:,}", charts.many(facts.failed, "step failed", "steps failed") if facts.failed else ""),
        ("Scripts run", f"{len(scripts):,}", f"{failed:,} failed" if failed else ""),
    ]


def _all_tried(facts: AnalysisFacts) -> list[Sequence[Tried]]:
    described = [one.description.tried for one in facts.data if one.description]
    return [*(one.round.tried for one in facts.rounds), facts.last, *described]


# ---- the answer ------------------------------------------------------------------------------------------------------


def _answer(facts: AnalysisFacts) -> str:
    asked = block(facts.question, "question") if len(facts.question) > LONGEST_TEXT else ""
    wanted = f"<p>Asked for as: <bdi>{safe(facts.format, LONGEST_REASON)}</bdi></p>" if facts.format else ""
    answer = facts.answer
    if answer is None:
        return f'{asked}{wanted}<p class="unverified">No answer: <bdi>{safe(facts.unanswered, LONGEST_REASON)}</bdi></p>'
    short = " short" if len(answer.text) <= LONGEST_NAME and "\n" not in answer.text.strip() else ""
    said = block(answer.text, f"answer{short}", LONGEST_ANSWER) or '<p class="empty">The script printed nothing.</p>'
    if answer.status == "verified":
        return f'{asked}{wanted}{said}<p class="verified">✓ Verified by the model’s own verdict; nobody has checked it beyond that.</p>'
    why = safe(answer.why or "no verdict was reached", LONGEST_REASON)
    return f'{asked}{wanted}<p class="unverified">? Not verified, the best so far: <bdi>{why}</bdi></p>{said}'


def _plan(facts: AnalysisFacts) -> str:
    rounds = {one.step: one.round.number for one in facts.rounds}
    steps = "".join(
        f'<li><a href="#round-{rounds[place]}" dir="auto">{safe(step, LONGEST_REASON)}</a></li>' if place in rounds else element("li", step, LONGEST_REASON)
        for place, step in enumerate(facts.plan, 1)
    )
    return f'<ol class="steps">{steps}</ol>' if steps else ""


def _script(facts: AnalysisFacts) -> str:
    if facts.answer is None or not facts.answer.script.strip():
        return ""
    how = _scripts(facts.last) if len(facts.last) > 1 else ""
    lead = "<p>It prints the answer by itself, from the same folder of data.</p>"
    return f"{lead}{block(facts.answer.script, 'script', LONGEST_ANSWER)}{folded('How it came about', how)}"


def _pictures(facts: AnalysisFacts) -> str:
    shown = "".join(map(_picture, facts.pictures))
    rows = [(f"<code><bdi>{safe(one.name, LONGEST_TEXT)}</bdi></code>", f"{one.bytes:,}" if one.bytes is not None else "not there any more") for one in facts.left]
    listed = table(("File", "Bytes"), rows, "left") if rows else ""
    return f'{f"<div class=pictures>{shown}</div>" if shown else ""}{listed}'


def _picture(one: PictureFacts) -> str:
    data, name = base64.b64encode(one.data).decode(), safe(one.name, LONGEST_TEXT)
    return f'<figure><img alt="{name}" decoding="async" src="data:{one.media};base64,{data}"><figcaption><bdi>{name}</bdi></figcaption></figure>'


# ---- rounds ----------------------------------------------------------------------------------------------------------


def _rounds(facts: AnalysisFacts) -> str:
    if not facts.rounds:
        return '<p class="empty">No rounds yet.</p>'
    lead = "Each round plans one step, writes and runs a script for the plan so far, and judges what it printed. Steps found wrong are taken back."
    return f"<p>{lead}</p>{''.join(map(_round, facts.rounds))}"


def _round(one: RoundFacts) -> str:
    kind, fate = _fate(one)
    title = element("h3", one.round.plan, LONGEST_REASON) or "<h3>No step was planned</h3>"
    head = f'<div class="top"><span>Round {one.round.number}</span><span class="fate">{fate}</span><span>{charts.clock(one.seconds)}</span></div>'
    return f'<article class="round {kind}" id="round-{one.round.number}">{head}{title}{_printed(one)}{_judged(one)}{_scripts(one.round.tried)}</article>'


def _fate(one: RoundFacts) -> tuple[str, str]:
    """A class, and what became of the step; the words and signs tell it without colour."""
    if one.taken_back_in:
        later = f" in round {one.taken_back_in}" if one.taken_back_in != one.round.number else ""
        return "back", f"✗ taken back{later}"
    if one.step:
        return "kept", f"✓ step {one.step} of the plan"
    if one.round.ran and one.round.ran.error is not None:
        return "failed", "✗ its script failed, not in the plan"
    return "open", "not in the plan"


def _judged(one: RoundFacts) -> str:
    verdict = one.round.verdict
    lines = []
    if verdict:
        lines.append(("Verdict", f"{'✓ sufficient' if verdict.sufficient else '✗ not sufficient'}", verdict.reason))
    if one.round.decision:
        lines.append(("Decision", _decided(one.round.decision), one.reason if verdict is None or one.reason != verdict.reason else ""))
    if one.round.note:
        lines.append(("What went wrong", "", one.round.note))
    return "".join(f"<p><b>{head}</b>{': '.join(filter(None, (said, _reason(why))))}</p>" for head, said, why in lines)


def _decided(decision: str) -> str:
    return "a step is added" if decision == ADD else f"{safe(decision, LONGEST_NAME)} is wrong and taken back, with all after it"


def _reason(why: str) -> str:
    return f"<bdi>{safe(why, LONGEST_REASON)}</bdi>" if why else ""


def _printed(one: RoundFacts) -> str:
    """What the script that counts printed, before it is folded."""
    ran = one.round.ran
    return block(ran.output, "output", LONGEST_OUTPUT) if ran and ran.error is None else ""


def _scripts(tried: Sequence[Tried]) -> str:
    return "".join(_tried(one, place, len(tried)) for place, one in enumerate(tried, 1))


def _tried(one: Tried, place: int, of: int) -> str:
    ran = one.ran
    how = f"failed: <bdi>{safe(last_line(ran.error), LONGEST_NAME)}</bdi>" if ran.error is not None else "ran"
    title = f"Script{f' {place} of {of}' if of > 1 else ''}, {how}, {charts.clock(ran.seconds)}"
    parts = (("Printed", block(ran.output, "output")), ("Error", block(ran.error or "", "error")), ("Left", _names(ran.files)))
    return folded(title, f'<div class="made">{block(one.script, "script")}{"".join(f"<p><b>{head}</b></p>{part}" for head, part in parts if part)}</div>')


def _names(files: Sequence[str]) -> str:
    return block("\n".join(files), "output")


# ---- the data --------------------------------------------------------------------------------------------------------


def _data(facts: AnalysisFacts) -> str:
    if not facts.data:
        return ""
    used = sum(1 for one in facts.data if one.used)
    some = "" if used == len(facts.data) else f" Of those below, {used:,} were found to fit the question, and the others were not shown to the model."
    lead = f"<p>What scripts found in each file, which is all that the model saw of it before it wrote code.{some}</p>"
    about = f"<p>You said of it: <bdi>{safe(facts.about, LONGEST_REASON)}</bdi></p>" if facts.about else ""
    rest = f"<p>{charts.many(facts.data_left_out, 'further file is', 'further files are')} not listed.</p>" if facts.data_left_out else ""
    return about + lead + charts.folded([_file(one) for one in facts.data], "files") + rest


def _file(one: DataFacts) -> str:
    said = one.description
    by = "not described yet" if said is None else "not described" if not said.text else "described by the model’s script" if said.by == "model" else "described by limbeck"
    marks = [f"{one.file.bytes:,} bytes", by] + ["not used"] * (not one.used)
    head = f'<h3><bdi>{safe(one.file.path, LONGEST_TEXT)}</bdi></h3><div class="top">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'
    if said is None:
        return f'<li class="file{" unused" * (not one.used)}">{head}</li>'
    wrong = element("small", last_line(said.error or ""), LONGEST_TEXT)
    inside = folded("Description", block(said.text, "output")) + folded(charts.many(len(said.tried), "script", "scripts"), _scripts(said.tried))
    return f'<li class="file{" unused" * (not one.used)}">{head}{wrong}{inside}</li>'


SECTIONS: tuple[tuple[str, str, Callable[[AnalysisFacts], str]], ...] = (
    ("answer", "Answer", _answer),
    ("plan", "Plan", _plan),
    ("pictures", "Plots and files", _pictures),
    ("script", "Script", _script),
    ("rounds", "Rounds", _rounds),
    ("data", "Data", _data),
    ("costs", "Costs", costs),
    ("failures", "Failures", failures),
)
