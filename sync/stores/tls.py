"""TLS 1.2 or newer, certificate and host name always checked."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from gdac.errors import UsageError

T = TypeVar("T")
_LONGEST_LINE: Final = 1 << 16


def trusting(ca_file: str = "") -> ssl.SSLContext:
    """A client's TLS context.

    Args:
        ca_file: PEM file of the only authorities to trust; empty for those of the system.

    Raises:
        UsageError: there is no such file, or it holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or error.args[-1]
        raise UsageError(
            f"{ca_file} cannot be used as ca_file: {reason}.", hint="Give a PEM file with the authority's certificate."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class TlsStream:
    """TLS over a plain pair of streams: reader and writer in one.

    The event loops' own TLS loses what was received but not yet read when the peer closes (seen with uvloop: the last
    131 kB of 3 MB), and cannot resume another connection's session.

    Args:
        reader: of the plain connection.
        writer: of the plain connection.
        trust: the client's context.
        host: the name that the certificate must be for.
        session: of another connection to the same server, to resume; None for a new one.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        trust: ssl.SSLContext,
        host: str,
        session: ssl.SSLSession | None = None,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trust.wrap_bio(self._received, self._to_send, server_hostname=host, session=session)
        self._line = bytearray()
        #: The peer vanished instead of saying that it is done: what came may be cut.
        self.cut = False

    @property
    def session(self) -> ssl.SSLSession | None:
        """What another connection may resume."""
        return self._tls.session

    @property
    def transport(self) -> asyncio.WriteTransport:
        """Of the plain connection."""
        return self._writer.transport

    async def handshake(self) -> None:
        """Agree with the peer. Raises `ssl.SSLError`, for a wrong certificate `ssl.SSLCertVerificationError`."""
        await self._do(self._tls.do_handshake)

    async def read(self, most: int) -> bytes:
        """Up to `most` bytes; none at the end."""
        try:
            piece = await self._do(lambda: self._tls.read(most))
            if not piece:
                await self._say_done()
            return piece
        except ssl.SSLEOFError:
            self.cut = True
            return b""

    async def finish(self) -> None:
        """Say that all was sent, and wait until the peer has seen it.

        Closing at once would throw away what the peer has sent meanwhile (tickets, say), whereupon the system resets
        the connection and the peer loses what it has not yet read.
        """
        await self._say_done()
        with suppress(OSError):
            if self._writer.can_write_eof():
                self._writer.write_eof()
            while await self._reader.read(_LONGEST_LINE):
                pass

    async def _say_done(self) -> None:
        """Answer the peer's end by ours: some servers call a transfer good only then."""
        with suppress(ssl.SSLError, OSError):
            self._tls.unwrap()
        with suppress(OSError):
            await self.drain()

    async def readline(self) -> bytes:
        """The next line with its end; without one when the stream ended, or the line is absurdly long."""
        while (at := self._line.find(b"\n")) < 0 and len(self._line) < _LONGEST_LINE:
            piece = await self.read(_LONGEST_LINE)
            if not piece:
                at = len(self._line) - 1
                break
            self._line += piece
        line = bytes(self._line[: at + 1])
        del self._line[: at + 1]
        return line

    def write(self, data: bytes) -> None:
        """Hand bytes over; `drain` sends them."""
        self._tls.write(data)

    async def drain(self) -> None:
        """Send what was written."""
        if self._to_send.pending:
            self._writer.write(self._to_send.read())
        await self._writer.drain()

    def close(self) -> None:
        """Close the plain connection."""
        self._writer.close()

    async def _do(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self.drain()
                if piece := await self._reader.read(_LONGEST_LINE):
                    self._received.write(piece)
                else:
                    self._received.write_eof()
            finally:
                if self._to_send.pending:
                    self._writer.write(self._to_send.read())
