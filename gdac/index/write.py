"""Writes index files: the same table gives the same bytes, gzip included."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Final, Literal, Protocol

import duckdb

from gdac.index.header import IndexHeader
from gdac.index.rows import row_text
from gdac.index.spec import IndexSpec, columns_of

_LEVEL: Final = 6
_BATCH: Final = 20_000


class BinaryWriter(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> int:
        """Take some."""
        ...


Order = Literal["path", "as loaded"]


def write_index(
    con: duckdb.DuckDBPyConnection,
    table: str,
    dest: Path,
    *,
    spec: IndexSpec,
    header: IndexHeader,
    order: Order = "path",
) -> None:
    """Write an index table, as `gdac.index.read.load_index` or `gdac.index.build` make it.

    Args:
        con: where the table is.
        table: its name. Rows whose ``raw`` is not NULL are written as it says.
        dest: ``.txt``, or ``.txt.gz`` for gzip (no name, time 0, fixed level). Replaced in one step.
        spec: which index.
        header: the lines above the rows, written as they are.
        order: by path in byte order, or the order in which the rows came in.
    """
    columns = spec.columns if not spec.own_columns else columns_of(header.column_row)
    by = "path" if order == "path" and spec.lists_files else "rowid"
    line = f"coalesce(raw, {row_text(columns, spec.root)})"
    with replacing(dest) as target:
        _copy(con, f"SELECT {line} FROM {table} ORDER BY {by}", header, target)


@contextmanager
def replacing(dest: Path) -> Iterator[BinaryWriter]:
    """Take an index file's plain bytes; packed for ``.gz``, and in place in one step when the context ends well."""
    handle, name = mkstemp(prefix=".index-", suffix=".tmp", dir=dest.parent)
    try:
        with os.fdopen(handle, "wb") as raw:
            if dest.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed:
                    yield packed
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(dest)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _copy(con: duckdb.DuckDBPyConnection, query: str, header: IndexHeader, target: BinaryWriter) -> None:
    target.write(header.encode())
    rows = con.execute(query)
    while batch := rows.fetchmany(_BATCH):
        target.write("".join(f"{line}\n" for (line,) in batch).encode())
