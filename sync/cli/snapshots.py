"""The sub-commands of `gdac sync` for DOI snapshots: list, prove."""

import json
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gdac.errors import ExitCode, StoreError, UsageError

if TYPE_CHECKING:
    from gdac.manifest.doi import DoiSnapshot, Snapshots
    from gdac.store import Store
    from sync.config import Config
    from sync.doi.opening import Tar
    from sync.doi.prove import Outcome
    from sync.doi.seanoe import Seanoe

snapshots = typer.Typer(no_args_is_help=True, help="The monthly snapshots of the archive's DOI: list them, prove them.")

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", envvar="GDAC_CONFIG")
]
AsJson = Annotated[bool, typer.Option("--json", help="Events and the result as JSON lines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; only the result.")]
Api = Annotated[str, typer.Option(help="Base address of the publisher's API.", envvar="GDAC_DOI_API")]
Doi = Annotated[str | None, typer.Option(help="DOI of the archive; by default the configuration's, or Argo's.")]
Which = Annotated[str, typer.Argument(metavar="KEY|TAR", help="Key of a snapshot, or its tar on this machine.")]
Key = Annotated[str | None, typer.Option(help="Of a TAR: the snapshot's key; by default the number it is named after.")]
DEFAULT_CONFIG = Path("gdac.toml")
SEANOE: Final = "https://www.seanoe.org/api"


def add_to(app: typer.Typer) -> None:
    """Make these sub-commands of another app."""
    app.add_typer(snapshots, name="snapshots")


@snapshots.command("list")
def list_snapshots(
    config: ConfigFile = DEFAULT_CONFIG,
    doi: Doi = None,
    api: Api = SEANOE,
    publish: Annotated[
        bool, typer.Option("--publish", help="Let the hub publish the list, so that the nearest snapshot is known.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the snapshots that the DOI's publisher offers, newest first, and what was proven of them."""
    from sync.loop import run as run_loop

    settings = need_settings(config) if publish else _settings(config, doi)
    found, left_out = run_loop(_listed(settings, publisher_of(settings, doi, api), publish=publish))
    proven = {key: [one for one in found.proofs if one.key == key] for key in {one.key for one in found.proofs}}
    newest = sorted(found.known, key=lambda one: (one.date, one.key), reverse=True)
    if as_json:
        rows = [{**_plain(one), "proofs": [_plain(proof) for proof in proven.get(one.key, [])]} for one in newest]
        sys.stdout.write(json.dumps({"doi": found.doi, "left_out": left_out, "snapshots": rows}, indent=1) + "\n")
        return
    from sync.doi.record import is_offered
    from sync.progress import human_size

    sys.stdout.write(f"https://doi.org/{found.doi}: {len(newest):,} snapshot{'s' * (len(newest) != 1)}\n")
    for one in newest:
        size = human_size(one.size) if one.size is not None else "size unknown"
        told = "" if is_offered(one) else "  on demand only"
        for proof in proven.get(one.key, []):
            told += f"  {proof.relation}: serial {proof.serial}"
        sys.stdout.write(f"#{one.key:<12} {one.date}  {one.family:<5} {size:>12}  {one.title}{told}\n")
    if left_out:
        sys.stdout.write(f"note: {left_out:,} files of the record are no snapshots: they have no key or no day.\n")


@snapshots.command()
def prove(
    which: Which,
    config: ConfigFile = DEFAULT_CONFIG,
    serial: Annotated[
        int | None, typer.Option(min=1, help="Compare with this serial only, whenever it was sealed.")
    ] = None,
    around: Annotated[
        int, typer.Option(min=0, help="Compare serials sealed within so many days of the snapshot.")
    ] = 45,
    key: Key = None,
    doi: Doi = None,
    api: Api = SEANOE,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Stream a snapshot's tar once and prove which serials of the hub are it, or hold it. Exit 1 when none does."""
    from sync.doi.prove import Wanted
    from sync.loop import run as run_loop

    settings = need_settings(config)
    wanted = Wanted(serial, timedelta(days=around))
    outcome = run_loop(_proven(settings, publisher_of(settings, doi, api), which, key, wanted, as_json, quiet))
    sys.stdout.write(json.dumps(_outcome_json(outcome)) + "\n" if as_json else _outcome_text(outcome))
    raise typer.Exit(ExitCode.FINE if outcome.proofs else ExitCode.DIFFERENCES)


def now_utc() -> datetime:
    """The clock."""
    return datetime.now(UTC)


async def _listed(settings: "Config | None", publisher: "Seanoe", *, publish: bool) -> "tuple[Snapshots, int]":
    """The record, with the proofs that the hub publishes, where there is one; at will written there."""
    from dataclasses import replace

    from sync.brakes.hold import HUB
    from sync.doi.prove import publish as publish_at
    from sync.doi.prove import read_known
    from sync.run import opened

    found, left_out = await publisher.snapshots(now_utc())
    if settings is None:
        return found, left_out
    async with opened(HUB, settings.hub) as hub:
        if publish:
            return await publish_at(hub, found, over_broken=True), left_out
        before, _ = await read_known(hub)
    if before is None or before.doi != found.doi:
        return found, left_out
    return replace(found, proofs=before.proofs), left_out


async def _proven(
    settings: "Config", publisher: "Seanoe", which: str, key: str | None, wanted: Any, as_json: bool, quiet: bool
) -> "Outcome":
    from tempfile import TemporaryDirectory

    from gdac.columns import connect
    from sync.brakes.hold import HUB
    from sync.doi.prove import Prover
    from sync.progress import reporter_for
    from sync.run import opened

    settings.state_directory.mkdir(parents=True, exist_ok=True)
    async with opened(HUB, settings.hub) as hub:
        if not hub.capabilities.writes:
            raise UsageError(f"the hub is {hub.name}, where gdac cannot write what it proves.")
        known, snapshot, tar = await find(hub, publisher, which, key)
        with (
            TemporaryDirectory(dir=settings.state_directory, prefix="doi-") as folder,
            connect(memory_limit=settings.hub.memory, temp_directory=folder) as connection,
        ):
            reporter = reporter_for(as_json=as_json, quiet=quiet)
            prover = Prover(hub, connection, Path(folder), reporter, now_utc)
            return await prover.prove(snapshot, tar, known, wanted)


async def find(
    hub: "Store", publisher: "Seanoe", which: str, key: str | None
) -> "tuple[Snapshots, DoiSnapshot, AbstractAsyncContextManager[Tar]]":
    """The snapshot that KEY or TAR names, what is known of the DOI, and the tar, not yet opened.

    Raises:
        UsageError: there is no such snapshot, or its tar cannot be had.
        GdacError: neither the publisher nor the hub says what snapshots there are.
    """
    from sync.doi.opening import open_address, open_file
    from sync.doi.prove import read_known
    from sync.doi.record import RecordAnswerError, is_offered

    file = Path(which)
    is_file = "/" in which or "." in which
    if is_file and not file.is_file():
        raise UsageError(f"there is no file {which}.")
    wanted = key or (file.name.partition(".")[0] if is_file else which.removeprefix("#"))
    try:
        known, _ = await publisher.snapshots(now_utc())
    except (StoreError, RecordAnswerError):
        before, _ = await read_known(hub)
        if before is None or before.doi != publisher.doi:
            raise
        known = before
    found = next((one for one in known.known if one.key == wanted), None)
    if found is None:
        found = await publisher.snapshot(wanted) if not is_file or key else None
    if found is None:
        hint = (
            "Give the snapshot's key with --key." if is_file and not key else "`gdac sync snapshots list` lists them."
        )
        raise UsageError(f"https://doi.org/{known.doi} has no snapshot {wanted!a}.", hint=hint)
    if is_file:
        return known, found, open_file(file, found.size)
    if not is_offered(found):
        raise UsageError(
            f"the tar of snapshot {found.key} is sent on demand only.",
            hint=f"Ask for it at {found.url}, and give its file.",
        )
    return known, found, open_address(found.url, found.size)


def _settings(config: Path, doi: str | None) -> "Config | None":
    """The configuration, where one is there or asked for."""
    from sync.config import load_config

    if config == DEFAULT_CONFIG and not config.exists():
        return None
    return load_config(config) if doi is None or config.exists() else None


def need_settings(config: Path) -> "Config":
    """The configuration, which must be there."""
    from sync.config import load_config

    return load_config(config)


def publisher_of(settings: "Config | None", doi: str | None, api: str) -> "Seanoe":
    """Whom to ask for the DOI's record."""
    from policies.licence import ARGO
    from sync.doi.seanoe import Seanoe

    chosen = doi or (settings.archive.doi if settings else ARGO.doi)
    if not chosen:
        raise UsageError("the configuration names no DOI for the archive.", hint="Give one with --doi.")
    return Seanoe(chosen, api)


def _plain(record: Any) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(record).items()}


def _outcome_json(outcome: "Outcome") -> dict[str, Any]:
    loaded, best = outcome.loaded, outcome.best
    return {
        "event": "compared",
        "snapshot": _plain(outcome.snapshot),
        "tar": {
            "sha256": loaded.sha256,
            "bytes": loaded.size,
            "files": loaded.members,
            "paths": loaded.rows,
            "torn": loaded.torn,
            "refused": loaded.refused.count,
            "refused_first": loaded.refused.examples,
        },
        "proofs": [_plain(one) for one in outcome.proofs],
        "compared": [_plain(one) for one in outcome.compared],
        "best": _plain(best) if best else None,
        "lacks": [{**_plain(one), "kind": one.kind.value} for one in outcome.lacks],
        "reach": outcome.reach,
    }


def _outcome_text(outcome: "Outcome") -> str:
    from sync.progress import human_size

    snapshot, loaded = outcome.snapshot, outcome.loaded
    lines = [
        f"snapshot #{snapshot.key} of {snapshot.date}: {snapshot.title}",
        f"  tar          sha256 {loaded.sha256}, {human_size(loaded.size)}",
        f"  files        {loaded.rows:,} paths, {human_size(loaded.bytes)}",
    ]
    if loaded.refused.count:
        lines.append(f"  refused      {loaded.refused.count:,} members that no archive may hold")
        lines += [f"    {one}" for one in loaded.refused.examples]
    if loaded.torn:
        lines.append(f"  twice        {loaded.torn:,} paths stand in the tar twice with different bytes")
    if not outcome.compared:
        lines.append(f"no serial was sealed near that day; those from {outcome.reach} on are within reach (--serial).")
    for proof in outcome.proofs:
        word = "equals" if proof.relation == "equal" else "holds, byte for byte, all files of"
        lines.append(f"proven: serial {proof.serial} {word} snapshot #{snapshot.key}")
    if not outcome.proofs and outcome.best is not None:
        best = outcome.best
        lines.append(
            f"not proven: serial {best.serial} (sealed {best.sealed:%Y-%m-%d}) has most of it,"
            f" {best.matched:,} of {loaded.rows:,} files; nothing is claimed"
        )
        lines += _lack_lines(outcome)
    return "\n".join(lines) + "\n"


def _lack_lines(outcome: "Outcome") -> list[str]:
    lines = []
    for one in outcome.lacks:
        if one.absent or one.other:
            told = f"{one.files - one.absent - one.other:,} of {one.files:,} the same"
            parts = [f"{one.absent:,} absent"] * bool(one.absent) + [f"{one.other:,} with other bytes"] * bool(
                one.other
            )
            lines.append(f"  {one.kind.value:<24} {told}; {', '.join(parts)}, such as {one.example}")
    return lines
