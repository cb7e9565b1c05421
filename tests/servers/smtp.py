"""SMTP: aiosmtpd, in a thread; and one that never answers."""

import asyncio
import contextlib
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.servers.certificates import certificate
from tests.servers.running import PASSWORD, USER, free_port


@dataclass
class Mails:
    """A running SMTP server.

    Attributes:
        port: where it listens.
        trust: file of the authority that signed its certificate; empty without TLS.
        mails: what it took, each with the recipients that it was for.
        logins: users and passwords that it was told.
        unknown: recipients that it refuses.
        full: it refuses every mail for the moment.
    """

    port: int
    trust: str = ""
    mails: list[tuple[EmailMessage, list[str]]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    full: bool = False


@contextmanager
def smtp_aiosmtpd(folder: Path, *, security: str = "none", port: int = 0) -> Iterator[Mails]:
    """A server without TLS (``none``), with STARTTLS and logins, or with TLS from the first byte (``tls``)."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

    made = Mails(port or free_port())

    class Handler:
        async def handle_RCPT(  # noqa: N802 - as the library calls it
            self, server: Any, session: Any, envelope: Any, address: str, options: Any
        ) -> str:
            if address in made.unknown:
                return "550 5.1.1 nobody of that name\x1b[31m here"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - likewise
            if made.full:
                return "452 4.3.1 the disk is full"
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            made.mails.append((message, list(envelope.rcpt_tos)))
            return "250 OK"

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        told = (data.login.decode(), data.password.decode())
        made.logins.append(told)
        return AuthResult(success=told == (USER, PASSWORD), handled=False)

    options: dict[str, Any] = {}
    context = None
    if security != "none":
        signed = certificate(folder / "smtp-tls", "127.0.0.1")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(signed.chain, signed.key)
        made.trust = str(signed.authority)
        options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": security == "starttls"}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}

    sessions: set[Any] = set()

    class Session(SMTP):
        def connection_made(self, transport: Any) -> None:
            sessions.add(self)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            super().connection_lost(error)
            sessions.discard(self)

    async def quiet() -> None:
        for _ in range(500):
            if not sessions:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)  # the last one's socket is closed after it was told

    class Server(Controller):
        def factory(self) -> SMTP:
            with warnings.catch_warnings():  # under TLS from the first byte it warns of passwords without TLS
                warnings.simplefilter("ignore", UserWarning)
                return Session(Handler(), hostname="127.0.0.1", **options)

    server = Server(Handler(), hostname="127.0.0.1", port=made.port, ssl_context=context if security == "tls" else None)
    server.start()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(quiet(), server.loop).result(10)
        server.stop()


@contextmanager
def smtp_silent() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()
        held: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    held.append(listening.accept()[0])

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            with contextlib.suppress(OSError), socket.create_connection(listening.getsockname(), 1):
                pass
            thread.join(10)
            for one in held:
                one.close()
