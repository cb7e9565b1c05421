"""A built vocabulary on disk: `vocabulary.nq`, sorted, and `vocabulary.json`, the record that names its digest."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from gdac.errors import RefusedError, UsageError
from vocab.build import EnrichmentEntry, Record, TableEntry, Vocabulary
from vocab.header import Release
from vocab.names import Names
from vocab.table import Tables, read_table

QUADS: Final = "vocabulary.nq"
RECORD: Final = "vocabulary.json"
FORMAT: Final = "argo-gdac-vocabulary/1"


def sorted_quads(graphs: Mapping[str, Iterable[ox.Triple]]) -> bytes:
    """N-Quads of named graphs in an order that depends on nothing but the quads."""
    lines = (f"{triple} <{name}> .\n" for name, triples in graphs.items() for triple in triples)
    return "".join(sorted(lines)).encode()


def write_vocabulary(vocabulary: Vocabulary, folder: Path) -> Path:
    """Write a build; the record last, so that a folder with a record is whole. Returns the file of the record.

    Raises:
        UsageError: the folder holds other things.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / RECORD).exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no vocabulary.", hint="Give a new folder.")
    quads = sorted_quads(vocabulary.graphs)
    record = {
        "format": FORMAT,
        "sha256": sha256(quads).hexdigest(),
        "quads": quads.count(b"\n"),
        **asdict(vocabulary.record),
    }
    (folder / RECORD).unlink(missing_ok=True)
    write_whole(folder / QUADS, quads)
    return write_whole(folder / RECORD, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


def open_vocabulary(folder: Path) -> Vocabulary:
    """Open a build.

    Raises:
        UsageError: the folder holds no build.
        RefusedError: its record cannot be read, or the quads are not those it names.
    """
    record, quads = read_quads(folder)
    graphs: dict[str, list[ox.Triple]] = defaultdict(list)
    for quad in ox.parse(quads, format=ox.RdfFormat.N_QUADS):
        if isinstance(quad.graph_name, ox.NamedNode):
            graphs[quad.graph_name.value].append(quad.triple)
    where = str(folder / QUADS)
    tables = {one.id: read_table(graphs[one.graph], expected=one.id, where=where) for one in record.tables}
    return Vocabulary.of(Names(record.base), record, Tables(tables), graphs)


def read_quads(folder: Path) -> tuple[Record, bytes]:
    """The record of a build and its N-Quads, verified and not parsed; raises as `open_vocabulary` does."""
    file = folder / RECORD
    if not file.is_file():
        raise UsageError(f"{folder} holds no vocabulary.", hint=f"Make one: gdac vocab build --output {folder}")
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
        if stated["format"] != FORMAT:
            raise RefusedError(f"{file} is of another format: {stated['format']!a}.", hint="Build it again.")
        record = _record(stated)
        digest = str(stated["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedError(f"{file} is not the record of a vocabulary.", hint="Build it again.") from error
    quads = (folder / QUADS).read_bytes() if (folder / QUADS).is_file() else b""
    if sha256(quads).hexdigest() != digest:
        raise RefusedError(f"{folder / QUADS} is not what {RECORD} names: its sha256 differs.", hint="Build it again.")
    return record, quads


def _record(stated: dict[str, Any]) -> Record:
    return Record(
        stated["base"],
        Release(**stated["release"]),
        tuple(TableEntry(**one) for one in stated["tables"]),
        tuple(EnrichmentEntry(**{**one, "notes": tuple(one["notes"])}) for one in stated["enrichment"]),
    )


def write_whole(file: Path, data: bytes) -> Path:
    """Write a file so that nobody sees a part of it."""
    beside = file.with_name(f".{file.name}.part")
    beside.write_bytes(data)
    os.replace(beside, file)  # noqa: PTH105 - Path.replace is the same, this says atomic
    return file
