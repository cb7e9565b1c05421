"""Make a sample GDAC of invented floats, and move it on by a day."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gdac.sample.archive import Progress, SampleChanges

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

_JSON = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


@app.command()
def make(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="New, empty, or an older sample: it is replaced.")],
    floats: Annotated[int, typer.Option(min=1, max=10_000, help="How many floats, of up to ten DACs.")] = 12,
    cycles: Annotated[int, typer.Option(min=1, max=999, help="How many cycles each has made.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The day that the archive shows.")] = "2025-03-01",
    as_json: _JSON = False,
) -> None:
    """Write a sample GDAC in DIR: valid files of invented floats, and their index files.

    What `next` needs is kept beside it, in DIR.sample.json.
    """
    from gdac.sample.archive import make_archive

    with _progress("floats") as progress:
        state = make_archive(directory, floats=floats, cycles=cycles, seed=seed, day=_day(day), progress=progress)
    if as_json:
        sys.stdout.write(
            json.dumps({"root": str(state.root), "day": str(state.day), "files": state.files, "size": state.size})
            + "\n"
        )
        return
    _table(
        f"sample GDAC in {directory}",
        {
            "day": str(state.day),
            "floats": str(floats),
            "cycles": str(cycles),
            "files": f"{state.files:,}",
            "size": f"{state.size / 1e6:,.1f} MB",
        },
    )
    sys.stdout.write(f"next: gdac sample next {directory}\n")


@app.command(name="next")
def following(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A sample made by `gdac sample make`.")],
    as_json: _JSON = False,
) -> None:
    """Let a day pass: new cycles, R profiles that become D, corrected and removed files, new indexes."""
    from gdac.sample.archive import next_day

    with _progress("floats") as progress:
        changes = next_day(directory, progress=progress)
    if as_json:
        sys.stdout.write(json.dumps(_facts(changes)) + "\n")
        return
    counts = {key: f"{len(value):,}" for key, value in _facts(changes).items() if isinstance(value, list)}
    _table(f"{directory} moved on to {changes.day}", counts)
    sys.stdout.write("(--json names every file)\n")


def _facts(changes: "SampleChanges") -> dict[str, str | list[object]]:
    return {
        "day": str(changes.day),
        "added": [*changes.added],
        "changed": [*changes.changed],
        "renamed": [list(pair) for pair in changes.renamed],
        "removed": [*changes.removed],
        "derived": [*changes.derived],
        "indexes": [*changes.indexes],
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a day such as 2025-03-01", param_hint="--day") from error


def _table(title: str, facts: dict[str, str]) -> None:
    width = max(len(value) for value in facts.values())
    sys.stdout.write(f"{title}\n" + "".join(f"  {key:<9}{value:>{width}}\n" for key, value in facts.items()))


@contextmanager
def _progress(what: str) -> Iterator["Progress | None"]:
    """A bar on a terminal (standard error, so that output can be piped); nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
