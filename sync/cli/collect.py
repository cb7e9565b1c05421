"""Collect what DACs submit: publish what passes the checks, return the rest with reports."""

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from sync.collect.clean import Cleaned
    from sync.collect.record import CollectRecord
    from sync.collect.section import CollectSection
    from sync.config import Config
    from sync.progress import Reporter
    from sync.state import State

T = TypeVar("T")
app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", envvar="GDAC_CONFIG")
]
AsJson = Annotated[bool, typer.Option("--json", help="Events and the result as JSON lines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; only the result.")]
Dacs = Annotated[
    list[str] | None, typer.Option("--dac", help="Only this DAC's account; again for several. All by default.")
]
DEFAULT_CONFIG = Path("gdac.toml")


@app.command()
def run(
    dacs: Dacs = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let older files take the place of newer ones (policy ACC-006), this once.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take what waits in the inboxes, check it, publish what is accepted, seal, and return the rest with reports.

    A run that was broken off is resumed first. Exit: 0 fine, 1 files were refused, 3 could not, 5 something is left.
    """
    settings, section = _settings(config)
    chosen = _chosen(section, dacs)
    record = _collected(settings, chosen, forced=force, as_json=as_json, quiet=quiet)
    _tell(settings, record, as_json=as_json)
    raise typer.Exit(record.exit_code)


@app.command()
def watch(
    every: Annotated[
        str,
        typer.Option("--every", metavar="PERIOD", help="From the start of one run to that of the next: 90s, 30m, 2h."),
    ] = "30m",
    rounds: Annotated[int | None, typer.Option("--rounds", min=1, help="End after so many runs.")] = None,
    dacs: Dacs = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run again and again, until Ctrl-C or SIGTERM; a run that fails is told, and the next one is tried.

    Without --rounds the exit status is 0 when it is stopped; with it, the worst of the runs.
    """
    from sync.cli.watching import Watch, period

    settings, section = _settings(config)
    chosen = _chosen(section, dacs)

    def once() -> int:
        record = _collected(settings, chosen, forced=False, as_json=as_json, quiet=quiet)
        _tell(settings, record, as_json=as_json)
        return record.exit_code

    raise typer.Exit(Watch(period(every), rounds).run(once))


@app.command()
def status(
    submission: Annotated[int | None, typer.Argument(help="Tell this submission file by file.", min=1)] = None,
    dacs: Dacs = None,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many submissions to list.")] = 20,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """List the last submissions, or tell one of them: each file, what was decided, and why. Fine beside a run.

    Exit 5 where an account of the list is not there.
    """
    from sync.cli import submissions
    from sync.state import State

    settings, section = _settings(config)
    chosen = _chosen(section, dacs)
    failing: dict[str, str] = {}
    if submission is None:
        failing = submissions.failing_accounts({dac: section.inbox[dac] for dac in chosen or section.inbox})
    with State.look(settings.state_directory) as state:
        if submission is not None:
            text = submissions.one(settings, state, submission, as_json=as_json)
        else:
            text = submissions.newest(state, section.inbox, chosen, most, failing=failing, as_json=as_json)
    sys.stdout.write(text)
    raise typer.Exit(ExitCode.PARTIAL if failing else ExitCode.FINE)


@app.command()
def replay(
    submission: Annotated[int, typer.Argument(help="Number of a submission of which files were refused.", min=1)],
    force: Annotated[
        bool, typer.Option("--force", help="Let older files take the place of newer ones (policy ACC-006).")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take the refused files of a submission again, out of the reject folder, as a new submission, and go on with it.

    Files that the DAC has taken away or changed are named and left out.
    """
    from sync.collect.inbox import opened_inbox
    from sync.collect.replay import check_replay
    from sync.collect.replay import replay as enter
    from sync.collect.run import Collect

    settings, section = _settings(config)

    async def work(state: "State", reporter: "Reporter") -> "CollectRecord":
        found = check_replay(state, submission)
        if found.dac not in section.inbox:
            raise UsageError(
                f"submission {submission} is {found.dac}'s, which has no account any more.",
                hint=f"Add [collect.inbox.{found.dac}] to {config}.",
            )
        async with opened_inbox(found.dac, section) as inbox:
            again = await enter(inbox, state, state.directory, found, _now(), forced=force, reporter=reporter)
        files = "file" if again.items == 1 else "files"
        reporter.note(f"submission {again.number}: {again.items:,} refused {files} of submission {submission}, again")
        return await Collect(settings, state, reporter, _now).run(claiming=False)

    record = _with_state(settings, as_json, quiet, work)
    _tell(settings, record, as_json=as_json)
    raise typer.Exit(record.exit_code)


@app.command()
def clean(
    delete: Annotated[bool, typer.Option("--delete", help="Delete them; without it they are only counted.")] = False,
    dacs: Dacs = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Delete refused files after a month (RET-003), removed ones after three (RET-004), reports after a year (RET-006).

    A dry run by default. Only files that gdac itself put there go. Exit 5 where an account is not there or could not
    be reached.
    """
    from sync.cli.cleaning import clean_all

    settings, section = _settings(config)
    chosen = _chosen(section, dacs)

    async def work(state: "State", reporter: "Reporter") -> "tuple[list[Cleaned], list[str]]":
        return await clean_all(settings, section, state, chosen, _now, reporter, delete=delete)

    done, notes = _with_state(settings, as_json, quiet, work)
    if as_json:
        told = {"deleted": delete, "places": [one.as_json() for one in done], "notes": notes}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write("".join(f"{one}\n" for one in done))
        sys.stdout.write("".join(f"note: {note}\n" for note in notes))
        if not delete and any(one.due for one in done):
            sys.stdout.write("nothing was deleted: this was a dry run; --delete does it\n")
    raise typer.Exit(ExitCode.PARTIAL if notes else ExitCode.FINE)


def _settings(config: Path) -> "tuple[Config, CollectSection]":
    from sync.config import load_config

    settings = load_config(config)
    if settings.collect is None:
        raise UsageError(
            f"{config} has no section [collect], so there are no inboxes to look into.",
            hint="docs/collect.md shows what to write there.",
        )
    return settings, settings.collect


def _chosen(section: "CollectSection", dacs: list[str] | None) -> tuple[str, ...]:
    for dac in dacs or ():
        if dac not in section.inbox:
            known = ", ".join(sorted(section.inbox)) or "none"
            raise UsageError(f"{dac!a} has no account in the configuration.", hint=f"Known are: {known}.")
    return tuple(dict.fromkeys(dacs or ()))


def _collected(
    settings: "Config", dacs: tuple[str, ...], *, forced: bool, as_json: bool, quiet: bool
) -> "CollectRecord":
    from sync.collect.run import Collect

    async def work(state: "State", reporter: "Reporter") -> "CollectRecord":
        return await Collect(settings, state, reporter, _now).run(dacs, forced=forced)

    return _with_state(settings, as_json, quiet, work)


def _with_state(settings: "Config", as_json: bool, quiet: bool, work: "Callable[[State, Reporter], Awaitable[T]]") -> T:
    from sync.localdisk import local_disk
    from sync.loop import run as run_loop
    from sync.progress import reporter_for
    from sync.state import State

    async def worked(state: "State") -> T:
        return await work(state, reporter_for(as_json=as_json, quiet=quiet))

    with State.open(settings.state_directory) as state, local_disk(settings.state_directory):
        return run_loop(worked(state))


def _tell(settings: "Config", record: "CollectRecord", *, as_json: bool) -> None:
    from sync.cli.submissions import run_text

    if as_json:
        sys.stdout.write(json.dumps({"event": "run-ended", **record.as_json()}) + "\n")
    else:
        sys.stdout.write(run_text(settings, record))
    sys.stdout.flush()


def _now() -> datetime:
    return datetime.now(UTC)
