"""What differs between two versions of the vocabulary: tables, terms, and what became of newly deprecated ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vocab.build import Vocabulary
from vocab.changes.compare import Kind, TableChange, TermChange, compare_tables, count_kinds
from vocab.enrich.successors import REPLACED, RETIRED, replacements, status_of
from vocab.names import parse_concept


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """Two versions, compared.

    Attributes:
        old, new: names of the releases.
        old_date, new_date: newest date among their tables.
        tables: those that differ, by id.
        counts: changes of terms by kind.
        fates: for every newly deprecated term, by IRI: a sentence on what became of it.
    """

    old: str
    new: str
    old_date: str
    new_date: str
    tables: tuple[TableChange, ...]
    counts: Mapping[str, int]
    fates: Mapping[str, str]

    @property
    def changes(self) -> int:
        """How many differences of terms there are."""
        return sum(self.counts.values())


def compare_versions(old: Vocabulary, new: Vocabulary) -> VersionDiff:
    """Compare two built vocabularies, term by term."""
    before, after = _fates(old), _fates(new)
    tables = {one.table: one for one in compare_tables(old.tables, new.tables)}
    for iri in sorted(set(before) & set(after)):
        if before[iri] != after[iri]:
            _add(tables, new, iri, before[iri], after[iri])
    changes = [change for table in tables.values() for change in table.changes]
    return VersionDiff(
        old.record.release.label,
        new.record.release.label,
        old.record.release.modified,
        new.record.release.modified,
        tuple(tables[key] for key in sorted(tables)),
        count_kinds(changes),
        {iri: fate for iri, fate in after.items() if iri not in before},
    )


def _add(tables: dict[str, TableChange], new: Vocabulary, iri: str, before: str, after: str) -> None:
    """A term that was deprecated before, of which something else is known now."""
    named = parse_concept(iri)
    assert named is not None  # fates are of terms
    table, identifier = named
    known = tables.get(table)
    if known is None:
        source = new.tables.by_id[table]
        known = TableChange(table, source.title, source.version, source.version, ())
    change = TermChange(table, identifier, Kind.SUCCESSOR, before, after)
    ordered = sorted((*known.changes, change), key=lambda one: one.identifier)
    tables[table] = replace(known, changes=tuple(ordered))


def _fates(vocabulary: Vocabulary) -> dict[str, str]:
    """What became of every deprecated term, by IRI."""
    successors: dict[str, list[str]] = {}
    for one in replacements(vocabulary.tables):
        successors.setdefault(one.term.iri, []).append(one.successor.identifier)
    fates = {}
    for term in vocabulary.tables.terms():
        if not term.deprecated:
            continue
        status = status_of(term, term.iri in successors)
        if status == REPLACED:
            fates[term.iri] = f"replaced by {' or '.join(sorted(successors[term.iri]))}"
        else:
            fates[term.iri] = "retired without a successor" if status == RETIRED else "no successor is known"
    return fates
