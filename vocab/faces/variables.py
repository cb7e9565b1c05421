"""What the archive measures: the core and biogeochemical parameters of table R03, as the package's tables have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gdac.tables.reference import load
from vocab.names import concept

#: Categories of R03: core and biogeochemical parameters; the intermediate ones (ic, ib) are not what is measured.
_MEASURED = frozenset({"c", "b"})


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter of table R03.

    Attributes:
        name: as in files, e.g. ``DOXY``.
        iri: of the NVS concept.
        title: in words.
        unit: as in files; empty where R03 has none.
        standard_name: of CF; empty where R03 has none.
    """

    name: str
    iri: str
    title: str
    unit: str
    standard_name: str


@lru_cache(maxsize=1)
def measured() -> tuple[Variable, ...]:
    """Every live core and biogeochemical parameter, by name."""
    tables = load()
    identifiers = {one.code: one.id for one in tables.concepts("R03")}
    found = []
    for name, entry in sorted(tables.parameters.items()):
        if entry.deprecated or entry.category not in _MEASURED:
            continue
        told: Mapping[str, str] = entry.attributes
        unit = told.get("units", "").strip("-")
        found.append(
            Variable(name, concept("R03", identifiers[name]), told.get("long_name", name), unit,
                     told.get("standard_name", ""))
        )  # fmt: skip
    return tuple(found)
