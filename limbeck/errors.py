"""One base class, one class for each way to fail.

Library code raises these; only `cli.py` turns them into one line on stderr and an exit code. Each message names the
thing with `!r` and ends with what to type instead.
"""


class LimbeckError(Exception):
    """Anything that went wrong and that a person can act on; shown as one line, exit code 1."""

    exit_code = 1


class ConfigError(LimbeckError):
    """The config, a path or an option can't be used; found before anything was written, exit code 2."""

    exit_code = 2


class DocumentsError(ConfigError):
    """The documents can't be read: no such file, no such column, no text in it."""


class NoColumn(DocumentsError):
    """A table has no column of the name that was given, or none that is plainly the text."""

    def __init__(self, trouble: str, option: str, column: str) -> None:
        super().__init__(f"{trouble}: write `{option}: {column}`")
        self.trouble, self.option, self.column = trouble, option, column


class NoText(DocumentsError):
    """The column that holds the text is there, and empty."""

    def __init__(self, trouble: str) -> None:
        super().__init__(f"{trouble}; name another with `text:`")
        self.trouble = trouble


class NoLabels(DocumentsError):
    """A label file holds no label."""

    def __init__(self, source: str, column: str | None) -> None:
        where = f" in column {column!r}" if column else ""
        super().__init__(f"no label{where} of {source!r}; write one a row, or name the column with `labelset: {{label: …}}`")


class TableError(DocumentsError):
    """A table can't be read: its markup is broken beyond use, or it is too large."""


class PagesError(LimbeckError):
    """A document's pages can't be read: the file is corrupt, locked by a password, or gone. The run goes on without it."""


class SandboxError(ConfigError):
    """Scripts can't be run apart from everything else here; found before any is run."""


class ModelUnreachable(ConfigError):
    """No server answers at the model's address, or it doesn't serve the model."""


class EngineError(LimbeckError):
    """A model server that limbeck started came to nothing, or an embedded model can't be fetched."""


class ModelCallsOff(LimbeckError):
    """A model was called while the switch in `llm.py` is off, as it is in tests."""


class BudgetSpent(LimbeckError):
    """The run's budget of calls, tokens, money or seconds is used up; what was done is kept."""


class NoAnswer(LimbeckError):
    """An analysis has come to its end, and no script of it."""


class Interrupted(LimbeckError):
    """A person pressed Ctrl-C; what was done is kept."""

    exit_code = 130


class GuardrailError(LimbeckError):
    """A model's answer broke a rule (parse, language, size, index and name); shown to the model on the retry."""

    calls: tuple[str, ...] = ()
    """Ids of the attempts, where no attempt passed."""


class CallFailed(LimbeckError):
    """The server refused a request, or answered nothing usable after every retry."""


class PromptTooLong(CallFailed):
    """A prompt is longer than its model reads, and can't be cut."""

    def __init__(self, characters: int, model: str) -> None:
        super().__init__(
            f"the prompt of {characters!r} characters does not fit {model!r}; write a shorter use case, fewer labels, or "
            "a model with a larger `context`"
        )


class NoLikelihood(LimbeckError):
    """A server does not say how likely a prompt is, which labelling by likelihood needs."""

    def __init__(self, model: str) -> None:
        said = f"the server of {model!r} does not say how likely a prompt is (`prompt_logprobs`, as vLLM does)"
        super().__init__(f"{said}; write `mode: reasoned` under `labels:` or `rank:`")


class UnreadableLabel(LimbeckError):
    """A vote's label is not of the kind that it is read as: no span, number or ranking."""

    def __init__(self, label: str, kind: str, wanted: str) -> None:
        super().__init__(f"label {label[:60]!r} is no {kind}; write {wanted}")


class StoreError(LimbeckError):
    """The project's DuckDB file can't be opened, read or written as asked."""


class StoreBusy(StoreError):
    """Another limbeck process is writing to the project."""


class QueryError(StoreError):
    """The SQL given by a person is wrong, or would write."""

    exit_code = 2


class StudentError(LimbeckError):
    """A student can't be trained, saved, loaded or used on this input."""


class NoStudent(StudentError):
    """The folder given holds no student."""

    exit_code = 2


class NoCard(StudentError):
    """The folder given holds no data card."""

    exit_code = 2


class NoSuchRun(StoreError):
    """No run, student or taxonomy has the id that was asked for."""

    exit_code = 2
