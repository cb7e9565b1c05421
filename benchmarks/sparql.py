"""T12: the named questions over HTTP, p50 and p95, beside rdflib on the same graphs; then 200 clients at once.

    python -m benchmarks.sparql --nvs ../shared/data/nvs

Builds the vocabulary, serves it, asks every question so many times over one connection and compares the numbers of rows
with rdflib's, which runs in the same process on the union of the graphs without HTTP. Ends with 1 when a p95 misses the
target or an answer differs.
"""

import argparse
import asyncio
import csv
import io
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import rdflib

from tests.conftest import SHARED
from vocab.build import Vocabulary, build
from vocab.folder import QUADS, write_vocabulary
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.query.answer import Limits
from vocab.query.questions import Question, questions
from vocab.serve.run import listening_server, open_service

TARGET = 0.020
CLIENTS = 200


async def over_http(session: aiohttp.ClientSession, url: str, text: str, times: int) -> tuple[list[float], int]:
    seconds, rows = [], 0
    for _ in range(times):
        began = time.perf_counter()
        async with session.post(f"{url}/sparql", data={"query": text}, headers={"Accept": "text/csv"}) as answer:
            body = await answer.text()
            assert answer.status == 200, body
        seconds.append(time.perf_counter() - began)
        rows = len(list(csv.reader(io.StringIO(body, newline="")))) - 1
    return seconds, rows


def with_rdflib(graph: rdflib.Dataset, text: str, times: int) -> tuple[list[float], int]:
    seconds, rows = [], 0
    for _ in range(times):
        began = time.perf_counter()
        rows = len(list(graph.query(text)))
        seconds.append(time.perf_counter() - began)
    return seconds, rows


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, round(0.95 * len(seconds)) - 1)]


async def at_once(url: str, text: str) -> tuple[float, float]:
    """Wall seconds until all clients have their answer, and the p95 of one."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began = time.perf_counter()
        found = await asyncio.gather(*(over_http(session, url, text, 1) for _ in range(CLIENTS)))
        return time.perf_counter() - began, p95([seconds[0] for seconds, _ in found])


async def measure(folder: Path, asked: tuple[Question, ...], times: int) -> list[tuple[list[float], int]]:
    service = open_service(folder, None, folder, Limits())
    async with listening_server(service, "127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        for one in asked:  # every worker has seen every question
            await asyncio.gather(*(over_http(session, url, one.text, 1) for _ in range(4)))
        found = [await over_http(session, url, one.text, times) for one in asked]
        wall, each = await at_once(url, asked[0].text)
        print(f"{CLIENTS} clients at once: {wall:.2f} s for all, {CLIENTS / wall:,.0f} answers/s, p95 {each:.2f} s\n")
    return found


def make(nvs: Path, folder: Path) -> Vocabulary:
    began = time.perf_counter()
    vocabulary = build(read_folder(nvs), Names())
    write_vocabulary(vocabulary, folder)
    print(f"build and write: {time.perf_counter() - began:.2f} s (target 15 s), {vocabulary.quads:,} quads")
    return vocabulary


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nvs", type=Path, default=SHARED / "nvs", help="folder of tables")
    parser.add_argument("--times", type=int, default=50, help="how often each question is asked over HTTP")
    parser.add_argument("--peer-times", type=int, default=3, help="how often rdflib is asked")
    options = parser.parse_args(arguments)
    if not options.nvs.is_dir():
        print(f"MISSING: {options.nvs}")
        return 1
    missed = False
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "vocabulary"
        asked = questions(make(options.nvs, folder).names)
        ours = asyncio.run(measure(folder, asked, options.times))
        graph = rdflib.Dataset(default_union=True)
        began = time.perf_counter()
        graph.parse(folder / QUADS, format="nquads")
        print(f"rdflib loads the same in {time.perf_counter() - began:.1f} s\n")
        print(f"{'question':<21}{'rows':>5}{'p50 ms':>9}{'p95 ms':>9}{'rdflib p50 ms':>15}{'times':>7}")
        for one, (seconds, rows) in zip(asked, ours, strict=True):
            peer, expected = with_rdflib(graph, one.text, options.peer_times)
            late = p95(seconds) > TARGET
            missed |= late or rows != expected
            middle, theirs = statistics.median(seconds), statistics.median(peer)
            mark = ("  MISSED" if late else "") + (f"  rdflib has {expected} rows" if rows != expected else "")
            print(
                f"{one.name:<21}{rows:>5}{middle * 1e3:>9.1f}{p95(seconds) * 1e3:>9.1f}{theirs * 1e3:>15.1f}"
                f"{theirs / middle:>6.0f}x{mark}"
            )
    print(f"\nT12: p95 of every question at most {TARGET * 1e3:.0f} ms over HTTP: {'missed' if missed else 'met'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
