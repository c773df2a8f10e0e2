"""Analyze: what is known of each file, printed by a script of its own (DS-STAR's analyzer and retriever).

Where the model's script fails for good, limbeck's own describes the file; what neither can read stays in the list, with why.
"""

import inspect
import json
from types import SimpleNamespace
from typing import Any

import numpy as np

from limbeck.analysis import describe_file, showing
from limbeck.analysis.files import of_text
from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.embedding import kept, open_embedder
from limbeck.errors import CallFailed, GuardrailError
from limbeck.retrieval.lexical import Lexical
from limbeck.schemas import Artifact, Document
from limbeck.schemas.analysis import DataFile, Description, Ran, Tried
from limbeck.sections import EMBEDDED
from limbeck.stages import asked, scripts

STEP, RETRIEVE, FILES = "analyze", "retrieve", "files"
PART, PARTS = 400, 3
"""Characters of a description that an encoder reads at once, and how many times; its words count whole."""


async def describe(context: RunContext) -> None:
    """Describe every file, many at a time; what an earlier run knows of the very same file is taken over."""
    known = _known(context)

    async def work(document: Document) -> Made:
        if document.id in known:
            return known[document.id]
        return await _described(context, of_text(document.text), document.id)

    await each(context, STEP, {one.id: one for one in context.store.documents(context.run)}, work)


def descriptions(context: RunContext) -> list[Description]:
    """What is known of each file, those first that a question is likeliest about, once that has been looked for."""
    made = context.store.artifacts(context.run, STEP)
    files = {of_text(one.text).path: made[one.id] for one in context.store.documents(context.run) if one.id in made}
    looked = context.store.artifacts(context.run, RETRIEVE).get(FILES)
    order = json.loads(looked.value)["order"] if looked else list(files)
    return [_of_artifact(path, files[path]) for path in order]


def data(context: RunContext) -> str:
    """The files and what is known of them, as prompts have it."""
    return f"{context.settings.use_case}\n\n{showing.files(descriptions(context), asked.room(context))}"


async def retrieve(context: RunContext) -> None:
    """Put the files in order by the question, and of very many keep the likeliest, where they are more than a prompt holds."""
    if FILES in context.store.artifacts(context.run, RETRIEVE):
        return
    known, most = descriptions(context), asked.ask(context).files
    order = [one.path for one in known]
    if len(known) > most or sum(min(len(one.text), showing.LONGEST) for one in known) > asked.room(context):
        scores = await relevance(context, asked.ask(context).question, known)
        order = [order[place] for place in np.argsort(-scores, kind="stable")[:most]]
    value = {"found": order if len(known) > most else [], "order": order}
    context.store.put([Artifact(run=context.run, step=RETRIEVE, item=FILES, value=json.dumps(value, ensure_ascii=False))])


async def relevance(context: RunContext, question: str, known: list[Description]) -> Any:
    """How well each file fits a question, float [files]: cosine of its nearest part (section 3.1), and the words that both have."""
    settings = context.settings.retrieval
    texts = [f"{one.path}\n{one.text}" for one in known]
    parts = [(place, text[at : at + PART]) for place, text in enumerate(texts) for at in range(0, min(len(text), PART * PARTS), PART)]
    embedder = open_embedder(settings)
    vectors = await kept(context.store, embedder, [question, *(text for _, text in parts)])
    cosines = np.full(len(texts), -1.0)
    np.maximum.at(cosines, [place for place, _ in parts], vectors[1:] @ vectors[0])
    words = Lexical.of(texts).scores([question]).toarray()[0]
    return cosines + settings.words * words / max(float(words.max(initial=0.0)), 1e-9)


async def _described(context: RunContext, file: DataFile, name: str) -> Made:
    folder = f"file-{name.removeprefix('b2:')[:8]}"
    tried, calls, why = await _by_model(context, file, folder) if _asks_model(context) else ((), (), None)
    if tried and not tried[-1].ran.error:
        text, by = tried[-1].ran.output, "model"
    else:
        why = why or (tried[-1].ran.error if tried else None)
        ran, why = await _by_limbeck(context, file, folder, why)
        if ran.error:
            trouble = GuardrailError(f"{file.path!r} can't be read: {ran.error.splitlines()[-1]}")
            trouble.calls = calls
            raise trouble
        text, by = ran.output, "limbeck"
    value = Description(path=file.path, text=text, by=by, tried=tried, error=why)
    repaired = bool(why) or len(tried) > 1
    return Made(value.model_dump(mode="json"), SimpleNamespace(calls=calls, repaired=repaired, error=why))


async def _by_limbeck(context: RunContext, file: DataFile, folder: str, why: str | None) -> tuple[Ran, str | None]:
    """What limbeck's own script says of a file, or where that fails its beginning; and why there is no more."""
    for act in ("describe", "begin"):
        ran = await scripts.run(context, f"{inspect.getsource(describe_file)}\n{act}({f'data/{file.path}'!r})\n", f"{folder}-{act}")
        if not ran.error:
            break
        why = ran.error
    return ran, why


def _asks_model(context: RunContext) -> bool:
    by = asked.ask(context).describe
    return by == "model" or (by == "auto" and context.settings.model.name != EMBEDDED)


async def _by_model(context: RunContext, file: DataFile, folder: str) -> tuple[tuple[Tried, ...], tuple[str, ...], str | None]:
    """What the model's scripts for a file came to, the calls, and why there is no script, if there is none."""
    agents = asked.agents(context)
    try:
        first = await agents.analyze.acall(file=f"Write the script for data/{file.path}, {file.bytes:,} bytes.")
    except (GuardrailError, CallFailed) as error:
        return (), error.calls if isinstance(error, GuardrailError) else (), str(error)
    # Without descriptions, as this is to become one (the paper's).
    tried, calls = await scripts.until_it_runs(
        context, first.script, folder, lambda failure: agents.debug.acall(data="", failure=failure), asked.ask(context).repairs
    )
    return tried, first.calls + calls, None


def _of_artifact(path: str, artifact: Artifact) -> Description:
    if artifact.status == "failed":
        return Description(path=path, text=f"It can't be read. {artifact.error}", by="limbeck", error=artifact.error)
    return Description.model_validate_json(artifact.value)


def _known(context: RunContext) -> dict[str, Made]:
    """What runs with the same model made of the same files: a folder is asked about more than once."""
    rows = context.store.rows(
        "SELECT a.item, a.value, a.error FROM artifacts a "
        "JOIN runs r ON r.id = a.run JOIN places p ON p.document = a.item AND p.run = ? "
        "WHERE a.step = ? AND a.status <> 'failed' AND a.run <> ? AND r.pipeline = 'analysis' AND (r.config->>'$.model.name') = ? "
        "AND coalesce(r.config->>'$.ask.describe', 'auto') = ? QUALIFY row_number() OVER (PARTITION BY a.item ORDER BY r.started DESC) = 1",
        [context.run, STEP, context.run, context.settings.model.name, asked.ask(context).describe],
    )
    # Their calls were paid by the run that made them.
    return {row["item"]: Made(json.loads(row["value"]), SimpleNamespace(calls=(), repaired=bool(row["error"]), error=row["error"])) for row in rows}
