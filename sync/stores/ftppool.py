"""A bounded pool of FTP conversations that learns how many a server takes.

A server that is full says 421, or 530 at the log-in. While it serves us on other connections that is no failure: who
was turned away waits for one of those, and one connection less is asked for until some time has passed.
"""

import asyncio
import re
import ssl
from contextlib import suppress
from typing import Final

import aioftp

from gdac.errors import StoreError
from gdac.store import TemporaryStoreError
from sync.stores.answers import shown
from sync.stores.ftpwire import WIRE_ERRORS, Conversation, UnprotectedError, reason
from sync.stores.settings import FtpSettings

#: Seconds until a server that was full is asked for one more connection.
REST_SECONDS: Final = 30.0
#: How servers that answer 530 say that they are full, and not that the password is wrong.
_FULL: Final = re.compile(r"too many|maximum|limit|already connected|no more|\bfull\b", re.IGNORECASE)


class FullError(TemporaryStoreError):
    """The server takes no more connections just now."""


class Pool:
    """At most so many conversations with one server; idle ones are used again.

    Args:
        name: the store's, for messages.
        host: server.
        port: its control port.
        settings: account, limits, timeouts.
        trust: for TLS; None for clear text.
    """

    def __init__(
        self, name: str, host: str, port: int, settings: FtpSettings, trust: ssl.SSLContext | None = None
    ) -> None:
        self._name, self._host, self._port = name, host, port
        self._settings, self._trust = settings, trust
        self._free = asyncio.Semaphore(settings.connections)
        self._idle: list[Conversation] = []
        #: Conversations that are open, or being opened.
        self._open = 0
        self._resting: set[asyncio.TimerHandle] = set()

    async def take(self, *, fresh: bool = False) -> Conversation:
        """A conversation, an idle one unless a `fresh` one is asked for; waits while all are in use.

        Raises:
            FullError: the server is full, and of nobody else here.
            StoreError: it does not answer, or refused us.
        """
        while True:
            await self._free.acquire()
            try:
                if self._idle and not fresh:
                    return self._idle.pop()
                if self._idle:
                    self._close(self._idle.pop(0))  # what broke one has likely broken the others
                return await self._connect()
            except FullError:
                if not self._open:
                    self._free.release()
                    raise
                self._rest()
                fresh = False
            except BaseException:
                self._free.release()
                raise

    def give_back(self, talk: Conversation, *, keep: bool) -> None:
        """Keep a conversation for the next piece of work, or close it."""
        if keep:
            talk.used = True
            self._idle.append(talk)
        else:
            self._close(talk)
        self._free.release()

    def _close(self, talk: Conversation) -> None:
        talk.close()
        self._open -= 1

    def _rest(self) -> None:
        """Ask for one connection less for a while."""

        def ask_again() -> None:
            self._resting.discard(handle)
            self._free.release()

        handle = asyncio.get_running_loop().call_later(REST_SECONDS, ask_again)
        self._resting.add(handle)

    async def _connect(self) -> Conversation:
        talk = Conversation(self._settings, self._trust)
        self._open += 1
        try:
            await talk.begin(self._host, self._port)
        except BaseException as error:
            self._close(talk)
            if isinstance(error, (*WIRE_ERRORS, UnprotectedError)):
                raise self._no_connection(error) from None  # its context could show what we sent
            raise
        return talk

    def _no_connection(self, error: BaseException) -> StoreError:
        if isinstance(error, aioftp.StatusCodeError):
            return self._refused(error)
        if isinstance(error, UnprotectedError):
            hint = "Nothing was sent. Use ftp:// if clear text will do for this server."
            return StoreError(f"{self._name} cannot be reached safely: {error}.", hint=hint)
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = "Check the host name; for an authority of your own give its certificate as ca_file."
            return StoreError(f"{self._name} shows no valid certificate: {shown(error.verify_message)}.", hint=hint)
        if isinstance(error, ConnectionAbortedError):  # 421
            return self._full(reason(error))
        return TemporaryStoreError(
            f"{self._name} cannot be reached: {reason(error)}.", hint="Check host and port, or try again later."
        )

    def _refused(self, error: aioftp.StatusCodeError) -> StoreError:
        code, text = str(error.received_codes[-1]), " ".join(error.info)
        said = shown(f"{code} {text}")
        if code == "421" or (code == "530" and _FULL.search(text)):
            return self._full(said)
        kind = TemporaryStoreError if code.startswith("4") else StoreError
        return kind(
            f"{self._name} refused the log-in as {self._settings.user!r}: {said}.",
            hint="Check user and password, or lower the number of connections.",
        )

    def _full(self, said: str) -> FullError:
        return FullError(
            f"{self._name} takes no more connections: {said}.",
            hint="The server is full or going down: lower the number of connections, or try again later.",
        )

    async def close(self) -> None:
        """Say goodbye on idle connections and close them."""
        while self._resting:
            self._resting.pop().cancel()
            self._free.release()
        while self._idle:
            talk = self._idle.pop()
            with suppress(*WIRE_ERRORS):
                await talk.stream.write(b"QUIT\r\n")
            self._close(talk)
