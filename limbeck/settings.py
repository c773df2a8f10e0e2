"""Settings: one YAML file a pipeline, checked before anything starts.

`load(Path("my.yaml"))` gives one frozen `Settings` or raises `ConfigError` with one line a mistake; relative paths in
the file are relative to the file. `limbeck init` writes a commented starter, `limbeck schema` the JSON Schema of this
module for editors. Environment: `LIMBECK_MODEL` and `LIMBECK_BASE_URL` replace `model.name` and `model.base_url`.
"""

import os
from collections.abc import Mapping
from os.path import isdir, normpath
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from limbeck.config_file import explain, place, read
from limbeck.errors import ConfigError
from limbeck.sections import (
    EMBEDDED,
    FAKE,
    FIELD_SETS,
    MINILM,
    AnnotatorSettings,
    AskSettings,
    BudgetSettings,
    ClaimsSettings,
    DocumentsSettings,
    ExtractSettings,
    FieldsSettings,
    InferSettings,
    LabelsetSettings,
    LabelSettings,
    MeasureSettings,
    ModelSettings,
    OptimizeSettings,
    PagesSettings,
    RankSettings,
    ReadSettings,
    RecordsSettings,
    RetrievalSettings,
    SandboxSettings,
    Section,
    StudentSettings,
    TaxonomySettings,
)

ELSEWHERE = {"base_url", "api_key_env", "concurrency", "timeout", "retries", "price"}
"""What of a model's settings its answers don't depend on."""

OF_DOCUMENTS = {"fields", "pages", "read", "claims"}
OF_ANALYSIS = {"ask", "sandbox"}
FOREIGN: dict[str, set[str]] = {
    "taxonomy": {"labelset", "retrieval", "infer", "rank", "program", "optimize", "records", "extract", *OF_DOCUMENTS, *OF_ANALYSIS},
    "extreme": {"taxonomy", "labels", "annotators", "measures", "records", "extract", *OF_DOCUMENTS, *OF_ANALYSIS},
    "tables": {
        *("taxonomy", "labels", "annotators", "measures", "labelset", "retrieval", "infer", "rank", "program", "optimize"),
        *OF_DOCUMENTS,
        *OF_ANALYSIS,
    },
    "documents": {
        *("taxonomy", "labels", "annotators", "measures", "labelset", "retrieval", "infer", "rank", "program", "optimize"),
        *("records", "extract"),
        *OF_ANALYSIS,
    },
    "analysis": {
        *("taxonomy", "labels", "annotators", "measures", "labelset", "infer", "rank", "program", "optimize", "student"),
        *("records", "extract"),
        *OF_DOCUMENTS,
    },
}
"""The sections that a pipeline doesn't read."""
SAME = {("extreme", "labels.llm_limit"): "rank.limit", ("tables", "labels.llm_limit"): "extract.limit", ("documents", "labels.llm_limit"): "read.limit"}
"""What a key that replaces one of the taxonomy pipeline is called in another."""
KINDS_OF = {
    "taxonomy": ("logistic", "lightgbm", "mlp", "lora", "prompt", "joint"),
    "extreme": ("adapter", "lora"),
    "tables": ("cells", "writer"),
    "documents": ("tagger", "writer"),
    "analysis": (),
}
"""The students that a pipeline trains."""
UNASKED = {
    "taxonomy": ("logistic", "lightgbm", "mlp", "lora"),
    "extreme": ("adapter", "lora"),
    "tables": ("cells",),
    "documents": ("tagger",),
    "analysis": (),
}
"""Those that it trains where the config doesn't say; a `writer` takes minutes on a laptop."""
NEEDED = {"extreme": "labelset", "tables": "records", "documents": "fields", "analysis": "ask"}
"""The section that a pipeline can't do without."""


class Settings(Section):
    """One pipeline over one corpus."""

    pipeline: Literal["taxonomy", "extreme", "tables", "documents", "analysis"] = "taxonomy"
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
    records: RecordsSettings | None = Field(None, description="what is wanted of tables, of the pipeline `tables`")
    extract: ExtractSettings = ExtractSettings()
    fields: FieldsSettings | None = Field(None, description="what is wanted of documents, of the pipeline `documents`")
    pages: PagesSettings = PagesSettings()
    read: ReadSettings = ReadSettings()
    claims: ClaimsSettings | None = Field(None, description="what was claimed, to be compared with what documents say")
    ask: AskSettings | None = Field(None, description="what is asked of a folder of data, of the pipeline `analysis`")
    sandbox: SandboxSettings = SandboxSettings()
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
        needed = NEEDED.get(self.pipeline)
        if needed and getattr(self, needed) is None:
            raise PydanticCustomError(f"no {needed}", needed)
        if foreign_kinds := set(self.kinds) - set(KINDS_OF[self.pipeline]):
            known = ", ".join(KINDS_OF[self.pipeline])
            raise PydanticCustomError("kinds", "{kind}: {known}", {"kind": repr(min(foreign_kinds)), "known": known})
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of students to train."""
        return UNASKED[self.pipeline] if self.student.kinds == StudentSettings().kinds else self.student.kinds

    def outcome(self) -> dict[str, Any]:
        """What the result depends on; a run is named by it, so that speed and budget may change between two tries.

        Where texts and labels lie isn't in it: the run is named by what was read there.
        """
        return self.model_dump(
            mode="json",
            exclude={
                "project": True,
                "budget": True,
                "sandbox": True,
                "documents": True,
                "taxonomy": {"given", "seed"},
                "annotators": {"rules": True, "patterns": True, "examples": True, "models": {"__all__": ELSEWHERE}},
                "model": ELSEWHERE,
                "labelset": True,
                "records": {"source"},
                "fields": True,
                "claims": True,
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
    return checked(read(path), path, overrides)


def checked(values: dict[str, Any], path: Path, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Check a config's values, as `load` does; `path` is where they are from, and what relative paths are relative to."""
    # A heading with nothing but comments under it is a section left at its defaults.
    values = {key: value for key, value in values.items() if value is not None}
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


def of_question(question: str, folder: Path, config: Path | None, overrides: Mapping[str, Any]) -> Settings:
    """The settings of `limbeck ask`: a config of the pipeline `analysis`, or its defaults, with what the command line says.

    Raises:
        ConfigError: Something in it can't be used.
    """
    replaced = {**overrides, "pipeline": "analysis", "ask.question": question, "documents.source": str(folder.absolute())}
    if config:
        return load(config, replaced)
    values = {"use_case": "Answer a question over files.", "project": str(Path("limbeck-analysis").absolute())}
    return checked(values, Path("limbeck ask"), replaced)


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
    labelset, records, rank, optimize = settings.labelset, settings.records, settings.rank, settings.optimize
    if records:
        file, colon, name = records.source.rpartition(":")
        beside = f"{normpath(folder / file)}:{name}" if colon and file.endswith(".py") else normpath(folder / records.source)
        records = records if colon and not file.endswith(".py") else records.model_copy(update={"source": beside})
    fields, claims = settings.fields, settings.claims
    if fields and fields.source not in FIELD_SETS:
        fields = fields.model_copy(update={"source": normpath(folder / fields.source)})
    if claims:
        claims = claims.model_copy(update={"source": normpath(folder / claims.source)})
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
            "records": records,
            "fields": fields,
            "claims": claims,
            "rank": rank,
            "optimize": optimize,
            "retrieval": retrieval,
            "program": normpath(folder / settings.program) if settings.program else None,
            "taxonomy": settings.taxonomy.model_copy(update=taxonomy),
            "annotators": settings.annotators.model_copy(update=annotators),
            "student": settings.student.model_copy(
                update={key: _name_beside(getattr(settings.student, key), folder) for key in ("encoder", "base")}
            ),
        }
    )


def _model_beside(model: ModelSettings, folder: Path) -> ModelSettings:
    """A model whose name is a folder beside the file is that folder; on a server a name is as it is."""
    return model.model_copy(update={"name": _name_beside(model.name, folder)}) if model.base_url is None else model


def _name_beside(name: str, folder: Path) -> str:
    """A name that is a folder beside the file is that folder; ours, and those of a hub, are as they are."""
    ours = name in (EMBEDDED, FAKE, MINILM)
    return normpath(folder / name) if not ours and isdir(folder / name) else name
