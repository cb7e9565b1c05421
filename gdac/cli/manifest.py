"""Build, seal, compare, show and verify the manifests of an archive on disk."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, GdacError, UsageError

if TYPE_CHECKING:
    import duckdb

    from gdac.manifest.build import Built
    from gdac.manifest.model import DeltaCounts
    from gdac.manifest.scan import Tally

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

TREE = typer.Argument(help="Root of an archive on disk: the directory that holds dac/.", show_default=False)
AS_JSON = typer.Option("--json", help="One JSON document instead of text.")


@app.command()
def build(
    tree: Annotated[Path, TREE],
    output: Annotated[Path | None, typer.Option(help="Write the manifest to this file.", show_default=False)] = None,
    seal: Annotated[bool, typer.Option("--seal", help="Seal the next serial into TREE/manifest/.")] = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Digests of an earlier build (Parquet, made if missing). Without it: beside the output, or under "
            "TREE/manifest/ with --seal.",
            show_default=False,
        ),
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every file, whatever the cache says.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Take profile, meta, tech and trajectory files that no index lists too.")
    ] = False,
    expires_days: Annotated[int, typer.Option(min=1, help="With --seal: days until the head is stale.")] = 3,
    title: Annotated[str | None, typer.Option(help="With --seal: name of the archive.", show_default=False)] = None,
) -> None:
    """Scan TREE, hash what is new, and say what its manifest would be; write it with --output or --seal.

    Unchanged files (same size, time and inode as in the cache) are not read again. With neither --output nor --seal
    nothing is written. Exit 5 when names were refused, links met or files would not hold still.
    """
    from gdac.manifest.build import Wanted
    from gdac.manifest.build import build as build_table

    if seal and output is not None:
        raise UsageError("--seal and --output exclude each other.", hint="Seal first, then `gdac manifest show`.")
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"{output.parent} is no directory.", hint="Make it first, or name another --output.")
    if cache is None and output is not None:
        cache = output.with_name(f".{output.name}.scan-cache.parquet")
    with _desk() as (con, workdir), _meter() as progress:
        if cache is None and seal and tree.is_dir():
            cache = tree / "manifest" / ".scan-cache.parquet"
            cache.parent.mkdir(exist_ok=True)
        wanted = Wanted(workdir, time.time_ns(), cache, deep, not everything, progress=progress)
        built = build_table(con, tree, "new_state", wanted)
        _tell_built(built, tree)
        if seal:
            _seal(con, tree, built, timedelta(days=expires_days), title)
        elif output is not None:
            _write(con, output, built)
        set_aside = built.unsettled.count + built.scan.refused.count + built.scan.links.count
    if set_aside:
        raise typer.Exit(ExitCode.PARTIAL)


def _seal(
    con: "duckdb.DuckDBPyConnection", tree: Path, built: "Built", expires_after: timedelta, title: str | None
) -> None:
    import shutil
    import uuid

    from gdac.manifest import local
    from gdac.manifest.names import HEAD_KEY
    from gdac.manifest.seal import About, prepare_seal

    if built.unsettled.count:
        raise GdacError(
            f"{built.unsettled.count} files vanished, could not be read or changed while being read; "
            f"nothing was sealed (the first: {built.unsettled.examples[0]}).",
            hint="Run again when the tree is quiet.",
        )
    base = local.read_head(tree)
    before = None if base is None else (tree / HEAD_KEY).read_bytes()
    if base is not None:
        local.open_manifest(con, tree, base.manifest, base.archive, "base_state")
    staging = local.make_staging(tree)
    try:
        made = prepare_seal(
            con,
            base=base,
            base_table=None if base is None else "base_state",
            new_table="new_state",
            archive=str(uuid.uuid4()) if base is None else base.archive,
            now=datetime.now(UTC),
            staging=staging,
            expires_after=expires_after,
            indexes=built.indexes,
            about=About(title=title) if base is None and title else None,
        )
        local.publish(made, tree, before=before)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if not made.is_new:
        _say(f"Nothing changed: serial {made.head.serial} stands, its head was issued again.")
        return
    changes = f": {_counts(made.counts)}" if made.counts else f" of archive {made.head.archive}"
    _say(f"Sealed serial {made.head.serial}{changes}.")
    _say(f"  {tree / made.head.manifest.key} ({_size(made.head.manifest.size)})")


def _write(con: "duckdb.DuckDBPyConnection", output: Path, built: "Built") -> None:
    import uuid

    from gdac.manifest.files import write_manifest

    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".manifest-") as part:
        written = write_manifest(con, "new_state", Path(part), archive=str(uuid.uuid4()), serial=1)
        written.path.replace(output)
    _say(f"Wrote {output}: {built.rows:,} files in {_size(written.size)}.")


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="Manifest file, sealed TREE, or TREE@SERIAL.", show_default=False)],
    new: Annotated[str, typer.Argument(help="The same, newer.", show_default=False)],
    rows: Annotated[int, typer.Option(min=0, help="Show at most so many paths; 0 for all.")] = 20,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Say what changed from OLD to NEW. Exit 1 when anything did."""
    from gdac.manifest.delta import diff as diff_tables

    with _desk() as (con, _):
        _open_state(con, old, "old_state")
        _open_state(con, new, "new_state")
        counts = diff_tables(con, "old_state", "new_state", "delta")
        limit = f"LIMIT {rows}" if rows else ""
        shown = con.execute(f"SELECT change, path, from_path, old_size, size FROM delta ORDER BY path {limit}")
        names = ("change", "path", "from_path", "old_size", "size")
        if as_json:
            changes = [dict(zip(names, row, strict=True)) for row in shown.fetchall()]
            _say(json.dumps({**_plain(counts), "changes": changes}, indent=1))
        else:
            _say(f"{_counts(counts)}; {_size(counts.bytes)} to move.")
            while batch := shown.fetchmany(1000):
                for change, path, from_path, old_size, size in batch:
                    origin = f"  (was {from_path})" if from_path else ""
                    _say(f"  {change:<8} {path}{origin}  {_sizes(old_size, size)}")
            if rows and counts.rows > rows:
                _say(f"  ... and {counts.rows - rows:,} more; --rows 0 shows all.")
    if counts.rows:
        raise typer.Exit(ExitCode.DIFFERENCES)


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="Manifest file, sealed TREE, or TREE@SERIAL.", show_default=False)],
    serial: Annotated[int | None, typer.Option(min=1, help="Of a TREE: which serial.", show_default=False)] = None,
    path: Annotated[str, typer.Option(help="Only paths that match; * crosses slashes: 'dac/aoml/*_meta.nc'.")] = "*",
    rows: Annotated[bool, typer.Option("--rows", help="List the files: size, SHA-256, serial, path.")] = False,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show what a manifest holds, by DAC and kind."""
    from gdac.manifest.files import quoted
    from gdac.manifest.states import count_kinds

    with _desk() as (con, _):
        about = _open_state(con, source if serial is None else f"{source}@{serial}", "state")
        where = f"path GLOB {quoted(path)}"
        if rows:
            _list_rows(con, where, as_json=as_json)
            return
        counts = count_kinds(con, "state", where)
        if as_json:
            _say(json.dumps({**about, "kinds": [_plain(entry) for entry in counts]}, indent=1))
            return
        for name, value in about.items():
            _say(f"{name:<10}{value}")
        for entry in counts:
            _say(f"  {entry.dac or '-':<12}{entry.kind.value:<24}{entry.files:>12,}{_size(entry.bytes):>12}")
        total = sum(entry.files for entry in counts), sum(entry.bytes for entry in counts)
        _say(f"  {'all':<12}{'':<24}{total[0]:>12,}{_size(total[1]):>12}")


def _list_rows(con: "duckdb.DuckDBPyConnection", where: str, *, as_json: bool) -> None:
    names = ("path", "size", "sha256", "md5", "modified", "date_update", "serial")
    shown = con.execute(
        f"""SELECT path, size, lower(hex(sha256)), lower(hex(md5)), strftime(modified, '%Y-%m-%dT%H:%M:%S.%fZ'),
        strftime(date_update, '%Y-%m-%dT%H:%M:%SZ'), serial FROM state WHERE {where} ORDER BY path"""
    )
    while batch := shown.fetchmany(1000):
        for row in batch:
            if as_json:
                _say(json.dumps(dict(zip(names, row, strict=True))))
            else:
                _say(f"{row[1]:>12} {row[2]} {row[6]:>6} {row[0]}")


@app.command()
def log(tree: Annotated[Path, TREE], as_json: Annotated[bool, AS_JSON] = False) -> None:
    """List the serials of a sealed TREE, newest first, and check the chain of its deltas."""
    from gdac.manifest import local

    with _desk() as (con, _):
        head = local.need_head(tree)
        full = {entry.serial: entry for entry in (*head.manifests, head.manifest)}
        entries: list[dict[str, Any]] = []
        for step in local.walk_chain(con, tree, head):
            known = step.entry.sealed.isoformat() if step.entry else None
            counts = step.info.counts if step.info else step.entry
            entries.append(
                {
                    "serial": step.serial,
                    "sealed": known,
                    **{word: getattr(counts, word, None) for word in ("added", "changed", "removed", "renamed")},
                    "sha256": step.link.sha256,
                    "chain": "verified" if step.info else "not in this tree",
                    "full": step.serial in full,
                }
            )
        if 1 in full:
            first = full[1]
            entries.append({"serial": 1, "sealed": first.sealed.isoformat(), "added": first.rows, "full": True})
    if as_json:
        _say(json.dumps({"archive": head.archive, "serials": entries}, indent=1))
        return
    _say(f"archive {head.archive}, serial {head.serial}, sealed {head.sealed:%Y-%m-%d %H:%M} UTC")
    _say(f"{'serial':>8}  {'sealed (UTC)':<17}{'added':>9}{'changed':>9}{'removed':>9}{'renamed':>9}  delta")
    for entry in entries:
        sealed = entry["sealed"][:16].replace("T", " ") if entry["sealed"] else "-"
        numbers = "".join(f"{entry.get(word) or 0:>9,}" for word in ("added", "changed", "removed", "renamed"))
        delta = f"{entry['sha256'][:16]} {entry['chain']}" if "chain" in entry else "the first manifest"
        _say(f"{entry['serial']:>8}  {sealed:<17}{numbers}  {delta}{' (full manifest kept)' if entry['full'] else ''}")


@app.command()
def verify(
    tree: Annotated[Path, TREE],
    manifest: Annotated[
        Path | None, typer.Option(help="Compare with this manifest, not the tree's own.", show_default=False)
    ] = None,
    sample: Annotated[str, typer.Option(help="Read only one part of the files, such as 1/30 or 2/30.")] = "1/1",
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Compare TREE with its manifest: names and sizes of all files, and their bytes. Exit 1 on differences."""
    from gdac.manifest import verify as verifying
    from gdac.manifest.local import need_head
    from gdac.manifest.states import list_superseded

    part, parts = _sample(sample)
    with _desk() as (con, workdir), _meter() as progress:
        _open_state(con, str(manifest or tree), "state")
        if manifest is None:
            list_superseded(con, tree, need_head(tree), "superseded")
        found = verifying.verify(
            con,
            tree,
            "state",
            workdir=workdir,
            superseded=None if manifest else "superseded",
            part=part,
            parts=parts,
            progress=progress,
        )
    tallies: dict[str, Tally] = {
        "missing": found.missing,
        "extra": found.extra,
        "other size": found.size,
        "other bytes": found.digest,
        "unreadable": found.unreadable,
        "refused name": found.scan.refused,
        "link": found.scan.links,
        "special file": found.scan.special,
    }
    if as_json:
        facts = {"rows": found.rows, "read": found.read, "read_bytes": found.read_bytes}
        facts["superseded"] = found.superseded.count
        _say(json.dumps({**facts, **{name: _plain(tally) for name, tally in tallies.items()}}, indent=1))
    else:
        _say(f"{found.rows:,} files in the manifest; {found.read:,} read ({_size(found.read_bytes)}).")
        for name, tally in tallies.items():
            _tell_tally(name, tally)
        if found.superseded.count:
            _say(
                f"  superseded: {found.superseded.count:,} (left the manifest lately, readable until their grace ends)"
            )
        _say(
            f"{found.differences:,} difference{'s' * (found.differences != 1)}."
            if found.differences
            else "No difference."
        )
    if found.differences:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _open_state(con: "duckdb.DuckDBPyConnection", source: str, table: str) -> dict[str, Any]:
    """Open a manifest file, a sealed tree's newest state, or the one named after an @; returns what it is."""
    from gdac.manifest import local
    from gdac.manifest.files import load_manifest
    from gdac.manifest.states import open_state

    where, _, serial = source.rpartition("@")
    if Path(source).is_file():
        info = load_manifest(con, Path(source), table, expect_sha256=None, archive=None)
        return {"archive": info.archive, "serial": info.serial, "rows": info.rows, "bytes": info.bytes}
    if Path(source).is_dir():
        head, wanted = local.need_head(Path(source)), None
    elif serial.isdecimal() and Path(where).is_dir():
        head, wanted = local.need_head(Path(where)), int(serial)
    else:
        raise UsageError(f"{source} is neither a manifest file nor a sealed tree (nor TREE@SERIAL).")
    open_state(con, Path(source if wanted is None else where), head, wanted or head.serial, table)
    row = con.execute(f"SELECT count(*), coalesce(sum(size), 0)::BIGINT FROM {table}").fetchone()
    assert row is not None
    about = {"archive": head.archive, "title": head.title, "serial": wanted or head.serial}
    return {**about, "rows": row[0], "bytes": row[1]}


def _sample(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise UsageError(f"--sample {text} is no part.", hint="Write 1/30 for the first of thirty parts.")
    return int(part), int(parts)


@contextmanager
def _desk() -> Iterator[tuple["duckdb.DuckDBPyConnection", Path]]:
    """A connection and a directory for temporary files."""
    from gdac.columns import connect

    try:
        with tempfile.TemporaryDirectory(prefix="gdac-manifest-") as folder, connect(temp_directory=folder) as con:
            con.execute("SET enable_progress_bar = false")
            yield con, Path(folder)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise GdacError(f"{error.filename or 'a file'}: {error.strerror or error}.") from error


@contextmanager
def _meter() -> Iterator[Any]:
    """Progress of reading: a live line on a terminal, a plain one every ten seconds elsewhere."""
    if sys.stderr.isatty():
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} files read, {task.fields[size]}"))
        with Progress(*columns, TimeElapsedColumn(), transient=True) as bar:
            task, total = bar.add_task("", total=None, size=_size(0)), [0]

            def shown(size: int) -> None:
                total[0] += size
                bar.update(task, advance=1, size=_size(total[0]))

            yield shown
        return
    files, bytes_read, last = 0, 0, time.monotonic()

    def plain(size: int) -> None:
        nonlocal files, bytes_read, last
        files, bytes_read = files + 1, bytes_read + size
        if time.monotonic() - last >= 10:
            last = time.monotonic()
            sys.stderr.write(f"{files:,} files read, {_size(bytes_read)}\n")

    yield plain


def _tell_built(built: "Built", tree: Path) -> None:
    _say(
        f"{tree}: {built.rows:,} files, {_size(built.bytes)}; {built.read:,} of them read ({_size(built.read_bytes)})."
    )
    _tell_tally("unlisted (no index lists them)", built.unlisted, few=3)
    _tell_tally("not settled", built.unsettled)
    _tell_tally("refused name", built.scan.refused)
    _tell_tally("link (not followed)", built.scan.links)
    _tell_tally("special file", built.scan.special)
    for note in built.notes:
        _say(f"  {note}")


def _tell_tally(name: str, tally: "Tally", few: int = 20) -> None:
    if not tally.count:
        return
    _say(f"  {name}: {tally.count:,}")
    for text in tally.examples[:few]:
        _say(f"    {text}")
    if tally.count > few:
        _say("    ...")


def _counts(counts: "DeltaCounts") -> str:
    return ", ".join(
        f"{number:,} {word}"
        for word, number in (
            ("added", counts.added),
            ("changed", counts.changed),
            ("removed", counts.removed),
            ("renamed", counts.renamed),
        )
    )


def _sizes(old: int | None, new: int | None) -> str:
    if old is None or new is None or old == new:
        return _size(new if new is not None else old or 0)
    return f"{_size(old)} -> {_size(new)}"


def _size(size: int) -> str:
    number, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def _plain(record: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(record)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
