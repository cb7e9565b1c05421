"""The reference tables in memory, from the shipped snapshot, another one, or a folder of JSON-LD."""

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from gdac.errors import RefusedError
from gdac.tables import nvs, snapshot
from gdac.tables.model import NEEDED, Concept, NameMatch, ParameterEntry, TableFacts
from gdac.tables.names import Names

#: The snapshot that the package brings.
SHIPPED: Final = Path(__file__).parent / "data" / "tables.jsonl"


class Tables:
    """The reference tables. Indexes of a table are made when it is first asked for; nothing is ever changed.

    Attributes:
        version: what a report names: the newest date of any table, e.g. ``NVS 2026-04-10``.
        facts: what each table is, by id.
        digest: ``sha256:...`` of the snapshot.
        source: where they were loaded from; ``shipped`` for those of the package.
    """

    def __init__(self, facts: Iterable[TableFacts], rows: Iterable[snapshot.Row], digest: str, source: str) -> None:
        self.facts: Mapping[str, TableFacts] = {table.id: table for table in facts}
        self.digest = digest
        self.source = source
        self.version = f"NVS {max((table.date for table in self.facts.values()), default='')}"
        self._rows: dict[str, list[snapshot.Row]] = {table: [] for table in self.facts}
        for row in rows:
            self._rows[row[0]].append(row)
        self._concepts: dict[str, tuple[Concept, ...]] = {}
        self._by_code: dict[str, dict[str, Concept]] = {}
        self._codes: dict[str, frozenset[str]] = {}
        self._deprecated: dict[str, frozenset[str]] = {}
        self._names: dict[str, Names] = {}

    @property
    def versions(self) -> Mapping[str, str]:
        """Version of every table by its id."""
        return {table.id: table.version for table in self.facts.values()}

    @cached_property
    def parameters(self) -> Mapping[str, ParameterEntry]:
        """Table R03 by name."""
        return {concept.code: _parameter(concept) for concept in self.by_code("R03").values()}

    def by_code(self, table: str) -> Mapping[str, Concept]:
        """The entries of a table by code; where a code stands twice, the active entry. `KeyError` for no such table."""
        found = self._by_code.get(table)
        if found is None:
            ordered = sorted(self.concepts(table), key=lambda concept: not concept.deprecated)
            found = self._by_code[table] = {concept.code: concept for concept in ordered}
        return found

    def codes(self, table: str) -> frozenset[str]:
        """All codes of a table, deprecated ones included. `KeyError` for a table that is not there."""
        found = self._codes.get(table)
        if found is None:
            found = self._codes[table] = frozenset(self.by_code(table))
        return found

    def deprecated(self, table: str) -> frozenset[str]:
        """The deprecated codes of a table."""
        found = self._deprecated.get(table)
        if found is None:
            codes = (code for code, concept in self.by_code(table).items() if concept.deprecated)
            found = self._deprecated[table] = frozenset(codes)
        return found

    def concept(self, table: str, code: str) -> Concept | None:
        """The entry of that code, or None."""
        return self.by_code(table).get(code)

    def label(self, table: str, code: str) -> str:
        """The preferred label of a code; empty when the table does not know it."""
        found = self.concept(table, code)
        return found.label if found else ""

    def concepts(self, table: str) -> tuple[Concept, ...]:
        """All entries of a table, in the order of their ids."""
        found = self._concepts.get(table)
        if found is None:
            found = self._concepts[table] = tuple(snapshot.concept(row) for row in self._rows[table])
        return found

    def linked(self, table: str, code: str, relation: str, other_table: str, other_code: str) -> bool:
        """Whether the entry of `code` names that of `other_code` by `relation`; for the cross-table rules.

        ``linked("R27", model, "broader", "R26", maker)``, ``linked("R27", model, "related", "R25", sensor)``,
        ``linked("R23", type, "related", "R24", maker)``, ``linked("R23", type, "narrower", "R08", wmo_inst_type)``.
        """
        one, other = self.concept(table, code), self.concept(other_table, other_code)
        return one is not None and other is not None and other.key in one.links.get(relation, ())

    def linked_codes(self, table: str, code: str, relation: str, other_table: str) -> tuple[str, ...]:
        """Codes of another table that the entry of `code` names by `relation`; for explanations."""
        one = self.concept(table, code)
        keys = one.links.get(relation, ()) if one else ()
        return tuple(other.code for other in self.concepts(other_table) if other.key in keys)

    def match_name(self, table: str, name: str) -> NameMatch | None:
        """Find a name (the part before the last ``_``) in R14 (technical) or R18 (configuration)."""
        return self._names_of(table).match(name)

    def is_technical_variable(self, name: str) -> bool:
        """Whether a technical file 3.1 may hold a time series of that name."""
        return self._names_of("R14").is_variable(name)

    def _names_of(self, table: str) -> Names:
        found = self._names.get(table)
        if found is None:
            found = self._names[table] = Names(self.concepts(table))
        return found


def load(path: Path | None = None) -> Tables:
    """The reference tables.

    Args:
        path: a snapshot, or a folder of NVS JSON-LD files; the shipped snapshot when None.

    Raises:
        RefusedError: the snapshot is of another format, its digest does not match, a table is unreadable, or one that
            a check needs is missing.
    """
    return _shipped() if path is None else _load(path, str(path))


@lru_cache(maxsize=1)
def _shipped() -> Tables:
    return _load(SHIPPED, "shipped")


def _load(path: Path, source: str) -> Tables:
    try:
        if path.is_dir():
            digest, facts, rows = snapshot.parse(snapshot.dump(*nvs.read_folder(path)), path)
        else:
            digest, facts, rows = snapshot.read(path)
    except OSError as error:
        raise RefusedError(
            f"the reference tables cannot be read: {error}.", hint="Name a snapshot or a folder of JSON-LD files."
        ) from error
    missing = [table for table in NEEDED if table not in {each.id for each in facts}]
    if missing:
        raise RefusedError(
            f"{path} lacks the reference tables {', '.join(missing)}.", hint="A check needs all of them: add them."
        )
    return Tables(facts, rows, digest, source)


def _parameter(concept: Concept) -> ParameterEntry:
    attributes = concept.attributes
    kept = {key: text for key, text in attributes.items() if text and (text != "-" or key == "units")}
    extra = concept.properties.get("extra_dim", "") or attributes.get("extra_dim", "")
    return ParameterEntry(
        name=concept.code,
        deprecated=concept.deprecated,
        category=concept.properties.get("category", ""),
        data_type=concept.properties.get("data_type", ""),
        extra_dimensions=bool(nvs.listed(extra)),
        attributes=kept,
    )
