"""Were these very bytes ever in an archive: local files held against every manifest and delta of its known past.

Local files become rows: hashed with bounded memory, spooled, joined in columns; so a whole archive on a disk is as
welcome as one file.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import GdacError
from gdac.manifest.chain import Past
from gdac.manifest.hashing import hash_files
from gdac.manifest.history import STAY_COLUMNS, FileState, History, file_state
from gdac.manifest.names import HEAD_KEY
from gdac.paths import MANIFEST_DIR
from sync.spool import Spool

_COLUMNS: Final = {
    "place": "BIGINT",
    "file": "VARCHAR",
    "base": "VARCHAR",
    "size": "BIGINT",
    "sha256": "HEX",
    "trouble": "VARCHAR",
}
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an archive knows of one local file.

    Attributes:
        file: as it was named, what cannot be printed escaped.
        size: bytes.
        sha256: their digest; None where they could not be read.
        stays: every stay of these bytes in the archive, oldest first; none where they are unknown.
        alike: the newest stay of other bytes under a path that ends in the same name; of unknown files only.
        trouble: why the file could not be read, or None.
    """

    file: str
    size: int
    sha256: bytes | None
    stays: tuple[FileState, ...]
    alike: FileState | None
    trouble: str | None

    @property
    def is_known(self) -> bool:
        """These bytes were in the archive."""
        return bool(self.stays)

    @property
    def is_current(self) -> bool:
        """They are there now."""
        return any(stay.until is None for stay in self.stays)


def verdicts(
    connection: duckdb.DuckDBPyConnection,
    past: Past,
    files: Iterable[Path],
    workdir: Path,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Verdict]:
    """Hold local files against the known past of an archive; one verdict each, in their order.

    Args:
        connection: an open connection; nothing else may be asked of it until the last verdict.
        past: its files are at hand.
        files: local files, as `walk` gives them.
        workdir: for temporary files.
        progress: told the bytes of each file that was read.

    Raises:
        RefusedError: a sealed file is not what it must be.
    """
    history = History(connection, past)
    with Spool(workdir / "local.tsv") as spool:
        for place, (name, hashed) in enumerate(_hashed(files, progress)):
            base = name.rpartition("/")[2]
            spool.add(place, name, base, hashed.size, hashed.sha256 or None, hashed.trouble)
        spool.load(connection, "local_files", _COLUMNS)
    connection.execute(
        "create or replace temp table local_digests as select distinct sha256 from local_files where sha256 is not null"
    )
    history.of_digests("local_digests", "local_stays")
    _find_alike(connection, history)
    packed = ", ".join(f"{name} := s.{name}" for name in STAY_COLUMNS)
    query = (
        "select l.file, l.size, l.sha256, l.trouble,"
        f" list(struct_pack({packed}) order by s.serial, s.path) filter (s.path is not null), any_value(a.stay)"
        " from local_files l left join local_stays s on s.sha256 = l.sha256"
        " left join local_alike a on a.place = l.place group by l.place, l.file, l.size, l.sha256, l.trouble"
        " order by l.place"
    )
    rows, where = connection.execute(query), str(past.folder)
    while batch := rows.fetchmany(_BATCH):
        for file, size, sha256, trouble, stays, alike in batch:
            told = tuple(file_state(stay.values(), where) for stay in stays or ())
            other = None if alike is None else file_state(alike.values(), where)
            yield Verdict(file, size, sha256, told, other, trouble)


def walk(named: Sequence[Path]) -> Iterator[Path]:
    """Files as they were named, and all files of directories that were named; those sealed by an archive are left out.

    Raises:
        GdacError: something named is not there, or a directory cannot be read.
    """
    for one in named:
        if one.is_dir():
            yield from _walk(one, is_top=True)
        elif one.exists() or one.is_symlink():
            yield one
        else:
            raise GdacError(f"{one} is not there.", hint="Name files, or directories of files.")


def _walk(folder: Path, *, is_top: bool) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise GdacError(f"cannot read directory {str(folder)!a}: {error.strerror or error}.") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if not (is_top and entry.name == MANIFEST_DIR and (folder / HEAD_KEY).is_file()):
                yield from _walk(folder / entry.name, is_top=False)
        else:
            yield folder / entry.name


@dataclass(frozen=True, slots=True)
class _Hashed:
    size: int = 0
    sha256: str = ""
    trouble: str | None = None


def _hashed(files: Iterable[Path], progress: Callable[[int], None] | None) -> Iterator[tuple[str, _Hashed]]:
    """Every file with its digest or its trouble, in order."""
    batch: list[tuple[str, str | None, str]] = []
    for file in files:
        batch.append((_printable(file.as_posix()), *_real(file)))
        if len(batch) >= _BATCH:
            yield from _hash_batch(batch, progress)
            batch = []
    yield from _hash_batch(batch, progress)


def _hash_batch(
    batch: Sequence[tuple[str, str | None, str]], progress: Callable[[int], None] | None
) -> Iterator[tuple[str, _Hashed]]:
    found = iter(hash_files(Path(), [real for _, real, _ in batch if real is not None], progress=progress))
    for name, real, trouble in batch:
        if real is None:
            yield name, _Hashed(trouble=trouble)
        else:
            one = next(found)
            yield name, _Hashed(one.size, one.sha256, one.trouble and _printable(one.trouble))


def _real(file: Path) -> tuple[str | None, str]:
    """Where the bytes lie, links followed; or why there are none."""
    try:
        real = file.resolve(strict=True)
        if not stat.S_ISREG(real.stat().st_mode):
            return None, "it is no regular file"
    except (OSError, RuntimeError) as error:
        return None, getattr(error, "strerror", None) or "it cannot be found"
    return str(real), ""


def _printable(text: str) -> str:
    """What a table and a terminal can show: everything else escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _find_alike(connection: duckdb.DuckDBPyConnection, history: History) -> None:
    """For unknown files: the newest stay under a path of the same name, of several the one with the most in common."""
    connection.execute(
        "create or replace temp table local_unknown as select place, file, base from local_files l"
        " where sha256 is not null and not exists (from local_stays s where s.sha256 = l.sha256)"
    )
    history.of_names("(select distinct base from local_unknown)", "local_named")
    history.of_paths("local_named", "local_named_stays")
    packed = ", ".join(f"{name} := s.{name}" for name in STAY_COLUMNS)
    connection.execute(
        "create or replace temp table local_alike as"
        f" select u.place, arg_max(struct_pack({packed}),"
        " struct_pack(fits := suffix(u.file, s.path)::integer, now := (s.until is null)::integer, serial := s.serial,"
        " path := s.path)) as stay from local_unknown u"
        " join local_named_stays s on split_part(s.path, '/', -1) = u.base group by u.place"
    )
