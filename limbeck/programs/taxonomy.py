"""TnT-LLM's prompts (Wan et al. 2024, section 3 and appendix C) as DSPy programs.

    Summarise → Generate → Update ↺ → Review → Choose        phase 1: the taxonomy
    Classify | Pick                                          phase 2: the labels
    Prefer, Relevant                                         the paper's measures
    NameCluster                                              where a model is too weak for phase 1

Every output passes guardrails: word limits, the size limit, distinct and meaningful names, language, index and name
agree. The wording is ours.
"""

from typing import Annotated, Any

import dspy
from pydantic import Field

from limbeck.errors import GuardrailError
from limbeck.programs.guardrails import (
    CLUSTER_NAME_WORDS,
    DESCRIPTION_WORDS,
    NAME_WORDS,
    SUMMARY_WORDS,
    Row,
    check_cluster_name,
    check_language,
    check_rows,
    check_words,
    letters,
    plain,
)
from limbeck.programs.predict import CheckedChoice, CheckedPredict
from limbeck.schemas import OTHER, Category

GENERATE_TEMPERATURE, UPDATE_TEMPERATURE = 0.5, 0.2
TOKENS_PER_WORD = 3


class Summarise(dspy.Signature):  # type: ignore[misc]
    """Summarise one document for the use case: in one line of at most 20 words, say what in it matters for the use
    case, in {language}. Then explain in at most 30 words why. Do not name a category, do not add anything that the
    document does not say.
    """

    use_case: str = dspy.InputField()
    document: str = dspy.InputField()
    summary: str = dspy.OutputField(desc="one line of at most 20 words", max_length=letters(20))
    explanation: str = dspy.OutputField(desc="why, in at most 30 words", max_length=letters(30))


class Generate(dspy.Signature):  # type: ignore[misc]
    """Find the categories that the documents below fall into, for the use case.

    Write at most {size} categories, all on one level, that do not overlap and together cover the documents. Each has a
    concise name of at most 10 words and a description of at most 30 words that tells it from the others, in {language}.
    No vague category such as Other, General or Miscellaneous. Put related categories next to each other.
    """

    use_case: str = dspy.InputField()
    documents: str = dspy.InputField()
    explanation: str = dspy.OutputField(desc="why these categories, in at most 20 words", max_length=letters(20))
    categories: list[Row] = dspy.OutputField(desc='a list of {"name": …, "description": …}')


class Update(dspy.Signature):  # type: ignore[misc]
    """Improve a table of categories so that it also fits the new documents below, for the use case.

    First rate the table as it stands from 0 to 100: are names and descriptions clear, do categories overlap, does the
    table cover these documents, does it serve the use case? Say which edits you suggest, or N/A. Then write the whole
    table anew: at most {size} categories, all on one level, that do not overlap. Each has a concise name of at most 10
    words and a description of at most 30 words that tells it from the others, in {language}. No vague category such as
    Other, General or Miscellaneous. Put related categories next to each other.
    """

    use_case: str = dspy.InputField()
    table: str = dspy.InputField()
    documents: str = dspy.InputField()
    score: int = dspy.OutputField(desc="the rating, 0 to 100", ge=0, le=100)
    explanation: str = dspy.OutputField(desc="why this rating, in at most 30 words", max_length=letters(30))
    suggestions: str = dspy.OutputField(desc="the edits, in at most 30 words, or N/A", max_length=letters(30))
    categories: list[Row] = dspy.OutputField(desc='the whole new table, a list of {"name": …, "description": …}')


class Review(dspy.Signature):  # type: ignore[misc]
    """Check a table of categories for the use case, without looking at documents, and put right what is wrong.

    Rate it from 0 to 100: are names and descriptions clear, specific and in {language}, do categories overlap, are they
    all on one level, does the table serve the use case? Say which edits you suggest, or N/A. Then write the whole table
    anew, changed only where it must be: at most {size} categories, names of at most 10 words, descriptions of at most
    30, no vague category such as Other, General or Miscellaneous.
    """

    use_case: str = dspy.InputField()
    table: str = dspy.InputField()
    score: int = dspy.OutputField(desc="the rating, 0 to 100", ge=0, le=100)
    explanation: str = dspy.OutputField(desc="why this rating, in at most 30 words", max_length=letters(30))
    suggestions: str = dspy.OutputField(desc="the edits, in at most 30 words, or N/A", max_length=letters(30))
    categories: list[Row] = dspy.OutputField(desc='the whole table, a list of {"name": …, "description": …}')


class Choose(dspy.Signature):  # type: ignore[misc]
    """Choose the table of categories that serves the use case best for the documents below: the one whose categories are
    clear, do not overlap, and cover these documents. Answer with its number.
    """

    use_case: str = dspy.InputField()
    question: str = dspy.InputField()
    answer: str = dspy.OutputField(desc="the number of the best table")


class Classify(dspy.Signature):  # type: ignore[misc]
    """Label one document with the categories of the table, for the use case.

    Reason first, in at most 30 words. Then give the index and the name of the one category that fits best, as both stand
    in the table, and the indexes of all categories that apply. Where no category fits, it is the table's last row.
    """

    use_case: str = dspy.InputField()
    table: str = dspy.InputField()
    document: str = dspy.InputField()
    reason: str = dspy.OutputField(desc="at most 30 words", max_length=letters(30))
    index: int = dspy.OutputField(desc="the index of the best category")
    name: str = dspy.OutputField(desc="the name of the same category")
    also: list[int] = dspy.OutputField(desc="the indexes of all categories that apply, the best one among them")


class Pick(dspy.Signature):  # type: ignore[misc]
    """Label one document for the use case: choose the row of the table that fits it best; answer with its index."""

    use_case: str = dspy.InputField()
    table: str = dspy.InputField()
    document: str = dspy.InputField()
    answer: str = dspy.OutputField(desc="the row's index")


class Prefer(dspy.Signature):  # type: ignore[misc]
    """Two labels are proposed for one document. Choose the label that describes it better; where neither does, None."""

    use_case: str = dspy.InputField()
    question: str = dspy.InputField()
    answer: str = dspy.OutputField(desc="A, B or None")


class Relevant(dspy.Signature):  # type: ignore[misc]
    """A document was given a label. Say whether the label helps with the use case: yes or no."""

    use_case: str = dspy.InputField()
    question: str = dspy.InputField()
    answer: str = dspy.OutputField(desc="yes or no")


class NameCluster(dspy.Signature):  # type: ignore[misc]
    """Name the one category that the documents below have in common, for the use case, in {language}: a concise name of
    one to four words that makes use of the keywords given, and a description of at most 30 words. Do not name a category
    that is already taken.
    """

    use_case: str = dspy.InputField()
    documents: str = dspy.InputField()
    name: str = dspy.OutputField(desc="one to four words", max_length=letters(CLUSTER_NAME_WORDS))
    description: str = dspy.OutputField(desc="one sentence of at most 30 words", max_length=letters(DESCRIPTION_WORDS))


class Taxonomist(dspy.Module):  # type: ignore[misc]
    """All the programs of the pipeline, told once how large a taxonomy may be and in which language.

    Args:
        size: The most categories that a level may have.
        language: Of summaries, names and descriptions.
    """

    def __init__(self, size: int, language: str = "English") -> None:
        super().__init__()

        rows = Annotated[list[Row], Field(max_length=size)]

        def told(signature: Any) -> Any:
            if "categories" in signature.output_fields:
                told_rows = signature.with_updated_fields("categories", type_=rows)
                told_rows.__name__ = signature.__name__
                signature = told_rows
            return instructed(signature, signature.instructions.format(size=size, language=language))

        def sound(inputs: dict[str, Any], outputs: Any) -> None:
            check_rows(outputs.categories, size)
            check_language(" ".join(row.description for row in outputs.categories), language)

        def in_language(inputs: dict[str, Any], outputs: Any) -> None:
            check_words("summary", outputs.summary, SUMMARY_WORDS)
            check_language(outputs.summary, language)

        table = size * (NAME_WORDS + DESCRIPTION_WORDS) * TOKENS_PER_WORD + 200
        self.summarise = CheckedPredict(told(Summarise), in_language, max_tokens=300)
        self.generate = CheckedPredict(
            told(Generate), sound, temperature=GENERATE_TEMPERATURE, max_tokens=table
        )
        self.update = CheckedPredict(told(Update), sound, temperature=UPDATE_TEMPERATURE, max_tokens=table)
        self.review = CheckedPredict(told(Review), sound, max_tokens=table)
        self.choose = CheckedChoice(Choose, max_tokens=8)
        self.name_cluster = CheckedPredict(told(NameCluster), check_cluster_name, max_tokens=160)
        self.prefer = CheckedChoice(Prefer, max_tokens=8)
        self.relevant = CheckedChoice(Relevant, max_tokens=8)


class Labeller(dspy.Module):  # type: ignore[misc]
    """Label documents with a taxonomy's leaves, `Other` being the table's last row.

    Args:
        categories: The leaves.
        mode: `reasoned` (reason, index, name, all that apply) or `choice` (one constrained choice).
        wording: Instructions in place of limbeck's; the table and the answer's form are shown all the same.
    """

    def __init__(self, categories: tuple[Category, ...], mode: str, wording: str = "") -> None:
        super().__init__()
        self.names = (*(category.name for category in categories), OTHER)
        self.table = numbered((*categories, Category(name=OTHER, description="None of the above fits.")))
        # The index alone: naming a forced choice takes a small model ten times as long and tells nothing new.
        self.options = tuple(str(index) for index in range(1, len(self.names) + 1))
        self.mode = mode
        classify, pick = (instructed(one, wording) if wording else one for one in (Classify, Pick))
        self.classify = CheckedPredict(classify, self._agrees, max_tokens=300)
        self.pick = CheckedChoice(pick, max_tokens=8)

    async def aforward(self, use_case: str, document: str) -> dspy.Prediction:
        """Label one document.

        Returns:
            A prediction with `label`, `also` (all labels that apply), `reason`, and what `CheckedPredict` adds.
        """
        if self.mode == "choice":
            options = {"options": self.options}
            said = await self.pick.acall(config=options, use_case=use_case, table=self.table, document=document)
            label = self.names[int(said.answer) - 1]
            return dspy.Prediction(said, label=label, also=(label,), reason="")
        said = await self.classify.acall(use_case=use_case, table=self.table, document=document)
        names = dict.fromkeys([self.names[said.index - 1], *(self.names[index - 1] for index in said.also)])
        return dspy.Prediction(said, label=self.names[said.index - 1], also=tuple(names))

    def _agrees(self, inputs: dict[str, Any], outputs: Any) -> None:
        """The paper's guardrail: index and name must be of the same row."""
        count = len(self.names)
        for index in (outputs.index, *outputs.also):
            if not 1 <= index <= count:
                raise GuardrailError(f"there is no index {index!r}; indexes go from 1 to {count!r}")
        name = self.names[outputs.index - 1]
        if plain(outputs.name) != plain(name):
            raise GuardrailError(f"index {outputs.index!r} is {name!r}, not {outputs.name!r}; give both of one row")


def instructed(signature: Any, instructions: str) -> Any:
    """A signature with other instructions and its own name, which a server is told with the form of the answer."""
    other = signature.with_instructions(instructions)
    other.__name__ = signature.__name__
    return other


def numbered(rows: Any) -> str:
    """A table of categories as prompts show it: `1. Name: description`, a line each."""
    return "\n".join(
        f"{index}. {row.name}" + (f": {row.description}" if row.description else "") for index, row in enumerate(rows, 1)
    )
