"""Enrichment: what follows from the NVS tables, each rule in a graph of its own, never touching an NVS triple."""

from typing import Final

from vocab.enrich.links import MATCHES, MEASURES, PLATFORMS, SENSORS
from vocab.enrich.parameters import PARAMETERS, TEMPLATES, UNITS
from vocab.enrich.rule import Rule
from vocab.enrich.schemes import SCHEMES, TREE
from vocab.enrich.successors import SUCCESSORS
from vocab.enrich.typed import DATES, FLAGS

#: Every rule, in the order of the report.
RULES: Final[tuple[Rule, ...]] = (
    DATES,
    FLAGS,
    SCHEMES,
    TREE,
    SUCCESSORS,
    MATCHES,
    SENSORS,
    PLATFORMS,
    MEASURES,
    UNITS,
    PARAMETERS,
    TEMPLATES,
)
