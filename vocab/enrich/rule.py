"""What a rule of enrichment is: a pure function from the tables to triples of its own graph, and why they exist."""

from collections.abc import Callable, Mapping
from csv import DictReader
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

import pyoxigraph as ox

from vocab.names import Names
from vocab.table import Tables


class Basis(StrEnum):
    """Where the triples of a rule come from; values stand in the published graphs."""

    RESTATED = "restated"  # NVS says the same as a plain string or by another property
    DERIVED = "derived"  # follows from NVS triples by a stated rule
    PARSED = "parsed"  # read out of NVS text
    CURATED = "curated"  # our own small map, reviewed by people
    ADDED = "added"  # structure that NVS does not have


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found.

    Attributes:
        triples: in any order.
        counts: what they are about, in words, for the report.
        notes: what a reader should know: terms that a map does not know, text that could not be read.
    """

    triples: tuple[ox.Triple, ...]
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One enrichment.

    Attributes:
        id: part of the graph's name; permanent.
        title: what it adds, for people.
        why: why these triples exist and what they rest on; published with the graph.
        basis: how far they are NVS' own.
        tables: the tables it reads; empty for all.
        apply: the rule.
    """

    id: str
    title: str
    why: str
    basis: Basis
    tables: tuple[str, ...]
    apply: Callable[[Tables, Names], Found]


def curated(name: str) -> list[dict[str, str]]:
    """Rows of one of the curated maps shipped beside the rules."""
    text = (files("vocab.enrich") / "maps" / f"{name}.csv").read_text(encoding="utf-8")
    return [dict(row) for row in DictReader(text.splitlines())]
