"""`gdac sync shard`, `gdac sync join`: a first mirror in shards, on many machines."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.errors import UsageError
from sync.cli.snapshots import DEFAULT_CONFIG, AsJson, ConfigFile, Quiet

if TYPE_CHECKING:
    from sync.audit.shares import Part


def add_to(app: typer.Typer) -> None:
    """Make them sub-commands of another app."""
    app.command()(shard)
    app.command()(join)


def shard(
    config: ConfigFile = DEFAULT_CONFIG,
    part: Annotated[str, typer.Option("--part", metavar="K/N", help="Which shard, such as 3/16.")] = "",
    of: Annotated[int | None, typer.Option("--of", min=1, max=9999, help="How many shards; with --index.")] = None,
    index: Annotated[
        int | None,
        typer.Option("--index", min=0, help="Which of them, from 0 on.", envvar="JOB_COMPLETION_INDEX"),
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="The shard's own state; below the hub's state by default.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fetch a share of the floats into a new hub, beside other shards; `gdac sync join` and `run` then seal it."""
    from sync.config import load_config
    from sync.hub.shard import Shard
    from sync.loop import run as run_loop
    from sync.progress import human_size, reporter_for
    from sync.run import opened
    from sync.state import State

    chosen, settings = _chosen(part, of, index), load_config(config)
    directory = state or settings.state_directory / "shards" / f"{chosen.number:05d}-of-{chosen.of:05d}"
    with State.open(directory) as own:
        reporter = reporter_for(as_json=as_json, quiet=quiet)
        found = run_loop(Shard(settings, own, reporter, _now, opened).fetch(chosen))
    if as_json:
        sys.stdout.write(json.dumps({"event": "shard-fetched", **found.as_json()}) + "\n")
        return
    sys.stdout.write(
        f"shard {found.part}: {found.files:,} files, {human_size(found.bytes)}, of which {found.fetched:,} now\n"
    )
    if found.failed:
        sys.stdout.write(f"  not had      {found.failed:,} files; the run that seals asks for them again\n")
    sys.stdout.write("".join(f"note: {note}\n" for note in found.notes))


def join(
    of: Annotated[int, typer.Argument(min=1, max=9999, help="How many shards there are.")],
    config: ConfigFile = DEFAULT_CONFIG,
    wait: Annotated[float, typer.Option("--wait", min=0, max=720, help="Hours to wait for shards under way.")] = 0.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take what all shards fetched into the state that seals; `gdac sync run` then seals it."""
    from sync.config import load_config
    from sync.hub.join import Join
    from sync.loop import run as run_loop
    from sync.progress import human_size, reporter_for
    from sync.run import opened
    from sync.state import State

    settings = load_config(config)
    with State.open(settings.state_directory) as own:
        reporter = reporter_for(as_json=as_json, quiet=quiet)
        found = run_loop(Join(settings, own, reporter, _now, opened).join(of, wait=timedelta(hours=wait)))
    if as_json:
        sys.stdout.write(json.dumps({"event": "shards-joined", **found.as_json()}) + "\n")
        return
    sys.stdout.write(
        f"joined {found.shards} shards: {found.files:,} files, {human_size(found.bytes)}\nnext: gdac sync run\n"
    )


def _chosen(part: str, of: int | None, index: int | None) -> "Part":
    from sync.audit.shares import Part

    if part:
        return Part.parse(part)
    if of is None or index is None:
        raise UsageError("which shard?", hint="Name it: --part 3/16; or --of 16 with --index (JOB_COMPLETION_INDEX).")
    return Part(index + 1, of)


def _now() -> datetime:
    return datetime.now(UTC)
