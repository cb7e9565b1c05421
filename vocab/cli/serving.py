"""`gdac vocab serve`: pages, SPARQL and downloads of a built vocabulary on the web."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.errors import UsageError
from vocab.cli.ask import Beside, Older
from vocab.cli.publish import BuiltVocabulary

if TYPE_CHECKING:
    from vocab.query.answer import Limits


def serve(
    vocabulary: BuiltVocabulary = Path("vocabulary"),
    since: Older = None,
    beside: Beside = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="TREE", help="A sealed archive to serve too: its pages, and one per float."),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="Port to listen on; 0 takes a free one.")] = 8080,
    public_url: Annotated[
        str, typer.Option("--public-url", metavar="URL", help="How the world knows this server, behind a proxy.")
    ] = "",
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="Queries that run at a time.")] = 2,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="End a query after.")] = 10.0,
    memory: Annotated[int, typer.Option("--memory", metavar="MB", help="Memory of one query.")] = 512,
    rows: Annotated[int, typer.Option("--max-rows", metavar="N", help="Refuse a longer answer.")] = 100_000,
) -> None:
    """Serve a built vocabulary: pages of terms and tables, SPARQL 1.1, a query page, downloads. Read-only."""
    from vocab.query.answer import Limits

    if not (workers > 0 and timeout > 0 and memory > 0 and rows > 0):
        raise UsageError("--workers, --timeout, --memory and --max-rows are greater than 0.")
    if public_url and not public_url.startswith(("http://", "https://")):
        raise UsageError(f"{public_url!a} is no address of a web server.")
    limits = Limits(seconds=timeout, rows=rows, memory=memory << 20)
    _run(vocabulary, since, beside or [], archive, (host, port), public_url.rstrip("/"), workers, limits)


def _run(
    vocabulary: Path,
    since: Path | None,
    beside: list[Path],
    archive: Path | None,
    address: tuple[str, int],
    public: str,
    workers: int,
    limits: "Limits",
) -> None:
    import asyncio
    from tempfile import TemporaryDirectory

    from vocab.serve.run import open_service, serve_until_stopped

    def listening(url: str) -> None:
        more = f"{url}/archive/\n" if archive is not None else ""
        sys.stdout.write(f"{url}/\n{url}/sparql\n{more}Stop with Control-C.\n")
        sys.stdout.flush()

    with TemporaryDirectory(prefix="gdac-") as scratch:
        service = open_service(
            vocabulary,
            since,
            Path(scratch),
            limits,
            workers=workers,
            public=public,
            archive=archive,
            beside=beside,
        )
        asyncio.run(serve_until_stopped(service, *address, listening))
