"""The compact file of all reference tables: text lines, readable and diffable, held by a digest.

Line 1 names the format and the digest of everything after it; line 2 says which tables in which versions; each further
line is one concept: ``[table, id, label, alternative label, deprecated, {more}]``, sorted by table and id.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from gdac.errors import RefusedError
from gdac.tables.model import CODED_BY_LABEL, Concept, TableFacts

#: Version of the layout; a reader refuses any other.
FORMAT: Final = 1
#: Largest file that can be a snapshot (today's has 0.2 MB).
MAX_BYTES: Final = 64 << 20
#: One line of the file: see the module.
Row = list[Any]
RELATIONS: Final = ("broader", "narrower", "related", "same")
_HINT = "Make it again with `gdac tables build`."


def dump(facts: Iterable[TableFacts], concepts: Iterable[Concept]) -> bytes:
    """The snapshot as bytes; the same tables give the same bytes."""
    tables = {
        table.id: {"name": table.name, "title": table.title, "version": table.version, "date": table.date}
        for table in sorted(facts, key=lambda table: table.id)
    }
    rows = [_row(concept) for concept in sorted(concepts, key=lambda each: (each.table, each.id))]
    body = "".join(_line(value) for value in ({"tables": tables}, *rows)).encode()
    return _line({"format": FORMAT, "digest": digest_of(body)}).encode() + body


def write(path: Path, facts: Iterable[TableFacts], concepts: Iterable[Concept]) -> None:
    """Write a snapshot; a file of before is replaced in one step."""
    content = dump(facts, concepts)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


def read(path: Path) -> tuple[str, list[TableFacts], list[Row]]:
    """A snapshot's digest, tables and rows (see `concept`).

    Raises:
        RefusedError: it is of another format, its digest does not match, or it is no snapshot at all.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise RefusedError(f"{path} is too large for a snapshot (over {MAX_BYTES >> 20} MB).", hint=_HINT)
    return parse(path.read_bytes(), path)


def identity(path: Path) -> tuple[str, str]:
    """Digest of a snapshot and the date of its newest table, without its rows.

    Raises:
        RefusedError: as `read`.
        OSError: it cannot be read.
    """
    digest, body = _digested(path.read_bytes(), path)
    try:
        tables = json.loads(body.partition(b"\n")[0])["tables"]
        return digest, max(one["date"] for one in tables.values())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(f"{path} is not a snapshot of reference tables ({error}).", hint=_HINT) from error


def _digested(content: bytes, path: Path) -> tuple[str, bytes]:
    """Digest and body, which fit."""
    head, _, body = content.partition(b"\n")
    try:
        first = json.loads(head)
        number, digest = first["format"], first["digest"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise RefusedError(f"{path} is not a snapshot of reference tables.", hint=_HINT) from error
    if number != FORMAT:
        raise RefusedError(f"{path} is a snapshot of format {number}; this program reads format {FORMAT}.", hint=_HINT)
    if digest != digest_of(body):
        raise RefusedError(f"{path} was changed after it was made: its digest does not match.", hint=_HINT)
    return digest, body


def parse(content: bytes, path: Path) -> tuple[str, list[TableFacts], list[Row]]:
    """As `read`, of bytes in hand; ``path`` is what errors name."""
    digest, body = _digested(content, path)
    try:
        meta, *rows = json.loads("[" + ",".join(body.decode().splitlines()) + "]")
        facts = [TableFacts(name, **known) for name, known in meta["tables"].items()]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(f"{path} is not a snapshot of reference tables ({error}).", hint=_HINT) from error
    wrong = next((row for row in rows if not _is_row(row) or row[0] not in meta["tables"]), None)
    if wrong is not None:
        raise RefusedError(f"{path} is not a snapshot of reference tables: {wrong!a} is no entry.", hint=_HINT)
    return digest, facts, rows


def concept(row: Row) -> Concept:
    """The concept of a row."""
    table, id_, label, alternative, deprecated, *rest = row
    code = label if table in CODED_BY_LABEL else alternative
    if not rest:
        return Concept(table, id_, label, code, alternative, bool(deprecated))
    more: dict[str, Any] = rest[0]
    return Concept(
        table=table,
        id=id_,
        label=label,
        code=code,
        alternative=alternative,
        deprecated=bool(deprecated),
        links={key: tuple(more[key]) for key in RELATIONS if key in more},
        values={key: tuple(items) for key, items in more.get("values", {}).items()},
        attributes=more.get("attributes", {}),
        properties=more.get("properties", {}),
    )


def digest_of(body: bytes) -> str:
    """``sha256:...`` of everything after the first line."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _row(concept: Concept) -> Row:
    more = {
        **concept.links,
        "values": concept.values,
        "attributes": concept.attributes,
        "properties": concept.properties,
    }
    kept = {key: value for key, value in more.items() if value}
    row = [concept.table, concept.id, concept.label, concept.alternative, int(concept.deprecated)]
    return [*row, kept] if kept else row


def _is_row(row: Any) -> bool:
    return (
        type(row) is list
        and 5 <= len(row) <= 6
        and all(type(text) is str for text in row[:4])
        and (len(row) == 5 or type(row[5]) is dict)
    )
