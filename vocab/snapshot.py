"""The compact table file that the checker reads, made from a vocabulary's tables; `gdac.tables` owns its form."""

from collections.abc import Iterable
from pathlib import Path

from gdac.tables import load
from gdac.tables.model import CODED_BY_LABEL, Concept, TableFacts
from gdac.tables.nvs import blocks, listed, short
from gdac.tables.snapshot import dump
from vocab.table import Table, Term


def snapshot_bytes(tables: Iterable[Table]) -> bytes:
    """Codes, labels, deprecation, relations, parameter and template attributes; no prose. Equal tables, equal bytes."""
    kept = list(tables)
    facts = [TableFacts(one.id, one.name, one.title, one.version, one.modified[:10]) for one in kept]
    return dump(facts, (_concept(term) for one in kept for term in one.terms.values()))


def write_snapshot(tables: Iterable[Table], file: Path) -> str:
    """Write a snapshot, read it back as the checker does, and only then put it in place; returns its digest.

    Raises:
        RefusedError: the checker would refuse it: it lacks tables, or the disk did not keep what was written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.part")
    try:
        beside.write_bytes(snapshot_bytes(tables))
        digest = load(beside).digest
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return digest


def _concept(term: Term) -> Concept:
    links = {relation: tuple(sorted(map(short, iris))) for relation, iris in term.links.items() if iris}
    values = blocks("Template_Values", term.definition)
    return Concept(
        table=term.table,
        id=term.identifier,
        label=term.label,
        code=term.label if term.table in CODED_BY_LABEL else term.code,
        alternative=term.code,
        deprecated=term.deprecated,
        links=links,
        values={key: listed(text) for key, text in values.items() if key != "unit"},
        attributes=blocks("Local_Attributes", term.definition),
        properties=blocks("Properties", term.definition),
    )
