"""Runs of the checker as PROV activities, out of ``gdac check --format jsonl --evidence``.

A run names its program, the specifications and the reference tables it went by, and what it looked at: a whole snapshot
where every checkable file of that snapshot is in the report, with the sealed bytes; else the single file versions. Only
a file version that was not accepted has an outcome.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyoxigraph as ox

from gdac.check.finding import Verdict
from gdac.errors import GdacError, UsageError
from gdac.manifest.names import is_sha256
from gdac.manifest.spill import spilling
from vocab.names import PROV, RDFS, Names, node, typed
from vocab.provenance.runs import tables_triples
from vocab.provenance.statements import Pair, moment, number, software, statements, types

_HINT: Final = "Reports are made by: gdac check TREE --format jsonl --evidence --output FILE."
_COLUMNS: Final = {"run": "VARCHAR", "sha256": "VARCHAR", "verdict": "VARCHAR", "rules": "VARCHAR"}


@dataclass(slots=True)
class CheckRun:
    """One run of the checker, as the lines of its report tell it.

    Attributes:
        id: UUID of the run.
        started: UTC.
        tables: digest of its reference tables.
        checkers, specifications: versions that its lines name.
        files: how many were looked at.
        without: of these, how many lines tie to no bytes, so that nothing is said of them.
        serial: the snapshot whose every checkable file was looked at; None where it was less.
    """

    id: str
    started: datetime
    tables: str
    checkers: set[str] = field(default_factory=set)
    specifications: set[str] = field(default_factory=set)
    files: int = 0
    without: int = 0
    serial: int | None = None


def read_checks(con: duckdb.DuckDBPyConnection, reports: list[Path], workdir: Path) -> list[CheckRun]:
    """Read reports; what they say goes to table ``checked`` (run, sha256, verdict, rules), a row per file version.

    Bytes that stand at two paths and were accepted under one name only are not accepted.

    Args:
        con: an open connection.
        reports: files in JSON Lines.
        workdir: a directory for temporary files.

    Raises:
        UsageError: a file is no such report, or was made without evidence or with a baseline.
        GdacError: it cannot be read.
    """
    runs: dict[str, CheckRun] = {}
    with spilling(workdir, "checked", _COLUMNS) as spill:
        for report in reports:
            for line, where in _lines(report):
                run = _run(line, runs, where)
                if line["verdict"] == Verdict.SKIPPED.value:
                    continue
                run.files += 1
                if line["sha256"] is None:
                    run.without += 1
                    continue
                rules = {one["rule"] for one in line["findings"] if one["severity"] == "error"}
                spill.add(run.id, line["sha256"], line["verdict"], " ".join(sorted(rules)))
        spill.load(con, "checked_text")
    con.execute(
        "create or replace temp table checked as select run, unhex(sha256) as sha256,"
        " coalesce(max(verdict) filter (verdict <> 'accepted'), 'accepted') as verdict,"
        " coalesce(string_agg(rules, ' '), '') as rules from checked_text group by run, sha256"
    )
    con.execute("drop table checked_text")
    return sorted(runs.values(), key=lambda one: (one.started, one.id))


def verdicts_on(reports: list[Path], digests: frozenset[str]) -> list[dict[str, Any]]:
    """What reports say of certain bytes, one entry for each line about them, oldest run first.

    Args:
        reports: files in JSON Lines, made with evidence.
        digests: SHA-256, lower-case hex.

    Raises:
        UsageError: a file is no such report.
        GdacError: it cannot be read.
    """
    found = []
    for report in reports:
        for line, _ in _lines(report):
            if line["sha256"] in digests:
                versions = line["versions"] or {}
                entry = {name: line[name] for name in ("sha256", "verdict", "run", "started", "tables_digest")}
                entry |= {name: versions.get(name) for name in ("checker", "specification", "tables")}
                entry["rules"] = sorted({one["rule"] for one in line["findings"] if one["severity"] == "error"})
                found.append(entry)
    return sorted(found, key=lambda entry: (entry["started"], entry["run"]))


def covers(con: duckdb.DuckDBPyConnection, run: CheckRun, state: str) -> bool:
    """Whether a run looked at every NetCDF file of the DACs that a state has.

    Args:
        con: the connection of `read_checks`.
        run: which run.
        state: manifest-shaped table or view.
    """
    found = con.execute(
        f"select count(*), count(*) filter (sha256 not in (select sha256 from checked where run = $1)) from {state}"
        " where path like 'dac/%.nc'",
        [run.id],
    ).fetchone()
    return found is not None and found[0] > 0 and found[1] == 0


def check_triples(names: Names, archive: str, run: CheckRun) -> list[ox.Triple]:
    """A run of the checker: program, specifications, tables, and the snapshot where it looked at a whole one."""
    iri = names.check(run.id)
    pairs: list[Pair] = [
        *types(names.own("Check").value, PROV + "Activity"),
        (RDFS + "label", ox.Literal(f"check of {run.files:,} files, {run.started:%Y-%m-%d %H:%M} UTC")),
        (PROV + "startedAtTime", moment(run.started)),
        (names.own("filesChecked").value, number(run.files)),
        (names.own("referenceTables").value, node(names.tables(run.tables))),
        *((names.own("checkerVersion").value, ox.Literal(one)) for one in sorted(run.checkers)),
        *((names.own("specificationVersion").value, ox.Literal(one)) for one in sorted(run.specifications)),
        *((PROV + "wasAssociatedWith", node(names.software("argo-gdac", one))) for one in sorted(run.checkers)),
        (PROV + "used", None if run.serial is None else node(names.snapshot(archive, run.serial))),
    ]
    triples = statements(iri, pairs)
    for one in sorted(run.checkers):
        triples += software(names, "argo-gdac", one)
    return [*triples, *tables_triples(names, run.tables)]


def outcome_triples(con: duckdb.DuckDBPyConnection, names: Names, run: CheckRun) -> Iterator[ox.Triple]:
    """What a run did not accept, and the single file versions that it used where it was less than a snapshot."""
    iri, own = names.check(run.id), names.own
    order = "select sha256, verdict, rules from checked where run = $1 order by sha256"
    rows = con.execute(order, [run.id])
    while batch := rows.fetchmany(2_000):
        for digest, verdict, rules in batch:
            sha256 = digest.hex()
            version = names.file_version(sha256)
            if run.serial is None:
                yield ox.Triple(node(iri), node(PROV + "used"), node(version))
                yield from _version(names, sha256)
            if verdict == Verdict.ACCEPTED.value:
                continue
            yield from _version(names, sha256)
            pairs: list[Pair] = [
                *types(own("Outcome").value),
                (own("outcomeOf").value, node(iri)),
                (own("outcomeFor").value, node(version)),
                (own("verdict").value, ox.Literal(verdict)),
                *((own("brokenRule").value, ox.Literal(rule)) for rule in sorted(set(rules.split()))),
            ]
            yield from statements(f"{iri}#outcome-{sha256}", pairs)


def _version(names: Names, sha256: str) -> list[ox.Triple]:
    pairs: list[Pair] = [
        *types(names.own("FileVersion").value),
        (names.own("sha256").value, typed(sha256, "hexBinary")),
    ]
    return statements(names.file_version(sha256), pairs)


def _lines(report: Path) -> Iterator[tuple[dict[str, Any], str]]:
    try:
        with report.open(encoding="utf-8") as lines:
            for at, text in enumerate(lines, 1):
                if text.strip():
                    where = f"line {at} of {report}"
                    yield _line(text, where), where
    except OSError as error:
        raise GdacError(f"{report} cannot be read ({error.strerror}).", hint=_HINT) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{report} is not a report in JSON Lines.", hint=_HINT) from error


def _line(text: str, where: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
        if "sha256" not in line:
            raise UsageError(f"{where} ties to no bytes: the report was made without --evidence.", hint=_HINT)
        if line["known"]:
            raise UsageError(f"{where} leaves findings out: the report was made with --baseline.", hint=_HINT)
        sound = (
            (line["sha256"] is None or is_sha256(line["sha256"]))
            and str(uuid.UUID(line["run"])) == line["run"]
            and is_sha256(line["tables_digest"].removeprefix("sha256:"))
            and datetime.fromisoformat(line["started"]).tzinfo is not None
            and line["verdict"] in set(Verdict)
            and all(one["rule"].isascii() and " " not in one["rule"] for one in line["findings"])
        )
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{where} is not a file of a report.", hint=_HINT) from error
    if not sound:
        raise UsageError(f"{where} is not a file of a report.", hint=_HINT)
    return dict(line)


def _run(line: dict[str, Any], runs: dict[str, CheckRun], where: str) -> CheckRun:
    started = datetime.fromisoformat(line["started"]).astimezone(UTC)
    run = runs.setdefault(line["run"], CheckRun(line["run"], started, line["tables_digest"]))
    if (run.started, run.tables) != (started, line["tables_digest"]):
        raise UsageError(f"{where}: run {run.id} began at two times or had two sets of tables.", hint=_HINT)
    versions = line["versions"] or {}
    run.checkers |= {str(versions["checker"])} if versions.get("checker") else set()
    run.specifications |= {str(versions["specification"])} if versions.get("specification") else set()
    return run
