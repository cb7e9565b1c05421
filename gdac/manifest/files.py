"""Manifest and delta files: written byte-stable, read with nothing believed (docs/formats.md, "Manifest", "Delta").

Parquet, zstd, written and read by DuckDB. A file is written under a temporary name and takes its final one, which holds
its digest, when it is whole.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import GdacError
from gdac.manifest import names, rows
from gdac.manifest.delta import count
from gdac.manifest.fields import Fields
from gdac.manifest.metadata import link_fields, read_metadata, render_metadata
from gdac.manifest.model import (
    CHANGES,
    DELTA_COLUMNS,
    DELTA_FORMAT,
    MANIFEST_COLUMNS,
    MANIFEST_FORMAT,
    METADATA_KEY,
    DeltaCounts,
    DeltaInfo,
    Link,
    ManifestError,
    ManifestInfo,
    SealedFile,
)
from gdac.manifest.names import NameKind
from gdac.manifest.tables import all_or_nothing

#: Rows of a Parquet row group: DuckDB's own, measured best for writing and reading (docs/formats.md, "Row groups").
ROW_GROUP: Final = 122_880
_IN_PARQUET: Final = {"TIMESTAMP": "TIMESTAMP WITH TIME ZONE"}


def write_manifest(
    con: duckdb.DuckDBPyConnection,
    table: str,
    dest: Path,
    *,
    archive: str,
    serial: int,
    previous: Link | None = None,
    view_of: Mapping[str, object] | None = None,
) -> SealedFile:
    """Write the full manifest of a serial.

    Args:
        con: an open connection.
        table: manifest-shaped table or view, in any order.
        dest: directory to write into.
        archive: id of the archive.
        serial: which state of it.
        previous: the full manifest kept before this one, or None.
        view_of: of a view, what its metadata say of its origin; None for an archive that is sealed itself.

    Returns:
        The file under its final name. The same rows give the same bytes with the same DuckDB version.

    Raises:
        ManifestError: a row breaks a rule of the format; nothing is left in ``dest``.
    """
    where = f"the manifest of serial {serial}"
    found, size = rows.check_manifest_rows(con, table, where, serial)
    about = {
        "format": MANIFEST_FORMAT,
        "archive": archive,
        "serial": serial,
        "rows": found,
        "bytes": size,
        "previous": link_fields(previous),
        **({} if view_of is None else {"view_of": view_of}),
    }
    part = _write(con, table, MANIFEST_COLUMNS, dest, about, where)
    try:
        return _finish(part, NameKind.MANIFEST, serial, rows=found, size=size)
    finally:
        part.unlink(missing_ok=True)


def write_delta(
    con: duckdb.DuckDBPyConnection,
    table: str,
    dest: Path,
    *,
    archive: str,
    from_serial: int,
    serial: int,
    previous: Link | None,
) -> SealedFile:
    """Write the delta that leads from one serial to the next.

    Args:
        con: an open connection.
        table: delta-shaped table.
        dest: directory to write into.
        archive: id of the archive.
        from_serial: serial of the base.
        serial: serial that it leads to.
        previous: the delta that leads to ``from_serial``; None where there is none (the base is serial 1).

    Returns:
        The file under its final name, with its counts.

    Raises:
        ManifestError: a row breaks a rule of the format; nothing is left in ``dest``.
    """
    where = f"the delta to serial {serial}"
    rows.check_delta_rows(con, table, where, from_serial)
    counts = count(con, table)
    about = {
        "format": DELTA_FORMAT,
        "archive": archive,
        "from_serial": from_serial,
        "serial": serial,
        "previous": link_fields(previous),
        "rows": counts.rows,
        **asdict(counts),
    }
    part = _write(con, table, DELTA_COLUMNS, dest, about, where)
    try:
        return _finish(part, NameKind.DELTA, serial, rows=counts.rows, size=counts.bytes, counts=counts)
    finally:
        part.unlink(missing_ok=True)


def load_manifest(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    table: str,
    *,
    expect_sha256: str | None,
    archive: str | None,
    in_memory: bool = False,
    rows_known: bool = False,
    digest_known: bool = False,
) -> ManifestInfo:
    """Open a manifest file, checked, as a view over the file.

    Args:
        con: an open connection.
        file: the Parquet file; it must stay in place for as long as the view is used.
        table: name of the view to make; rows are sorted by path.
        expect_sha256: digest that the bytes must have (from the head); None when the caller has checked them already.
        archive: id that the manifest must carry; None takes any.
        in_memory: make a table instead of a view: faster when used often, about 170 bytes of memory per row.
        rows_known: the caller has judged or written the rows of a manifest with this very digest before; digest and
            metadata are still checked. Only with ``expect_sha256``.
        digest_known: the caller has checked the digest a moment ago.

    Raises:
        ManifestError: other bytes than expected, unreadable, unknown format, other archive, or rows that break a rule.
    """
    about = _open(con, file, MANIFEST_FORMAT, None if digest_known else expect_sha256, archive)
    info = ManifestInfo(
        about.archive(),
        about.serial(),
        about.number("rows"),
        about.number("bytes"),
        about.link("previous", NameKind.MANIFEST),
    )
    with all_or_nothing(con, table), readable(file):
        _make(con, file, MANIFEST_COLUMNS, table, in_memory=in_memory)
        if rows_known and expect_sha256 is not None:
            return info
        with con.cursor() as other, ThreadPoolExecutor(1, "order") as beside:
            # the order is read by one thread of the engine alone, so there is room for the rest
            in_order = beside.submit(rows.check_order, other, scan_of(file), str(file))
            counted = rows.check_manifest_rows(con, table, str(file), info.serial)
            in_order.result()
        if counted != (info.rows, info.bytes):
            raise ManifestError(
                f"{file} says {info.rows:,} rows and {info.bytes:,} bytes, "
                f"but its rows are {counted[0]:,} and {counted[1]:,}."
            )
    return info


def load_delta(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    table: str,
    *,
    expect_sha256: str | None,
    archive: str | None,
) -> DeltaInfo:
    """Load a delta file, checked, into a table.

    Args:
        con: an open connection.
        file: the Parquet file.
        table: name of the delta-shaped table to make; rows are sorted by path.
        expect_sha256: digest that the bytes must have (from the head); None when the caller has checked them already.
        archive: id that the delta must carry; None takes any.

    Raises:
        ManifestError: other bytes than expected, unreadable, unknown format, other archive, or rows that break a rule.
    """
    about = _open(con, file, DELTA_FORMAT, expect_sha256, archive)
    counts = DeltaCounts(*(about.number(word) for word in (*CHANGES, "bytes")))
    info = DeltaInfo(
        about.archive(),
        about.serial("from_serial"),
        about.serial(least=2),
        about.link("previous", NameKind.DELTA),
        counts,
    )
    if info.serial <= info.from_serial:
        raise ManifestError(f"{file} leads from serial {info.from_serial} back to {info.serial}.")
    if info.previous is not None and info.previous.serial != info.from_serial:
        raise ManifestError(f"{file} fits serial {info.from_serial}, but names {info.previous.name} as the one before.")
    with all_or_nothing(con, table), readable(file):
        _make(con, file, DELTA_COLUMNS, table, in_memory=True)
        rows.check_order(con, table, str(file))
        rows.check_delta_rows(con, table, str(file), info.from_serial)
        rows.check_counts(counts, count(con, table), str(file))
    return info


def scan_of(file: Path) -> str:
    """The SQL that reads one Parquet file, whatever letters its name holds."""
    return f"read_parquet({quoted(_no_glob(file))}, hive_partitioning = false)"


def scan_of_all(files: Sequence[Path]) -> str:
    """The SQL that reads several Parquet files of one shape; the column ``filename`` says from which a row is."""
    listed = ", ".join(quoted(_no_glob(file)) for file in files)
    return f"read_parquet([{listed}], hive_partitioning = false, filename = true)"


def quoted(text: Path | str) -> str:
    """A SQL string literal, for the places where DuckDB takes no parameter."""
    return "'" + str(text).replace("'", "''") + "'"


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes, lower-case hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    dest: Path,
    about: Mapping[str, object],
    where: str,
) -> Path:
    """Write the rows, sorted and each path once, under a temporary name; the caller renames or removes the file."""
    # Sorting sorted rows costs more than writing them. A view may give its rows in another order each time, so what
    # counts is the file.
    if rows.is_sorted(con, table):
        part = _copy(con, table, columns, dest, about, sort=False)
        if rows.is_sorted(con, scan_of(part)):
            return part
        part.unlink()
    part = _copy(con, table, columns, dest, about, sort=True)
    try:
        rows.check_order(con, scan_of(part), where)
    except BaseException:
        part.unlink()
        raise
    return part


def _copy(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    dest: Path,
    about: Mapping[str, object],
    *,
    sort: bool,
) -> Path:
    part = dest / f".{uuid.uuid4().hex}.part"
    shown = ", ".join(_into_parquet(name, kind) for name, kind in columns.items())
    text = render_metadata(about).replace("'", "''")
    try:
        con.execute(
            f"""COPY (SELECT {shown} FROM {table} {"ORDER BY path" if sort else ""}) TO {quoted(part)} (
            FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE {ROW_GROUP},
            KV_METADATA {{"{METADATA_KEY}": '{text}'}})"""
        )
    except duckdb.IOException as error:
        part.unlink(missing_ok=True)
        raise GdacError(f"cannot write in {dest} ({str(error).splitlines()[0]}).", hint="Is the disk full?") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _finish(
    part: Path, kind: NameKind, serial: int, *, rows: int, size: int, counts: DeltaCounts | None = None
) -> SealedFile:
    sha256 = digest(part)
    key = names.manifest_key(serial, sha256) if kind is NameKind.MANIFEST else names.delta_key(serial, sha256)
    final = part.with_name(key.rpartition("/")[2])
    weight = part.stat().st_size
    part.replace(final)
    return SealedFile(key, final, sha256, weight, rows, size, counts)


def _open(
    con: duckdb.DuckDBPyConnection, file: Path, expect: str, expect_sha256: str | None, archive: str | None
) -> Fields:
    """Digest first, so that bytes which are not the sealed ones never reach the Parquet reader; then the metadata."""
    if not file.is_file():
        raise ManifestError(f"{file} is not there.")
    if expect_sha256 is not None and (found := digest(file)) != expect_sha256:
        raise ManifestError(
            f"{file} has SHA-256 {found}, expected {expect_sha256}.",
            hint="Fetch it again; if that does not help, read the head again: it may have moved on.",
        )
    return read_about(con, file, expect, archive)


def read_about(con: duckdb.DuckDBPyConnection, file: Path, expect: str, archive: str | None) -> Fields:
    """What a manifest or delta says of itself; its bytes must have been checked.

    Args:
        con: an open connection.
        file: the Parquet file.
        expect: its format, such as ``argo-gdac delta 1``.
        archive: id that it must carry; None takes any.

    Raises:
        ManifestError: unreadable, without such metadata, another format or another archive.
    """
    with readable(file):
        raw = con.execute(
            f"SELECT value FROM parquet_kv_metadata({quoted(_no_glob(file))}) WHERE key = $1", [METADATA_KEY.encode()]
        ).fetchall()
    if len(raw) != 1:
        raise ManifestError(f"{file} is a Parquet file without {METADATA_KEY!r} metadata: no manifest or delta.")
    about = read_metadata(raw[0][0], str(file), expect)
    if archive is not None and about.archive() != archive:
        raise ManifestError(f"{file} belongs to archive {about.archive()}, not {archive}.")
    return about


def _make(
    con: duckdb.DuckDBPyConnection, file: Path, columns: Mapping[str, str], table: str, *, in_memory: bool
) -> None:
    scan = scan_of(file)
    there = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
    for name, kind in columns.items():
        if there.get(name) != _IN_PARQUET.get(kind, kind):
            raise ManifestError(
                f"{file}: column {name!r} is {there.get(name, 'missing')}, must be {_IN_PARQUET.get(kind, kind)}."
            )
    shown = ", ".join(_from_parquet(name, kind) for name, kind in columns.items())
    con.execute(f"CREATE {'TABLE' if in_memory else 'VIEW'} {table} AS SELECT {shown} FROM {scan}")


def _into_parquet(name: str, kind: str) -> str:
    # Through microseconds: exact, and several times faster than a cast, which asks the calendar library for each value.
    return f"make_timestamptz(epoch_us({name})) AS {name}" if kind == "TIMESTAMP" else f"{name}::{kind} AS {name}"


def _from_parquet(name: str, kind: str) -> str:
    return f"make_timestamp(epoch_us({name})) AS {name}" if kind == "TIMESTAMP" else name


def _no_glob(file: Path) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(file))


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Turn what the Parquet reader says of bytes that it cannot read into a `ManifestError`."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise  # the machine's fault, not the file's
    except duckdb.Error as error:
        first = str(error).partition("\n")[0]
        raise ManifestError(f"{file} is no readable Parquet file ({first}).", hint="Fetch it again.") from error
