"""FTP connections: one conversation on a control connection.

Round trips are what FTP costs, so questions that do not depend on each other's answers travel together.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass
from typing import Any, Final

import aioftp
from aioftp.common import Code, ThrottleStreamIO

from gdac.store import CHUNK
from sync.stores.answers import shown
from sync.stores.settings import FtpSettings
from sync.stores.tls import TlsStream

Readable = asyncio.StreamReader | TlsStream
Closable = asyncio.StreamWriter | TlsStream

#: What can go wrong on a connection, apart from answers that we did not want.
WIRE_ERRORS: Final = (OSError, EOFError, TimeoutError, ValueError, IndexError, aioftp.AIOFTPException)
_BYTES: Final = re.compile(r"\((\d+) bytes\)")


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of a server: its three digits and its lines."""

    code: str
    lines: tuple[str, ...]

    @property
    def is_fine(self) -> bool:
        """It begins with 1 (begun) or 2 (done)."""
        return self.code[0] in "12"

    @property
    def is_unknown_command(self) -> bool:
        """The server does not know or do this command."""
        return self.code.startswith("50")

    def __str__(self) -> str:
        return shown(f"{self.code} {' '.join(self.lines)}").rstrip(".")


class Conversation(aioftp.Client):
    """A control connection. Every method may raise one of `WIRE_ERRORS`, after which it must be closed."""

    used = False

    def __init__(self, settings: FtpSettings, trust: ssl.SSLContext | None = None) -> None:
        super().__init__(socket_timeout=settings.read_seconds, connection_timeout=settings.connect_seconds)
        self._settings = settings
        self._trust = trust
        self._extended = True
        self._peer = ""
        self._secured: TlsStream | None = None
        self.features: frozenset[str] = frozenset()

    async def parse_line(self) -> tuple[Code, str]:
        """One line of an answer, whatever its bytes: banners are not always UTF-8."""
        # Past aioftp's throttles, which start a task for every line.
        line = await self.stream.reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the server closed the connection")
        text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        return Code(text[:3]), text[3:]

    async def begin(self, host: str, port: int) -> None:
        """Connect, under TLS where it is asked for, and log in, binary mode, UTF-8 names."""
        async with asyncio.timeout(self._settings.connect_seconds):
            await self.connect(host, port)
            # The name may stand for several machines: data connections go to the one we talk to.
            self._peer = self.stream.writer.transport.get_extra_info("peername")[0]
            if self._trust is not None:
                await self._protect(host, self._trust)
            await self.login(self._settings.user, self._settings.password)
            features, _, _ = await self.ask("FEAT", "TYPE I", "OPTS UTF8 ON")
        self.features = frozenset(line.strip().partition(" ")[0].upper() for line in features.lines)

    async def _protect(self, host: str, trust: ssl.SSLContext) -> None:
        """Put both kinds of connection under TLS (RFC 4217), or fail: there is no way on in clear text."""
        (ready,) = await self.ask("AUTH TLS")
        if ready.code != "234":
            raise UnprotectedError(f"it does not offer TLS ({ready})")
        # What somebody slipped in behind the answer, in clear text, goes to the handshake, which it spoils: it cannot
        # pass for something said under TLS.
        stream = TlsStream(self.stream.reader, self.stream.writer, trust, host)
        await stream.handshake()
        self._secured = stream
        pair: tuple[Any, Any] = stream, stream  # it does all that is asked of a reader and a writer
        self._stream = ThrottleStreamIO(*pair, throttles={"_": self.throttle}, timeout=self.socket_timeout)
        for command in ("PBSZ 0", "PROT P"):
            (done,) = await self.ask(command)
            if not done.is_fine:
                raise UnprotectedError(f"it does not protect data connections ({done})")

    async def ask(self, *commands: str) -> list[Answer]:
        """Send commands, together if the settings allow, and return their answers in order."""
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a command holds a line end")
        if not self._settings.pipeline and len(commands) > 1:
            return [(await self.ask(command))[0] for command in commands]
        self.stream.writer.write("".join(f"{command}\r\n" for command in commands).encode())
        async with asyncio.timeout(self._settings.read_seconds):
            await self.stream.writer.drain()
            return [await self._answer() for _ in commands]

    async def answer(self) -> Answer:
        """The next answer. 421 (service not available) ends the conversation."""
        async with asyncio.timeout(self._settings.read_seconds):
            return await self._answer()

    async def _answer(self) -> Answer:
        code, lines = await self.parse_response()
        answer = Answer(str(code), tuple(lines))
        if code == "421":
            raise ConnectionAbortedError(str(answer))
        return answer

    def passive_command(self) -> str:
        """EPSV, or PASV for a server that does not know it."""
        return "EPSV" if self._extended else "PASV"

    async def data(self, passive: Answer) -> tuple[Readable, Closable]:
        """Open the data connection that an answer to `passive_command` offers.

        Always to the machine that we talk to: an address in the answer could send us anywhere.
        """
        if self._extended and passive.is_unknown_command:
            self._extended = False
            (passive,) = await self.ask("PASV")
        if not passive.is_fine:
            raise ConnectionRefusedError(f"no passive connection: {passive}")
        text = passive.lines[-1]
        port = self.parse_epsv_response(text)[1] if self._extended else self.parse_pasv_response(text)[1]
        async with asyncio.timeout(self._settings.connect_seconds):
            reader, writer = await asyncio.open_connection(self._peer, port)
            if self._trust is None or self._secured is None:
                return reader, writer
            # Resuming the session proves to the server that one client made both connections; many insist on it.
            stream = TlsStream(reader, writer, self._trust, self.server_host, self._secured.session)
            return stream, stream  # shakes hands with its first read: servers do so after their first answer

    async def fetch_lines(self, command: str) -> tuple[Answer, list[str]]:
        """Run a listing command; its final answer and the lines that came, none if it was refused."""
        (passive,) = await self.ask(self.passive_command())
        reader, writer = await self.data(passive)
        try:
            (begun,) = await self.ask(command)
            if not begun.is_fine:
                return begun, []
            blocks = []
            while block := await self.receive(reader):
                blocks.append(block)
            refuse_cut(reader)
            writer.close()  # proftpd gives no verdict before, but after ten seconds
            done = await self.answer() if begun.code[0] == "1" else begun
        finally:
            writer.close()
        text = b"".join(blocks).decode("utf-8", "surrogateescape")
        return done, [line.rstrip("\r") for line in text.split("\n") if line.strip()]

    async def receive(self, reader: Readable) -> bytes:
        """The next bytes of a data connection, none at its end."""
        async with asyncio.timeout(self._settings.read_seconds):
            return await reader.read(CHUNK)


def refuse_cut(reader: Readable) -> None:
    """Raise `ConnectionResetError` for a protected stream that ended without its sender saying so."""
    if isinstance(reader, TlsStream) and reader.cut:
        raise ConnectionResetError("the protected data connection was cut")


class UnprotectedError(Exception):
    """TLS was asked for and the server does not do it."""


def announced_bytes(begun: Answer) -> int | None:
    """The size that many servers write into the answer that opens a transfer."""
    found = _BYTES.search(" ".join(begun.lines))
    return int(found[1]) if found else None


def reason(error: BaseException) -> str:
    """Why a connection failed, in words."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return shown(str(error)).rstrip(".") or "it closed the connection"
