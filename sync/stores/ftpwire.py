"""FTP connections: one conversation on a control connection, and a bounded pool of them.

Round trips are what FTP costs, so questions that do not depend on each other's answers travel together.
"""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aioftp
from aioftp.common import Code

from gdac.errors import StoreError
from gdac.store import CHUNK
from sync.stores.answers import shown
from sync.stores.settings import FtpSettings

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

    def __init__(self, settings: FtpSettings) -> None:
        super().__init__(socket_timeout=settings.read_seconds, connection_timeout=settings.connect_seconds)
        self._settings = settings
        self._extended = True
        self._peer = ""
        self.features: frozenset[str] = frozenset()

    async def parse_line(self) -> tuple[Code, str]:
        """One line of an answer, whatever its bytes: banners are not always UTF-8."""
        line = await self.stream.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the server closed the connection")
        text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        return Code(text[:3]), text[3:]

    async def begin(self, host: str, port: int) -> None:
        """Connect and log in, binary mode, UTF-8 names."""
        async with asyncio.timeout(self._settings.connect_seconds):
            await self.connect(host, port)
            # The name may stand for several machines: data connections go to the one we talk to.
            self._peer = self.stream.writer.transport.get_extra_info("peername")[0]
            await self.login(self._settings.user, self._settings.password)
            features, _, _ = await self.ask("FEAT", "TYPE I", "OPTS UTF8 ON")
        self.features = frozenset(line.strip().partition(" ")[0].upper() for line in features.lines)

    async def ask(self, *commands: str) -> list[Answer]:
        """Send commands, together if the settings allow, and return their answers in order."""
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a command holds a line end")
        if not self._settings.pipeline and len(commands) > 1:
            return [(await self.ask(command))[0] for command in commands]
        await self.stream.write("".join(f"{command}\r\n" for command in commands).encode())
        return [await self.answer() for _ in commands]

    async def answer(self) -> Answer:
        """The next answer. 421 (service not available) ends the conversation."""
        code, lines = await self.parse_response()
        answer = Answer(str(code), tuple(lines))
        if code == "421":
            raise ConnectionAbortedError(str(answer))
        return answer

    def passive_command(self) -> str:
        """EPSV, or PASV for a server that does not know it."""
        return "EPSV" if self._extended else "PASV"

    async def data(self, passive: Answer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
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
        return await self._open_connection(self._peer, port)

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
            done = await self.answer() if begun.code[0] == "1" else begun
        finally:
            writer.close()
        text = b"".join(blocks).decode("utf-8", "surrogateescape")
        return done, [line.rstrip("\r") for line in text.split("\n") if line.strip()]

    async def receive(self, reader: asyncio.StreamReader) -> bytes:
        """The next bytes of a data connection, none at its end."""
        async with asyncio.timeout(self._settings.read_seconds):
            return await reader.read(CHUNK)


def announced_bytes(begun: Answer) -> int | None:
    """The size that many servers write into the answer that opens a transfer."""
    found = _BYTES.search(" ".join(begun.lines))
    return int(found[1]) if found else None


class Pool:
    """At most so many conversations with one server; idle ones are used again.

    Args:
        name: the store's, for messages.
        host: server.
        port: its control port.
        settings: account, limits, timeouts.
    """

    def __init__(self, name: str, host: str, port: int, settings: FtpSettings) -> None:
        self._name = name
        self._host = host
        self._port = port
        self._settings = settings
        self._free = asyncio.Semaphore(settings.connections)
        self._idle: list[Conversation] = []

    async def take(self, *, fresh: bool = False) -> Conversation:
        """A conversation, an idle one unless a `fresh` one is asked for; waits while all are in use."""
        await self._free.acquire()
        try:
            if self._idle and not fresh:
                return self._idle.pop()
            if self._idle:
                self._idle.pop(0).close()  # what broke one has likely broken the others
            return await self._connect()
        except BaseException:
            self._free.release()
            raise

    def give_back(self, talk: Conversation, *, keep: bool) -> None:
        """Keep a conversation for the next piece of work, or close it."""
        if keep:
            talk.used = True
            self._idle.append(talk)
        else:
            talk.close()
        self._free.release()

    async def _connect(self) -> Conversation:
        talk = Conversation(self._settings)
        try:
            await talk.begin(self._host, self._port)
        except BaseException as error:
            talk.close()
            if isinstance(error, WIRE_ERRORS):
                raise self._no_connection(error) from None  # its context could show what we sent
            raise
        return talk

    def _no_connection(self, error: BaseException) -> StoreError:
        if isinstance(error, aioftp.StatusCodeError):
            said = shown(f"{error.received_codes[-1]} {' '.join(error.info)}")
            return StoreError(
                f"{self._name} refused the log-in as {self._settings.user!r}: {said}.",
                hint="Check user and password, or lower the number of connections.",
            )
        hint = "Check host and port, or try again later."
        if isinstance(error, ConnectionAbortedError):
            hint = "The server is full or going down: lower the number of connections, or try again later."
        return StoreError(f"{self._name} cannot be reached: {reason(error)}.", hint=hint)

    async def close(self) -> None:
        """Say goodbye on idle connections and close them."""
        while self._idle:
            talk = self._idle.pop()
            with suppress(*WIRE_ERRORS):
                await talk.stream.write(b"QUIT\r\n")
            talk.close()


def reason(error: BaseException) -> str:
    """Why a connection failed, in words."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return shown(str(error)).rstrip(".") or "it closed the connection"
