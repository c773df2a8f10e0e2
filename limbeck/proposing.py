"""A first schema of records from sample tables: by their headers, or by a model that is shown them too.

tables → draft → (a model) → YAML for a person to edit
"""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.errors import ConfigError
from limbeck.progress import Progress
from limbeck.records.drafting import NOTE, draft
from limbeck.records.reading import write_schema
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.tables import Table
from limbeck.sections import BudgetSettings, ModelSettings
from limbeck.tables.reading import read, table_of

if TYPE_CHECKING:
    from limbeck.llm import Sender


def propose(
    files: Sequence[str], progress: Progress, model: ModelSettings | None = None, send: "Sender | None" = None
) -> str:
    """Draft a schema.

    Args:
        files: Files or folders of sample tables.
        progress: What a person sees meanwhile.
        model: What improves the draft; without one it is what headers say.
        send: Answers in the model's place, for tests.

    Returns:
        A file's text, which says that it is a draft.

    Raises:
        ConfigError: There is no table with a number in the files, or the model can't be had.
        GuardrailError, CallFailed: The model gave no usable answer.
    """
    texts = dict.fromkeys(text for file in files for text in _texts(file, progress))
    tables = [table_of(text) for text in texts]
    schema = draft(tables)
    if model:
        with progress.stage("propose", 1, "schemas") as stage:
            schema = asyncio.run(_by(model, schema, tables, progress, send))
            stage.advance()
    made = f"the headers of {_counted(len(tables))}" + (f", and by {model.name}" if model else "")
    return write_schema(schema, NOTE.format(made=made))


def write(text: str, out: Path) -> None:
    """Write a new file.

    Raises:
        ConfigError: It is there already, or can't be written.
    """
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise refused(out, error) from None


def refused(out: Path, error: OSError) -> ConfigError:
    """What to say of a file that can't be written."""
    if isinstance(error, FileExistsError):
        return ConfigError(f"{str(out)!r} is there already; write another one with: --out other.yaml")
    return ConfigError(f"can't write {str(out)!r} ({error.strerror}); name a file in a folder that you may write to")


def _texts(file: str, progress: Progress) -> list[str]:
    corpus = read(file)
    for sentence in corpus.skipped:
        progress.note(sentence)
    return [document.text for document in corpus.documents]


def _counted(tables: int) -> str:
    return "one table" if tables == 1 else f"{tables:,} tables"


async def _by(
    model: ModelSettings, schema: RecordSchema, tables: Sequence[Table], progress: Progress, send: "Sender | None"
) -> RecordSchema:
    # Here, as a draft without a model is quick without them.
    import dspy

    from limbeck.batch import QUICK
    from limbeck.llm import LLM, InlineExecutor, Spent
    from limbeck.programs.drafting import Propose
    from limbeck.run import STORE, sender, stoppable
    from limbeck.store import Store

    asyncio.get_running_loop().set_default_executor(InlineExecutor())
    found: list[RecordSchema] = []

    async def asked() -> None:
        # One question, whose answer is kept in the file that a person edits: no project is needed.
        with tempfile.TemporaryDirectory(prefix="limbeck-") as folder, Store.open(Path(folder) / STORE) as store:
            async with sender(model, Path(folder) / "vllm.log", send, progress) as by:
                llm = LLM(model.name, store, by, model, BudgetSettings(), Spent())
                with dspy.context(lm=llm.lm(), **QUICK):
                    found.append((await Propose().acall(draft=schema, tables=tables)).schema)

    await stoppable(asked())
    return found[0]
