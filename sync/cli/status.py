"""`gdac sync status` and `gdac sync serve`: how a deployment fares, for people, programs and browsers."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import GdacError, UsageError

if TYPE_CHECKING:
    from sync.status.facts import Status

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", envvar="GDAC_CONFIG")
]
AsJson = Annotated[bool, typer.Option("--json", help="The whole status as one JSON document.")]
DEFAULT_CONFIG = Path("gdac.toml")
_DEFAULT_LISTEN = "127.0.0.1:8080"
#: Name of the archive that is served, for ``GDAC_SOURCE_USER`` and its like.
_SOURCE = "source"


def add_to(app: typer.Typer) -> None:
    """Make these commands sub-commands of ``gdac sync``."""
    for command in (status, serve):
        app.command()(command)


def status(
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the status page to this file instead.")
    ] = None,
) -> None:
    """Show how hub and mirrors fare, what is held or set aside, the last runs; also while a run is on."""
    from sync.config import load_config
    from sync.daemon.told import read_jobs
    from sync.localdisk import local_disk
    from sync.run import store_records
    from sync.state import State
    from sync.status.read import read_status

    if html is not None and as_json:
        raise UsageError("--html and --json exclude each other.")
    settings, now = load_config(config), datetime.now(UTC)
    with local_disk(settings.state_directory), State.look(settings.state_directory) as state:
        found = read_status(settings, state, now, read_jobs(settings, now))
        tried, aside = store_records(settings, state, settings.mirror), state.all_set_aside()
    if html is not None:
        from sync.status.page import render_page

        _write(html, render_page(found))
    elif as_json:
        more = {
            "stores": _stores(found),
            "set_aside": [{"path": one.path, "reason": one.reason, "tries": one.tries} for one in aside],
            "tried": [asdict(one) for one in tried],
        }
        sys.stdout.write(json.dumps({**found.as_json(), **more}) + "\n")
    else:
        from sync.status.render import render_text
        from sync.summary import store_line

        sys.stdout.write(render_text(found) + "".join(f"{store_line(one)}\n" for one in tried))


def serve(
    archive: Annotated[
        str, typer.Argument(metavar="ARCHIVE", help="A hub or mirror: its address, as of any store, or its directory.")
    ],
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Address to listen on.", envvar="GDAC_LISTEN")
    ] = _DEFAULT_LISTEN,
    every: Annotated[float, typer.Option("--every", metavar="SECONDS", help="Read the status again after.")] = 60.0,
) -> None:
    """Serve the status that an archive publishes: page, JSON, metrics, health. Needs no state, changes nothing."""
    from sync.daemon.section import address
    from sync.loop import run as run_loop
    from sync.mirror.anywhere import opened_at
    from sync.status.serve import serve_status

    if not 1 <= every <= 86_400:
        raise UsageError("--every is 1 to 86400 seconds.")
    try:
        where = address(listen)
    except ValueError as error:
        raise UsageError(f"--listen: {error}.") from error

    def ready(url: str) -> None:
        sys.stdout.write(f"{url}/\n{url}/status.json\n{url}/metrics\nStop with Control-C.\n")
        sys.stdout.flush()

    run_loop(serve_status(opened_at(archive, _SOURCE), every, where, lambda: datetime.now(UTC), ready))


def _stores(found: "Status") -> dict[str, Any]:
    """What each store shows, by its name; None for nothing."""
    shown = {"hub": (found.hub.serial, found.hub.published, found.hub.superseded)}
    shown |= {one.name: (one.serial, one.shown, one.superseded) for one in found.mirrors}
    return {
        name: None
        if serial is None
        else {"serial": serial, "published": when and when.isoformat(), "superseded": superseded}
        for name, (serial, when, superseded) in shown.items()
    }


def _write(file: Path, body: bytes) -> None:
    try:
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(body)
        part.replace(file)
    except OSError as error:
        raise GdacError(f"cannot write {file}: {error.strerror}.") from error
    sys.stdout.write(f"wrote {file}\n")
