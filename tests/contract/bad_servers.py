"""Servers that do one thing wrong."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from sync.stores.ftp import FtpStore
from sync.stores.http import HttpStore
from sync.stores.s3 import S3Store

Talk = Callable[[socket.socket], None]


@contextmanager
def listening(talk: Talk) -> Iterator[int]:
    """A TCP server that does `talk` with each connection in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def serve_one(client: socket.socket) -> None:
            with client, suppress(OSError):
                talk(client)

        def accept() -> None:
            while not stop.is_set():
                try:
                    client, _ = server.accept()
                except TimeoutError:
                    continue
                client.settimeout(20)
                threading.Thread(target=serve_one, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def http_says(answer: bytes, *, hang: bool = False) -> Talk:
    def talk(client: socket.socket) -> None:
        while client.recv(65536):
            client.sendall(answer)
            if hang:
                time.sleep(5)
            return

    return talk


class FtpTalk:
    """An FTP server that does one thing wrong.

    Args:
        body: what RETR sends.
        size: what SIZE says.
        done: the last answer of a transfer.
        host: the address in PASV's answer.
        epsv: whether EPSV is known.
        mute: the command after which nothing is said any more.
        quits_after: commands after which the connection is closed, as an idle one is; None for never.
    """

    def __init__(
        self,
        body: bytes = b"hello",
        size: int | None = 5,
        done: str = "226 Done",
        host: str = "127,0,0,1",
        *,
        epsv: bool = True,
        mute: str = "",
        quits_after: int | None = None,
        welcome: str = "220 Hi",
    ) -> None:
        self.body, self.size, self.done, self.host = body, size, done, host
        self.epsv, self.mute, self.quits_after, self.welcome = epsv, mute, quits_after, welcome
        self.connections = 0
        self.commands: list[str] = []

    def __call__(self, client: socket.socket) -> None:
        with ExitStack() as opened:
            self._converse(client, opened)

    def _converse(self, client: socket.socket, opened: ExitStack) -> None:
        self.connections += 1
        client.sendall(f"{self.welcome}\r\n".encode())
        data: socket.socket | None = None
        retrieved = 0
        for raw in opened.enter_context(client.makefile("rb")):
            line = raw.decode().strip()
            command = line.partition(" ")[0]
            self.commands.append(line)
            if command == self.mute:
                time.sleep(5)
                return
            if command in {"EPSV", "PASV"} and (self.epsv or command == "PASV"):
                data = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
                port = data.getsockname()[1]
                text = f"229 Ok (|||{port}|)" if command == "EPSV" else f"227 Ok ({self.host},{port >> 8},{port & 255})"
                client.sendall(f"{text}\r\n".encode())
            elif command == "RETR" and data is not None:
                client.sendall(b"150 Here it comes\r\n")
                accepted, _ = data.accept()
                accepted.sendall(self.body)
                accepted.close()
                data.close()
                client.sendall(f"{self.done}\r\n".encode())
                retrieved += 1
                if retrieved == self.quits_after:
                    return
            else:
                client.sendall(f"{self._answer(command)}\r\n".encode())

    def _answer(self, command: str) -> str:
        known = {"USER": "331 Password", "PASS": "230 In", "TYPE": "200 Ok", "MDTM": "213 20200101000000"}
        known["FEAT"] = "211-Features:\r\n SIZE\r\n MDTM\r\n211 End"
        if self.size is not None:
            known["SIZE"] = f"213 {self.size}"
        return known.get(command, "502 Not known")


async def fetch(store: FtpStore | HttpStore | S3Store, key: str = "x.nc") -> bytes:
    async with store, store.read(key) as reading:
        assert reading is not None
        return b"".join([piece async for piece in reading.chunks()])
