"""Reports into the account of a DAC: what could not be delivered is delivered the next time."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from gdac.errors import GdacError
from gdac.store import CHUNK, Declared
from sync.collect.inbox import Inbox

#: Reports that wait to be delivered, by name, beside them.
_WAITING: Final = ".undelivered.json"
#: Reports that wait at most; the oldest are given up, the reports directory has them.
_MOST: Final = 500
#: Seconds after which an account is left alone until the next time.
_PATIENCE: Final = 300.0
_MEDIA: Final = {
    "txt": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "ttl": "text/turtle",
}


async def deliver(inbox: Inbox | None, folder: Path, names: Sequence[str], pages: Sequence[str]) -> tuple[str, ...]:
    """Write reports into a DAC's account; returns notes.

    Args:
        inbox: the account, opened; None where it cannot be reached.
        folder: with the reports.
        names: of new reports.
        pages: of what is written anew with every submission.
    """
    if inbox is not None and not inbox.options.report:
        return ()
    due = list(dict.fromkeys([*_read(folder / _WAITING), *names]))[-_MOST:]
    told = await _deliver(inbox, folder, due, pages) if inbox else "the account could not be reached"
    _keep(folder / _WAITING, due)
    return () if told is None else (f"reports wait until they can be delivered to {folder.name}: {told}",)


async def _deliver(inbox: Inbox, folder: Path, due: list[str], pages: Sequence[str]) -> str | None:
    """Deliver what is due, and take it off the list; why that ended early, or None."""
    try:
        async with asyncio.timeout(_PATIENCE):
            while due:
                if (folder / due[0]).is_file():
                    await _put(inbox, folder / due[0])
                due.pop(0)
            for name in pages:
                await _put(inbox, folder / name)
    except TimeoutError:
        return f"the account took more than {_PATIENCE:.0f} s"
    except GdacError as error:
        return error.what
    return None


async def _put(inbox: Inbox, file: Path) -> None:
    declared = Declared(file.stat().st_size, content_type=_MEDIA.get(file.suffix[1:]))
    await inbox.store.write(f"{inbox.options.report}/{file.name}", _chunks(file), declared)


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _read(file: Path) -> list[str]:
    """Names that wait; none where the list is missing or damaged: then some reports are only in their directory."""
    try:
        return [str(name) for name in json.loads(file.read_text(encoding="utf-8")) if Path(name).name == name]
    except (OSError, ValueError, TypeError):
        return []


def _keep(file: Path, due: list[str]) -> None:
    if due:
        file.write_text(json.dumps(due) + "\n", encoding="utf-8")
    else:
        file.unlink(missing_ok=True)
