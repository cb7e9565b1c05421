"""A TCP proxy that adds round-trip time, for FTP's data connections too; used where the kernel has no netem.

    python -m benchmarks.delay SERVER_PORT MILLISECONDS      prints its own port, runs until it is ended

Bytes leave the proxy half a round trip after they came, in both directions; a new connection waits one round trip
before its first byte, as the handshake would take. Passive-mode answers (227, 229) of an FTP server are rewritten to a
port of the proxy's own. There is no limit on bandwidth and no loss.
"""

import asyncio
import re
import sys

_EPSV = re.compile(rb"(229 [^(]*\(\|\|\|)(\d+)(\|\))")
_PASV = re.compile(rb"(227 [^(]*\()(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)(\))")


class DelayProxy:
    """Listens on 127.0.0.1 and forwards to a port there, ``delay`` seconds each way."""

    def __init__(self, delay: float) -> None:
        self._delay = delay

    async def listen(self, target: int, *, once: bool = False) -> int:
        """Forward a new port to ``target``, for one connection or for all that come; returns the port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if once:
                server.close()
            await self._serve(reader, writer, target)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.sleep(2 * self._delay)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, back, rewrite=False))
            group.create_task(self._carry(there, writer, rewrite=True))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, rewrite: bool) -> None:
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
                if rewrite and len(data) < 4096 and (b"227 " in data or b"229 " in data):
                    data = await self._rewritten(data)
                await waiting.put((loop.time() + self._delay, data))
            await waiting.put((loop.time() + self._delay, b""))
            await sending
        except OSError:
            sending.cancel()
            writer.close()

    async def _rewritten(self, data: bytes) -> bytes:
        if found := _EPSV.search(data):
            port = await self.listen(int(found[2]), once=True)
            return data[: found.start()] + found[1] + str(port).encode() + found[3] + data[found.end() :]
        if found := _PASV.search(data):
            port = await self.listen(int(found[6]) * 256 + int(found[7]), once=True)
            address = f"127,0,0,1,{port // 256},{port % 256}".encode()
            return data[: found.start()] + found[1] + address + found[8] + data[found.end() :]
        return data


async def _main(target: int, milliseconds: float) -> None:
    print(await DelayProxy(milliseconds / 2000).listen(target), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main(int(sys.argv[1]), float(sys.argv[2])))
