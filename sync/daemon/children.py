"""A job as a process of its own: what it reports, how it ends, and how it is asked to.

A job that dies, leaks or is killed takes nothing of the daemon with it, and its lock goes with its process. Everything
here is bounded: lines that are too long are left out, results beyond the first are too, and a process that does not
end when it is asked to is killed with all that it started.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from gdac.errors import ExitCode
from sync.daemon.schedule import Ending

#: How `gdac` is called from within, so that it is this one, whatever PATH says.
GDAC: Final = (sys.executable, "-P", "-m", "gdac.cli.main")
_LONGEST_LINE: Final = 4 << 20
_MOST_RESULTS: Final = 64
_LAST_LINES: Final = 30
_CHUNK: Final = 1 << 16
#: Seconds for what is left in the pipes of a process that has ended.
_REST: Final = 5.0
_SENTENCE: Final = "gdac: "
_BUG: Final = "this is a bug in gdac"
_BY_CODE: Final = {
    ExitCode.FINE: Ending.FINE,
    ExitCode.DIFFERENCES: Ending.FINDINGS,
    ExitCode.USAGE: Ending.USAGE,
    ExitCode.FAILED: Ending.FAILED,
    ExitCode.HELD: Ending.HELD,
    ExitCode.PARTIAL: Ending.PARTIAL,
}


@dataclass(frozen=True, slots=True)
class Done:
    """How a process ended.

    Attributes:
        ending: in one word.
        error: why it failed, one sentence; empty when it did not.
        results: the JSON objects that it wrote, the first of them.
    """

    ending: Ending
    error: str
    results: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class _Heard:
    results: list[dict[str, Any]] = field(default_factory=list)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a process may take.

    Attributes:
        longest: in all.
        grace: from being asked to end until it is killed.
    """

    longest: timedelta
    grace: timedelta


async def run_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    bounds: Bounds,
    stop: asyncio.Event,
    heard: Callable[[dict[str, Any]], None],
) -> Done:
    """Run a process to its end.

    Args:
        command: program and arguments.
        environment: of the process.
        bounds: of its time.
        stop: when set, the process is asked to end.
        heard: is told each event that the process reports.
    """
    kept = _Heard()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:  # no memory, no process left
        return Done(Ending.FAILED, f"the job could not be started: {error}", ())
    assert process.stdout is not None
    assert process.stderr is not None
    readers = asyncio.gather(_read_results(process.stdout, kept), _read_events(process.stderr, kept, heard))
    try:
        asked = await _until_ended(process, bounds, stop)
    finally:
        _kill_group(process)
        await _let_go(readers)
    assert process.returncode is not None
    ending = asked or _ending(process.returncode, kept.last)
    if ending.is_good and not kept.results:  # Python itself ends with 1, too, where gdac cannot even be imported
        ending = Ending.BUG
    return Done(ending, "" if ending.is_good else _sentence(ending, process.returncode, kept.last), tuple(kept.results))


async def _until_ended(process: asyncio.subprocess.Process, bounds: Bounds, stop: asyncio.Event) -> Ending | None:
    """Wait for the end; None when it came by itself, else why it was asked to."""
    ended, asked = asyncio.ensure_future(process.wait()), asyncio.ensure_future(stop.wait())
    try:
        first = {ended, asked}
        await asyncio.wait(first, timeout=bounds.longest.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            return None
        why = Ending.STOPPED if asked.done() else Ending.LATE
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait({ended}, timeout=bounds.grace.total_seconds())
        if ended.done() and process.returncode in set(_BY_CODE) - {ExitCode.FAILED}:
            return None  # it was quicker than the signal
        if not ended.done():
            _kill_group(process)
            await ended
        return why
    finally:
        asked.cancel()
        if not ended.done():
            _kill_group(process)
            ended.cancel()


async def _let_go(readers: "asyncio.Future[Any]") -> None:
    """What is in the pipes is read; what somebody else still holds open is not waited for."""
    await asyncio.wait({readers}, timeout=_REST)
    if not readers.done():
        readers.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await readers
    else:
        readers.result()


def _kill_group(process: asyncio.subprocess.Process) -> None:
    """End what the process started and left behind, and itself if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left there
        if sys.platform == "win32":
            if process.returncode is None:
                process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


async def _read_results(stream: asyncio.StreamReader, kept: _Heard) -> None:
    async for line in _lines(stream):
        found = _json(line)
        if found is not None and len(kept.results) < _MOST_RESULTS:
            kept.results.append(found)


async def _read_events(stream: asyncio.StreamReader, kept: _Heard, heard: Callable[[dict[str, Any]], None]) -> None:
    async for line in _lines(stream):
        found = _json(line)
        if found is not None:
            heard(found)
        elif line.strip():
            kept.last.append(line.rstrip())


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines of a stream; those that are too long are left out."""
    rest, skipping = b"", False
    while chunk := await stream.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not skipping:
                yield line.decode("utf-8", "replace")
            skipping = False
        if len(rest) > _LONGEST_LINE:
            rest, skipping = b"", True
    if rest and not skipping:
        yield rest.decode("utf-8", "replace")


def _json(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _ending(code: int, last: Sequence[str]) -> Ending:
    if code == ExitCode.FAILED and any(_BUG in line for line in last):
        return Ending.BUG
    if code in {128 + signal.SIGTERM, 128 + signal.SIGINT}:
        return Ending.KILLED
    return Ending.KILLED if code < 0 else next((end for known, end in _BY_CODE.items() if known == code), Ending.BUG)


def _sentence(ending: Ending, code: int, last: Sequence[str]) -> str:
    told = [index for index, line in enumerate(last) if line.startswith(_SENTENCE)]
    if ending is Ending.KILLED and code < 0:
        return f"the job was killed by signal {-code}{' (out of memory?)' if code == -9 else ''}."
    if ending is Ending.LATE:
        return "the job took too long and was stopped."
    if ending is Ending.STOPPED:
        return "the job was stopped with the daemon."
    if ending is Ending.BUG and last:
        return " ".join([line.strip() for line in last][-3:])
    if told:
        return " ".join(line.strip() for line in list(last)[told[-1] :]).removeprefix(_SENTENCE)
    return last[-1] if last else f"the job ended with exit status {code}."
