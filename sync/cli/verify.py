"""Say whether local files hold bytes that were ever in a sealed archive, where and when."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, GdacError
from sync.cli.care import DEFAULT_CONFIG, ConfigFile

if TYPE_CHECKING:
    import duckdb

    from gdac.manifest.chain import Past
    from gdac.manifest.head import Head
    from gdac.manifest.history import FileState
    from gdac.store import Store
    from sync.sealed.known import Verdict

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def verify(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Local files, or directories of them.", show_default=False)
    ],
    archive: Annotated[
        str, typer.Option("--archive", metavar="TREE|URL", help="A sealed archive: a folder, its URL, or its head's.")
    ] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    copies: Annotated[
        Path | None,
        typer.Option(help="Where manifests of a distant archive are kept for the next time.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file, then one about all.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only files that are not known, and no progress.")
    ] = False,
) -> None:
    """Say of each FILE whether these very bytes were ever in the archive: under which path, from when to when.

    Without --archive it is the hub of the configuration. Exit 0: all known; 1: some are not; 3: some cannot be read.
    """
    from tempfile import TemporaryDirectory

    from gdac.columns import connect
    from sync.localdisk import local_disk
    from sync.sealed.known import verdicts, walk

    with (
        TemporaryDirectory(prefix="gdac-verify-") as folder,
        local_disk(Path(folder)),
        connect(temp_directory=folder) as connection,
    ):
        head, past = _past(connection, archive, config, copies or Path(folder), quiet=quiet)
        with _meter(quiet=quiet) as progress:
            found = verdicts(connection, past, walk(files), Path(folder), progress)
            tally = _tell(found, head, past, as_json=as_json, quiet=quiet)
    if tally["unreadable"]:
        raise typer.Exit(ExitCode.FAILED)
    if tally["unknown"]:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _past(
    connection: "duckdb.DuckDBPyConnection", archive: str, config: Path, folder: Path, *, quiet: bool
) -> "tuple[Head, Past]":
    """The archive's head, and all of its past that it still has, at hand."""
    from gdac.manifest.names import HEAD_KEY
    from sync.loop import run as run_loop
    from sync.sealed.copies import read_head
    from sync.sealed.past import PastFiles

    async def gathered() -> "tuple[Head, Past]":
        async with _opened(archive, config) as store:
            shown = await read_head(store)
            if shown is None:
                raise GdacError(f"{store.name} shows no {HEAD_KEY}.", hint="Is it the root of a sealed archive?")
            past = await PastFiles(connection, store, shown.head, folder / shown.head.archive).everything(told)
            return shown.head, past

    def told(files: int) -> None:
        if files and not quiet:
            sys.stderr.write(f"{files:,} manifests and deltas fetched\n")

    return run_loop(gathered())


def _opened(archive: str, config: Path) -> "Store":
    if archive:
        from sync.sealed.past import open_archive

        return open_archive(archive)
    from sync.config import load_config
    from sync.hub.day import HUB
    from sync.run import opened

    return opened(HUB, load_config(config).hub)


def _tell(found: "Iterator[Verdict]", head: "Head", past: "Past", *, as_json: bool, quiet: bool) -> dict[str, int]:
    tally = dict.fromkeys(("files", "known", "current", "unknown", "unreadable"), 0)
    for one in found:
        tally["files"] += 1
        tally["known"] += one.is_known
        tally["current"] += one.is_current
        tally["unreadable"] += one.sha256 is None
        tally["unknown"] += one.sha256 is not None and not one.is_known
        if as_json:
            sys.stdout.write(json.dumps(_as_json(one, past)) + "\n")
        elif not (quiet and one.is_known):
            sys.stdout.write(_as_text(one, past))
    about = {"archive": head.archive, "title": head.title, "oldest": past.oldest, "newest": past.newest}
    if as_json:
        sys.stdout.write(json.dumps({"about": {**about, **tally}}) + "\n")
        return tally
    counts = [f"{tally['known']:,} known ({tally['current']:,} there now)", f"{tally['unknown']:,} unknown"]
    counts += [f"{tally['unreadable']:,} unreadable"] * bool(tally["unreadable"])
    sys.stdout.write(
        f"{tally['files']:,} file{'s' * (tally['files'] != 1)}: {', '.join(counts)}\n"
        f"{head.title}, archive {head.archive}, serials {past.oldest} to {past.newest}\n"
    )
    if past.oldest > 1 and tally["unknown"]:
        sys.stdout.write(f"note: what left before serial {past.oldest} is not known here; its hub may know.\n")
    return tally


def _as_text(one: "Verdict", past: "Past") -> str:
    if one.sha256 is None:
        return f"UNREAD   {one.file}: {one.trouble}\n"
    if one.is_known:
        stays = "; ".join(_stay_text(stay, past) for stay in one.stays)
        return f"known    {one.file}: {stays}\n"
    if one.alike is None:
        return f"UNKNOWN  {one.file}: never in the archive, nor any file of that name (sha256 {one.sha256.hex()})\n"
    since = f"since serial {one.alike.serial}{_day(one.alike.serial, past)}"
    left = "" if one.alike.until is None else f", gone with serial {one.alike.until}{_day(one.alike.until, past)}"
    return (
        f"UNKNOWN  {one.file}: not the bytes of any known version of {one.alike.path};"
        f" newest is sha256 {one.alike.sha256.hex()}, {since}{left}\n"
    )


def _stay_text(stay: "FileState", past: "Past") -> str:
    begin = f"from serial {stay.serial}{_day(stay.serial, past)}"
    end = "now" if stay.until is None else f"serial {stay.until}{_day(stay.until, past)}"
    return f"{stay.path} {begin} to {end}"


def _day(serial: int, past: "Past") -> str:
    return f" ({past.times[serial]:%Y-%m-%d})" if serial in past.times else ""


def _as_json(one: "Verdict", past: "Past") -> dict[str, Any]:
    digest = one.sha256.hex() if one.sha256 is not None else None
    facts = {"file": one.file, "size": one.size, "sha256": digest, "known": one.is_known, "current": one.is_current}
    return {
        **facts,
        "stays": [_stay_json(stay, past) for stay in one.stays],
        "alike": None if one.alike is None else _stay_json(one.alike, past),
        "trouble": one.trouble,
    }


def _stay_json(stay: "FileState", past: "Past") -> dict[str, Any]:
    def sealed(serial: int | None) -> str | None:
        return None if serial is None or serial not in past.times else past.times[serial].isoformat()

    return {
        "path": stay.path,
        "sha256": stay.sha256.hex(),
        "serial": stay.serial,
        "sealed": sealed(stay.serial),
        "until": stay.until,
        "until_sealed": sealed(stay.until),
        "how": stay.how,
        "from_path": stay.from_path,
    }


@contextmanager
def _meter(*, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Progress of reading many files: a line every few seconds on standard error."""
    files, size, last = 0, 0, time.monotonic()

    def read(came: int) -> None:
        nonlocal files, size, last
        files, size = files + 1, size + came
        if not quiet and time.monotonic() - last >= 5:
            last = time.monotonic()
            sys.stderr.write(f"{files:,} files read, {size / 1e6:,.0f} MB\n")

    yield read
