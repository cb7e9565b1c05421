"""Makes the seven global indexes out of the NetCDF files of a local tree."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import duckdb

from gdac.errors import GdacError, UsageError
from gdac.index.header import new_header
from gdac.index.listed import INDEX_OF, Listed, listed
from gdac.index.read import load_index
from gdac.index.spec import BUILT, SPECS
from gdac.index.write import write_index
from gdac.paths import ArchivePath, PathError

#: Slashes in dac/<dac>/<wmo>/profiles/<name>.
_DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class Built:
    """What was made of a tree.

    Attributes:
        rows: of each index, by its name.
        problems: files that could not be listed, one sentence each, in path order.
    """

    rows: dict[str, int]
    problems: tuple[str, ...]


def listed_files(tree: Path) -> Iterator[ArchivePath | PathError]:
    """Walk ``dac/`` of a tree in path order: the files that indexes list, and names that no archive may hold.

    Raises:
        UsageError: the tree has no ``dac`` folder.
        GdacError: a folder cannot be read.
    """
    if not (tree / "dac").is_dir():
        raise UsageError(f"{tree} has no folder dac.", hint="Name the root of an archive.")
    yield from _walk(tree, "dac")


def _walk(tree: Path, folder: str) -> Iterator[ArchivePath | PathError]:
    try:
        with os.scandir(tree / folder) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        raise GdacError(f"folder {tree / folder} cannot be read: {error.strerror}.") from error
    for name, is_folder in found:
        path = f"{folder}/{name}"
        if is_folder:
            if path.count("/") < _DEPTH:  # so that a link to a parent folder ends
                yield from _walk(tree, path)
            continue
        try:
            parsed = ArchivePath.parse(path)
        except PathError as error:
            yield error
            continue
        if parsed.kind in INDEX_OF:
            yield parsed


def rows_of(tree: Path) -> Iterator[Listed]:
    """The index row, or the problem, of every listable file below a tree's ``dac``, in path order."""
    for one in listed_files(tree):
        yield Listed(one.text, "", problem=str(one)) if isinstance(one, PathError) else listed(tree, one)


def build_indexes(
    con: duckdb.DuckDBPyConnection,
    tree: Path,
    dest: Path,
    *,
    updated: datetime,
    suffix: Literal[".txt", ".txt.gz"] = ".txt",
    profile: Literal[8, 10] = 8,
    node: str = "CORIOLIS",
    progress: Callable[[int], None] = lambda _: None,
) -> Built:
    """Write the seven global indexes of a tree.

    Args:
        con: an engine to sort in.
        tree: root of an archive; nothing in it is changed.
        dest: folder that the index files go to, made if missing; each file is replaced in one step.
        updated: stamp of all of them, aware.
        suffix: plain text or gzip.
        profile: lines of the header, see `gdac.index.header.new_header`.
        node: of the header.
        progress: called with the number of files looked at so far.

    Raises:
        UsageError: the tree has no ``dac`` folder.
        GdacError: a folder cannot be read or written.
    """
    rows: Counter[str] = Counter()
    problems: list[str] = []
    dest.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".index-", dir=dest) as spool:
        work = Path(spool)
        headers = {name: new_header(SPECS[name], updated=updated, profile=profile, node=node) for name in BUILT}
        with ExitStack() as stack:
            files = {
                name: stack.enter_context((work / f"{name}.txt").open("w", encoding="utf-8", newline="\n"))
                for name in BUILT
            }
            for name, file in files.items():
                file.write(headers[name].encode().decode())
            for seen, one in enumerate(rows_of(tree), start=1):
                if one.problem:
                    problems.append(one.problem)
                else:
                    rows[one.index] += 1
                    files[one.index].write(f"{one.row}\n")
                progress(seen)
        for name in BUILT:
            load_index(con, work / f"{name}.txt", "index_built", workdir=work)
            write_index(con, "index_built", dest / f"{name}{suffix}", spec=SPECS[name], header=headers[name])
        con.execute("DROP TABLE index_built")
    return Built({name: rows[name] for name in BUILT}, tuple(sorted(problems)))
