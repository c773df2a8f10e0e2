"""A review session in the terminal: one document at a time, one key an answer; every answer is kept at once.

The documents are chosen anew after every few answers, as each answer clears up others too.
"""

import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from limbeck.context import RunContext
from limbeck.errors import ConfigError, NoSuchRun
from limbeck.run import resting
from limbeck.schemas import OTHER
from limbeck.settings import Settings
from limbeck.show import find, short
from limbeck.stages.labelling import answers
from limbeck.stages.review import Question, learn, questions, record, withdraw
from limbeck.visible import literal

AT_A_TIME = 20
"""Documents chosen before the labels are made anew."""
SHOWN = 9
"""Labels that have a key."""
LONGEST_TEXT = 2000
NONE, SKIP, BACK, SEARCH, QUIT = "0", "s", "u", "/", "q"
KEYS = f"[dim]1-9 label · {NONE} none of them ({OTHER}) · {SEARCH} another label · {SKIP} skip · {BACK} undo · {QUIT} stop[/dim]"
ENDS = ("\x03", "\x04", "\x1b", QUIT)
"""Keys that end a session: Ctrl-C, Ctrl-D, Escape, q."""
SEQUENCE = re.compile("\x1b+\\[[0-?]*[ -/]*[@-~]?|\x1b+O.?|\x1b[^\x1b]|[\0\xe0].", re.DOTALL)
"""What a terminal sends for one arrow key, function key or Alt with a key; on Windows NUL or à and a letter."""

RECORDS = "makes records, which are not reviewed here; see the doubtful ones with: limbeck show {} --errors"
UNREVIEWED = {
    "extreme": "ranks labels, which are not reviewed; read them with: limbeck show {} --labels",
    "analysis": "answers a question; see what was tried with: limbeck show {} --annotators",
}
"""What is said of pipelines whose runs have no one label a document; `RECORDS` of all others."""

Ask = Callable[[Question], str | None]
"""A label, `Other`, or None to skip."""


class Stopped(Exception):
    """The person has had enough."""


def review(project: Path, name: str | None, person: str, most: int | None) -> None:
    """Ask a person about a run's documents until there are `most` answers or the person stops.

    Raises:
        NoSuchRun: There is no such run, it has no labels yet, or it ranks labels or makes records.
        ConfigError: The person's name is empty.
        StoreBusy: A run is writing to the project.
    """
    if not person.strip():
        raise ConfigError(f"an answer needs a name, not {person!r}; write: --as NAME")
    console = Console()
    with opened(project, name) as context:
        console.print(KEYS)
        given = Session(context, console, person).go_on(most)
        labels = answers(context, context.store.taxonomy(context.run).id)
        after = "; learn from them with: limbeck run YOUR.yaml" if labels else ""
        console.print(f"{given} answered now, {len(labels)} in all by people{after}")


@contextmanager
def opened(project: Path, name: str | None) -> Iterator[RunContext]:
    """A run that has labels, held for writing; no model is at hand."""
    from limbeck.run import STORE

    run = find(project / STORE, name)
    if run.pipeline != "taxonomy":
        raise NoSuchRun(f"run {run.id!r} {UNREVIEWED.get(run.pipeline, RECORDS).format(short(run.id))}")
    settings = Settings.model_validate_json(run.config).model_copy(update={"project": str(project)})
    with resting(run.id, settings, project / STORE) as context:
        if not context.store.labels(run.id, context.store.taxonomy(run.id).id):
            raise NoSuchRun(f"run {run.id!r} has no labels yet; let it finish with: limbeck run YOUR.yaml")
        yield context


class Session:
    """One sitting of one person."""

    def __init__(self, context: RunContext, console: Console, person: str) -> None:
        self.context, self.console, self.person = context, console, person
        self.names = context.store.taxonomy(context.run).names
        self.skipped: set[str] = set()
        self.said: dict[str, str] = {}
        self._learnt: dict[str, str] = {}
        self._past: list[Question] = []

    def go_on(self, most: int | None) -> int:
        """Ask until stopped; how many answers were given."""
        try:
            while most is None or len(self.said) < most:
                left = AT_A_TIME if most is None else min(AT_A_TIME, most - len(self.said))
                asked = questions(self.context, left, frozenset(self.skipped))
                if not asked:
                    self.console.print("nothing is left to ask")
                    break
                self._ask_all(asked)
                self._learn()
        except Stopped:
            self._learn()
        return len(self.said)

    def _learn(self) -> None:
        """Make the labels anew where answers have come or gone."""
        if self.said != self._learnt:
            learn(self.context)
            self._learnt = dict(self.said)

    def _ask_all(self, asked: list[Question]) -> None:
        waiting = asked[::-1]
        while waiting:
            self._show(waiting[-1])
            key = self._key(waiting[-1])
            if key != BACK:
                self._keep(waiting[-1], key)
                self._past.append(waiting.pop())
            elif self._past:
                waiting.append(self._past.pop())
                self._take_back(waiting[-1])

    def _keep(self, question: Question, key: str) -> None:
        item = question.document.id
        if key == SKIP:
            self.skipped.add(item)
            return
        label = OTHER if key == NONE else self._searched() if key == SEARCH else question.guesses[int(key) - 1][0]
        if label is None:
            self.skipped.add(item)
            return
        self.said[item] = label
        record(self.context, self.person, {item: label})
        self.console.print(f"[green]{literal(label)}[/green]")

    def _take_back(self, question: Question) -> None:
        item = question.document.id
        if self.said.pop(item, None):
            withdraw(self.context, self.person, item)
        self.skipped.discard(item)

    def _show(self, question: Question) -> None:
        text = question.document.text
        shown = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " […]"
        self.console.rule(f"{len(self.said) + 1}", style="dim")
        self.console.print(literal(shown), highlight=False)
        for number, (label, share) in enumerate(question.guesses[:SHOWN], 1):
            self.console.print(f"  [bold]{number}[/bold] {literal(label)} [dim]{share:.0%}[/dim]", highlight=False)

    def _key(self, question: Question) -> str:
        """A key that means something."""
        numbers = [str(number) for number in range(1, min(SHOWN, len(question.guesses)) + 1)]
        keys, key = (NONE, SKIP, BACK, SEARCH, *numbers, *ENDS), None
        while key is None:
            key = first_key(pressed(), keys)
        if key in ENDS:
            raise Stopped
        return key

    def _searched(self) -> str | None:
        """A label by a part of its name; None where the person gives up or several or none are meant."""
        typed = self.console.input("label: ").strip().casefold() if sys.stdin.isatty() else sys.stdin.readline().strip()
        same = [name for name in self.names if name.casefold() == typed.casefold()]
        found = same or [name for name in self.names if typed and typed.casefold() in name.casefold()]
        if len(found) != 1:
            self.console.print(f"{len(found)} labels have {literal(repr(typed))} in their name; skipped", highlight=False)
        return found[0] if len(found) == 1 else None


def first_key(typed: str, keys: Collection[str]) -> str | None:
    """The first of the keys in what was typed; those after it would answer a question that nobody has seen yet."""
    return next((one for one in SEQUENCE.sub("", typed) if one in keys), None)


def pressed() -> str:
    """What a terminal hands over at once, a key or several typed fast; or the next character that is piped in."""
    if not sys.stdin.isatty():
        return next((one for one in iter(lambda: sys.stdin.read(1), "") if not one.isspace()), QUIT)
    import click

    try:
        return click.getchar() or QUIT
    except (KeyboardInterrupt, EOFError):
        return QUIT
