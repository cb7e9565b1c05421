"""From a configuration file to a daemon that works and listens."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gdac.errors import ExitCode, UsageError
from sync.daemon.children import GDAC
from sync.daemon.clock import Clock, RealClock
from sync.daemon.daemon import Daemon
from sync.daemon.logs import LibraryLines, Log, secrets_of
from sync.daemon.section import address
from sync.daemon.serve import listening
from sync.daemon.settings import Settings
from sync.daemon.view import View
from sync.status.read import read_status

#: Tries to listen where the daemon before this one has just let go, a second apart.
_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Orders:
    """What the command line says.

    Attributes:
        file: the configuration.
        listen: address to listen on, in place of the configuration's; empty for none, None where nothing is said.
        once: do what is due, and end.
        as_json: how to log; None where nothing is said.
    """

    file: Path
    listen: str | None = None
    once: bool = False
    as_json: bool | None = None


async def run_daemon(
    orders: Orders,
    *,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
    gdac: Sequence[str] = GDAC,
) -> ExitCode:
    """Run the daemon until it is asked to end.

    Args:
        orders: what to do.
        clock: the time; the machine's own by default.
        environment: of the jobs; the process's own by default.
        gdac: how ``gdac`` is called.

    Raises:
        GdacError: it cannot begin, or is no longer the only one.
    """
    clock, environment = clock or RealClock(), dict(os.environ if environment is None else environment)
    as_json = not sys.stderr.isatty() if orders.as_json is None else orders.as_json
    lines = Log(sys.stderr, clock.now, as_json=as_json, secrets=secrets_of(environment))
    library = LibraryLines(lines)
    logging.getLogger().addHandler(library)
    try:
        settings, view = Settings(orders.file), View()
        daemon = Daemon(settings, lines, clock, view, read_status, environment, gdac)
        listen = settings.config.daemon.listen if orders.listen is None else orders.listen
        where = _address(listen) if listen and not orders.once else None
        _hear_signals(daemon)
        async with AsyncExitStack() as stack:
            return await _work(daemon, stack, where, lines, clock, once=orders.once)
    finally:
        logging.getLogger().removeHandler(library)


async def _work(
    daemon: Daemon, stack: AsyncExitStack, where: tuple[str, int] | None, lines: Log, clock: Clock, *, once: bool
) -> ExitCode:
    has_state = await daemon.take_state(wait=False)
    shows = await _listen(daemon.view, stack, where, lines, clock, tries=1 if has_state else 0)
    if not has_state and not await daemon.take_state():
        return ExitCode.FINE
    if not shows:  # the other daemon had the address, too
        await _listen(daemon.view, stack, where, lines, clock, tries=_TRIES)
    code = await daemon.work(once=once)
    lines.info("ended", "the daemon has ended")
    return code


async def _listen(
    view: View, stack: AsyncExitStack, where: tuple[str, int] | None, lines: Log, clock: Clock, *, tries: int
) -> bool:
    """Listen, where that is wanted; with no ``tries`` it need not succeed."""
    if where is None:
        return True
    for left in range(max(tries, 1) - 1, -1, -1):
        try:
            url = await stack.enter_async_context(listening(view, clock.now, *where))
        except UsageError as error:
            if left == 0 and tries:
                raise
            if not tries:
                lines.warning("not-listening", f"{error.what} This daemon waits without pages.")
                return False
            await asyncio.sleep(1)
        else:
            lines.info("listening", f"status, health and metrics at {url}/", url=url)
            return True
    return False


def _address(listen: str) -> tuple[str, int]:
    try:
        return address(listen)
    except ValueError as error:
        raise UsageError(f"{error}.", hint="Name it with --listen, or as daemon.listen.") from error


def _hear_signals(daemon: Daemon) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; or not in the main thread
            loop.add_signal_handler(number, daemon.stop)
    if sys.platform != "win32":
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(signal.SIGHUP, daemon.reload)
