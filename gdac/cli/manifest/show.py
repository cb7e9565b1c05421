"""``gdac manifest show``, ``diff`` and ``log``: what was sealed, at any serial or day."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.cli.manifest.desk import AS_JSON, TREE, desk, plain, say, told_counts, told_size
from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import duckdb

STATE = typer.Argument(help="Manifest file, sealed TREE, TREE@SERIAL or TREE@DAY (2026-11-22).", show_default=False)
DAY = typer.Option(
    "--date", formats=["%Y-%m-%d"], metavar="DAY", help="Of a TREE: as it was at the end of this day (UTC)."
)


def show(
    source: Annotated[str, STATE],
    serial: Annotated[int | None, typer.Option(min=1, help="Of a TREE: which serial.", show_default=False)] = None,
    day: Annotated[datetime | None, DAY] = None,
    path: Annotated[str, typer.Option(help="Only paths that match; * crosses slashes: 'dac/aoml/*_meta.nc'.")] = "*",
    rows: Annotated[bool, typer.Option("--rows", help="List the files: size, SHA-256, serial, path.")] = False,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show what a manifest holds, by DAC and kind."""
    from gdac.manifest.files import quoted
    from gdac.manifest.states import count_kinds

    if serial is not None and day is not None:
        raise UsageError("--serial and --date exclude each other.")
    with desk() as (con, _):
        about = open_named(con, source, "state", serial if day is None else day.date())
        where = f"path GLOB {quoted(path)}"
        if rows:
            _list_rows(con, where, as_json=as_json)
            return
        counts = count_kinds(con, "state", where)
        if as_json:
            say(json.dumps({**about, "kinds": [plain(entry) for entry in counts]}, indent=1))
            return
        for name, value in about.items():
            say(f"{name:<10}{value}")
        for entry in counts:
            say(f"  {entry.dac or '-':<12}{entry.kind.value:<24}{entry.files:>12,}{told_size(entry.bytes):>12}")
        total = sum(entry.files for entry in counts), sum(entry.bytes for entry in counts)
        say(f"  {'all':<12}{'':<24}{total[0]:>12,}{told_size(total[1]):>12}")


def _list_rows(con: "duckdb.DuckDBPyConnection", where: str, *, as_json: bool) -> None:
    names = ("path", "size", "sha256", "md5", "modified", "date_update", "serial")
    shown = con.execute(
        f"""SELECT path, size, lower(hex(sha256)), lower(hex(md5)), strftime(modified, '%Y-%m-%dT%H:%M:%S.%fZ'),
        strftime(date_update, '%Y-%m-%dT%H:%M:%SZ'), serial FROM state WHERE {where} ORDER BY path"""
    )
    while batch := shown.fetchmany(1000):
        for row in batch:
            if as_json:
                say(json.dumps(dict(zip(names, row, strict=True))))
            else:
                say(f"{row[1]:>12} {row[2]} {row[6]:>6} {row[0]}")


def diff(
    old: Annotated[str, STATE],
    new: Annotated[str, typer.Argument(help="The same, newer.", show_default=False)],
    rows: Annotated[int, typer.Option(min=0, help="Show at most so many paths; 0 for all.")] = 20,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Say what changed from OLD to NEW. Exit 1 when anything did."""
    from gdac.manifest.delta import diff as diff_tables

    with desk() as (con, _):
        open_named(con, old, "old_state")
        open_named(con, new, "new_state")
        counts = diff_tables(con, "old_state", "new_state", "delta")
        limit = f"LIMIT {rows}" if rows else ""
        shown = con.execute(f"SELECT change, path, from_path, old_size, size FROM delta ORDER BY path {limit}")
        names = ("change", "path", "from_path", "old_size", "size")
        if as_json:
            changes = [dict(zip(names, row, strict=True)) for row in shown.fetchall()]
            say(json.dumps({**plain(counts), "changes": changes}, indent=1))
        else:
            say(f"{told_counts(counts)}; {told_size(counts.bytes)} to move.")
            while batch := shown.fetchmany(1000):
                for change, path, from_path, old_size, size in batch:
                    origin = f"  (was {from_path})" if from_path else ""
                    say(f"  {change:<8} {path}{origin}  {_sizes(old_size, size)}")
            if rows and counts.rows > rows:
                say(f"  ... and {counts.rows - rows:,} more; --rows 0 shows all.")
    if counts.rows:
        raise typer.Exit(ExitCode.DIFFERENCES)


def log(tree: Annotated[Path, TREE], as_json: Annotated[bool, AS_JSON] = False) -> None:
    """List the serials of a sealed TREE, newest first, and check the chain of its deltas."""
    from gdac.manifest import local
    from gdac.manifest.chain import survey

    with desk() as (con, _):
        head = local.need_head(tree)
        past = survey(con, tree, head)
        full = {serial for serial, link in past.manifests.items() if past.has(link)}
        entries: list[dict[str, Any]] = []
        for step in local.walk_chain(con, tree, head, past.deltas):
            counts = step.info.counts if step.info else step.entry
            entries.append(
                {
                    "serial": step.serial,
                    "sealed": _sealed(past.times, step.serial),
                    **{word: getattr(counts, word, None) for word in ("added", "changed", "removed", "renamed")},
                    "sha256": step.link.sha256,
                    "chain": "verified" if step.info else "not in this tree",
                    "full": step.serial in full,
                }
            )
        if 1 in full and head.view_of is None:
            rows = local.count_rows(con, tree, past.manifests[1], head.archive)
            entries.append({"serial": 1, "sealed": _sealed(past.times, 1), "added": rows, "full": True})
    if as_json:
        say(json.dumps({"archive": head.archive, "serials": entries}, indent=1))
        return
    say(f"archive {head.archive}, serial {head.serial}, sealed {head.sealed:%Y-%m-%d %H:%M} UTC")
    say(f"{'serial':>8}  {'sealed (UTC)':<17}{'added':>9}{'changed':>9}{'removed':>9}{'renamed':>9}  delta")
    for entry in entries:
        sealed = entry["sealed"][:16].replace("T", " ") if entry["sealed"] else "-"
        numbers = "".join(f"{entry.get(word) or 0:>9,}" for word in ("added", "changed", "removed", "renamed"))
        delta = f"{entry['sha256'][:16]} {entry['chain']}" if "chain" in entry else "the first manifest"
        say(f"{entry['serial']:>8}  {sealed:<17}{numbers}  {delta}{' (full manifest kept)' if entry['full'] else ''}")


def _sealed(times: "Mapping[int, datetime]", serial: int) -> str | None:
    return times[serial].isoformat() if serial in times else None


def open_named(
    con: "duckdb.DuckDBPyConnection", source: str, table: str, when: int | date | None = None
) -> dict[str, Any]:
    """Make a state as a view: of a manifest file, of a sealed tree, or of the serial or day after an ``@``.

    Args:
        con: an open connection.
        source: as the user named it.
        table: name of the view to make.
        when: serial or day of a tree; None for what ``source`` itself says.

    Returns:
        What it is, for people.

    Raises:
        UsageError: there is nothing of that name.
        RefusedError: what is there is not what it must be.
    """
    from gdac.manifest import local
    from gdac.manifest.files import load_manifest
    from gdac.manifest.states import open_past, survey_for

    if Path(source).is_file():
        if when is not None:
            raise UsageError(f"{source} is one manifest: --serial and --date go with a sealed tree.")
        info = load_manifest(con, Path(source), table, expect_sha256=None, archive=None)
        return {"archive": info.archive, "serial": info.serial, "rows": info.rows, "bytes": info.bytes}
    tree = Path(source)
    if not tree.is_dir():
        tree, named = _tree_and_time(source)
        when = named if when is None else when
    head = local.need_head(tree)
    wanted = head.serial if when is None else when
    past = survey_for(con, tree, head, wanted)
    serial = open_past(con, past, wanted, table)
    row = con.execute(f"SELECT count(*), coalesce(sum(size), 0)::BIGINT FROM {table}").fetchone()
    assert row is not None
    about = {"archive": head.archive, "title": head.title, "serial": serial, "sealed": _sealed(past.times, serial)}
    if head.view_of is not None:
        about["view of"] = f"archive {head.view_of.archive}, {head.view_of.definition}"
    return {**about, "rows": row[0], "bytes": row[1]}


def _tree_and_time(source: str) -> tuple[Path, int | date]:
    where, _, when = source.rpartition("@")
    if where and Path(where).is_dir():
        if when.isdecimal():
            return Path(where), int(when)
        try:
            return Path(where), date.fromisoformat(when)
        except ValueError as error:
            raise UsageError(f"{when} is neither a serial nor a day such as 2026-11-22.") from error
    raise UsageError(f"{source} is neither a manifest file nor a sealed tree (nor TREE@SERIAL, nor TREE@DAY).")


def _sizes(old: int | None, new: int | None) -> str:
    if old is None or new is None or old == new:
        return told_size(new if new is not None else old or 0)
    return f"{told_size(old)} -> {told_size(new)}"
