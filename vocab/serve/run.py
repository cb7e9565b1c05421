"""From a built vocabulary on disk to a server that listens."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from gdac.errors import UsageError
from vocab.folder import QUADS, open_vocabulary
from vocab.provenance.folder import quads_beside
from vocab.query.answer import Limits
from vocab.query.changes import write_changes
from vocab.serve.app import IDLE, Service, application
from vocab.serve.archive import Archive
from vocab.serve.pool import Lanes, Pool
from vocab.serve.site import Site


def open_service(
    vocabulary: Path,
    since: Path | None,
    scratch: Path,
    limits: Limits,
    *,
    workers: int = 2,
    public: str = "",
    lanes: Lanes | None = None,
    archive: Path | None = None,
    beside: Sequence[Path] = (),
) -> Service:
    """Open what is served.

    Args:
        vocabulary: a built vocabulary.
        since: an older one; what changed is served too.
        scratch: folder for files that live as long as the server.
        limits: of a query.
        workers: queries that run at a time.
        public: address by which the world knows the server.
        lanes: instead of `workers`, everything about lanes.
        archive: root of a sealed archive that is served too.
        beside: folders of provenance whose graphs queries see too.
    """
    opened = open_vocabulary(vocabulary)
    files = [vocabulary / QUADS, *quads_beside(beside, opened.names.base)]
    diff = None
    if since is not None:
        files.append(scratch / "changes.nq")
        diff = write_changes(since, vocabulary, files[-1])
    pool = Pool(files, limits, lanes or Lanes(quick=workers))
    held = Archive(archive) if archive is not None else None
    return Service(Site(opened), files[0], pool, limits, public, diff, held)


def _log() -> logging.Logger:
    """Errors of ours; requests that are no HTTP are answered and not worth a line each."""
    log = logging.getLogger("vocab.serve")

    def ours(record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))

    log.filters.clear()
    log.addFilter(ours)
    logging.getLogger("asyncio").addFilter(_is_news)
    return log


def _leave_logs() -> None:
    """Take our filters off again: they would keep this module, and the column engine with it, alive beyond the end."""
    logging.getLogger("vocab.serve").filters.clear()
    logging.getLogger("asyncio").removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of asyncio's log says more than that a worker was dead already when it was killed.

    `subprocess` then collects its status before asyncio's own thread does, which is as good.
    """
    return not str(record.msg).startswith("Unknown child process")


@asynccontextmanager
async def listening_server(service: Service, host: str, port: int) -> AsyncIterator[str]:
    """A server that listens as long as the context is open; gives its address.

    Raises:
        UsageError: the address cannot be listened on.
        StoreError: the workers do not start.
    """
    runner = web.AppRunner(
        application(service),
        access_log=None,
        logger=_log(),
        keepalive_timeout=IDLE,
        handler_cancellation=True,
        max_line_size=32 * 1024,
        lingering_time=2.0,
        shutdown_timeout=2.0,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=512)
        try:
            await site.start()
        except OSError as error:
            raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}.") from error
        actual = runner.addresses[0][1]
        name = f"[{host}]" if ":" in host else host
        yield f"http://{name}:{actual}"
    finally:
        await runner.cleanup()
        _leave_logs()


async def serve_until_stopped(service: Service, host: str, port: int, listening: Callable[[str], None]) -> None:
    """Serve until the process is asked to stop; `listening` is told the address."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows raises KeyboardInterrupt by itself
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with listening_server(service, host, port) as url:
        listening(url)
        await stop.wait()
