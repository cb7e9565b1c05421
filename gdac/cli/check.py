"""Check files as the GDAC would: accepted or rejected, where and why, and how to mend it."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TextIO

import typer

from gdac.check.report.formats import Format
from gdac.errors import ExitCode, GdacError, UsageError

if TYPE_CHECKING:
    from gdac.check.evidence import Evidence
    from gdac.check.finding import Result
    from gdac.check.report import Report, Tally
    from gdac.check.task import Task

#: Seconds between two signs of life of a long run: where the output is no terminal, and where it is.
_EVERY: Final = 30.0
_EVERY_TERMINAL: Final = 0.3
#: Formats that nobody can read before they are complete.
_WHOLE: Final = frozenset({Format.JUNIT, Format.SARIF, Format.HTML})

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, .tar.gz archives, and folders with all in them.")
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
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there, not to the screen; filecheck: a folder."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Text: list accepted files without findings as well.")
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="An earlier report in JSON Lines: show only what is new."),
    ] = None,
    since_manifest: Annotated[
        Path | None,
        typer.Option("--since-manifest", metavar="FILE", help="Check only files that differ from this manifest."),
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
    evidence: Annotated[
        bool, typer.Option("--evidence", help="JSON Lines: with the SHA-256 of each file, the run and its tables.")
    ] = False,
) -> None:
    """Check each PATH. Exit 0: all accepted (warnings and skipped files do not count), 1: some were not."""
    from gdac.check.api import known_dac, run, seconds
    from gdac.check.options import Options
    from gdac.check.task import Settings
    from gdac.check.walk import tasks_of

    documents = report is Format.FILECHECK
    found = _evidence(report, tables) if evidence else {}
    options = Options(strict, format_only, not no_name_check, all_versions, null_warn, extract=documents)
    tasks: Iterable[Task] = tasks_of(paths, dac=known_dac(dac), received=seconds(_time(receipt_time)))
    known = _baseline(baseline)
    with _since(since_manifest) as changed, _report(report, output, everything=everything, **found) as written:
        for result in run(filter(changed, tasks), Settings(options, tables, time_limit), jobs):
            written.add(known(result))
    if written.tally.worse:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _evidence(report: Format, tables: Path | None) -> "dict[str, Evidence]":
    if report is not Format.JSONL:
        raise UsageError("--evidence works with --format jsonl only.")
    import uuid

    from gdac.check.evidence import Evidence
    from gdac.tables import load

    return {"evidence": Evidence(str(uuid.uuid4()), datetime.now(UTC), load(tables).digest)}


def _baseline(path: Path | None) -> "Callable[[Result], Result]":
    if path is None:
        return lambda result: result
    from gdac.check.baseline import Baseline

    return Baseline(path).unknown


@contextmanager
def _since(manifest: Path | None) -> "Iterator[Callable[[Task], bool] | None]":
    if manifest is None:
        yield lambda _: True
        return
    from gdac.check.since import Since

    with Since(manifest) as since:
        yield since.changed


@contextmanager
def _report(report: Format, output: Path | None, *, everything: bool, **more: "Evidence") -> "Iterator[_Written]":
    """The report that was asked for, and on standard error how far the run has come where that does not disturb it."""
    from gdac.check.report import open_report

    documents = report is Format.FILECHECK
    folder = output if documents else None
    with _stream(None if documents else output, whole=report in _WHOLE) as stream:
        on_screen = stream.isatty()
        options: dict[str, Any] = (
            {"every": everything, "colour": on_screen and _wants_colour()} if report is Format.TEXT else {**more}
        )
        with (
            _progress(shown=not on_screen) as progress,
            open_report(report, stream, folder=folder, **options) as opened,
        ):
            yield _Written(opened, progress)


class _Written:
    """A report that tells how far it has come."""

    def __init__(self, report: "Report", progress: "Callable[[Tally], None]") -> None:
        self._report = report
        self._progress = progress

    @property
    def tally(self) -> "Tally":
        return self._report.tally

    def add(self, result: "Result") -> None:
        self._report.add(result)
        self._progress(self._report.tally)


@contextmanager
def _progress(*, shown: bool) -> "Iterator[Callable[[Tally], None]]":
    """Lines on standard error: one that is written over on a terminal, else one every half minute."""
    terminal = sys.stderr.isatty()
    last = time.monotonic()
    told = False

    def tell(tally: "Tally") -> None:
        nonlocal last, told
        now = time.monotonic()
        if not shown or now - last < (_EVERY_TERMINAL if terminal else _EVERY):
            return
        last, told = now, True
        sys.stderr.write(f"\r{tally.words()}\x1b[K" if terminal else f"{tally.words()}\n")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if terminal and told:
            sys.stderr.write("\r\x1b[K")


def _wants_colour() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a time.", hint="Write it as 2026-05-01T12:00:00Z.") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


@contextmanager
def _stream(output: Path | None, *, whole: bool = False) -> Iterator[TextIO]:
    """Where the report goes. ``whole``: half of it is of no use, so it takes its name when it is done."""
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):  # a terminal that lacks a letter shows its code
            sys.stdout.reconfigure(errors="backslashreplace")
        yield sys.stdout
        return
    aside = whole and (output.is_file() or not output.exists())
    target = output.with_name(f".{output.name}.part") if aside else output
    try:
        with target.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            yield stream
        if aside:
            target.replace(output)
    except OSError as error:
        if error.filename not in {None, os.fspath(target)}:
            raise
        raise GdacError(f"{output} cannot be written ({error.strerror}).") from error
    finally:
        if aside:
            target.unlink(missing_ok=True)
