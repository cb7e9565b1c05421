"""Mirror an archive: observe a source, seal a hub, keep mirrors equal to it."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import UsageError
from sync.cli import care, daemon, seed, shard, snapshots, status

if TYPE_CHECKING:
    from gdac.records import RunRecord
    from sync.collect.sealing import Unsealed

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", envvar="GDAC_CONFIG")
]
AsJson = Annotated[bool, typer.Option("--json", help="Events and the result as JSON lines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; only the result.")]
DEFAULT_CONFIG = Path("gdac.toml")
care.add_to(app)
daemon.add_to(app)
snapshots.add_to(app)
seed.add_to(app)
shard.add_to(app)
status.add_to(app)


@app.command()
def init(
    config: ConfigFile = DEFAULT_CONFIG,
    source: Annotated[str, typer.Option(help="The archive to mirror.")] = "https://data-argo.ifremer.fr",
    hub: Annotated[str, typer.Option(help="Where our own archive shall lie.")] = "./argo",
) -> None:
    """Write a commented configuration to start from. An existing file is never overwritten."""
    from sync.template import render

    if config.exists():
        raise UsageError(f"{config} is there already; it was left as it is.", hint="Name another one with --config.")
    config.write_text(render(source=source, hub=hub), encoding="utf-8")
    sys.stdout.write(
        f"wrote {config}\nnext: look at it, then\n  gdac sync plan -c {config}\n  gdac sync run -c {config}\n"
    )


@app.command()
def plan(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Say what a run would do now, and touch nothing."""
    from sync.config import load_config

    if load_config(config).collect is not None:
        _tell_unsealed(_with_run(config, as_json, quiet, lambda run: run.unsealed()), as_json)
        return
    seen, notes = _with_run(config, as_json, quiet, lambda run: run.look())
    serial = seen.before.head.serial if seen.before else None
    facts = {
        "serial": serial,
        "quiet": seen.quiet,
        "listed": seen.listed,
        "to_fetch": seen.todo,
        "gone": seen.gone,
        "kept": seen.kept,
        "unlisted": seen.unlisted,
        "refused": seen.refused,
        "bytes": {"known_of": seen.sized, "bytes": seen.size},
        "waiting": len(seen.waiting),
        "missing": seen.missing,
        "way": seen.way,
    }
    if as_json:
        from sync.cli.brake import judgement_json

        told = judgement_json(seen.judgement)
        sys.stdout.write(json.dumps({**facts, "brake": told, "notes": notes}) + "\n")
        return
    if seen.quiet:
        sys.stdout.write(f"nothing changed since serial {serial}; a run would only issue the head again.\n")
        return
    from sync.cli.brake import judgement_text, told_bytes

    size = told_bytes(seen.todo, seen.sized, seen.size)
    work, where = ("read in place", "on mirrors ") if seen.way == "tree" else ("fetch", "")
    sys.stdout.write(
        f"the hub shows {'serial ' + str(serial) if serial else 'nothing yet'}; a run would\n"
        f"  {work:<13}{seen.todo:>9,} files (of {seen.listed:,} listed){size}\n"
        f"  take out     {seen.gone:>9,} paths (their bytes stay readable {where}for the grace period)\n"
        f"  leave out    {seen.unlisted:>9,} unlisted files\n"
        f"{judgement_text(seen.judgement)}"
    )
    _tell(notes)


@app.command()
def run(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Observe, ingest, seal, and bring every mirror to the new serial.

    A hub that collects seals what `gdac collect run` left unsealed; it looks into no inbox.
    """
    _finish(_with_run(config, as_json, quiet, lambda run: run.whole_day()), as_json)


@app.command()
def replicate(
    mirrors: Annotated[
        list[str] | None,
        typer.Argument(help="Names of mirrors (all by default); or the address of a head, and where its mirror lies."),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    state: Annotated[Path | None, typer.Option(help="With addresses: the directory of the mirror's own state.")] = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="Take over a store that shows another archive.")] = False,
    serial: Annotated[int | None, typer.Option(min=1, help="One mirror shows this serial, for good.")] = None,
    day: Annotated[datetime | None, care.DAY] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring mirrors to what the hub shows, without looking at the source; or mirror anybody's archive by its head.

    With --serial or --date the one mirror gets the archive as it was then, and stays so; exit 5 where bytes are lost.
    """
    from sync.mirror.anywhere import is_address

    when = care.one_time(serial, day)
    if any(is_address(one) for one in mirrors or ()):
        _finish(_from_anywhere(mirrors or [], config, state, adopt, when, as_json, quiet), as_json)
    if state is not None:
        raise UsageError("--state goes with addresses; the mirrors of a configuration share the hub's state.")
    _finish(
        _with_run(config, as_json, quiet, lambda run: run.mirrors_only(mirrors or (), adopt=adopt, when=when)), as_json
    )


@app.command()
def approve(
    run: Annotated[int | None, typer.Argument(help="The held run; without it, open holds are listed.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    state: Annotated[Path | None, typer.Option(help="The state directory, where there is no configuration.")] = None,
) -> None:
    """Let the plan of a held run go ahead, once; without RUN, list what is held, with previews."""
    from sync.cli.brake import approve_run, list_holds
    from sync.config import load_config
    from sync.state import State

    with State.open(state or load_config(config).state_directory) as opened:
        if run is None:
            list_holds(opened, as_json=as_json)
        else:
            approve_run(opened, run, datetime.now(UTC), as_json=as_json)


@app.command()
def quarantine(
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    retry: Annotated[str | None, typer.Option(help="Ask again with the next run: a path, or `all`.")] = None,
) -> None:
    """List the files set aside, with reason, age and next try; or have them tried again."""
    from sync.cli.brake import list_quarantine, retry_quarantine
    from sync.config import load_config
    from sync.state import State

    with State.open(load_config(config).state_directory) as state:
        if retry is not None:
            retry_quarantine(state, retry)
        list_quarantine(state, datetime.now(UTC), as_json=as_json)


def _tell_unsealed(seen: "Unsealed", as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"way": "collect", **asdict(seen)}) + "\n")
        return
    shows = f"serial {seen.serial}" if seen.serial else "nothing yet"
    if not seen.came and not seen.leaving and not seen.waiting:
        sys.stdout.write(f"the hub shows {shows} and collects; nothing waits to be sealed.\n")
    else:
        sys.stdout.write(
            f"the hub shows {shows} and collects; a run would seal\n"
            f"  came         {seen.came:>9,} files of the journal\n"
            f"  take out     {seen.leaving:>9,} paths (their bytes stay readable for the grace period)\n"
            f"  make         {seen.waiting:>9,} merged files that wait, and those of what came and left\n"
        )
    if seen.submissions:
        sys.stdout.write(
            f"note: {seen.submissions:,} submissions are under way; `gdac collect run` goes on with them.\n"
        )


def _with_run(config: Path, as_json: bool, quiet: bool, work: Any) -> Any:
    from sync.config import load_config
    from sync.loop import run as run_loop
    from sync.progress import reporter_for
    from sync.run import Run
    from sync.state import State

    settings = load_config(config)
    with State.open(settings.state_directory) as state:
        reporter = reporter_for(as_json=as_json, quiet=quiet)
        return run_loop(work(Run(settings, state, reporter, lambda: datetime.now(UTC))))


def _from_anywhere(
    arguments: list[str],
    config: Path,
    state: Path | None,
    adopt: bool,
    when: "int | date | None",
    as_json: bool,
    quiet: bool,
) -> "RunRecord":
    from sync.config import load_config
    from sync.loop import run as run_loop
    from sync.mirror.anywhere import Journey, archive_of, default_state, replicate_from
    from sync.progress import reporter_for
    from sync.state import State

    if len(arguments) == 1 and when is not None:
        journey = Journey("", arguments[0], adopt, when=when, config=load_config(config))
    elif len(arguments) == 2:
        journey = Journey(archive_of(arguments[0]), arguments[1], adopt, when=when)
    else:
        raise UsageError(
            f"{len(arguments)} arguments, of which one is an address.",
            hint="Give either names of mirrors, or two addresses: that of a head and that of the mirror.",
        )
    with State.open(state or default_state(journey.target)) as opened:
        reporter = reporter_for(as_json=as_json, quiet=quiet)
        return run_loop(replicate_from(journey, opened, reporter, lambda: datetime.now(UTC)))


def _finish(record: "RunRecord", as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"event": "run-ended", **record.as_json()}) + "\n")
    else:
        from sync.summary import summary

        sys.stdout.write(summary(record))
    raise typer.Exit(record.outcome.exit_code)


def _tell(notes: tuple[str, ...]) -> None:
    for note in notes:
        sys.stdout.write(f"note: {note}\n")
