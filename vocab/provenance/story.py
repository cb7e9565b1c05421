"""The chain behind one file, for people and programs: bytes, serials, run, source, program, licence, citation."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from gdac.manifest.chain import Past, survey
from gdac.manifest.doi import Relation, claim
from gdac.manifest.files import quoted
from gdac.manifest.history import FileState, History
from gdac.manifest.record import Record
from gdac.manifest.states import state_at
from gdac.paths import ArchivePath
from policies.citation import Citation, acknowledgement_for, as_text, cite_archive
from vocab.described import Described
from vocab.names import doi_iri

#: Paths that are compared with one that is not known, and names given for it.
_LOOKED_AT = 2_000
_NEAR = 5


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one path.

    Attributes:
        described: the archive.
        past: how far its past is known.
        path: the path asked for.
        states: stays, oldest first, before a rename under the old path.
    """

    described: Described
    past: Past
    path: ArchivePath
    states: tuple[FileState, ...]


def tell(con: duckdb.DuckDBPyConnection, tree: Path, described: Described, path: ArchivePath) -> Story:
    """Find out about one path; a story without states is one of a path that is not known.

    Raises:
        RefusedError: a sealed file is not what the head or the chain says.
    """
    past = survey(con, tree, described.head)
    return Story(described, past, path, History(con, past).of_path(path.text))


def near_names(con: duckdb.DuckDBPyConnection, tree: Path, described: Described, path: ArchivePath) -> list[str]:
    """Paths of the newest state that look like one that is not known, the most alike first."""
    head = described.head
    state_at(con, tree, head, head.serial, "near_manifest")
    folder, _, name = path.text.rpartition("/")
    start = quoted(f"{folder}/".lstrip("/"))
    wanted = [f"ends_with(path, {quoted(f'/{name}')})", f"starts_with(path, {start})"]
    if path.wmo:
        wanted.append(f"contains(path, {quoted(f'/{path.wmo}/')})")
    found: list[str] = []
    for condition in wanted:
        rows = con.execute(f"select path from near_manifest where {condition} limit {_LOOKED_AT}").fetchall()
        found += [one for (one,) in rows if one not in found]
        if found and condition == wanted[0]:
            return found[:_NEAR]
    return difflib.get_close_matches(path.text, found, _NEAR, 0.6)


def as_json(story: Story, checks: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The story as plain values.

    Args:
        story: what is known of a path.
        checks: what reports of the checker say of its versions; None where nobody asked.
    """
    head, names = story.described.head, story.described.names
    return {
        "path": story.path.text,
        "iri": names.file(head.archive, story.path.text),
        "kind": story.path.kind.value,
        "dac": story.path.dac,
        "float": story.path.wmo,
        "archive": {
            "id": head.archive,
            "title": head.title,
            "serial": head.serial,
            "sealed": _time(head.sealed),
            "known_from": story.past.oldest,
        },
        "versions": [_version(story, one) for one in story.states],
        "checks": None if checks is None else list(checks),
        "licence": {"spdx": head.licence.spdx, "url": head.licence.url},
        "citation": as_text(_citation(story)),
        "acknowledgement": acknowledgement_for(head.doi),
    }


def _citation(story: Story) -> Citation:
    """That of the newest serial which holds the path: a file that left is not in the newest of all."""
    described, head = story.described, story.described.head
    until = story.states[-1].until if story.states else None
    serial = head.serial if until is None else until - 1
    sealed = head.sealed if until is None else story.past.times.get(serial)
    proof = None
    if head.view_of is None and sealed is not None:
        proof = claim(described.snapshots, serial, sealed).proof
    is_equal = proof is not None and proof.relation is Relation.EQUAL  # one file does not inherit another relation
    return cite_archive(
        head, serial=serial, sealed=sealed.date() if sealed else None, snapshot=proof if is_equal else None
    )


def _version(story: Story, state: FileState) -> dict[str, Any]:
    described, names = story.described, story.described.names
    last = None if state.until is None else state.until - 1
    newest = story.described.head.serial if last is None else last
    return {
        "sha256": state.sha256.hex(),
        "iri": names.file_version(state.sha256.hex()),
        "size": state.size,
        "path": state.path,
        "how": state.how,
        "from_path": state.from_path,
        "modified": _time(state.modified),
        "date_update": _time(state.date_update),
        "first_serial": state.serial,
        "first_sealed": _time(story.past.times.get(state.serial)),
        "last_serial": last,
        "last_sealed": None if last is None else _time(story.past.times.get(last)),
        "run": _run(described.record(state.serial)),
        "doi": _doi(story, state.serial, newest),
    }


def _run(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    about = record.about
    tables = about.vocabulary
    return {
        "id": about.run.id,
        "kind": about.run.kind.value,
        "started": _time(about.run.started),
        "ended": _time(record.sealed),
        "software": {"name": about.software.name, "version": about.software.version},
        "sources": [{"name": one.name, "url": one.url, "way": one.way} for one in about.sources],
        "vocabulary": tables and {"tables": tables.digest, "newest": tables.newest.isoformat(), "iri": tables.iri},
    }


def _doi(story: Story, first: int, last: int) -> dict[str, Any] | None:
    """A key covers the file only where a whole serial of the stay was proven equal to the DOI snapshot."""
    snapshots = story.described.snapshots
    if snapshots is None or story.described.head.view_of is not None:  # what was proven of the hub is not of a view
        return None
    proofs = [one for one in snapshots.proofs if first <= one.serial <= last]
    for one in sorted(proofs, key=lambda proof: (proof.relation is not Relation.EQUAL, -proof.serial)):
        equal = one.relation is Relation.EQUAL
        url = doi_iri(snapshots.doi, one.key)
        return {"key": one.key, "url": url, "relation": one.relation.value, "serial": one.serial, "covers_file": equal}
    sealed = story.past.times.get(last)
    found = None if sealed is None else claim(snapshots, last, sealed)
    if found is None or found.nearest is None:
        return None
    return {"nearest": found.nearest.key, "url": doi_iri(snapshots.doi, found.nearest.key), "days": found.days}


def as_text_lines(told: Mapping[str, Any]) -> list[str]:
    """What `as_json` gives, for a terminal."""
    archive = told["archive"]
    lines = [
        told["path"],
        f"archive   {archive['title']} ({archive['id']}), serial {archive['serial']} of {archive['sealed'][:10]}",
    ]
    if told["float"]:
        lines.append(f"float     {told['float']} of {told['dac']}, {told['kind']}")
    versions: Sequence[Mapping[str, Any]] = told["versions"]
    lines.append(f"{len(versions)} version{'s' if len(versions) != 1 else ''}, oldest first:")
    for one in versions:
        lines += _version_lines(told, one)
    if not told["checks"]:
        hint = (
            "no report was given (--checks FILE)"
            if told["checks"] is None
            else "the reports say nothing of these bytes"
        )
        lines += ["", f"checks    {hint}"]
    lines.append(f"licence   {told['licence']['spdx']} {told['licence']['url']}")
    lines.append(f"cite      {told['citation']}")
    if told["acknowledgement"]:
        lines.append(f"          {told['acknowledgement']}")
    return lines


def _version_lines(told: Mapping[str, Any], one: Mapping[str, Any]) -> list[str]:
    lines = ["", f"sha256    {one['sha256']}  {one['size']:,} bytes"]
    if one["path"] != told["path"]:
        lines.append(f"  at      {one['path']}")
    first = f"serial {one['first_serial']}{_on(one['first_sealed'])}"
    last = (
        "still there" if one["last_serial"] is None else f"until serial {one['last_serial']}{_on(one['last_sealed'])}"
    )
    how = {"first": "there in the oldest state known", "renamed": f"took the place of {one['from_path']}"}
    lines.append(f"  since   {first}, {last}: {how.get(one['how'], one['how'])}")
    dates = [
        f"{name} {one[key]}" for name, key in (("DATE_UPDATE", "date_update"), ("modified", "modified")) if one[key]
    ]
    if dates:
        lines.append(f"  dates   {', '.join(dates)}")
    lines += _run_lines(one["run"])
    for check in told["checks"] or ():
        if check["sha256"] == one["sha256"]:
            why = f" ({' '.join(check['rules'])})" if check["rules"] else ""
            by = f"checker {check['checker']}, tables {check['tables']}"
            lines.append(f"  check   {check['verdict']}{why} on {check['started'][:10]} by {by}, run {check['run']}")
    doi = one["doi"]
    if doi is None:
        lines.append("  DOI     no DOI snapshot is known")
    elif "nearest" in doi:
        lines.append(f"  DOI     nothing is proven; nearest snapshot {doi['url']}, {_days(doi['days'])}")
    elif doi["covers_file"]:
        lines.append(f"  DOI     {doi['url']}: proven equal to serial {doi['serial']}")
    else:
        lines.append(f"  DOI     serial {doi['serial']} contains {doi['url']}; not proven that this file is part of it")
    return lines


def _run_lines(run: Mapping[str, Any] | None) -> list[str]:
    if run is None:
        return ["  run     no record of it is kept"]
    lines = [f"  run     {run['kind']} {run['id']}, {run['started']} to {run['ended']}"]
    lines += [f"  source  {one['name']} {one['url'] or 'of that machine'} (by {one['way']})" for one in run["sources"]]
    lines.append(f"  program {run['software']['name']} {run['software']['version']}")
    if run["vocabulary"]:
        lines.append(f"  tables  sha256:{run['vocabulary']['tables']}, newest of {run['vocabulary']['newest']}")
    return lines


def _on(sealed: str | None) -> str:
    return f" ({sealed[:10]})" if sealed else ""


def _days(days: int) -> str:
    if days == 0:
        return "of the same day"
    return f"{abs(days)} day{'s' if abs(days) != 1 else ''} {'earlier' if days > 0 else 'later'}"


def _time(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat().replace("+00:00", "Z")
