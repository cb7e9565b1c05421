"""How long work shows itself: a bar on a terminal, plain lines elsewhere, JSON events for machines, or nothing."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol, TextIO

#: Seconds between two plain lines of one stage.
_PACE: Final = 5.0


class Stage(Protocol):
    """One stage of a run, under way."""

    def advance(self, files: int = 1, size: int = 0) -> None:
        """Count files done and bytes moved."""
        ...


class Reporter(Protocol):
    """Where a run tells what it does."""

    def stage(self, name: str, files: int | None = None) -> AbstractContextManager[Stage]:
        """Begin a stage of so many files (None: not known)."""
        ...

    def note(self, text: str) -> None:
        """One sentence for the reader, now."""
        ...


class _Counter:
    def __init__(self) -> None:
        self.files = 0
        self.size = 0
        self.began = time.monotonic()

    def advance(self, files: int = 1, size: int = 0) -> None:
        self.files += files
        self.size += size

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


class Silent:
    """Tells nothing."""

    @contextmanager
    def stage(self, name: str, files: int | None = None) -> Iterator[Stage]:  # noqa: ARG002 - the port's names
        """See `Reporter.stage`."""
        yield _Counter()

    def note(self, text: str) -> None:
        """See `Reporter.note`."""


class Plain:
    """One line at the end of each stage, and one every few seconds within a long one."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    @contextmanager
    def stage(self, name: str, files: int | None = None) -> Iterator[Stage]:
        """See `Reporter.stage`."""
        counter = _PacedCounter(name, files, self._out)
        yield counter
        if counter.files or files:
            counter.line("")

    def note(self, text: str) -> None:
        """See `Reporter.note`."""
        self._out.write(f"{text}\n")


class _PacedCounter(_Counter):
    def __init__(self, name: str, total: int | None, out: TextIO) -> None:
        super().__init__()
        self._name, self._total, self._out, self._last = name, total, out, self.began

    def advance(self, files: int = 1, size: int = 0) -> None:
        super().advance(files, size)
        if time.monotonic() - self._last > _PACE:
            self._last = time.monotonic()
            self.line(" ...")

    def line(self, tail: str) -> None:
        total = f" of {self._total:,}" if self._total is not None else ""
        size = f", {human_size(self.size)}" if self.size else ""
        self._out.write(f"{self._name}: {self.files:,}{total} files{size} in {self.seconds:.1f} s{tail}\n")


class Json:
    """One JSON object per line: stages when they begin and end, and notes."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    @contextmanager
    def stage(self, name: str, files: int | None = None) -> Iterator[Stage]:
        """See `Reporter.stage`."""
        counter = _Counter()
        self._event("stage-began", stage=name, planned=files)
        yield counter
        seconds = round(counter.seconds, 3)
        self._event("stage-ended", stage=name, files=counter.files, bytes=counter.size, seconds=seconds)

    def note(self, text: str) -> None:
        """See `Reporter.note`."""
        self._event("note", text=text)

    def _event(self, event: str, **facts: Any) -> None:
        self._out.write(json.dumps({"event": event, **facts}) + "\n")
        self._out.flush()


class Bars:
    """A live bar per stage on a terminal; stages that run side by side share one display."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only terminals pay for rich

        self._console = Console(stderr=True)
        self._shown: Any = None
        self._open = 0

    @contextmanager
    def stage(self, name: str, files: int | None = None) -> Iterator[Stage]:
        """See `Reporter.stage`."""
        if not self._open:
            self._shown = self._display()
            self._shown.start()
        self._open += 1
        try:
            task = self._shown.add_task(name, total=files, moved="", due="" if files is None else f"/{files:,}")
            yield _BarCounter(self._shown, task)
        finally:
            self._open -= 1
            if not self._open:
                self._shown.stop()

    def _display(self) -> Any:
        from rich import progress  # noqa: PLC0415 - as above

        return progress.Progress(
            progress.TextColumn("{task.description:<34}"),
            progress.BarColumn(bar_width=30),
            progress.TextColumn("{task.completed:,.0f}{task.fields[due]} files"),
            progress.TextColumn("{task.fields[moved]}"),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(compact=True, elapsed_when_finished=False),
            console=self._console,
            transient=False,
            refresh_per_second=8,
        )

    def note(self, text: str) -> None:
        """See `Reporter.note`."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class _BarCounter(_Counter):
    def __init__(self, bars: Any, task: Any) -> None:
        super().__init__()
        self._bars, self._task = bars, task

    def advance(self, files: int = 1, size: int = 0) -> None:
        super().advance(files, size)
        self._bars.update(self._task, completed=self.files, moved=human_size(self.size) if self.size else "")


def reporter_for(*, as_json: bool, quiet: bool = False) -> Reporter:
    """The reporter that fits: JSON when asked, bars on a terminal, plain lines elsewhere (all on standard error)."""
    if as_json:
        return Json(sys.stderr)
    if quiet:
        return Silent()
    return Bars() if sys.stderr.isatty() else Plain(sys.stderr)


def human_size(size: float) -> str:
    """Bytes for people, such as ``12.3 MB`` (decimal units)."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
