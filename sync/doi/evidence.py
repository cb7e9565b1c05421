"""What stands behind a citation: which bytes, of which sealed serial, proven by which digests."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.manifest.doi import Claim, Proof, Relation
from gdac.manifest.head import Head
from gdac.manifest.history import FileState
from policies.citation import snapshot_url

#: Files that are named one by one; of more a digest over all of them is given.
MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class CitedFile:
    """A file of the cited state: path, bytes, and SHA-256 in lower-case hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CitedSet:
    """Some files of a state.

    Attributes:
        first: at most `MOST_NAMED` of them, by path.
        count: how many there are.
        bytes: of all of them.
        sha256: SHA-256 over one line for each file, sorted by path in byte order: digest in lower-case hex, two blanks,
            path, newline. That is what ``sha256sum`` prints.
    """

    first: tuple[CitedFile, ...]
    count: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which bytes a citation speaks of.

    Attributes:
        head: the archive's head.
        serial: the sealed state.
        sealed: when it was sealed, where that is known.
        manifest_sha256: digest of its manifest, where that is known.
        rows: files of the whole state.
        files: the cited ones; None for the whole state.
        claim: what may be said of DOI snapshots.
        held: other snapshots that the serial was proven to be or to hold, such as those of synthetic profiles alone.
    """

    head: Head
    serial: int
    sealed: datetime | None
    manifest_sha256: str | None
    rows: int
    files: CitedSet | None
    claim: Claim
    held: tuple[Proof, ...] = ()

    @property
    def key_proof(self) -> Proof | None:
        """The proof that lets the citation carry a snapshot's key: of these very files, not of some beside them.

        A snapshot that the serial merely holds may lack files of the serial, so single files do not inherit its key.
        """
        proof = self.claim.proof
        if proof is None or (self.files is not None and proof.relation is not Relation.EQUAL):
            return None
        return proof


def choose_files(connection: duckdb.DuckDBPyConnection, state: str, paths: Sequence[str], wmo: str | None) -> list[str]:
    """Make the table ``cited`` (path, size, sha256) of chosen files of a state; returns the paths that it lacks.

    Args:
        connection: holds the state.
        state: manifest-shaped table or view.
        paths: archive paths.
        wmo: all files in the directories of this float, too; None for none.
    """
    by_float = "path glob ?" if wmo is not None else "false"
    values: list[object] = [list(paths)] + ([f"dac/*/{wmo}/*"] if wmo is not None else [])
    connection.execute(
        f"create or replace temp table cited as select path, size, lower(hex(sha256)) as sha256 from {state}"
        f" where path in (select unnest(?::varchar[])) or {by_float}",
        values,
    )
    here = {path for (path,) in connection.execute("select path from cited").fetchall()} if paths else set()
    return [path for path in paths if path not in here]


def cited_set(connection: duckdb.DuckDBPyConnection) -> CitedSet:
    """What the table ``cited`` holds."""
    first: list[CitedFile] = []
    digest, count, size = hashlib.sha256(), 0, 0
    for row in stream(connection, "select path, size, sha256 from cited order by path"):
        one = CitedFile(*row)
        digest.update(f"{one.sha256}  {one.path}\n".encode())
        count, size = count + 1, size + one.size
        if len(first) < MOST_NAMED:
            first.append(one)
    return CitedSet(tuple(first), count, size, digest.hexdigest())


def common_serial(stays: Iterable[Sequence[FileState]], newest: int) -> int | None:
    """The newest serial at which every one of some files was in the archive; None where there was none.

    Args:
        stays: of each file.
        newest: serial of the head.
    """
    everyone = list(stays)
    last = {newest if stay.until is None else stay.until - 1 for each in everyone for stay in each} | {newest}
    for serial in sorted(last, reverse=True):
        if all(any(covers(stay, serial) for stay in each) for each in everyone):
            return serial
    return None


def covers(stay: FileState, serial: int) -> bool:
    """Whether the bytes were there at a serial."""
    return stay.serial <= serial and (stay.until is None or serial < stay.until)


def evidence_lines(evidence: Evidence) -> list[str]:
    """The evidence in sentences, one a line."""
    head = evidence.head
    sealed = f", sealed {evidence.sealed:%Y-%m-%dT%H:%M:%SZ}," if evidence.sealed else ""
    digest = f"manifest sha256 {evidence.manifest_sha256}" if evidence.manifest_sha256 else "digest of it not at hand"
    what = "archive" if head.view_of is None else "view"
    lines = [f"serial {evidence.serial} of {what} {head.archive}{sealed} {evidence.rows:,} files, {digest}"]
    if head.view_of is not None and head.view_of.serial == evidence.serial:
        hub = head.view_of
        lines.append(f"made from serial {hub.serial} of archive {hub.archive}, manifest sha256 {hub.sha256}")
    files = evidence.files
    if files is not None and files.count > 1:
        lines.append(
            f"{files.count:,} files, {files.bytes:,} bytes, sha256 {files.sha256} over the lines of sha256sum"
            " (digest, two blanks, path) sorted by path in byte order"
        )
    if files is not None and files.count <= MOST_NAMED:
        lines += [f"{one.path}, {one.size:,} bytes, sha256 {one.sha256}" for one in files.first]
    if not head.doi:
        return lines
    held = [f"this serial holds all files of the DOI snapshot {_named(evidence, one)}" for one in evidence.held]
    return [*lines, _doi_line(evidence), *held]


def _doi_line(evidence: Evidence) -> str:
    """What may be said of DOI snapshots."""
    proof, nearest = evidence.claim.proof, evidence.claim.nearest
    if proof is not None:
        where = _named(evidence, proof)
        if proof.relation is Relation.EQUAL:
            return f"this serial is the DOI snapshot {where}"
        beside = "" if evidence.files is None else "; that these files are among them is not proven, so no key is cited"
        return f"this serial holds all files of the DOI snapshot {where}{beside}"
    if nearest is None:
        return "no DOI snapshot is proven to be this serial, and none is known to be near"
    days = evidence.claim.days or 0
    apart = (
        f"{abs(days)} day{'s' * (abs(days) != 1)} {'earlier' if days > 0 else 'later'}" if days else "of the same day"
    )
    return (
        f"nearest DOI snapshot #{nearest.key} of {nearest.date}, {apart}; not proven to hold these bytes, so not cited"
    )


def _named(evidence: Evidence, proof: Proof) -> str:
    where = snapshot_url(evidence.head.doi or "", proof.key)
    return f"{where} ({proof.title}; tar sha256 {proof.tar_sha256}), proven byte for byte"
