"""Two versions of tables, compared term by term. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vocab.names import NVS
from vocab.table import Table, Tables, Term

_BLOCKS = re.compile(r"(?:Local_Attributes|Properties|Template_Values):\s*\{[^{}]*\}\.?")


class Kind(StrEnum):
    """How a term can differ; values stand in published changes."""

    ADDED = "added"
    REMOVED = "removed"
    DEPRECATED = "deprecated"
    REINSTATED = "reinstated"
    LABEL = "label"
    CODE = "code"
    DEFINITION = "definition"
    ATTRIBUTES = "attributes"  # Local_Attributes, Properties or Template_Values inside the definition
    LINKS = "links"
    SUCCESSOR = "successor"  # what is known to have become of a term deprecated before
    VERSION = "version"  # another version or date, and nothing else


@dataclass(frozen=True, slots=True)
class TermChange:
    """One difference of one term.

    Attributes:
        table: id of its table.
        identifier: of the term.
        kind: how it differs.
        before, after: what it said and says; empty where it was not or is not there.
    """

    table: str
    identifier: str
    kind: Kind
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TableChange:
    """One table in both versions.

    Attributes:
        table: its id.
        title: of the newer version.
        before, after: its version; empty where the table is not there.
        changes: of its terms, by identifier.
    """

    table: str
    title: str
    before: str
    after: str
    changes: tuple[TermChange, ...]

    @property
    def silent(self) -> bool:
        """Whether terms differ although the table's version does not."""
        return bool(self.changes) and self.before == self.after


def compare_tables(old: Tables, new: Tables) -> tuple[TableChange, ...]:
    """Every table that differs, by id."""
    found = []
    for table in sorted({*old.by_id, *new.by_id}):
        before, after = old.by_id.get(table), new.by_id.get(table)
        changes = compare_table(before, after)
        versions = before.version if before else "", after.version if after else ""
        if changes or versions[0] != versions[1]:
            title = (after or before).title  # type: ignore[union-attr]  # one of them is there
            found.append(TableChange(table, title, *versions, changes))
    return tuple(found)


def compare_table(old: Table | None, new: Table | None) -> tuple[TermChange, ...]:
    """Every difference of the terms of one table; all terms are added or removed when one side is missing."""
    before: Mapping[str, Term] = old.terms if old else {}
    after: Mapping[str, Term] = new.terms if new else {}
    found: list[TermChange] = []
    for identifier in sorted({*before, *after}):
        was, now = before.get(identifier), after.get(identifier)
        if was is None and now is not None:
            found.append(TermChange(now.table, identifier, Kind.ADDED, "", now.label))
        elif now is None and was is not None:
            found.append(TermChange(was.table, identifier, Kind.REMOVED, was.label, ""))
        elif was is not None and now is not None and was != now:
            found += _differences(was, now)
    return tuple(found)


def _differences(was: Term, now: Term) -> Iterator[TermChange]:
    prose, blocks = _parts(was.definition), _parts(now.definition)
    pairs = [
        (Kind.LABEL, was.label, now.label),
        (Kind.CODE, was.code, now.code),
        (Kind.DEFINITION, prose[0], blocks[0]),
        (Kind.ATTRIBUTES, prose[1], blocks[1]),
        (Kind.LINKS, *_link_texts(was, now)),
    ]
    found = [TermChange(now.table, now.identifier, kind, *values) for kind, *values in pairs if values[0] != values[1]]
    if was.deprecated != now.deprecated:
        kind = Kind.DEPRECATED if now.deprecated else Kind.REINSTATED
        found.insert(0, TermChange(now.table, now.identifier, kind, _state(was), _state(now)))
    if not found:
        before, after = (f"version {one.version} of {one.modified[:10]}" for one in (was, now))
        found.append(TermChange(now.table, now.identifier, Kind.VERSION, before, after))
    yield from found


def _state(term: Term) -> str:
    return "deprecated" if term.deprecated else "live"


def _parts(definition: str) -> tuple[str, str]:
    """The prose of a definition, and the blocks of machine content in it."""
    blocks = " ".join(_BLOCKS.findall(definition))
    return " ".join(_BLOCKS.sub("", definition).split()), blocks.rstrip(".")


def _link_texts(was: Term, now: Term) -> tuple[str, str]:
    """Only the links that are on one side, as ``related R25/CTD_PRES``."""
    before, after = set(_links(was)), set(_links(now))
    return ", ".join(sorted(before - after)), ", ".join(sorted(after - before))


def _links(term: Term) -> Iterator[str]:
    for relation, iris in term.links.items():
        for iri in iris:
            yield f"{relation} {iri.removeprefix(NVS).replace('/current/', '/').rstrip('/')}"


def count_kinds(changes: Iterable[TermChange]) -> dict[str, int]:
    """How many changes there are of each kind, in the order of the kinds."""
    found = [one.kind for one in changes]
    return {kind.value: found.count(kind) for kind in Kind if kind in found}
