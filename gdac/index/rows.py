"""How text becomes typed columns and typed columns become text again, in DuckDB.

An index table has ``path`` (relative to the archive root), then the index's other columns typed, then ``raw``: the row
as the file has it where the typed values alone would not give the same bytes back (``0846`` does, as text; ``0.0300``
does not), else NULL. Empty text is NULL. Times are plain TIMESTAMP and mean UTC.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.errors import RefusedError
from gdac.index.header import IndexHeader
from gdac.index.spec import SPECS, Column, IndexSpec, Type, columns_of, spec_of

_TIME: Final = re.compile(r"[12]\d{13}", re.ASCII)
_SQL_TYPES: Final = {
    Type.FILE: "VARCHAR",
    Type.TIME: "TIMESTAMP",
    Type.DAY: "DATE",
    Type.DEGREES: "DOUBLE",
    Type.NUMBER: "DOUBLE",
    Type.TEXT: "VARCHAR",
}


def quoted(name: str) -> str:
    """A column name in SQL; they come from files, so none is trusted."""
    return '"' + name.replace('"', '""') + '"'


def table_name(column: Column) -> str:
    """The name of a column in our tables: ``path`` for the file column, else its own."""
    return quoted("path" if column.type is Type.FILE else column.name)


def columns_in(spec: IndexSpec, header: IndexHeader, name: str) -> tuple[Column, ...]:
    """The columns of a file's rows: the spec's, or the file's own where the spec leaves them to it.

    Raises:
        RefusedError: the column row is not one of this index.
    """
    if header.column_row == spec.column_row or header.column_row in spec.column_rows:
        return spec.columns
    named = header.column_row.split(",")
    if spec.own_columns and named[0] == "file" and "date_update" in named and len(set(named)) == len(named):
        return columns_of(header.column_row)
    raise RefusedError(
        f"index file {name} has the columns {header.column_row[:200]!a} where {spec.column_row} is expected.",
        hint="Is it another index under this name?",
    )


def spec_for(file: Path, header: IndexHeader) -> IndexSpec | None:
    """The spec of a file by its name, else by its title and columns; None when neither says."""
    named = spec_of(file.name)
    if named is not None:
        return named
    title = header.field("Title") or ""
    alike = (spec for spec in SPECS.values() if spec.title == title)
    return next((spec for spec in alike if header.column_row in (spec.column_row, *spec.column_rows)), None)


def from_csv(columns: tuple[Column, ...], skip: int, *, date_update: str = "VARCHAR") -> str:
    """SQL: the rows of a file as text columns, named as in the file; its path is the next parameter of the statement.

    Args:
        columns: of the file.
        skip: lines before the first row.
        date_update: the type of that column; a number is the cheapest to compare.
    """
    types = {column.name: date_update if column.name == "date_update" else "VARCHAR" for column in columns}
    struct = ", ".join(f"'{_literal(name)}': '{kind}'" for name, kind in types.items())
    names = ", ".join(f"'{_literal(name)}'" for name, kind in types.items() if kind == "VARCHAR")
    return (
        f"read_csv(?, columns = {{{struct}}}, force_not_null = [{names}], skip = {skip}, auto_detect = false, "
        "header = false, delim = ',', quote = '', escape = '', comment = '', new_line = '\\n', strict_mode = true)"
    )


def _literal(name: str) -> str:
    return name.replace("'", "''")


def typed(column: Column, root: str) -> str:
    """SQL: a text column's value; NULL where the text is empty or says nothing that the type can hold."""
    text = quoted(column.name)
    match column.type:
        case Type.FILE:
            return f"'{root}/' || {text}"
        case Type.TIME:
            return time_of(text)
        case Type.DAY:
            return f"CASE WHEN length({text}) = 8 THEN TRY_CAST(try_strptime({text}, '%Y%m%d') AS DATE) END"
        case Type.DEGREES | Type.NUMBER:
            return f"TRY_CAST({text} AS DOUBLE)"
        case Type.TEXT:
            return f"NULLIF({text}, '')"


def time_of(text: str) -> str:
    """SQL: the TIMESTAMP of 14 digits, else NULL.

    DuckDB alone would take 13 digits for a time too, and blanks, signs and exponents for a number; 14 characters that
    are both a time and a number of 14 digits can be nothing but digits.
    """
    number = f"TRY_CAST({text} AS BIGINT) BETWEEN 10000000000000 AND 29999999999999"
    return f"CASE WHEN strlen({text}) = 14 AND {number} THEN try_strptime({text}, '%Y%m%d%H%M%S') END"


def written(column: Column, root: str) -> str:
    """SQL: a typed column's text as an index has it; never NULL."""
    value = table_name(column)
    match column.type:
        case Type.FILE:
            return f"substr({value}, {len(root) + 2})"
        case Type.TIME:
            return f"coalesce(strftime({value}, '%Y%m%d%H%M%S'), '')"
        case Type.DAY:
            return f"coalesce(strftime({value}, '%Y%m%d'), '')"
        case Type.DEGREES:
            return f"coalesce(format('{{:.3f}}', {value}), '')"
        case Type.NUMBER:
            return f"coalesce(CAST({value} AS VARCHAR), '')"
        case Type.TEXT:
            return f"coalesce({value}, '')"


def row_text(columns: tuple[Column, ...], root: str) -> str:
    """SQL: a typed row's text, without its line end."""
    return "concat_ws(',', " + ", ".join(written(column, root) for column in columns) + ")"


def empty_table(columns: tuple[Column, ...]) -> str:
    """SQL: the columns of an index table, for CREATE TABLE."""
    named = [f"{table_name(column)} {_SQL_TYPES[column.type]}" for column in columns]
    return ", ".join([*named, "raw VARCHAR"])


def select_typed(columns: tuple[Column, ...], root: str, skip: int) -> str:
    """SQL: the typed rows of a file with their ``raw``; its path is the statement's first parameter."""
    values = ", ".join(f"{typed(column, root)} AS {table_name(column)}" for column in columns)
    line = "concat_ws(',', " + ", ".join(quoted(column.name) for column in columns) + ")"
    return (
        f"SELECT * EXCLUDE (line), CASE WHEN {row_text(columns, root)} = line THEN NULL ELSE line END AS raw "
        f"FROM (SELECT {values}, {line} AS line FROM {from_csv(columns, skip)})"
    )


def first_fault(text: Path, columns: tuple[Column, ...], skip: int) -> str | None:
    """What is wrong with the first bad row of a file, or None; read line by line, only when the engine complained."""
    update = next((at for at, column in enumerate(columns) if column.name == "date_update"), None)
    for number, line in _numbered(text, skip):
        try:
            fields = line.decode("utf-8").split(",")
        except UnicodeDecodeError:
            return f"line {number} is not UTF-8: {line[:80]!a}"
        if len(fields) != len(columns):
            return f"line {number} has {len(fields)} fields where {len(columns)} are expected: {line[:80]!a}"
        if update is not None and not _is_time(fields[update]):
            return f"line {number} has the date_update {fields[update][:40]!a}, which is no time YYYYMMDDHHMMSS"
    return None


def _numbered(text: Path, skip: int) -> Iterator[tuple[int, bytes]]:
    with text.open("rb") as source:
        for number, line in enumerate(source, start=1):
            if number > skip:
                yield number, line.rstrip(b"\n")


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime(*(int(text[at : at + (4 if not at else 2)]) for at in (0, 4, 6, 8, 10, 12)))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return False
    return True
