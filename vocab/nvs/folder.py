"""Tables from a folder of files: what an import wrote, or any files with one NVS table each."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gdac.errors import RefusedError, UsageError
from vocab.nvs.formats import MAX_BYTES, SUFFIXES, Verbatim, read_verbatim

#: What an import writes beside the files: where each came from.
RECORD: Final = "import.json"


def read_folder(folder: Path) -> tuple[Verbatim, ...]:
    """Every table of a folder, sorted by id.

    Files with other suffixes are passed over. Beside an import's record, exactly the files that it names are read, and
    each must have the digest recorded.

    Raises:
        UsageError: no such folder, or no file in it that could be a table.
        RefusedError: a file is not one whole table, two files hold the same table, or bytes differ from the record.
    """
    return tuple(one for _, one in sorted(_tables_by_id(folder).values(), key=lambda pair: pair[1].table.id))


def table_files(folder: Path) -> dict[str, Path]:
    """The file of every table, by id; raises as `read_folder`."""
    return {table: file for table, (file, _) in sorted(_tables_by_id(folder).items())}


def _tables_by_id(folder: Path) -> dict[str, tuple[Path, Verbatim]]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.", hint="Give a folder with one file per NVS table.")
    record = read_record(folder)
    files = _recorded(folder, record) or sorted(
        one for one in folder.iterdir() if one.suffix.lower() in SUFFIXES and one.name != RECORD
    )
    if not files:
        raise UsageError(f"{folder} holds no tables (files {', '.join(SUFFIXES)}).")
    found: dict[str, tuple[Path, Verbatim]] = {}
    for file in files:
        one = read_file(file, record)
        if one.table.id in found:
            raise RefusedError(f"{found[one.table.id][0].name} and {file.name} both hold table {one.table.id}.")
        found[one.table.id] = (file, one)
    return found


def table_like(folder: Path) -> bool:
    """Whether there are files that could be tables."""
    return (folder / RECORD).is_file() or any(one.suffix.lower() in SUFFIXES for one in folder.iterdir())


def _recorded(folder: Path, record: Mapping[str, Any]) -> list[Path]:
    files = [folder / Path(str(one.get("file", ""))).name for one in record.values()]
    for file in files:
        if file.suffix.lower() not in SUFFIXES or not file.is_file():
            raise RefusedError(f"{folder / RECORD} names {file.name!a}, which is not there.", hint="Import again.")
    return files


def read_file(file: Path, record: Mapping[str, Any] | None = None) -> Verbatim:
    """The table of one file."""
    if file.stat().st_size > MAX_BYTES:
        raise RefusedError(f"{file} has {file.stat().st_size:,} bytes; a table may have {MAX_BYTES:,}.")
    entry: Mapping[str, Any] = next((one for one in (record or {}).values() if one.get("file") == file.name), {})
    one = read_verbatim(
        file.read_bytes(),
        SUFFIXES[file.suffix.lower()],
        origin=str(entry.get("url") or file.name),
        retrieved=str(entry.get("retrieved", "")),
    )
    if entry and entry.get("sha256") != one.sha256:
        raise RefusedError(
            f"{file} is not what was imported: its sha256 differs from {RECORD}.", hint="Import the table again."
        )
    return one


def read_record(folder: Path) -> dict[str, Any]:
    """What an import recorded of each table, by id; empty where there is no record.

    Raises:
        RefusedError: the record cannot be read.
    """
    file = folder / RECORD
    if not file.is_file():
        return {}
    try:
        tables = json.loads(file.read_text(encoding="utf-8"))["tables"]
        return {str(key): dict(value) for key, value in tables.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RefusedError(f"{file} is not the record of an import.", hint="Remove it and import again.") from error
