"""What became of deprecated terms: replaced (by what, and who says so), retired, or unknown."""

import re
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from vocab.enrich.rule import Basis, Found, Rule, curated
from vocab.names import DCT, A, Names, concept, english, node
from vocab.table import Tables, Term

REPLACED: Final = "Replaced"
RETIRED: Final = "Retired"
UNKNOWN: Final = "StatusUnknown"

_ADDRESS = r"https?://vocab\.nerc\.ac\.uk/collection/([A-Z0-9]+)/current/([^/\s'\"<>]+)/?"
_REPLACED_BY = re.compile(r"\breplaced\s+by\s+['\"<]?" + _ADDRESS, re.IGNORECASE)
_REPLACES = re.compile(r"\breplaces\s+(?:the\s+)?(?:deprecated\s+)?(?:term\s+)?['\"<]?" + _ADDRESS, re.IGNORECASE)
_RETIRED = re.compile(r"\b(?:never used|not used)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A deprecated term, what took its place, and what that rests on.

    Attributes:
        term: the deprecated one.
        successor: a live term.
        kind: ``relation``, ``own text``, ``successor's text`` or ``curated``.
        evidence: one sentence for people.
    """

    term: Term
    successor: Term
    kind: str
    evidence: str


def replacements(tables: Tables) -> tuple[Replacement, ...]:
    """Every successor that the tables give away, the first kind of evidence winning per deprecated term."""
    named = _named_by_successors(tables)
    by_hand: dict[str, list[tuple[str, str]]] = {}
    for row in curated("successors"):
        iri = concept(row["table"], row["deprecated"])
        by_hand.setdefault(iri, []).append((concept(row["table"], row["successor"]), row["evidence"]))
    found: list[Replacement] = []
    for term in tables.terms():
        if not term.deprecated:
            continue
        for kind, candidates in (
            ("relation", _by_relation(tables, term)),
            ("own text", _by_own_text(term)),
            ("successor's text", named.get(term.iri, [])),
            ("curated", by_hand.get(term.iri, [])),
        ):
            live = [(one, text) for iri, text in candidates if (one := tables.term(iri)) and not one.deprecated]
            if live:
                found += [Replacement(term, one, kind, text) for one, text in live]
                break
    return tuple(found)


def _by_relation(tables: Tables, term: Term) -> list[tuple[str, str]]:
    """A deprecated sensor model with exactly one live model related to it: how the Argo vocabulary team recorded it."""
    if term.table != "R27":
        return []
    live = [iri for iri in term.linked("related", "R27") if (one := tables.term(iri)) and not one.deprecated]
    if len(live) != 1:
        return []
    return [(live[0], "NVS relates this deprecated sensor model to exactly one live sensor model (skos:related)")]


def _by_own_text(term: Term) -> list[tuple[str, str]]:
    match = _REPLACED_BY.search(term.definition)
    if not match:
        return []
    return [(concept(match[1], match[2]), f"its definition says: {match[0].rstrip(chr(39))}")]


def _named_by_successors(tables: Tables) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for term in tables.terms():
        for match in [] if term.deprecated else _REPLACES.finditer(term.definition):
            sentence = f"the definition of {term.identifier} says that it replaces {match[2]}"
            found.setdefault(concept(match[1], match[2]), []).append((term.iri, sentence))
    return found


def status_of(term: Term, replaced: bool) -> str:
    """Local name of the status of a deprecated term."""
    if replaced:
        return REPLACED
    return RETIRED if _RETIRED.search(term.definition) else UNKNOWN


def _successors(tables: Tables, names: Names) -> Found:
    found = replacements(tables)
    replaced = {one.term.iri for one in found}
    triples: list[ox.Triple] = []
    counts = {"deprecated terms": 0, "replaced": 0, "retired": 0, "unknown": 0}
    words = {REPLACED: "replaced", RETIRED: "retired", UNKNOWN: "unknown"}
    for term in tables.terms():
        if term.deprecated:
            status = status_of(term, term.iri in replaced)
            counts["deprecated terms"] += 1
            counts[words[status]] += 1
            triples.append(ox.Triple(node(term.iri), names.own("deprecationStatus"), names.own(status)))
    for one in found:
        triples += _replacement(one, names)
    for kind in ("relation", "own text", "successor's text", "curated"):
        counts[f"replaced ({kind})"] = len({one.term.iri for one in found if one.kind == kind})
    return Found(tuple(triples), counts, _conditional(found))


def _replacement(one: Replacement, names: Names) -> list[ox.Triple]:
    """The bare link, and the same as a thing that carries its evidence."""
    record = node(f"{names.vocabulary}/replacement/{one.term.table}/{one.term.identifier}/{one.successor.identifier}")
    return [
        ox.Triple(node(one.term.iri), node(DCT + "isReplacedBy"), node(one.successor.iri)),
        ox.Triple(node(one.successor.iri), node(DCT + "replaces"), node(one.term.iri)),
        ox.Triple(record, A, names.own("Replacement")),
        ox.Triple(record, names.own("deprecatedTerm"), node(one.term.iri)),
        ox.Triple(record, names.own("successor"), node(one.successor.iri)),
        ox.Triple(record, names.own("evidenceKind"), ox.Literal(one.kind)),
        ox.Triple(record, names.own("evidence"), english(one.evidence)),
    ]


def _conditional(found: tuple[Replacement, ...]) -> tuple[str, ...]:
    many: dict[str, list[str]] = {}
    for one in found:
        many.setdefault(f"{one.term.table}/{one.term.identifier}", []).append(one.successor.identifier)
    return tuple(
        f"{term} has {len(successors)} conditional successors: {', '.join(successors)}"
        for term, successors in many.items()
        if len(successors) > 1
    )


SUCCESSORS = Rule(
    "successors",
    "Successors and status of deprecated terms",
    "NVS flags terms as deprecated and names no successor by a property. Successors are read from relations between a "
    "deprecated and a single live sensor model, from definitions that name the other term, and from a small curated "
    "map; each carries its evidence. A deprecated term without one is retired where its definition says that it was "
    "not or never used, and of unknown status otherwise.",
    Basis.DERIVED,
    (),
    _successors,
)
