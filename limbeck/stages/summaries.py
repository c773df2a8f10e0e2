"""Summaries: the first stage of TnT-LLM (section 3.1, "Summarization"), on the sample that the taxonomy is found on."""

import json
import random
from collections.abc import Sequence

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.programs.guardrails import SUMMARY_WORDS, letters
from limbeck.programs.taxonomy import Taxonomist
from limbeck.schemas import Document

STEP = "summarise"
SHORT = 2 * SUMMARY_WORDS
"""Texts of so many words are as good as their summary; or of so many letters, for languages without spaces."""


def sample(context: RunContext) -> list[Document]:
    """The documents that the taxonomy is found on: all, or as many as the config says, drawn by its seed."""
    documents = context.store.documents(context.run)
    size = context.settings.taxonomy.sample
    if len(documents) <= size:
        return documents
    chosen = set(random.Random(context.settings.seed).sample(range(len(documents)), size))
    return [one for place, one in enumerate(documents) if place in chosen]


def excerpt(context: RunContext, text: str) -> str:
    """As much of a text's beginning as a model's prompt has room for: about a quarter of its context."""
    limit = context.settings.model.context
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " …"


async def summarise(context: RunContext) -> None:
    """Summarise the sample's longer texts for the use case."""
    program = Taxonomist(context.settings.taxonomy.size, context.settings.taxonomy.language).summarise
    use_case = context.settings.use_case

    async def work(document: Document) -> Made:
        said = await program.acall(use_case=use_case, document=excerpt(context, document.text))
        return Made({"summary": said.summary, "explanation": said.explanation}, said)

    await each(context, STEP, {one.id: one for one in sample(context) if _needs_summary(context, one)}, work)


def read_as(context: RunContext, documents: Sequence[Document]) -> dict[str, str]:
    """How the taxonomy's prompts show documents, by id: the summary, or the text where it is short or has none."""
    summaries = context.store.artifacts(context.run, STEP)
    texts = {}
    for document in documents:
        summary = json.loads(summaries[document.id].value) if document.id in summaries else None
        shown = summary["summary"] if summary else " ".join(document.text.split()[:SHORT])[: letters(SHORT)]
        texts[document.id] = " ".join(shown.split())
    return texts


def _needs_summary(context: RunContext, document: Document) -> bool:
    wanted = context.settings.taxonomy.summaries
    long = len(document.text.split()) > SHORT or len(document.text) > letters(SHORT)
    return wanted == "always" or (wanted == "auto" and long)
