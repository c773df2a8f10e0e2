"""The files of a folder of data, each named by its path and the digest of its bytes.

`Document(text='{"bytes":812,"digest":"b2:0c1e…","path":"2024/sales.csv"}')`, with `Place(key="2024/sales.csv")`
"""

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from limbeck.decoding import Skipped
from limbeck.errors import DocumentsError
from limbeck.pages.sources import STORE, digest, is_utf8
from limbeck.schemas import Corpus
from limbeck.schemas.analysis import DataFile
from limbeck.schemas.documents import Keyed
from limbeck.schemas.record import canonical


def read(source: str, project: Path, limit: int | None = None) -> Corpus:
    """List the files that questions are asked about; their bytes are read once, for their digests.

    Hidden files, links that lead out of the folder and the run's own project are left out. Of a limbeck project in it,
    the store alone is data.

    Args:
        source: A folder, or one file.
        project: The run's own project.
        limit: No more files than this.

    Raises:
        DocumentsError: There is no file in it, or it is the project itself.
    """
    folder, skipped = Path(source), Counter[str]()
    if not folder.exists():
        raise DocumentsError(f"no folder {source!r}; name a folder with your data: limbeck ask QUESTION FOLDER")
    if folder.resolve() == project.resolve():
        raise DocumentsError(f"{source!r} is where this analysis is kept itself; keep it elsewhere with `project:` or --project")
    found = _of_folder(folder, project, skipped) if folder.is_dir() else _of_file(folder, folder.name, skipped)
    corpus = Corpus.of(itertools.islice(found, limit), source, skipped)
    if not corpus.places:
        because = f" ({'; '.join(skipped)})" if skipped else ""
        raise DocumentsError(f"no file in {source!r}{because}; name a folder with your data: limbeck ask QUESTION FOLDER")
    return corpus


def of_text(text: str) -> DataFile:
    """The file that a document of this pipeline is."""
    return DataFile.model_validate_json(text)


def _of_folder(folder: Path, project: Path, skipped: Skipped) -> Iterator[Keyed]:
    home, own = folder.resolve(), project.resolve()
    def locked(_: OSError) -> None:
        skipped["folders left out because they can't be opened"] += 1

    for base, folders, names in os.walk(folder, onerror=locked):
        if links := sum(Path(base, one).is_symlink() for one in folders):
            skipped["folders left out because they are links"] += links
        folders[:] = sorted(one for one in folders if not one.startswith(".") and Path(base, one).resolve() != own)
        if STORE in names:  # What else a project holds are limbeck's caches, students and reports.
            skipped["files of a limbeck project left out beside its store"] += len(names) - 1
            folders[:], names = [], [STORE]
        for name in sorted(one for one in names if not one.startswith(".")):
            path = Path(base, name)
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                skipped["links left out because they lead out of the folder"] += 1
            elif path.is_symlink() and os.path.isabs(os.readlink(path)):  # In the sandbox it leads nowhere; the file itself is listed.
                skipped["links left out because they are absolute"] += 1
            else:
                yield from _of_file(path, path.relative_to(folder).as_posix(), skipped)


def _of_file(path: Path, key: str, skipped: Skipped) -> Iterator[Keyed]:
    if not is_utf8(key):
        skipped["files left out because their names are no UTF-8; rename them"] += 1
    elif not path.is_file():  # Who opens a pipe waits for ever.
        skipped["files left out because they are pipes, devices, broken links or not there"] += 1
    else:
        yield key, canonical(_file(path, key).model_dump()), str(path)


def _file(path: Path, key: str) -> DataFile:
    """A file that can't be opened is data, too: a script will say what is wrong with it."""
    try:
        return DataFile(path=key, bytes=path.stat().st_size, digest=digest(path))
    except OSError as error:
        return DataFile(path=key, bytes=0, digest=f"unreadable: {error.strerror}")
