"""Submissions of DACs and what was decided on each of their files, as PROV: who, which bytes, by which rules.

A submission is an activity of the DAC and of the program that took it; so is the decision on each file, which belongs
to the submission and names the bytes by their digest, never by a place on a disk. What is decided later, by other
rules, on the same bytes is another decision of another submission.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pyoxigraph as ox

from gdac.tables import load
from vocab.names import DCAT, PROV, RDFS, Names, boolean, node, typed
from vocab.provenance.floats import dac_triples
from vocab.provenance.runs import tables_triples
from vocab.provenance.statements import Pair, moment, number, size, software, statements, types


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission.

    Attributes:
        archive: id of the archive that it was for.
        number: of the submission, in the state of its hub; it may begin again with a new state.
        dac: whose, by the directory.
        began: when it was taken (UTC).
        ended: when it was reported (UTC).
        forced: the operator let older files take the place of newer ones.
        program: version of gdac that took it.
        serial: the serial that sealed it; None where it changed nothing.
        repeats: IRI of the submission that it repeats; None otherwise.
    """

    archive: str
    number: int
    dac: str
    began: datetime
    ended: datetime
    forced: bool
    program: str
    serial: int | None
    repeats: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on one file.

    Attributes:
        id: of the file, within the state of its hub.
        name: as the DAC called it; of a member, after the name of its archive.
        size: bytes.
        sha256: lower-case hex; None where it was refused unread.
        decided: published, unchanged, refused, opened, removed or kept.
        path: where it was published; None otherwise.
        broken: ids of the policies and rules that refused it.
        checker: version of the checker; empty where nothing was checked.
        specification: version of the format specification; empty likewise.
        tables: version of the reference tables; empty likewise.
        policies: version of the policies.
    """

    id: int
    name: str
    size: int
    sha256: str | None
    decided: str
    path: str | None = None
    broken: tuple[str, ...] = ()
    checker: str = ""
    specification: str = ""
    tables: str = ""
    policies: str = ""


def submission_iri(names: Names, archive: str, number_: int, began: datetime) -> str:
    """A submission, by its number and its time: numbers alone begin again with a new state."""
    return names.submission(archive, f"{number_}-{began:%Y%m%dT%H%M%SZ}")


def submission_triples(names: Names, submitted: Submitted) -> list[ox.Triple]:
    """A submission, its DAC and the program that took it."""
    iri = _iri(names, submitted)
    serial = None if submitted.serial is None else node(names.snapshot(submitted.archive, submitted.serial))
    pairs: list[Pair] = [
        *types(names.own("Submission").value, PROV + "Activity"),
        (RDFS + "label", ox.Literal(f"submission {submitted.number} of {submitted.dac}")),
        (names.own("submissionNumber").value, number(submitted.number)),
        (names.own("submittedTo").value, node(names.archive(submitted.archive))),
        (PROV + "startedAtTime", moment(submitted.began)),
        (PROV + "endedAtTime", moment(max(submitted.ended, submitted.began))),
        (PROV + "wasAssociatedWith", node(names.dac(submitted.dac))),
        (PROV + "wasAssociatedWith", node(names.software("argo-gdac", submitted.program))),
        (names.own("forced").value, boolean(submitted.forced)),
        (names.own("sealedIn").value, serial),
        (PROV + "wasInformedBy", None if submitted.repeats is None else node(submitted.repeats)),
    ]
    return [
        *statements(iri, pairs),
        *dac_triples(names, submitted.dac),
        *software(names, "argo-gdac", submitted.program),
    ]


def decision_triples(
    names: Names, submitted: Submitted, decision: Decision, took_out: Iterable[str] = ()
) -> Iterator[ox.Triple]:
    """What was decided on one file.

    Args:
        names: our IRIs.
        submitted: the submission that the file was in.
        decision: on the file.
        took_out: archive paths that left for it: the R profile that it replaces, or what a list removes.
    """
    submission = _iri(names, submitted)
    iri = f"{submission}#decision-{decision.id}"
    version = names.file_version(decision.sha256) if decision.sha256 else None
    program = decision.checker or submitted.program
    shipped = load()
    tables = shipped.digest if decision.tables and decision.tables == shipped.version else None
    published = decision.path if decision.decided in {"published", "unchanged"} else None
    file = None if published is None else names.file(submitted.archive, published)
    pairs: list[Pair] = [
        *types(names.own("Decision").value, PROV + "Activity"),
        (names.own("decisionOf").value, node(submission)),
        (names.own("submittedName").value, ox.Literal(decision.name)),
        (names.own("decided").value, ox.Literal(decision.decided)),
        (PROV + "used", None if version is None else node(version)),
        (PROV + "wasAssociatedWith", node(names.software("argo-gdac", program))),
        (names.own("publishedAs").value, None if file is None else node(file)),
        *((names.own("refusedBy").value, ox.Literal(one)) for one in decision.broken),
        (names.own("checkerVersion").value, _text(decision.checker)),
        (names.own("specificationVersion").value, _text(decision.specification)),
        (names.own("tablesVersion").value, _text(decision.tables)),
        (names.own("policiesVersion").value, _text(decision.policies)),
        (names.own("referenceTables").value, None if tables is None else node(names.tables(tables))),
    ]
    yield from statements(iri, pairs)
    yield from software(names, "argo-gdac", program)
    if tables is not None:
        yield from tables_triples(names, tables)
    if decision.sha256 and version:
        about: list[Pair] = [
            *types(names.own("FileVersion").value),
            (names.own("sha256").value, typed(decision.sha256, "hexBinary")),
            (DCAT + "byteSize", size(decision.size)),
        ]
        yield from statements(version, about)
    if published is not None:
        yield from _file(names, submitted.archive, published)
    for path in took_out:
        yield ox.Triple(node(iri), names.own("tookOut"), node(names.file(submitted.archive, path)))
        yield from _file(names, submitted.archive, path)


def _iri(names: Names, submitted: Submitted) -> str:
    return submission_iri(names, submitted.archive, submitted.number, submitted.began)


def _file(names: Names, archive: str, path: str) -> list[ox.Triple]:
    pairs: list[Pair] = [*types(names.own("File").value), (names.own("archivePath").value, ox.Literal(path))]
    return statements(names.file(archive, path), pairs)


def _text(value: str) -> ox.Literal | None:
    return ox.Literal(value) if value else None
