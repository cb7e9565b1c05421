"""Commands that look after archives: audit, compare, sweep, revert, fetch."""

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gdac.store import Store
    from sync.audit.audit import AuditReport
    from sync.audit.compare import Comparison
    from sync.config import Config
    from sync.progress import Reporter
    from sync.state import State

T = TypeVar("T")
ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", envvar="GDAC_CONFIG")
]
AsJson = Annotated[bool, typer.Option("--json", help="Events and the result as JSON lines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; only the result.")]
PartOption = Annotated[str | None, typer.Option("--part", help="This part, k/N; by default the one that is next.")]
DEFAULT_CONFIG = Path("gdac.toml")
DAY = typer.Option(
    "--date", formats=["%Y-%m-%d"], metavar="DAY", help="As it was at the end of this day (UTC).", show_default=False
)


def add_to(app: typer.Typer) -> None:
    """Make these commands sub-commands of ``gdac sync``."""
    for command in (audit, compare, fetch, revert, sweep):
        app.command()(command)


def audit(
    mirrors: Annotated[
        list[str] | None, typer.Argument(help="Names of mirrors, or hub; all mirrors by default.")
    ] = None,
    part: PartOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All parts at once.")] = False,
    download: Annotated[bool, typer.Option("--download", help="Read every byte of the part.")] = False,
    heal: Annotated[bool, typer.Option("--heal", help="Bring what is missing or damaged, and look again.")] = False,
    delete_extra: Annotated[
        bool, typer.Option("--delete-extra", help="With --heal: delete files that no manifest names, within limits.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over what lies in a store that shows no head of this archive.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Does a mirror hold what its manifest says? Takes one part after the other, or all; can mend what differs."""
    from sync.audit.orders import Auditor, Order
    from sync.audit.shares import Part

    if part and everything:
        raise UsageError("--part and --all exclude each other.")
    if delete_extra and not (heal or adopt):
        raise UsageError("--delete-extra works with --heal or --adopt only.")
    order = Order(Part.parse(part) if part else None, everything, download, heal, delete_extra, adopt)
    reports = _with_state(
        config,
        as_json,
        quiet,
        lambda settings, state, reporter: Auditor(settings, state, reporter, _now).audit(mirrors or (), order),
    )
    for report in reports:
        sys.stdout.write(json.dumps(report.as_json()) + "\n" if as_json else _audit_text(report))
    raise typer.Exit(_audit_exit(reports))


def compare(
    here: Annotated[str, typer.Argument(help="An archive: its URL or path, or a name of the configuration.")],
    there: Annotated[str, typer.Argument(help="The other one.")],
    list_paths: Annotated[
        str | None, typer.Option("--list", help="Only list paths: only-here, only-there, newer-here or newer-there.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Compare two archives by their index files alone: per DAC and kind, only here, only there, newer, equal."""
    from tempfile import TemporaryDirectory

    from gdac.columns import connect
    from sync.audit import compare as comparing
    from sync.loop import run as run_loop
    from sync.sections import GLOBAL_INDEXES

    if list_paths is not None and list_paths not in comparing.WORDS:
        raise UsageError(f"there is no list {list_paths!r}.", hint=f"Known are {', '.join(comparing.WORDS)}.")
    with TemporaryDirectory(prefix="gdac-compare-") as folder, connect(temp_directory=folder) as connection:

        async def compared() -> "comparing.Comparison":
            async with _named(here, config) as one, _named(there, config) as other:
                return await comparing.compare(connection, one, other, GLOBAL_INDEXES, Path(folder))

        found = run_loop(compared())
        if list_paths is not None:
            for path in comparing.paths(connection, list_paths):
                sys.stdout.write(path + "\n")
        else:
            sys.stdout.write(json.dumps(found.as_json()) + "\n" if as_json else _compare_text(found))
    raise typer.Exit(ExitCode.DIFFERENCES if found.differs else ExitCode.FINE)


def _named(text: str, config: Path) -> "Store":
    """A store by a name of the configuration, or by its URL."""
    from sync.stores.open import open_store

    if any(mark in text for mark in ":/.\\"):
        return open_store(text)
    from sync.config import load_config
    from sync.hub.day import HUB
    from sync.run import opened

    settings = load_config(config)
    sections = {"hub": settings.hub, **settings.source, **settings.mirror}
    if text not in sections:
        raise UsageError(f"no store {text!r} in {config}.", hint=f"Known are: {', '.join(sections)}; or write a URL.")
    return opened(HUB if text == "hub" else text, sections[text])


def _compare_text(found: "Comparison") -> str:
    lines = [f"here  {found.here}", f"there {found.there}", ""]
    head = ("dac", "kind", "only here", "only there", "newer here", "newer there", "equal")
    form = "{:<12}{:<24}{:>12}{:>12}{:>12}{:>12}{:>12}"
    lines.append(form.format(*head))
    for row in found.rows:
        numbers = (row.only_here, row.only_there, row.newer_here, row.newer_there, row.equal)
        lines.append(form.format(row.dac, row.kind, *(f"{number:,}" for number in numbers)))
    lines.append("")
    for stamp in found.stamps:
        behind = "" if stamp.behind is None else f", there is {stamp.behind / 3600:+.1f} h behind"
        sides = " and ".join(f"{one:%Y-%m-%dT%H:%M:%SZ}" if one else "no stamp" for one in (stamp.here, stamp.there))
        lines.append(f"{stamp.index}: {sides}{behind}")
    lines += [f"{name}: only one of them has it; what it lists was left out" for name in found.one_sided]
    for one in found.exclusions:
        counts = f"{one.only_here:,} rows only here, {one.only_there:,} only there, {one.equal:,} equal"
        lines.append(f"{one.name}: {counts}")
    return "\n".join(lines) + "\n"


def fetch(
    path: Annotated[str, typer.Argument(help="A path of the archive.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; an existing one is replaced.")],
    serial: Annotated[int | None, typer.Option("--serial", min=1, help="As it was at this serial.")] = None,
    day: Annotated[datetime | None, DAY] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Fetch a file as it was at an earlier serial or day, from wherever its bytes still are: hub, mirrors, vault."""
    from sync.hub.revert import Revert
    from sync.loop import run as run_loop
    from sync.run import opened

    when = one_time(serial, day)
    if when is None:
        raise UsageError("say of when: --serial or --date.")
    settings, reporter = _settings(config), _silent()
    with _state(settings) as state:
        at, past = run_loop(Revert(settings, state, reporter, _now, opened).fetch(path, when, output))
    sys.stdout.write(f"{output}: {past.path} of serial {at}, {past.size:,} bytes\n")


def one_time(serial: int | None, day: datetime | None) -> "int | date | None":
    """The serial or the day that was asked for, if any.

    Raises:
        UsageError: both were.
    """
    if serial is not None and day is not None:
        raise UsageError("--serial and --date exclude each other.")
    return serial if day is None else day.date()


def revert(
    serial: Annotated[int | None, typer.Argument(help="The serial whose state is sealed again.")] = None,
    release: Annotated[bool, typer.Option("--release", help="Let runs ingest again after a revert.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Seal the state of an earlier serial again, as the next one; runs wait then until they are released."""
    from sync.hub.revert import Revert
    from sync.run import opened

    if (serial is None) is not release:
        raise UsageError("name a serial to go back to, or --release, and not both.")
    if serial is None:
        with _state(_settings(config)) as state:
            state.allow_ingest()
        sys.stdout.write("runs ingest again: what the source has now comes with the next one.\n")
        return

    done = _with_state(
        config,
        as_json,
        quiet,
        lambda settings, state, reporter: Revert(settings, state, reporter, _now, opened).to(serial),
    )
    if as_json:
        sys.stdout.write(json.dumps(done.as_json()) + "\n")
    else:
        sys.stdout.write(
            f"serial {done.seal.serial} has the state of serial {done.to}: {done.brought:,} files put back\n"
            f"mirrors follow by `gdac sync replicate`; runs wait for `gdac sync revert --release`\n"
        )
        for note in done.notes:
            sys.stdout.write(f"note: {note}\n")
        for path in done.first_lost:
            sys.stdout.write(f"cannot be had: {path}\n")
        if done.lost > len(done.first_lost):
            sys.stdout.write(f"and {done.lost - len(done.first_lost):,} more that cannot be had\n")
    raise typer.Exit(ExitCode.PARTIAL if done.lost else ExitCode.FINE)


def sweep(
    part: PartOption = None, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """Look at part of the source file by file, for changes that no index shows; the next run fetches them."""
    from sync.audit.shares import Part
    from sync.hub.sweep import Sweep
    from sync.run import opened

    chosen = Part.parse(part) if part else None
    done = _with_state(
        config,
        as_json,
        quiet,
        lambda settings, state, reporter: Sweep(settings, state, reporter, _now, opened).sweep(chosen),
    )
    if as_json:
        sys.stdout.write(json.dumps(done.as_json()) + "\n")
        raise typer.Exit(ExitCode.DIFFERENCES if done.damaged_count else ExitCode.FINE)
    sys.stdout.write(
        f"part {done.part}: {done.floats:,} floats, {done.files:,} files seen; {done.replaced:,} replaced,"
        f" {done.new:,} new derived; {done.waiting:,} wait for the next run\n"
    )
    for path in done.first:
        sys.stdout.write(f"  {path}\n")
    if done.damaged_count:
        sys.stdout.write(f"{done.damaged_count:,} files are DAMAGED; mirrors hold what was sealed:\n")
        sys.stdout.write("".join(f"  {one}\n" for one in done.damaged))
    raise typer.Exit(ExitCode.DIFFERENCES if done.damaged_count else ExitCode.FINE)


def _settings(config: Path) -> "Config":
    from sync.config import load_config

    return load_config(config)


def _state(settings: "Config") -> "State":
    from sync.state import State

    return State.open(settings.state_directory)


def _silent() -> "Reporter":
    from sync.progress import Silent

    return Silent()


def _audit_exit(reports: "list[AuditReport]") -> int:
    if any(report.error for report in reports):
        return ExitCode.FAILED if all(report.error for report in reports) else ExitCode.PARTIAL
    return ExitCode.DIFFERENCES if any(report.left for report in reports) else ExitCode.FINE


def _audit_text(report: "AuditReport") -> str:
    from sync.progress import human_size

    if report.error:
        return f"{report.store}: FAILED: {report.error}\n"
    read = f"{report.proven:,} proven by the listing, {report.read:,} read ({human_size(report.bytes_read)})"
    about = f"{report.store}: serial {report.serial}, part {report.part}"
    lines = [f"{about}: {report.due:,} files due, {report.listed:,} listed, {read}"]
    counts = [f"{number:,} {kind}" for kind, number in report.counts.items()]
    lines.append(f"  differences  {', '.join(counts) or 'none'}")
    lines += [f"  {one.kind:<12} {one.path}{': ' * bool(one.detail)}{one.detail}" for one in report.first]
    told = {"superseded": report.superseded, "excused by an open run": report.excused}
    told |= {"mended": report.mended, "extra files deleted": report.deleted}
    lines += [f"  {number:,} {what}" for what, number in told.items() if number]
    if (report.mended or report.deleted) and report.left:
        lines.append(f"  {report.left:,} differences are left")
    lines += [f"  note: {note}" for note in report.notes]
    return "\n".join(lines) + "\n"


def _with_state(
    config: Path, as_json: bool, quiet: bool, work: "Callable[[Config, State, Reporter], Awaitable[T]]"
) -> T:
    from sync.config import load_config
    from sync.loop import run as run_loop
    from sync.progress import reporter_for
    from sync.state import State

    settings = load_config(config)

    async def worked(state: "State") -> T:
        return await work(settings, state, reporter_for(as_json=as_json, quiet=quiet))

    with State.open(settings.state_directory) as state:
        return run_loop(worked(state))


def _now() -> datetime:
    return datetime.now(UTC)
