"""The words of the reference tables: concepts, names with templates, parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

#: Tables whose code is the preferred label; in all others it is the alternative one.
CODED_BY_LABEL: Final = frozenset({"R01", "R14", "R16", "R18"})
#: Tables that a check cannot do without.
NEEDED: Final = (
    *("R01", "R03", "R05", "R06", "R08", "R09", "R10", "R14", "R15", "R16", "R18", "R19", "R20", "R22", "R23", "R24"),
    *("R25", "R26", "R27", "R33", "R34", "R35", "R40", "R41", "RD2", "RP2"),
)
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry of a table.

    Attributes:
        table: id of its table, e.g. ``R27``.
        id: last part of its IRI, e.g. ``SBE41CP_V3``; a whole IRI when it is not one of the vocabulary server's.
        label: the preferred label, a sentence; in R01, R14, R16 and R18 the code itself.
        code: what a file holds: the alternative label, but the preferred one in those four.
        alternative: the alternative label of those four (``PROF`` for ``Argo profile``); elsewhere the code again.
        deprecated: whether the table has deprecated it; still legal, with a warning.
        links: related concepts by relation (``broader``, ``narrower``, ``related``, ``same``), as ``TABLE/id``.
        values: legal values of each placeholder of a name template, as written (``Ctd``, ``1..5``).
        attributes: of the variable of a parameter (R03), as written.
        properties: of a parameter (R03): category, data_type, extra_dim.
    """

    table: str
    id: str
    label: str
    code: str
    alternative: str
    deprecated: bool
    links: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    properties: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def key(self) -> str:
        """How links of other concepts name it: ``TABLE/id``."""
        return self.id if ":" in self.id else f"{self.table}/{self.id}"


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What is known of a table as a whole.

    Attributes:
        id: e.g. ``R27``.
        name: its name in files, e.g. ``SENSOR_MODEL``.
        title: in words.
        version: version of the collection.
        date: when that version was made, ``YYYY-MM-DD``.
    """

    id: str
    name: str
    title: str
    version: str
    date: str


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
        without_list: placeholders that should have a list and have none (short_sensor_name, cycle_phase_name, param).
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
            those that R03 marks ``-`` (and empty ones) are absent, but for units.
    """

    name: str
    deprecated: bool
    category: str
    data_type: str
    extra_dimensions: bool
    attributes: Mapping[str, str]
