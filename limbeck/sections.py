"""The sections of a config: what each part of a YAML file may say. `settings.py` puts them together."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

EMBEDDED = "embedded"
"""The model's name that stands for SmolLM2-135M-Instruct, fetched and served by limbeck."""
FAKE = "fake"
"""The model's name that stands for no model: answers that fit the schema and mean nothing."""
MINILM = "minilm"
"""The encoder's name that stands for all-MiniLM-L6-v2, which comes with limbeck."""

FIELD_SETS = ("receipt", "invoice", "contract")
"""The field sets that come with limbeck: `configs/fields/NAME.yaml`."""


class Section(BaseModel):
    """One part of the config: closed, so that a misspelt key is an error, and frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentsSettings(Section):
    """Where the texts are."""

    source: str = Field(min_length=1, description="a CSV, TSV, JSONL, JSON, Parquet or text file, a folder of text files, or `stdlib`")
    text: str | None = Field(None, description="the column that holds the text; found by itself if there is but one")
    key: str | None = Field(None, description="the column that holds your own id of a row")
    gold: str | None = Field(None, description="a column with true labels, read by the scorer alone")
    context: str | None = Field(None, description="of the pipeline `tables`: the column with text that speaks of a row's table; `context` by itself")
    limit: int | None = Field(None, ge=1, description="read no more than this many rows")


class PriceSettings(Section):
    """What a million tokens cost, in any currency."""

    prompt: float = Field(0.0, ge=0)
    completion: float = Field(0.0, ge=0)


class ModelSettings(Section):
    """The large language model."""

    name: str = Field(EMBEDDED, description="`embedded`, `fake`, a model your server has, or a folder or a hub id that vLLM serves")
    base_url: str | None = Field(None, description="an OpenAI-compatible server; without it limbeck starts vLLM itself")
    api_key_env: str = Field("OPENAI_API_KEY", description="the environment variable that holds the key")
    concurrency: int = Field(16, ge=1, description="requests in flight at once")
    timeout: float = Field(300.0, gt=0, description="seconds to wait for one answer")
    retries: int = Field(5, ge=0, description="tries again after 429, 5xx or a lost connection")
    context: int = Field(8192, ge=512, description="tokens the model can read")
    price: PriceSettings = PriceSettings()


class TaxonomySettings(Section):
    """How the taxonomy is found (TnT-LLM, phase 1; the defaults are the paper's)."""

    given: tuple[str, ...] | str | None = Field(
        None, description="label names, or a file with one name (or `name: description`) a line, taken as they are"
    )
    seed: tuple[str, ...] | str | None = Field(None, description="the same, but only as the first draft to be updated")
    size: int = Field(10, ge=1, description="the most categories a level may have")
    levels: Literal[1, 2] = Field(1, description="2 divides every category again")
    sample: int = Field(10_000, ge=1, description="how many documents the taxonomy is found on")
    held_out: float = Field(0.1, ge=0, lt=1, description="share of the sample that only selection sees")
    minibatch: int = Field(200, ge=1, description="summaries shown at once")
    chains: int = Field(10, ge=1, description="independent attempts, of which the best is kept")
    ballots: int = Field(5, ge=1, description="votes at selection, each with the candidates shuffled")
    summaries: Literal["auto", "always", "never"] = Field("auto", description="`auto` leaves short texts as they are")
    language: str = Field("English", description="the language of names and descriptions")
    method: Literal["auto", "paper", "clusters"] = Field(
        "auto", description="`paper` fails where the model fails, `auto` then falls back on clusters"
    )


Mode = Literal["auto", "reasoned", "choice", "likelihood"]
Wording = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class LabelSettings(Section):
    """How documents are labelled (TnT-LLM, phase 2)."""

    mode: Mode | Annotated[tuple[Mode, ...], Field(min_length=1)] = Field(
        "auto",
        description="`reasoned`: reason, index, name and all that apply; `choice`: one constrained choice; `likelihood`: "
        "the label under which the model finds the text likeliest; a list lets each way vote",
    )
    wordings: tuple[Wording, ...] = Field((), description="instructions of your own for the model; each votes for itself")
    several: bool = Field(False, description="several labels, or none, may apply to a document; else the best one counts")
    llm_limit: int | None = Field(None, ge=0, description="how many documents the LLM labels, chosen where its answer is worth most; all without it")
    probe: int = Field(40, ge=0, description="documents labelled twice, in two orders of labels, to weigh the LLM")
    aggregate: Literal["soft", "majority", "weighted", "dawid-skene", "balanced", "auto"] = Field(
        "soft", description="how votes become labels; `soft`: the mean, weighed by κ; `auto` chooses a label model and "
        "says why; `soft`, `dawid-skene` or `auto` where several labels may apply"
    )
    errors: Literal["keep", "drop"] = Field(
        "keep", description="whether students are shown documents whose labels are probably wrong; a person's never drop out"
    )

    @field_validator("aggregate")
    @classmethod
    def _decides_each_label(cls, aggregate: str, info: ValidationInfo) -> str:
        """Where several labels apply, each is decided on its own; the other label models know one label an item."""
        if info.data.get("several") and aggregate not in ("soft", "dawid-skene", "auto"):
            raise PydanticCustomError("several", "Input should be 'soft', 'dawid-skene' or 'auto' where `several: true`")
        return aggregate


class AnnotatorSettings(Section):
    """Who votes beside the model, the encoder and people."""

    words: bool | None = Field(None, description="the labels' own words vote; by itself where several labels apply")
    rules: str | None = Field(None, description="a Python file of labelling functions of one text; it is run")
    patterns: str | None = Field(None, description="a YAML file of keywords and regular expressions by label")
    examples: str | None = Field(None, description="a file of labelled texts, columns `text` and `label`; the nearest vote")
    written: bool = Field(False, description="keyword rules that limbeck writes: from `examples`, else from first labels")
    models: tuple[ModelSettings, ...] = Field((), description="further models that label; sections such as `model:`")


class StudentSettings(Section):
    """The small models."""

    kinds: tuple[Literal["logistic", "lightgbm", "mlp", "lora", "prompt", "joint", "adapter", "cells", "tagger", "writer"], ...] = Field(
        ("logistic", "lightgbm", "mlp", "lora"),
        description="of the pipeline `extreme`: `adapter` and `lora`; of `tables`: `cells`, and `writer`, a LoRA on a causal model; of `documents`: `tagger` and `writer`",
    )
    base: str = Field(EMBEDDED, min_length=1, description="the causal model that a `writer` adapts: `embedded`, or a folder or hub id")
    encoder: str = Field(MINILM, min_length=1, description="`minilm`, or a folder or a hub id of a transformers encoder")
    held_out: float = Field(0.2, gt=0, lt=1, description="share of the labelled documents that no student is shown, what people answered last")


class LabelsetSettings(Section):
    """The list of labels, where there are thousands."""

    source: str = Field(min_length=1, description="a CSV, TSV, JSONL, JSON, Parquet or text file, one label a row")
    label: str | None = Field(None, description="the column that holds the label; `label`, `name` or the only one by itself")
    description: str | None = Field(None, description="the column that says what a label means; `description` by itself")
    synonyms: str | None = Field(None, description="the column with other names of a label; `synonyms` by itself")
    parent: str | None = Field(None, description="the column with the label above; `parent` by itself")
    priors: str | None = Field(None, description="a file with the columns `label` and `prior`: how frequent labels are")


class RetrievalSettings(Section):
    """How labels are looked up."""

    encoder: str = Field(MINILM, min_length=1, description="`minilm`, a sentence-transformers folder or hub id, or a model of `base_url`")
    base_url: str | None = Field(None, description="an OpenAI-compatible server that embeds")
    api_key_env: str = Field("OPENAI_API_KEY", description="the environment variable that holds its key")
    words: float = Field(0.3, ge=0, le=100, description="how much shared words count (BM25), against 1 for vectors; 0 leaves them out")
    prior: float = Field(0.0, ge=0, le=1e9, description="A of the paper: a score is multiplied by ln(A·p + e), p being the label's prior")
    windows: bool = Field(True, description="also look up every one to three words of a text, which finds what is said in passing")
    hubness: bool = Field(False, description="count less what is near to everything (CSLS); for encoders that need it")
    options: int = Field(50, ge=1, description="labels that are found for a document")
    written: int = Field(0, ge=0, description="labels for which the model writes texts that students learn from")


class InferSettings(Section):
    """Whether the model first guesses labels in its own words."""

    mode: Literal["auto", "always", "never"] = Field("auto", description="`auto` leaves it out for the embedded model, which guesses badly")


class RankSettings(Section):
    """How the labels found are put in order."""

    mode: Literal["auto", "reasoned", "likelihood", "never"] = Field(
        "auto", description="`reasoned`: the model chooses and orders; `likelihood`: the label under which it finds the text "
        "likeliest counts more, which a small model can do"
    )
    model: ModelSettings | None = Field(None, description="another model for this step, such as a large one; sections as in `model:`")
    ranked: int = Field(10, ge=1, description="labels that the model chooses, and that a document gets")
    open: bool = Field(False, description="the model may name labels that the list lacks; they are kept apart")
    limit: int | None = Field(None, ge=0, description="how many documents the model ranks; all without it")


class RecordsSettings(Section):
    """What is wanted of tables."""

    source: str = Field(min_length=1, description="the schema: a YAML or JSON Schema file, or a pydantic class as `file.py:Class`")
    targets: str | None = Field(None, description="a regular expression for the values that become records; numbers without it")


class ExtractSettings(Section):
    """How a model reads tables (Schema-to-JSON; the defaults are the paper's)."""

    cells: int | None = Field(None, ge=1, description="values described in one call; 1 for the embedded model and 20 for others by itself")
    paragraphs: int = Field(6, ge=0, description="paragraphs of the text around a table that the model is shown, those that say most about it")
    passes: int | None = Field(
        None, ge=1, description="answers that may break off before the rest of a table fails; 20, or half of its values if more, by itself"
    )
    failures: int = Field(3, ge=1, description="answers in a row without a usable record, after which a value fails")
    readings: int = Field(1, ge=1, le=9, description="how often a table is read, record types in another order; the readings vote")
    limit: int | None = Field(None, ge=0, description="how many tables the model reads; all without it")


class FieldsSettings(Section):
    """What is wanted of documents."""

    source: str = Field(min_length=1, description="`receipt`, `invoice` or `contract`, which come with limbeck, or a YAML file of your own")


class PagesSettings(Section):
    """How words are read from pictures of pages."""

    engine: Literal["auto", "rapidocr", "tesseract"] = Field("auto", description="`auto`: RapidOCR, or Tesseract where only that is installed")
    languages: tuple[str, ...] = Field((), description="of Tesseract: the languages on the pages, such as `[eng, deu]`")


class ReadSettings(Section):
    """How documents get labels that nobody gave (TAIL)."""

    see: Literal["text", "image", "both"] = Field("text", description="what the model is shown: the text with its layout, the first eight pages' pictures, or both")
    readings: int = Field(3, ge=1, le=9, description="how often the model reads a document, each time with another prompt; the readings vote")
    failures: int = Field(3, ge=1, description="answers in a row without a usable record, after which a reading fails")
    limit: int | None = Field(None, ge=0, description="how many documents the model reads; all without it")
    rules: bool = Field(True, description="rules and layout vote beside the model")
    review: float = Field(0.5, ge=0, le=1, description="values that are less sure than this go to review and are no lesson for students")


class ClaimsSettings(Section):
    """What was claimed, to be compared with what documents say (TAIL's overpayment check)."""

    source: str = Field(min_length=1, description="a CSV or Parquet file of claims, or a DuckDB file with `query:`")
    query: str | None = Field(None, description="what to ask a DuckDB file for")
    document: str | None = Field(None, description="the column that names a claim's document; without one, claims and documents are matched by what they say")
    merchant: str | None = Field(None, description="the column, by itself `merchant` if there is one")
    date: str | None = Field(None, description="the column, by itself `date` if there is one")
    amount: str | None = Field(None, description="the column, by itself `amount` if there is one")


class AskSettings(Section):
    """What is asked of a folder of data (DS-STAR; the defaults are the paper's)."""

    question: Wording = Field(description="what you want to know, in your words")
    format: str = Field("", description="how the answer is to be written, such as `a number with two decimals`")
    rounds: int = Field(20, ge=1, description="how often a plan is carried out and judged, at most")
    files: int = Field(100, ge=1, description="where there are more files, so many are looked for that fit the question best")
    repairs: int = Field(3, ge=0, description="how often a script that fails is repaired")
    describe: Literal["auto", "model", "limbeck"] = Field(
        "auto", description="whose scripts describe the files: the `model`'s, one a file (the paper's way), or `limbeck`'s own, which cost no call; "
        "`auto`: limbeck's for the embedded model"
    )
    decisions: Literal["auto", "reasoned", "choice"] = Field(
        "auto", description="`reasoned`: reasons before a verdict; `choice`: one constrained choice, for small models; `auto`: `choice` for the embedded model"
    )


class SandboxSettings(Section):
    """Where scripts that the model writes are run, and what they may take."""

    isolation: Literal["bubblewrap", "none"] = Field(
        "bubblewrap", description="`none` runs what the model writes AS YOU, with your files and your network; only where the whole machine is thrown away"
    )
    seconds: float = Field(120.0, gt=0, description="after which a script is ended")
    memory: float = Field(4.0, gt=0, description="gigabytes that a script and its processes may take together")
    disk: int = Field(512, ge=1, description="megabytes that a script may write")
    processes: int = Field(64, ge=1, description="processes that a script may have at once; of threads, two a processor more")
    at_once: int | None = Field(None, ge=1, description="scripts at once; by itself as many as there are processors, and as their memory allows")


class OptimizeSettings(Section):
    """How `limbeck optimize` improves the prompts of the pipeline `extreme`, from documents with `documents: gold`."""

    method: Literal["bootstrap", "mipro", "gepa"] = Field(
        "bootstrap", description="`bootstrap`: demonstrations that a teacher makes, the paper's way; `mipro`: those and "
        "instructions that it proposes; `gepa`: instructions rewritten after reflection on mistakes"
    )
    teacher: ModelSettings | None = Field(None, description="the model that demonstrates, proposes and reflects; the run's own without it")
    demos: int = Field(2, ge=1, description="demonstrations that a prompt holds at most")
    train: int = Field(10, ge=1, description="documents to learn from")
    validation: int = Field(50, ge=1, description="further documents, at most, by which programs are compared")
    candidates: int = Field(10, ge=1, description="programs that are tried for each step")


class MeasureSettings(Section):
    """The paper's measures, judged by the LLM on a sample."""

    sample: int = Field(50, ge=0, description="documents judged for label accuracy and relevance; 0 leaves them out")


class BudgetSettings(Section):
    """What a run may spend at most; it stops cleanly and can be continued."""

    calls: int | None = Field(None, ge=0)
    tokens: int | None = Field(None, ge=0)
    money: float | None = Field(None, ge=0, description="in the currency of `model.price`")
    seconds: float | None = Field(None, ge=0, description="by the clock; no call is begun after that")
