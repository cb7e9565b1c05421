"""Names: the IRIs of NVS, of the vocabularies we stand on, and our own under one configurable base."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from gdac.errors import UsageError

#: Where our own IRIs live unless the operator says otherwise. Nothing is assumed to resolve there yet.
BASE: Final = "https://w3id.org/argo-gdac/"

#: Every NVS IRI starts with it; links with ``https`` circulate too and mean the same.
NVS: Final = "http://vocab.nerc.ac.uk/collection/"

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
DCT: Final = "http://purl.org/dc/terms/"
DCE: Final = "http://purl.org/dc/elements/1.1/"
DCAT: Final = "http://www.w3.org/ns/dcat#"
PAV: Final = "http://purl.org/pav/"
PROV: Final = "http://www.w3.org/ns/prov#"
VOID: Final = "http://rdfs.org/ns/void#"
VANN: Final = "http://purl.org/vocab/vann/"
QUDT: Final = "http://qudt.org/schema/qudt/"
UNIT: Final = "http://qudt.org/vocab/unit/"
SOSA: Final = "http://www.w3.org/ns/sosa/"
SSN: Final = "http://www.w3.org/ns/ssn/"
IOP: Final = "https://w3id.org/iadopt/ont/"
MOD: Final = "https://w3id.org/mod#"
SPDX: Final = "http://spdx.org/rdf/terms#"
FOAF: Final = "http://xmlns.com/foaf/0.1/"
SH: Final = "http://www.w3.org/ns/shacl#"
GEO: Final = "http://www.w3.org/2003/01/geo/wgs84_pos#"

#: Licence of NVS content and of what is made from it.
CC_BY: Final = "https://creativecommons.org/licenses/by/4.0/"

#: Prefixes of everything we write. NVS binds ``prov`` and ``qudt`` to other namespaces; its contexts are never reused.
PREFIXES: Final = {
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "dct": DCT,
    "dce": DCE,
    "dcat": DCAT,
    "pav": PAV,
    "prov": PROV,
    "void": VOID,
    "vann": VANN,
    "qudt": QUDT,
    "unit": UNIT,
    "sosa": SOSA,
    "ssn": SSN,
    "iop": IOP,
    "mod": MOD,
    "spdx": SPDX,
    "foaf": FOAF,
    "geo": GEO,
}

A: Final = ox.NamedNode(RDF + "type")

_TERM = re.compile(r"https?://vocab\.nerc\.ac\.uk/collection/([A-Z0-9]+)/current/(?:([^/]+)/?)?")


@dataclass(frozen=True, slots=True)
class Names:
    """Every IRI that we mint.

    Attributes:
        base: an absolute http(s) IRI that ends with ``/``.
    """

    base: str = BASE

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+/", self.base):
            raise UsageError(
                f"the base {self.base!r} cannot carry IRIs.", hint="Give an http(s) address that ends with a slash."
            )

    @property
    def vocabulary(self) -> str:
        """The one artefact: at once owl:Ontology and main skos:ConceptScheme."""
        return self.base + "vocabulary"

    def own(self, local: str) -> ox.NamedNode:
        """A class, property or individual of our own layer."""
        return ox.NamedNode(f"{self.vocabulary}#{local}")

    def version(self, release: str) -> str:
        """The vocabulary as it was released under that name."""
        return f"{self.vocabulary}/version/{release}"

    def scheme(self, table: str) -> str:
        """The concept scheme of one table."""
        return f"{self.vocabulary}/{table}"

    def group(self, table: str) -> ox.NamedNode:
        """The concept that stands for a whole table at the top of the tree."""
        return self.own(table)

    def nvs_graph(self, table: str, version: str) -> str:
        """The graph that holds one version of a table, verbatim."""
        return f"{self.base}graph/nvs/{table}/{version}"

    def enrichment_graph(self, rule: str) -> str:
        """The graph that holds what one rule of enrichment added."""
        return f"{self.base}graph/enrichment/{rule}"

    @property
    def ontology_graph(self) -> str:
        """The graph of the hand-written layer."""
        return f"{self.base}graph/ontology"

    @property
    def catalogue_graph(self) -> str:
        """The graph that says of every other graph where it comes from and why it is there."""
        return f"{self.base}graph/catalogue"

    def provenance_graph(self, part: str) -> str:
        """The graph of one part of an archive's provenance: archive, snapshots, floats, files or a check."""
        return f"{self.base}graph/provenance/{part}"

    def archive(self, archive: str) -> str:
        """An archive, by its id."""
        return f"{self.base}archive/{archive}"

    def snapshot(self, archive: str, serial: int) -> str:
        """A sealed serial of an archive."""
        return f"{self.archive(archive)}/serial/{serial}"

    def manifest(self, archive: str, serial: int) -> str:
        """The manifest of a serial."""
        return f"{self.snapshot(archive, serial)}/manifest"

    def delta(self, archive: str, serial: int) -> str:
        """The delta that leads to a serial."""
        return f"{self.snapshot(archive, serial)}/delta"

    def file(self, archive: str, path: str) -> str:
        """A file of an archive, whatever bytes stand there; each segment percent-encoded."""
        return f"{self.archive(archive)}/file/{encoded(path)}"

    def stay(self, archive: str, path: str, serial: int) -> str:
        """One stay of the same bytes and dates at a path, since a serial."""
        return f"{self.file(archive, path)}#since-{serial}"

    def source(self, archive: str, name: str) -> str:
        """A source of an archive, by its name in the configuration."""
        return f"{self.archive(archive)}/source/{quote(name, safe='')}"

    def file_version(self, sha256: str) -> str:
        """Bytes, by their digest in lower-case hex."""
        return f"{self.base}version/sha256-{sha256}"

    def submission(self, archive: str, name: str) -> str:
        """What one DAC handed in for an archive at one time."""
        return f"{self.archive(archive)}/submission/{name}"

    def run(self, run: str) -> str:
        """A run of the sync, by its UUID."""
        return f"{self.base}run/{run}"

    def check(self, run: str) -> str:
        """A run of the checker, by its UUID."""
        return f"{self.base}check/{run}"

    def wmo(self, number: str) -> str:
        """The float of a WMO number."""
        return f"{self.base}float/{number}"

    def dac(self, directory: str) -> str:
        """A data assembly centre, by its directory in the archive."""
        return f"{self.base}dac/{directory}"

    def tables(self, digest: str) -> str:
        """The reference tables as the checker reads them, by the digest of their snapshot; ``sha256:`` is left off."""
        return f"{self.base}tables/{digest.removeprefix('sha256:')}"

    def software(self, name: str, version: str) -> str:
        """One version of a program."""
        return f"{self.base}software/{quote(name, safe='')}/{quote(version, safe='')}"


def encoded(path: str) -> str:
    """A path as part of an IRI: what RFC 3986 does not call unreserved is percent-encoded, slashes stay."""
    return quote(path, safe="/")


def doi_iri(doi: str, key: str = "") -> str:
    """A DOI as an address; the key of a snapshot is its fragment, so resolvers never see it."""
    return f"https://doi.org/{quote(doi, safe='/')}" + (f"#{quote(key, safe='')}" if key else "")


def licence_iri(spdx: str, address: str) -> str:
    """A licence as an IRI: the address that was configured, or, where that is none, the address of its SPDX entry."""
    if re.fullmatch(r"https?://[^\s\"'<>\\^`{|}]+", address):
        return address
    return f"https://spdx.org/licenses/{quote(spdx, safe='')}"


def collection(table: str) -> str:
    """IRI of an NVS collection."""
    return f"{NVS}{table}/current/"


def concept(table: str, identifier: str) -> str:
    """IRI of an NVS concept."""
    return f"{NVS}{table}/current/{identifier}/"


def parse_concept(iri: str) -> tuple[str, str] | None:
    """Table and identifier of an NVS concept IRI; None for any other IRI, a collection's and a version's included."""
    match = _TERM.fullmatch(iri)
    return (match[1], match[2]) if match and match[2] else None


def node(iri: str) -> ox.NamedNode:
    """An IRI as a node."""
    return ox.NamedNode(iri)


def boolean(value: bool) -> ox.Literal:
    """A typed boolean."""
    return ox.Literal("true" if value else "false", datatype=ox.NamedNode(XSD + "boolean"))


def typed(text: str, datatype: str) -> ox.Literal:
    """A literal of an XSD datatype, by the datatype's local name."""
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


def english(text: str) -> ox.Literal:
    """An English literal."""
    return ox.Literal(text, language="en")
