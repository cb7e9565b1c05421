"""Check files as the GDAC would: accepted or rejected, where and why, and how to mend it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from gdac.check.report.formats import Format
from gdac.errors import ExitCode, GdacError, UsageError

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, and folders with all that is in them.")
    ],
    dac: Annotated[
        str | None,
        typer.Option(
            "--dac", metavar="NAME", help="The data centre that submits; taken from the path when it names one."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Processes; as many as there are processors by default.")
    ] = None,
    report: Annotated[Format, typer.Option("--format", help="Format of the report.")] = Format.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the report there, not to the screen.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Reject what the official checker lets pass although it is wrong.")
    ] = False,
    format_only: Annotated[bool, typer.Option("--format-only", help="Structure and name only, no values.")] = False,
    no_name_check: Annotated[bool, typer.Option("--no-name-check", help="Do not compare file names.")] = False,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Check the values of files older than 3.1 as well.")
    ] = False,
    null_warn: Annotated[bool, typer.Option("--null-warn", help="Warn about NUL bytes in texts.")] = False,
    receipt_time: Annotated[
        str | None,
        typer.Option(
            "--receipt-time",
            metavar="TIME",
            help="When the files were received, such as 2026-05-01T12:00:00Z; else each modification time.",
        ),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", metavar="DIR|FILE", help="Other reference tables than those shipped.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="SECONDS", min=0.1, help="What one file may take.")
    ] = 120.0,
) -> None:
    """Check each PATH. Exit 0: all accepted (warnings and skipped files do not count), 1: some were not."""
    from gdac.check.api import known_dac, run, seconds
    from gdac.check.options import Options
    from gdac.check.report.formats import open_report
    from gdac.check.task import Settings
    from gdac.check.walk import tasks_of

    options = Options(strict, format_only, not no_name_check, all_versions, null_warn)
    tasks = tasks_of(paths, dac=known_dac(dac), received=seconds(_time(receipt_time)))
    with _stream(output) as stream, open_report(report, stream) as written:
        for result in run(tasks, Settings(options, tables, time_limit), jobs):
            written.add(result)
    if written.tally.refused:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a time.", hint="Write it as 2026-05-01T12:00:00Z.") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


@contextmanager
def _stream(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
    except OSError as error:
        raise GdacError(f"{output} cannot be written ({error.strerror}).") from error
