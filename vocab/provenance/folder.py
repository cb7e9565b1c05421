"""Provenance beside a vocabulary: a folder of named graphs that ``gdac vocab query --with`` joins with a build.

``provenance.nq`` holds the graphs, ``provenance.json`` says what they are made from and names their digest. The graphs
are written as they are made, so memory does not grow with the archive.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

import duckdb
import pyoxigraph as ox

from gdac.errors import RefusedError, UsageError
from gdac.manifest.chain import survey
from gdac.manifest.states import state_at
from gdac.tables import Tables
from vocab.described import Described
from vocab.provenance.archive import archive_triples, serials_known, snapshot_triples
from vocab.provenance.checks import CheckRun, check_triples, covers, outcome_triples, read_checks
from vocab.provenance.dump import prepare, quads
from vocab.provenance.fleet import Fleet

QUADS: Final = "provenance.nq"
RECORD: Final = "provenance.json"
FORMAT: Final = "argo-gdac-provenance/1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write besides the archive and its serials.

    Attributes:
        floats: floats, from their metadata files.
        files: files whose path this matches; None: none but those that checks did not accept.
        all_files: all of them.
        checks: reports of the checker.
    """

    floats: bool = False
    files: str | None = None
    all_files: bool = False
    checks: tuple[Path, ...] = ()


@dataclass(slots=True)
class Written:
    """What was written.

    Attributes:
        base: that of every IRI of ours.
        archive, serial: of which archive, and its newest serial.
        graphs: how many statements each graph has, by its name.
        floats: how many floats are described.
        findings: metadata files that could not be used, and why; lines of reports that tie to no bytes.
    """

    base: str
    archive: str
    serial: int
    graphs: dict[str, int] = field(default_factory=dict)
    floats: int = 0
    findings: list[str] = field(default_factory=list)


def write_provenance(
    con: duckdb.DuckDBPyConnection, tree: Path, described: Described, tables: Tables, wanted: Wanted, folder: Path
) -> Written:
    """Write the folder; the record last, so that a folder with a record is whole.

    Args:
        con: an open connection.
        tree: the sealed archive.
        described: its head and records.
        tables: reference tables to look words up in.
        wanted: what to write.
        folder: made if missing; an older one of its kind is replaced.

    Raises:
        UsageError: the folder holds other things, or a report is none.
        RefusedError: a sealed file is not what the head or the chain says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / RECORD).exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no provenance.", hint="Give a new folder.")
    (folder / RECORD).unlink(missing_ok=True)
    head = described.head
    done = Written(described.names.base, head.archive, head.serial)
    part = folder / f".{QUADS}.part"
    try:
        with part.open("wb") as out, TemporaryDirectory(prefix="gdac-") as scratch:
            _Writing(con, tree, described, tables, out, done).write(wanted, Path(scratch))
        with part.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        part.replace(folder / QUADS)
    finally:
        part.unlink(missing_ok=True)
    record = {"format": FORMAT, "sha256": digest, **asdict(done)}
    beside = folder / f".{RECORD}.part"
    beside.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(beside, folder / RECORD)  # noqa: PTH105 - Path.replace is the same, this says atomic
    return done


def quads_beside(folders: Sequence[Path], base: str) -> list[Path]:
    """The N-Quads of provenance folders, verified, for a query over a vocabulary with that base.

    Raises:
        UsageError: a folder holds no provenance, or one with another base.
        RefusedError: its quads are not those that its record names.
    """
    return [_verified(folder, base) for folder in folders]


def _verified(folder: Path, base: str) -> Path:
    file = folder / RECORD
    if not file.is_file():
        raise UsageError(
            f"{folder} holds no provenance.", hint=f"Make it: gdac vocab provenance TREE --output {folder}"
        )
    try:
        stated: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        kind, theirs, digest = stated["format"], stated["base"], stated["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedError(f"{file} is not the record of provenance.", hint="Write it again.") from error
    if kind != FORMAT:
        raise RefusedError(f"{file} is of another format: {kind!a}.", hint="Write it again.")
    if theirs != base:
        raise UsageError(
            f"{folder} has IRIs below {theirs!a}, the vocabulary below {base!a}: nothing would join.",
            hint="Write it again with --base.",
        )
    found = sha256()
    with (folder / QUADS).open("rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    if found.hexdigest() != digest:
        raise RefusedError(f"{folder / QUADS} is not what {RECORD} names: its sha256 differs.", hint="Write it again.")
    return folder / QUADS


class _Writing:
    """One folder being written, graph by graph."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        tree: Path,
        described: Described,
        tables: Tables,
        out: BinaryIO,
        done: Written,
    ) -> None:
        self._con, self._tree, self._described, self._tables = con, tree, described, tables
        self._out, self._done = out, done

    def write(self, wanted: Wanted, scratch: Path) -> None:
        described, names = self._described, self._described.names
        archive = archive_triples(described)
        self._graph("archive", archive)
        said = set(archive)
        snapshots = (one for serial in serials_known(described) for one in snapshot_triples(described, serial))
        self._graph("snapshots", (one for one in snapshots if one not in said))
        if wanted.floats:
            fleet = Fleet(self._con, self._tree, described, self._tables)
            self._graph("floats", fleet.triples())
            self._done.floats = fleet.floats
            self._done.findings += fleet.findings
        checked = bool(wanted.checks)
        if checked:
            self._checks(list(wanted.checks), scratch)
        if wanted.all_files or wanted.files is not None or checked:
            digests = "dump_refused" if checked else ""
            pattern = None if wanted.all_files else wanted.files or ""
            dump = prepare(self._con, self._tree, described, pattern, digests)
            with self._counted("files") as add:
                for count, piece in quads(dump, names.provenance_graph("files")):
                    self._out.write(piece.encode())
                    add(count)

    def _checks(self, reports: list[Path], scratch: Path) -> None:
        names, head = self._described.names, self._described.head
        runs = read_checks(self._con, reports, scratch)
        self._con.execute(
            "create or replace temp table dump_refused as select distinct sha256 from checked"
            " where verdict <> 'accepted'"
        )
        for run in runs:
            self._find_snapshot(run)
            triples = check_triples(names, head.archive, run)
            self._graph(f"check/{run.id}", [*triples, *outcome_triples(self._con, names, run)])
            if run.without:
                self._done.findings.append(f"check {run.id}: {run.without:,} lines tie to no bytes and were left out")

    def _find_snapshot(self, run: CheckRun) -> None:
        """The serial in force when the run began, its neighbours (seals are timed to the second) and the newest."""
        head = self._described.head
        past = survey(self._con, self._tree, head)
        before = max((known for known, sealed in past.times.items() if sealed <= run.started), default=1)
        for serial in dict.fromkeys((before, before - 1, before + 1, head.serial)):
            if not 1 <= serial <= head.serial or past.way_to(serial) is None:
                continue
            state_at(self._con, self._tree, head, serial, "check_state")
            if covers(self._con, run, "check_state"):
                run.serial = serial
                return

    def _graph(self, part: str, triples: Iterable[ox.Triple]) -> None:
        """Statements of one graph; said once where they come close together."""
        name = self._described.names.provenance_graph(part)
        with self._counted(part) as add:
            for one in _once(triples):
                self._out.write(f"{one} <{name}> .\n".encode())
                add(1)

    @contextmanager
    def _counted(self, part: str) -> "Iterator[Any]":
        count = 0

        def add(more: int) -> None:
            nonlocal count
            count += more

        yield add
        self._done.graphs[self._described.names.provenance_graph(part)] = count


def _once(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """Without what was said lately: agents, data centres and tables come again and again."""
    lately: dict[ox.Triple, None] = {}
    for one in triples:
        if one in lately:
            continue
        lately[one] = None
        if len(lately) > 100_000:
            lately.pop(next(iter(lately)))
        yield one
