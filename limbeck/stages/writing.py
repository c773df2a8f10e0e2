"""Write: the model writes texts to which a label applies, for students to learn from; labels few documents have need them."""

import json
import random
from collections import Counter
from collections.abc import Sequence

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.programs.extreme import Write
from limbeck.schemas import content_id
from limbeck.stages.listed import label_set
from limbeck.stages.retrieving import options

STEP = "write"


async def write(context: RunContext) -> None:
    """Have texts written for as many labels as the config says, those found for the most documents first."""
    labels, program = label_set(context.settings), Write()
    names = _to_write(context, labels.names) if context.settings.retrieval.written else []

    async def work(name: str) -> Made:
        said = await program.acall(use_case=context.settings.use_case, label=name, description=labels.about(name))
        return Made({"label": name, "texts": said.texts}, said)

    if names:
        await each(context, STEP, {content_id(name): name for name in names}, work, title="write texts")


def _to_write(context: RunContext, listed: Sequence[str]) -> list[str]:
    """Labels that were found for documents, the most frequent first, then others as they come by chance."""
    count = context.settings.retrieval.written
    found = Counter(label for one in options(context).values() for label in one.labels)
    drawn = random.Random(context.settings.seed).sample(listed, len(listed)) if count > len(found) else []
    return list(dict.fromkeys([*(label for label, _ in found.most_common(count)), *drawn]))[:count]


def written(context: RunContext) -> list[tuple[str, str]]:
    """Texts and the label of each."""
    made = [json.loads(one.value) for one in context.store.artifacts(context.run, STEP).values()]
    return [(text, one["label"]) for one in made if one for text in one["texts"]]
