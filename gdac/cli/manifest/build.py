"""``gdac manifest build``."""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.cli.manifest.desk import TREE, desk, meter, say, tell_tally, told_counts, told_size
from gdac.errors import ExitCode, GdacError, UsageError

if TYPE_CHECKING:
    import duckdb

    from gdac.manifest.build import Built


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
    started = datetime.now(UTC)
    with desk() as (con, workdir), meter() as progress:
        if cache is None and seal and tree.is_dir():
            cache = tree / "manifest" / ".scan-cache.parquet"
            cache.parent.mkdir(exist_ok=True)
        wanted = Wanted(workdir, time.time_ns(), cache, deep, not everything, progress=progress)
        built = build_table(con, tree, "new_state", wanted)
        _tell_built(built, tree)
        if seal:
            _seal(con, tree, built, timedelta(days=expires_days), title, started)
        elif output is not None:
            _write(con, output, built)
        set_aside = built.unsettled.count + built.scan.refused.count + built.scan.links.count
    if set_aside:
        raise typer.Exit(ExitCode.PARTIAL)


def _seal(
    con: "duckdb.DuckDBPyConnection",
    tree: Path,
    built: "Built",
    expires_after: timedelta,
    title: str | None,
    started: datetime,
) -> None:
    import shutil
    import uuid

    from gdac.cli.manifest.told import told_of_seal
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
            run=told_of_seal(con, tree, built, base, started),
        )
        local.publish(made, tree, before=before)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if not made.is_new:
        say(f"Nothing changed: serial {made.head.serial} stands, its head was issued again.")
        return
    changes = f": {told_counts(made.counts)}" if made.counts else f" of archive {made.head.archive}"
    say(f"Sealed serial {made.head.serial}{changes}.")
    say(f"  {tree / made.head.manifest.key} ({told_size(made.head.manifest.size)})")


def _write(con: "duckdb.DuckDBPyConnection", output: Path, built: "Built") -> None:
    import uuid

    from gdac.manifest.files import write_manifest

    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".manifest-") as part:
        written = write_manifest(con, "new_state", Path(part), archive=str(uuid.uuid4()), serial=1)
        written.path.replace(output)
    say(f"Wrote {output}: {built.rows:,} files in {told_size(written.size)}.")


def _tell_built(built: "Built", tree: Path) -> None:
    say(
        f"{tree}: {built.rows:,} files, {told_size(built.bytes)};"
        f" {built.read:,} of them read ({told_size(built.read_bytes)})."
    )
    tell_tally("unlisted (no index lists them)", built.unlisted, few=3)
    tell_tally("not settled", built.unsettled)
    tell_tally("refused name", built.scan.refused)
    tell_tally("link (not followed)", built.scan.links)
    tell_tally("special file", built.scan.special)
    for note in built.notes:
        say(f"  {note}")
