"""What the pipeline `analysis` reads: a folder of files, and a question; and how its prompts say what there is."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from limbeck import sandbox
from limbeck.analysis import files, showing
from limbeck.context import RunContext
from limbeck.errors import ConfigError
from limbeck.programs.analysis import DSStar
from limbeck.progress import Progress
from limbeck.schemas import Corpus
from limbeck.sections import EMBEDDED, AskSettings
from limbeck.settings import Settings

LARGEST_SCRIPT, SMALL_SCRIPT = 4096, 512
"""Tokens of a script: of any model, and of the embedded one, which comes to no end by itself."""
LEAST_CONTEXT = 2048
"""Tokens that a model must be able to read."""
INSIDE = ("pandas", "matplotlib", "openpyxl", "pdfplumber", "PIL")
"""What prompts promise scripts beyond what limbeck itself needs."""
INSTRUCTIONS = 600
"""Tokens of a prompt that neither files nor steps take."""
OFF = "the sandbox is OFF (`sandbox: {isolation: none}`): scripts that the model writes run as you, with your files and your network"


def read(settings: Settings) -> Corpus:
    """The files that a config names.

    Raises:
        DocumentsError, ConfigError: They can't be read.
    """
    where = settings.documents
    for key in ("text", "key", "gold", "context"):
        if getattr(where, key):
            raise ConfigError(f"`documents: {key}:` is not read by pipeline 'analysis'; leave it out")
    return files.read(where.source, Path(settings.project), where.limit)


def check(settings: Settings, progress: Progress) -> None:
    """Whether scripts can be run here, apart from everything else.

    Raises:
        SandboxError, ConfigError: They can't, what they need is missing, or the model can't read them; nothing was written.
    """
    if settings.model.context < LEAST_CONTEXT:
        raise ConfigError(f"a model that reads {settings.model.context!r} tokens is shown too little of scripts; write `model: {{context: {LEAST_CONTEXT}}}` or more")
    if missing := next((name for name in INSIDE if find_spec(name) is None), None):
        raise ConfigError(f"package {missing!r}, which scripts need, is not installed; type: pip install 'limbeck[analysis]'")
    sandbox.check(settings.sandbox)
    if settings.sandbox.isolation == "none":
        progress.warn(f"WARNING: {OFF}")


def written_down(settings: Settings) -> Any:
    """Labels that are given; there are none."""
    return None


def others(settings: Settings) -> list[str]:
    """Whatever else the outcome depends on; nothing."""
    return []


def ask(context: RunContext) -> AskSettings:
    """What is asked.

    Raises:
        ConfigError: Nothing is.
    """
    if context.settings.ask is None:
        raise ConfigError("nothing is asked; write `pipeline: analysis` and `ask: {question: …}`")
    return context.settings.ask


def question(context: RunContext) -> str:
    """The question with the form of its answer, as prompts have it."""
    wanted = ask(context)
    return f"{wanted.question}\nThe answer is written so: {wanted.format}" if wanted.format else wanted.question


def agents(context: RunContext) -> DSStar:
    """The programs, told this run's limits."""
    small, decisions = context.settings.model.name == EMBEDDED, ask(context).decisions
    return _agents(decisions == "reasoned" or (decisions == "auto" and not small), script_tokens(context))


@lru_cache(maxsize=4)
def _agents(reasoned: bool, tokens: int) -> DSStar:
    return DSStar(reasoned=reasoned, tokens=tokens)


def script_tokens(context: RunContext) -> int:
    """Room for a script."""
    most = SMALL_SCRIPT if context.settings.model.name == EMBEDDED else LARGEST_SCRIPT
    return min(most, context.settings.model.context // 4)


def room(context: RunContext) -> int:
    """Characters that a prompt has for files, and as many again for steps, scripts and results."""
    tokens = context.settings.model.context - script_tokens(context) - INSTRUCTIONS
    return max(1000, int(tokens * showing.LETTERS_PER_TOKEN / 2))
