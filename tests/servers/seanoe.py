"""A publisher of DOI snapshots on this machine: answers as SEANOE's API gives them, and broken ones."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.servers.running import in_thread


@dataclass
class Publisher:
    """What it serves, changeable while it runs.

    Attributes:
        folder: its tars lie there.
        files: of its record.
        how: ``well``, or what is wrong with the API: ``html``, ``no-files``, ``huge``, ``hangs``, ``once-503``.
        break_at: a tar breaks off there, the first time it is asked for.
        stall_at: tars are sent so far and no further, as long as this is set.
        shrink: tars are announced and sent without their last bytes, this many.
        requests: every request.
    """

    folder: Path
    files: list[dict[str, Any]] = field(default_factory=list)
    how: str = "well"
    break_at: int | None = None
    stall_at: int | None = None
    shrink: int = 0
    requests: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    def offer(self, key: str, tar: Path, day: str, title: str = "", *, size: int | None = None) -> None:
        """Put a tar into the record."""
        self.files.append(
            {
                "id": key,
                "fileName": tar.name,
                "fileUrl": f"{self.url}/data/00311/42182/data/{tar.name}",
                "size": tar.stat().st_size if size is None else size,
                "openAccess": True,
                "lastUpdateDate": f"{day}T10:00:00.000+00:00",
                "label": {"en": f"Global GDAC Argo data files ({day} snapshot)"},
                "fragment": {"date": f"{day}T00:00:00.000+00:00", "title": title or f"Snapshot of Argo GDAC of {day}"},
            }
        )

    async def record(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request.raw_path)
        if self.how == "once-503":
            self.how = "well"
            return web.Response(status=503)
        if self.how == "hangs":
            await asyncio.sleep(60)
        if self.how == "html":
            return web.Response(text="<!DOCTYPE html><title>Maintenance</title>", content_type="text/html")
        if self.how == "no-files":
            return web.json_response({"title": {"en": "Argo"}, "message": "no such record"})
        if self.how == "huge":
            return web.Response(body=b'{"files": [' + b" " * (17 << 20) + b"]}")
        key = request.query.get("fragmentId")
        files = [one for one in self.files if key is None or one.get("id") == key]
        body = {"title": {"en": "Argo float data"}, "date": "2000", "authors": [{"name": "Argo"}], "files": files}
        return web.Response(text=json.dumps(body), content_type="application/json")

    async def tar(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request.raw_path)
        raw = (self.folder / request.match_info["name"]).read_bytes()
        raw = raw[: len(raw) - self.shrink]
        response = web.StreamResponse(headers={"Content-Length": str(len(raw))})
        await response.prepare(request)
        if self.break_at is not None:
            at, self.break_at = self.break_at, None
            await response.write(raw[:at])
            assert request.transport is not None
            request.transport.close()
            return response
        sent = 0
        with suppress(ConnectionError):  # who reads may be killed
            while sent < len(raw):
                until = len(raw) if self.stall_at is None else min(self.stall_at, len(raw))
                await response.write(raw[sent:until])
                sent = until
                await asyncio.sleep(0.01)
        return response


@contextmanager
def publishing(folder: Path) -> Iterator[Publisher]:
    """The publisher, running."""
    publisher, ready = Publisher(folder), threading.Event()
    state: dict[str, Any] = {}

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/api/find-by-id/42182", publisher.record)
        app.router.add_get("/api/find-by-fragment/42182", publisher.record)
        app.router.add_get("/data/00311/42182/data/{name}", publisher.tar)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        publisher.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        state["loop"], state["stop"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await state["stop"].wait()
        await runner.cleanup()

    def stop() -> None:
        state["loop"].call_soon_threadsafe(state["stop"].set)

    with in_thread(lambda: asyncio.run(serve()), stop, ready):
        yield publisher
