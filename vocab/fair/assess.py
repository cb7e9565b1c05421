"""Everything about one artefact: assessments of the file, and of the server that stands in for its IRI."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyoxigraph as ox

from gdac.errors import UsageError
from vocab.export.flatten import flat_vocabulary
from vocab.export.ontoportal import serialize
from vocab.fair import foops, fuji, ofaire
from vocab.fair.outcome import Assessment
from vocab.fair.probe import HTML, RDF, Server, fetch_all
from vocab.folder import RECORD, open_vocabulary
from vocab.names import OWL
from vocab.preflight.facts import facts_of, read_facts
from vocab.preflight.outside import owlapi_missing, read_with_owlapi
from vocab.query.answer import Limits
from vocab.serve.pool import Lanes
from vocab.serve.run import listening_server, open_service

#: The page that F-UJI is asked about, and the file of it that is fetched.
_FILE: Final = "vocabulary.json"


@dataclass(frozen=True, slots=True)
class FairReport:
    """Assessments of the artefact, and those of the file it is compared with."""

    assessments: tuple[Assessment, ...]
    compared: tuple[Assessment, ...]


def assess(path: Path, compared: Path | None, *, outside: bool) -> FairReport:
    """Assess a built vocabulary (as file and as served) or one RDF file.

    Args:
        path: folder of a build, or a file.
        compared: another file, assessed by the same tests of files.
        outside: ask OWL API where it is installed.

    Raises:
        UsageError: neither a build nor a file.
    """
    if (path / RECORD).is_file():
        found = _assess_build(path, outside)
    elif path.is_file():
        found = _assess_file(path, outside)
    else:
        raise UsageError(f"{path} is neither a built vocabulary nor a file.")
    return FairReport(found, _assess_file(compared, outside) if compared else ())


def _assess_file(path: Path, outside: bool) -> tuple[Assessment, ...]:
    subject = foops.subject_of(path.name, read_facts(path), _loads(path) if outside else None)
    return foops.assess_file(subject), ofaire.assess(subject, None)


def _loads(path: Path) -> bool | None:
    if owlapi_missing():
        return None
    readings, _ = read_with_owlapi([path])
    return bool(readings)


def _assess_build(path: Path, outside: bool) -> tuple[Assessment, ...]:
    vocabulary = open_vocabulary(path)
    triples = flat_vocabulary(vocabulary)
    with TemporaryDirectory(prefix="gdac-") as scratch:
        file = Path(scratch) / "argo.ttl"
        file.write_bytes(serialize(triples, ox.RdfFormat.TURTLE, vocabulary.names, first=vocabulary.names.vocabulary))
        subject = foops.subject_of("argo.ttl", facts_of(triples), _loads(file) if outside else None)
        server = asyncio.run(_ask_server(path, Path(scratch), subject, vocabulary.record.release.label))
    return (
        foops.assess_file(subject),
        foops.assess_uri(subject, server),
        ofaire.assess(subject, server),
        fuji.assess(server, subject.ontology),
    )


async def _ask_server(path: Path, scratch: Path, subject: foops.Subject, label: str) -> Server:
    service = open_service(path, None, scratch, Limits(), lanes=Lanes(quick=1))
    base = service.site.names.base
    version = next(iter(subject.facts.iris(subject.ontology, OWL + "versionIRI")), "")
    async with listening_server(service, "127.0.0.1", 0) as url:
        empty = Server(base, f"{url}/", {})
        asked = [(empty.address(subject.ontology), media) for media in (HTML, *RDF)]
        asked += [(empty.address(version), "text/turtle"), (f"{url}/sparql", "text/turtle")]
        asked.append((f"{url}/download/{label}/{_FILE}", "*/*"))
        return Server(base, f"{url}/", await fetch_all(asked))
