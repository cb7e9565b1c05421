"""What the commands of ``gdac manifest`` share: a connection, progress, and numbers for people."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gdac.errors import GdacError

if TYPE_CHECKING:
    import duckdb

    from gdac.manifest.model import DeltaCounts
    from gdac.manifest.scan import Tally

TREE = typer.Argument(help="Root of an archive on disk: the directory that holds dac/.", show_default=False)
AS_JSON = typer.Option("--json", help="One JSON document instead of text.")


@contextmanager
def desk() -> Iterator[tuple["duckdb.DuckDBPyConnection", Path]]:
    """A connection and a directory for temporary files."""
    from gdac.columns import connect

    try:
        with tempfile.TemporaryDirectory(prefix="gdac-manifest-") as folder, connect(temp_directory=folder) as con:
            con.execute("SET enable_progress_bar = false")
            yield con, Path(folder)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise GdacError(f"{error.filename or 'a file'}: {error.strerror or error}.") from error


@contextmanager
def meter() -> Iterator[Any]:
    """Progress of reading: a live line on a terminal, a plain one every ten seconds elsewhere."""
    if sys.stderr.isatty():
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} files read, {task.fields[size]}"))
        with Progress(*columns, TimeElapsedColumn(), transient=True) as bar:
            task, total = bar.add_task("", total=None, size=told_size(0)), [0]

            def shown(size: int) -> None:
                total[0] += size
                bar.update(task, advance=1, size=told_size(total[0]))

            yield shown
        return
    files, bytes_read, last = 0, 0, time.monotonic()

    def plain(size: int) -> None:
        nonlocal files, bytes_read, last
        files, bytes_read = files + 1, bytes_read + size
        if time.monotonic() - last >= 10:
            last = time.monotonic()
            sys.stderr.write(f"{files:,} files read, {told_size(bytes_read)}\n")

    yield plain


def tell_tally(name: str, tally: "Tally", few: int = 20) -> None:
    """Tell a count and its first examples; nothing where it is zero."""
    if not tally.count:
        return
    say(f"  {name}: {tally.count:,}")
    for text in tally.examples[:few]:
        say(f"    {text}")
    if tally.count > few:
        say("    ...")


def told_counts(counts: "DeltaCounts") -> str:
    """The counts of a delta in words."""
    return ", ".join(
        f"{number:,} {word}"
        for word, number in (
            ("added", counts.added),
            ("changed", counts.changed),
            ("removed", counts.removed),
            ("renamed", counts.renamed),
        )
    )


def told_size(size: int) -> str:
    """Bytes for people."""
    number, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def plain(record: Any) -> dict[str, Any]:
    """A record as JSON has it."""
    from dataclasses import asdict

    return asdict(record)


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{text}\n")
