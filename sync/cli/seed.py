"""`gdac sync seed`: begin a new hub from a DOI snapshot."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gdac.errors import ExitCode, GdacError
from sync.cli.snapshots import (
    DEFAULT_CONFIG,
    SEANOE,
    Api,
    AsJson,
    ConfigFile,
    Doi,
    Key,
    Quiet,
    Which,
    find,
    need_settings,
    now_utc,
    publisher_of,
)

if TYPE_CHECKING:
    from sync.config import Config
    from sync.doi.seanoe import Seanoe
    from sync.doi.seed import Seeded
    from sync.state import State


def add_to(app: typer.Typer) -> None:
    """Make it a sub-command of another app."""
    app.command()(seed)


def seed(
    which: Which,
    config: ConfigFile = DEFAULT_CONFIG,
    key: Key = None,
    doi: Doi = None,
    api: Api = SEANOE,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Begin a new hub with the files of a DOI snapshot; `gdac sync run` then fetches only what changed since."""
    from sync.loop import run as run_loop
    from sync.state import State

    settings = need_settings(config)
    with State.open(settings.state_directory) as state:
        found = run_loop(_seeded(settings, state, publisher_of(settings, doi, api), which, key, as_json, quiet))
    facts = {**asdict(found), "event": "seeded", "left": dict(found.left)}
    sys.stdout.write(json.dumps(facts) + "\n" if as_json else _seeded_text(found))
    raise typer.Exit(ExitCode.PARTIAL if found.refused.count else ExitCode.FINE)


async def _seeded(
    settings: "Config", state: "State", publisher: "Seanoe", which: str, key: str | None, as_json: bool, quiet: bool
) -> "Seeded":
    from tempfile import TemporaryDirectory

    from gdac.records import Outcome as RunOutcome
    from policies.citation import snapshot_url
    from sync.brakes.hold import HUB
    from sync.doi.origin import SEED
    from sync.doi.seed import Seeder
    from sync.progress import reporter_for
    from sync.run import opened, taken_hub

    run = state.start_run(SEED, now_utc())
    outcome, summary = RunOutcome.FAILED, {"snapshot": which}
    try:
        async with opened(HUB, settings.hub) as hub:
            _, snapshot, tar = await find(hub, publisher, which, key)
            summary["snapshot"], summary["url"] = snapshot.key, snapshot_url(publisher.doi, snapshot.key)
            taken = await taken_hub(settings, state, hub, now_utc)
            await taken.clean()
            with TemporaryDirectory(dir=settings.state_directory, prefix="work-") as folder:
                reporter = reporter_for(as_json=as_json, quiet=quiet)
                found = await Seeder(settings, state, taken, Path(folder), reporter, now_utc).seed(tar)
        outcome = RunOutcome.PARTIAL if found.refused.count else RunOutcome.FINE
        summary["files"], summary["tar_sha256"] = str(found.files), found.tar_sha256
        return found
    except GdacError as error:
        summary["error"] = error.what
        raise
    finally:
        state.end_run(run, now_utc(), outcome, summary)


def _seeded_text(found: "Seeded") -> str:
    from sync.progress import human_size

    written = "" if found.written == found.files else f"; {found.files - found.written:,} were there already"
    lines = [
        f"seeded {found.files:,} files, {human_size(found.bytes)}{written}",
        f"  tar          sha256 {found.tar_sha256}",
    ]
    lines += [f"  left out     {number:,} files {why}" for why, number in sorted(found.left.items())]
    if found.undated:
        lines.append(f"  undated      {found.undated:,} files tell no date; the run fetches them anew")
    if found.refused.count:
        lines.append(f"  refused      {found.refused.count:,} members that no archive may hold")
        lines += [f"    {one}" for one in found.refused.examples]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join([*lines, "next: gdac sync run"]) + "\n"
