"""Play two days of a sample GDAC on this machine: observe, ingest, seal, mirror."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.errors import ExitCode
from gdac.records import Outcome

if TYPE_CHECKING:
    from sync.demo.story import DemoDay

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--directory", "-d", help="Where everything goes.")] = Path(".demo"),
    floats: Annotated[int, typer.Option(min=1, max=1000, help="Floats of the sample GDAC.")] = 12,
    cycles: Annotated[int, typer.Option(min=1, max=300, help="Cycles of each float.")] = 40,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the final table.")] = False,
) -> None:
    """Play two days of a sample GDAC on embedded FTP, HTTP and S3 servers; no account, no network, no root.

    Everything stays in the directory afterwards, with a configuration to play on with.
    """
    from sync.demo.story import play
    from sync.progress import reporter_for

    began = time.monotonic()
    played = play(
        directory,
        floats=floats,
        cycles=cycles,
        reporter=reporter_for(as_json=False, quiet=quiet),
        tell=(lambda _: None) if quiet else _say,
    )
    _table(played.days)
    if played.submitted:
        wrong, files = len(played.submitted.rejected), len(played.submitted.results)
        _say(f"\nOf the submission, {wrong} of {files} files would not be taken: see {played.submitted.report}")
    _next_commands(directory, time.monotonic() - began)
    if any(day.record.outcome is not Outcome.FINE for day in played.days):
        raise typer.Exit(ExitCode.PARTIAL)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _table(days: "tuple[DemoDay, ...]") -> None:
    from rich.console import Console
    from rich.table import Table

    from sync.demo.report import rows

    table = Table(title="\nWhat moved, what did not, and why", title_justify="left", title_style="bold")
    for heading in ("", *(day.label for day in days)):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=False)
    for row in rows(days):
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def _next_commands(directory: Path, seconds: float) -> None:
    gdac = Path(sys.argv[0])
    shown = gdac if gdac.name == "gdac" and gdac.parent != Path() else Path("gdac")
    if shown.is_relative_to(Path.cwd()):
        shown = shown.relative_to(Path.cwd())
    _say(
        f"\nManifests, deltas and the head lie in {directory / 'hub' / 'manifest'}, and the same in every mirror.\n"
        f"The demo took {seconds:.0f} s. Try next:\n"
        f"  {shown} manifest log {directory / 'hub'}                 the sealed days, their chain verified\n"
        f"  {shown} manifest verify {directory / 'mirror'}           is the mirror whole? every byte is read\n"
        f"  {shown} sample next {directory / 'source'}               let another day pass at the source ...\n"
        f"  {shown} sync plan -c {directory / 'gdac.toml'}           ... see what a run would do\n"
        f"  {shown} sync run -c {directory / 'gdac.toml'}            ... and do it\n"
        f"  {shown} check {directory / 'submission'}                 a data centre's files, right and wrong ones\n"
        f"  {shown} explain PRF-QC-001                     what a rule is about, and how to mend a finding"
    )
