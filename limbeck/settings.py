"""Settings: one YAML file a pipeline, checked before anything starts.

`load(Path("my.yaml"))` gives one frozen `Settings` or raises `ConfigError` with one line a mistake; relative paths in
the file are relative to the file. `limbeck init` writes a commented starter, `limbeck schema` the JSON Schema of this
module for editors. Environment: `LIMBECK_MODEL` and `LIMBECK_BASE_URL` replace `model.name` and `model.base_url`.
"""

import os
from collections.abc import Mapping
from os.path import isdir, normpath
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from limbeck.config_file import explain, place, read
from limbeck.errors import ConfigError

EMBEDDED = "embedded"
"""The model's name that stands for SmolLM2-135M-Instruct, fetched and served by limbeck."""
FAKE = "fake"
"""The model's name that stands for no model: answers that fit the schema and mean nothing."""
MINILM = "minilm"
"""The encoder's name that stands for all-MiniLM-L6-v2, which comes with limbeck."""


class Section(BaseModel):
    """One part of the config: closed, so that a misspelt key is an error, and frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentsSettings(Section):
    """Where the texts are."""

    source: str = Field(min_length=1, description="a CSV, TSV, JSONL, JSON, Parquet or text file, a folder of text files, or `stdlib`")
    text: str | None = Field(None, description="the column that holds the text; found by itself if there is but one")
    key: str | None = Field(None, description="the column that holds your own id of a row")
    gold: str | None = Field(None, description="a column with true labels, read by the scorer alone")
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

    kinds: tuple[Literal["logistic", "lightgbm", "mlp", "lora", "prompt", "joint", "adapter"], ...] = Field(
        ("logistic", "lightgbm", "mlp", "lora"), description="of the pipeline `extreme`: `adapter` and `lora`"
    )
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


ELSEWHERE = {"base_url", "api_key_env", "concurrency", "timeout", "retries", "price"}
"""What of a model's settings its answers don't depend on."""

FOREIGN: dict[str, set[str]] = {
    "taxonomy": {"labelset", "retrieval", "infer", "rank", "program", "optimize"},
    "extreme": {"taxonomy", "labels", "annotators", "measures"},
}
"""The sections that a pipeline doesn't read."""
SAME = {("extreme", "labels.llm_limit"): "rank.limit"}
"""What a key that replaces one of the taxonomy pipeline is called in another."""
KINDS_OF = {"taxonomy": ("logistic", "lightgbm", "mlp", "lora", "prompt", "joint"), "extreme": ("adapter", "lora")}
"""The students that a pipeline trains."""


class Settings(Section):
    """One pipeline over one corpus."""

    pipeline: Literal["taxonomy", "extreme"] = "taxonomy"
    project: str = Field("limbeck-project", description="the folder for the store, the reports and the students")
    use_case: str = Field(min_length=1, description="what the labels are for, in a sentence; the model is told")
    documents: DocumentsSettings
    model: ModelSettings = ModelSettings()
    taxonomy: TaxonomySettings = TaxonomySettings()
    labels: LabelSettings = LabelSettings()
    annotators: AnnotatorSettings = AnnotatorSettings()
    labelset: LabelsetSettings | None = Field(None, description="the list of labels, of the pipeline `extreme`")
    retrieval: RetrievalSettings = RetrievalSettings()
    infer: InferSettings = InferSettings()
    rank: RankSettings = RankSettings()
    program: str | None = Field(None, description="a program that `limbeck optimize` saved")
    optimize: OptimizeSettings = OptimizeSettings()
    student: StudentSettings = StudentSettings()
    measures: MeasureSettings = MeasureSettings()
    budget: BudgetSettings = BudgetSettings()
    seed: int = Field(0, ge=0, lt=2**31, description="of everything that is drawn by chance")

    @model_validator(mode="after")
    def _of_one_pipeline(self) -> "Settings":
        """A section that the pipeline doesn't read is a mistake, and so is one that it lacks."""
        fields = type(self).model_fields
        if foreign := sorted(key for key in FOREIGN[self.pipeline] if getattr(self, key) != fields[key].default):
            raise PydanticCustomError("foreign", "{key}", {"key": foreign[0]})
        if self.pipeline == "extreme" and self.labelset is None:
            raise PydanticCustomError("lacking", "labelset")
        if foreign_kinds := set(self.kinds) - set(KINDS_OF[self.pipeline]):
            known = ", ".join(KINDS_OF[self.pipeline])
            raise PydanticCustomError("kinds", "{kind}: {known}", {"kind": repr(min(foreign_kinds)), "known": known})
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of students to train; all of a pipeline that has but two, where the config doesn't say."""
        unsaid = self.pipeline == "extreme" and self.student.kinds == StudentSettings().kinds
        return KINDS_OF["extreme"] if unsaid else self.student.kinds

    def outcome(self) -> dict[str, Any]:
        """What the result depends on; a run is named by it, so that speed and budget may change between two tries.

        Where texts and labels lie isn't in it: the run is named by what was read there.
        """
        return self.model_dump(
            mode="json",
            exclude={
                "project": True,
                "budget": True,
                "documents": True,
                "taxonomy": {"given", "seed"},
                "annotators": {"rules": True, "patterns": True, "examples": True, "models": {"__all__": ELSEWHERE}},
                "model": ELSEWHERE,
                "labelset": True,
                "program": True,
                "optimize": True,
                "retrieval": {"base_url", "api_key_env"},
                "rank": {"model": ELSEWHERE},
                **dict.fromkeys(FOREIGN[self.pipeline], True),
            },
        )

    @property
    def models(self) -> tuple[ModelSettings, ...]:
        """Every model that labels; the first also does everything else."""
        return (self.model, *self.annotators.models, *([self.rank.model] if self.rank.model else []))


def load(path: Path, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read and check a config.

    Args:
        path: The YAML file.
        overrides: Values that replace the file's, by dotted key: `{"model.name": "fake"}`.

    Raises:
        ConfigError: The file is missing or is not YAML, or a key or value is wrong; one line for each mistake.
    """
    # A heading with nothing but comments under it is a section left at its defaults.
    values = {key: value for key, value in read(path).items() if value is not None}
    environment = {"model.name": os.environ.get("LIMBECK_MODEL"), "model.base_url": os.environ.get("LIMBECK_BASE_URL")}
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    for key, value in {**environment, **given}.items():
        if value is not None:
            pipeline = str(values.get("pipeline"))
            _put(values, SAME.get((pipeline, key), key), value)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        # Of a key that may be of several types each type complains; once is enough.
        lines = {tuple(place(one, Settings)): explain(one, path, Settings) for one in reversed(error.errors())}
        raise ConfigError("\n".join(reversed(lines.values()))) from None
    return _beside(settings, path.parent)


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        inner = values.get(section)
        values[section] = values = dict(inner) if isinstance(inner, dict) else {}
    values[key] = value


def _beside(settings: Settings, folder: Path) -> Settings:
    """Make the file's relative paths relative to the file."""
    taxonomy = {}
    for key in ("given", "seed"):
        value = getattr(settings.taxonomy, key)
        if isinstance(value, str):
            taxonomy[key] = normpath(folder / value)
    annotators: dict[str, Any] = {
        key: normpath(folder / value)
        for key in ("rules", "patterns", "examples")
        if (value := getattr(settings.annotators, key)) is not None
    }
    annotators["models"] = tuple(_model_beside(model, folder) for model in settings.annotators.models)
    labelset, rank, optimize = settings.labelset, settings.rank, settings.optimize
    if labelset:
        files = {key: normpath(folder / value) for key in ("source", "priors") if (value := getattr(labelset, key))}
        labelset = labelset.model_copy(update=files)
    if rank.model:
        rank = rank.model_copy(update={"model": _model_beside(rank.model, folder)})
    if optimize.teacher:
        optimize = optimize.model_copy(update={"teacher": _model_beside(optimize.teacher, folder)})
    retrieval = settings.retrieval
    if not retrieval.base_url:
        retrieval = retrieval.model_copy(update={"encoder": _name_beside(retrieval.encoder, folder)})
    source = settings.documents.source
    found = source if source == "stdlib" else normpath(folder / source)
    return settings.model_copy(
        update={
            "project": normpath(folder / settings.project),
            "documents": settings.documents.model_copy(update={"source": found}),
            "model": _model_beside(settings.model, folder),
            "labelset": labelset,
            "rank": rank,
            "optimize": optimize,
            "retrieval": retrieval,
            "program": normpath(folder / settings.program) if settings.program else None,
            "taxonomy": settings.taxonomy.model_copy(update=taxonomy),
            "annotators": settings.annotators.model_copy(update=annotators),
            "student": settings.student.model_copy(update={"encoder": _name_beside(settings.student.encoder, folder)}),
        }
    )


def _model_beside(model: ModelSettings, folder: Path) -> ModelSettings:
    """A model whose name is a folder beside the file is that folder; on a server a name is as it is."""
    return model.model_copy(update={"name": _name_beside(model.name, folder)}) if model.base_url is None else model


def _name_beside(name: str, folder: Path) -> str:
    """A name that is a folder beside the file is that folder; ours, and those of a hub, are as they are."""
    ours = name in (EMBEDDED, FAKE, MINILM)
    return normpath(folder / name) if not ours and isdir(folder / name) else name
