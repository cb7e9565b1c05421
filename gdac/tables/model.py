"""The words of the reference tables: concepts, names with templates, parameters, and how to ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry of a table.

    Attributes:
        table: id of its table, e.g. ``R27``.
        id: last part of its IRI, e.g. ``SBE41CP_V3``.
        label: the preferred label, a sentence; in R01, R14, R16 and R18 the code itself.
        code: the alternative label; in most tables what a file holds.
        deprecated: whether the table has deprecated it; still legal, with a warning.
        links: related concepts by relation (``broader``, ``narrower``, ``related``, ``same``), as ``TABLE/id``.
    """

    table: str
    id: str
    label: str
    code: str
    deprecated: bool
    links: Mapping[str, tuple[str, ...]]


class Found(Enum):
    """Where a technical or configuration name was found; the order of the search."""

    NAME = "name"
    TEMPLATE = "template"
    DEPRECATED_NAME = "deprecated name"
    DEPRECATED_TEMPLATE = "deprecated template"


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A technical or configuration name (without its unit) that a table knows.

    Attributes:
        found: as what.
        label: label of the entry, template markers and unit included.
        unlisted: (placeholder, value) of captured values outside the entry's list; empty when all is well. With
            several matching templates the best one counts.
        without_list: placeholders that should have a list and have none.
    """

    found: Found
    label: str
    unlisted: tuple[tuple[str, str], ...] = ()
    without_list: tuple[str, ...] = ()

    @property
    def deprecated(self) -> bool:
        """Whether only a deprecated entry matches."""
        return self.found in {Found.DEPRECATED_NAME, Found.DEPRECATED_TEMPLATE}


@dataclass(frozen=True, slots=True)
class ParameterEntry:
    """A physical parameter of table R03.

    Attributes:
        name: e.g. ``DOXY``.
        deprecated: whether R03 has deprecated it.
        category: ``c``, ``b``, ``ic`` or ``ib``.
        data_type: ``float``, ``double`` or ``short``.
        extra_dimensions: whether values may have further axes.
        attributes: of its variable as R03 has them: long_name, standard_name, units, valid_min, valid_max, fill_value;
            those that R03 marks ``-`` are absent.
    """

    name: str
    deprecated: bool
    category: str
    data_type: str
    extra_dimensions: bool
    attributes: Mapping[str, str]


class Tables(Protocol):
    """The reference tables.

    A code is what a file holds: the alternative label, but the preferred one in R01, R14, R16 and R18.

    Attributes:
        version: what a report names, e.g. ``NVS 2026-04-10``.
        versions: version of every table by its id.
        digest: ``sha256:...`` of the snapshot.
        source: where they were loaded from; ``shipped`` for those of the package.
        parameters: table R03 by name.
    """

    version: str
    versions: Mapping[str, str]
    digest: str
    source: str

    @property
    def parameters(self) -> Mapping[str, ParameterEntry]:
        """Table R03 by name."""

    def codes(self, table: str) -> frozenset[str]:
        """All codes of a table, deprecated ones included. `KeyError` for a table that is not there."""

    def deprecated(self, table: str) -> frozenset[str]:
        """The deprecated codes of a table."""

    def concept(self, table: str, code: str) -> Concept | None:
        """The entry of that code, or None."""

    def label(self, table: str, code: str) -> str:
        """The preferred label of a code; empty when the table does not know it."""

    def concepts(self, table: str) -> tuple[Concept, ...]:
        """All entries of a table, in the order of their ids."""

    def linked(self, table: str, code: str, relation: str, other_table: str, other_code: str) -> bool:
        """Whether the entry of `code` names that of `other_code` by `relation`; for the cross-table rules.

        ``linked("R27", model, "broader", "R26", maker)``, ``linked("R27", model, "related", "R25", sensor)``,
        ``linked("R23", type, "related", "R24", maker)``, ``linked("R23", type, "narrower", "R08", wmo_inst_type)``.
        """

    def match_name(self, table: str, name: str) -> NameMatch | None:
        """Find a name (the part before the last ``_``) in R14 (technical) or R18 (configuration)."""

    def is_technical_variable(self, name: str) -> bool:
        """Whether a technical file 3.1 may hold a time series of that name."""


def load(path: Path | None = None) -> Tables:
    """The reference tables.

    Args:
        path: a snapshot, or a folder of NVS JSON-LD files; the shipped snapshot when None.

    Raises:
        RefusedError: the snapshot is of another format, its digest does not match, or a table is unreadable.
    """
    raise NotImplementedError(str(path))
