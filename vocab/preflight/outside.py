"""Other people's parsers, where they are installed: OWL API, which portals run, and `rapper`, which stores run."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyoxigraph as ox

from vocab.nvs.formats import SUFFIXES, parse_triples
from vocab.preflight.finding import Finding, Severity

#: Where Debian puts the jars of libowlapi-java and what it needs.
JARS: Final = Path("/usr/share/java")
#: Seconds that one run may take; the portal's own parser gets 40 minutes.
TIMEOUT: Final = 600.0

_RAPPER: Final = {".ttl": "turtle", ".rdf": "rdfxml", ".xml": "rdfxml", ".nt": "ntriples"}


@dataclass(frozen=True, slots=True)
class OwlReading:
    """What OWL API saw in one file.

    Attributes:
        file: which one.
        ontology: IRI; ``anonymous`` when it found none.
        version: version IRI; empty when it found none.
        annotations: of the header.
        triples: in the file.
        lost: triples that it did not write again.
        added: triples that it wrote besides (types that it inferred).
    """

    file: Path
    ontology: str
    version: str
    annotations: int
    triples: int
    lost: tuple[str, ...]
    added: int


def owlapi_missing() -> str:
    """What is not installed; empty when OWL API can run."""
    if shutil.which("javac") is None or shutil.which("java") is None:
        return "a Java development kit (Debian: default-jdk-headless)"
    if not (JARS / "owlapi-distribution.jar").exists():
        return "OWL API (Debian: libowlapi-java)"
    return ""


def read_with_owlapi(sources: Sequence[Path], timeout: float = TIMEOUT) -> tuple[list[OwlReading], list[Finding]]:
    """Read each file with OWL API, write it again, and compare triple by triple."""
    with (
        TemporaryDirectory(prefix="gdac-owl-") as work,
        as_file(files("vocab.preflight") / "OwlRoundTrip.java") as code,
    ):
        written = [Path(work) / f"{number}.rdf" for number in range(len(sources))]
        given = [_as_portals_take_it(source, Path(work) / f"{number}.nt") for number, source in enumerate(sources)]
        pairs = [str(one) for source, out in zip(given, written, strict=True) for one in (source.resolve(), out)]
        command = ["java", "-Djdk.xml.entityExpansionLimit=1000", "-cp", _classpath(), str(code), *pairs]
        done = _run(command, timeout)
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "Exception" in line), done.stderr.strip()[-300:])
            return [], [Finding("owlapi", Severity.ERROR, ", ".join(map(str, sources)), f"cannot be read: {first}")]
        lines = [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 4]
        if len(lines) != len(sources):
            text = f"OWL API spoke of {len(lines)} of {len(sources)} files"
            return [], [Finding("owlapi", Severity.ERROR, "", text)]
        pieces = zip(sources, written, lines, strict=True)
        readings = [
            _reading(source, out, line) if line[0] != "!" else Finding("owlapi", Severity.ERROR, str(source), line[1])
            for source, out, line in pieces
        ]
    read = [one for one in readings if isinstance(one, OwlReading)]
    unread = [one for one in readings if isinstance(one, Finding)]
    return read, [*unread, *(finding for one in read for finding in _judge(one))]


def _as_portals_take_it(source: Path, copy: Path) -> Path:
    """The file itself, or a copy in N-Triples: portals take no JSON-LD."""
    if readable_by_rapper(source):
        return source
    triples = parse_triples(source.read_bytes(), SUFFIXES[source.suffix.lower()], where=str(source))
    ox.serialize(triples, copy, format=ox.RdfFormat.N_TRIPLES)
    return copy


def _classpath() -> str:
    """Every jar once: Debian links each under its plain name too; simple loggers would shout about each other."""
    jars = sorted(one for one in JARS.glob("*.jar") if not one.is_symlink() or one.resolve().parent != JARS)
    return os.pathsep.join(str(one) for one in jars if "slf4j-simple" not in one.name and "osgi" not in one.name)


def _reading(source: Path, out: Path, line: list[str]) -> OwlReading:
    before = {str(quad.triple) for quad in ox.parse(source.read_bytes(), format=SUFFIXES[source.suffix.lower()])}
    after = {str(quad.triple) for quad in ox.parse(out.read_bytes(), format=ox.RdfFormat.RDF_XML)}
    lost = tuple(sorted(before - after))
    return OwlReading(source, line[0], line[1], int(line[2]), len(before), lost, len(after - before))


def _judge(one: OwlReading) -> list[Finding]:
    found = []
    if one.ontology == "anonymous":
        found.append(
            Finding("owlapi", Severity.ERROR, str(one.file), "the ontology is anonymous: a portal takes no metadata.")
        )
    if one.lost:
        text = f"{len(one.lost):,} of {one.triples:,} triples are lost or rewritten, e.g. {one.lost[0]}"
        found.append(Finding("owlapi", Severity.ERROR, str(one.file), text))
    return found


def rapper_missing() -> str:
    """What is not installed; empty when rapper can run."""
    return "" if shutil.which("rapper") else "rapper (Debian: raptor2-utils)"


def readable_by_rapper(source: Path) -> bool:
    """Whether the file is in a syntax that rapper is asked about."""
    return source.suffix.lower() in _RAPPER


def read_with_rapper(source: Path, timeout: float = TIMEOUT) -> tuple[int, list[Finding]]:
    """How many triples rapper counts in a file, and what it complains about."""
    syntax = _RAPPER[source.suffix.lower()]
    done = _run(["rapper", "-c", "-i", syntax, str(source.resolve())], timeout)
    complaints = [line for line in done.stderr.splitlines() if " Error " in line or " Warning " in line]
    counted = [line for line in done.stderr.splitlines() if "Parsing returned" in line]
    triples = int(counted[-1].split("returned")[1].split()[0]) if counted else 0
    if done.returncode or complaints:
        text = complaints[0].partition(" - ")[2] or complaints[0] if complaints else f"ends with {done.returncode}"
        return triples, [Finding("rapper", Severity.ERROR, str(source), text)]
    return triples, []


def _run(command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)  # noqa: S603 - no shell
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"{command[0]}: no answer in {timeout:.0f} s")
