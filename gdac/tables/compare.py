"""What differs between two snapshots of the reference tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gdac.tables.model import Concept
from gdac.tables.reference import Tables


class Kind(StrEnum):
    """What became of an entry."""

    ADDED = "added"
    REMOVED = "removed"
    DEPRECATED = "deprecated"
    REVIVED = "revived"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that differs.

    Attributes:
        table: id of its table.
        code: its code.
        kind: what became of it.
        what: for changed ones: which parts differ (links, values, attributes, label).
    """

    table: str
    code: str
    kind: Kind
    what: tuple[str, ...] = ()


def compare(old: Tables, new: Tables) -> list[Change]:
    """All entries that differ, by table and code."""
    return [change for table in sorted({*old.facts, *new.facts}) for change in _of_table(table, old, new)]


def _of_table(table: str, old: Tables, new: Tables) -> Iterator[Change]:
    before = old.by_code(table) if table in old.facts else {}
    after = new.by_code(table) if table in new.facts else {}
    for code in sorted({*before, *after}):
        was, now = before.get(code), after.get(code)
        if was is None or now is None:
            yield Change(table, code, Kind.ADDED if was is None else Kind.REMOVED)
        elif was.deprecated != now.deprecated:
            yield Change(table, code, Kind.DEPRECATED if now.deprecated else Kind.REVIVED)
        elif was != now:
            yield Change(table, code, Kind.CHANGED, tuple(_parts(was, now)))


def _parts(was: Concept, now: Concept) -> Iterator[str]:
    for name in ("id", "label", "alternative", "links", "values", "attributes", "properties"):
        if getattr(was, name) != getattr(now, name):
            yield name
