"""Index files of a view: rows only of what it holds, and the header that its layout asks for."""

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import duckdb

from gdac.index.header import MAX_HEADER_BYTES, parse_header, with_profile
from gdac.index.read import load_index, open_index
from gdac.index.spec import spec_of
from gdac.index.write import write_index
from sync.views.select import PLACING

#: As `gdac.index.write` packs.
_LEVEL: Final = 6
_CHUNK: Final = 1 << 20


def filter_index(con: duckdb.DuckDBPyConnection, file: Path, held: str, dest: Path, workdir: Path) -> None:
    """Write an index file with rows only of paths that a view holds; the header stays as it is.

    Args:
        con: an open connection.
        file: the hub's index file, packed or not, under its own name.
        held: table with a column ``path``: what the view holds, by the hub's paths.
        dest: where to write; packed when its name ends in ``.gz``.
        workdir: for unpacking.

    Raises:
        RefusedError: it is not a sound index file.
    """
    loaded = load_index(con, file, "view_index", workdir=workdir)
    con.execute(
        f"create or replace temp view view_index_rows as select * from view_index semi join {held} using (path)"
    )
    write_index(con, "view_index_rows", dest, spec=loaded.spec, header=loaded.header)
    con.execute("drop view view_index_rows")
    con.execute("drop table view_index")


def with_ten_lines(file: Path, dest: Path) -> bool:
    """Write an index file again with ten ``#`` lines, its rows byte for byte; packed like the file.

    Returns:
        False, and nothing written, where it has ten already or none at all (the greylist).

    Raises:
        RefusedError: it is no index file.
    """
    with file.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    with gzip.open(file) if packed else file.open("rb") as text:
        start = text.read(MAX_HEADER_BYTES)
        header = parse_header(start, file.name)
        wider = with_profile(header, 10)
        if wider == header or not header.lines:
            return False
        text.seek(len(header.encode()))
        with dest.open("wb") as out:
            if packed:
                with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as shut:
                    _copy(wider.encode(), text, shut)
            else:
                _copy(wider.encode(), text, out)
    return True


def load_placed(con: duckdb.DuckDBPyConnection, files: Sequence[Path], workdir: Path) -> list[str]:
    """Load the rows that place cycles in time and space, as tables; returns their names.

    Of two forms of one index the one with the newer stamp counts, of equals the plain one.

    Args:
        con: an open connection.
        files: index files under their own names.
        workdir: for unpacking.
    """
    tables = []
    for at, name in enumerate(PLACING):
        forms = sorted(file for file in files if (spec := spec_of(file.name)) and spec.name == name)
        if not forms:
            continue
        stamps = []
        for form in forms:
            with open_index(form, workdir) as opened:
                stamps.append((opened.header.updated is not None, opened.header.updated, form.suffix != ".gz", form))
        newest = max(stamps, key=lambda stamp: (stamp[0], stamp[1] or 0, stamp[2]))[3]
        table = f"placed_{at}"
        load_index(con, newest, table, workdir=workdir)
        tables.append(table)
    return tables


def _copy(header: bytes, rows: IO[bytes] | gzip.GzipFile, out: IO[bytes] | gzip.GzipFile) -> None:
    out.write(header)
    shutil.copyfileobj(rows, out, _CHUNK)
