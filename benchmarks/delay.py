"""A TCP proxy that adds round-trip time, for FTP's data connections too; used where the kernel has no netem.

    python -m benchmarks.delay SERVER_PORT MILLISECONDS [OWN_PORT]     prints its port, runs until it is ended

Bytes leave the proxy half a round trip after they came, in both directions; a new connection waits one round trip
before its first byte, as the handshake would take. Passive-mode answers (227, 229) of an FTP server are rewritten to a
port of the proxy's own. There is no limit on bandwidth, no slow start and no loss.

A line on its standard input is answered by what clients sent since the last one, as JSON: connections, and requests by
their first word (``SIZE``, ``RETR``; ``GET``, ``PUT``).
"""

import asyncio
import json
import re
import sys
from collections import Counter

_EPSV = re.compile(rb"(229 [^(]*\(\|\|\|)(\d+)(\|\))")
_PASV = re.compile(rb"(227 [^(]*\()(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)(\))")
_HTTP = re.compile(rb"(GET|PUT|HEAD|POST|DELETE) /")
_FTP = re.compile(rb"^([A-Za-z]{3,4})(?: [^\r\n]*)?\r\n", re.MULTILINE)


class DelayProxy:
    """Listens on 127.0.0.1 and forwards to a port there, ``delay`` seconds each way."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self.seen: Counter[str] = Counter()

    async def listen(self, target: int, own: int = 0, *, once: bool = False) -> int:
        """Forward a port to ``target``, for one connection or for all that come; returns the port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if once:
                server.close()
            await self._serve(reader, writer, target)

        server = await asyncio.start_server(serve, "127.0.0.1", own)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
        self.seen["connections"] += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.sleep(2 * self._delay)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, back, from_client=True))
            group.create_task(self._carry(there, writer, from_client=False))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_client: bool) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)

        async def send() -> None:
            while True:
                due, data = await waiting.get()
                if (rest := due - loop.time()) > 0:
                    await asyncio.sleep(rest)
                if not data:
                    break
                writer.write(data)
                await writer.drain()
            writer.close()

        sending = asyncio.create_task(send())
        try:
            while data := await reader.read(1 << 16):
                if from_client:
                    self._count(data)
                elif len(data) < 4096 and (b"227 " in data or b"229 " in data):
                    data = await self._rewritten(data)
                await waiting.put((loop.time() + self._delay, data))
            await waiting.put((loop.time() + self._delay, b""))
            await sending
        except OSError:
            sending.cancel()
            writer.close()

    def _count(self, data: bytes) -> None:
        if found := _HTTP.match(data):
            self.seen[found[1].decode()] += 1
        elif len(data) < 4096:
            for word in _FTP.findall(data):
                self.seen[word.decode().upper()] += 1

    async def _rewritten(self, data: bytes) -> bytes:
        if found := _EPSV.search(data):
            port = await self.listen(int(found[2]), once=True)
            return data[: found.start()] + found[1] + str(port).encode() + found[3] + data[found.end() :]
        if found := _PASV.search(data):
            port = await self.listen(int(found[6]) * 256 + int(found[7]), once=True)
            address = f"127,0,0,1,{port // 256},{port % 256}".encode()
            return data[: found.start()] + found[1] + address + found[8] + data[found.end() :]
        return data


async def _main(target: int, milliseconds: float, own: int) -> None:
    proxy = DelayProxy(milliseconds / 2000)
    print(await proxy.listen(target, own), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        print(json.dumps(proxy.seen), flush=True)
        proxy.seen.clear()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0))
