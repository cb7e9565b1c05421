"""Provenance of 4 million files: of one, on demand; of all, as N-Quads; the same triples by pyoxigraph and rdflib.

    python -m benchmarks.provenance [--rows 4000000] [--deltas 30] [--changes 5000] [--questions 40]

The archive is that of `benchmarks.timetravel`, made when it is missing: one serial a day, a share of paths outside the
common families. ``one file`` asks for the whole chain of a random path in a process that lives on, as a server
does; ``command`` runs `gdac provenance PATH` from its start. ``dump`` writes every statement of all files to where
nobody keeps them; peers write the same statements of the first ``--peer-files`` files, once from triples that are in
memory already (serialising alone), once from the rows, as we do. Every side is its own process, all run in turn.
"""

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyoxigraph as ox
import rdflib

from benchmarks import timetravel
from benchmarks.measured import judged
from benchmarks.servers import ROOT
from gdac.columns import connect
from gdac.manifest.history import FileState
from gdac.paths import ArchivePath
from vocab.names import Names
from vocab.provenance.dump import prepare, quads
from vocab.provenance.files import file_triples
from vocab.provenance.opening import described_tree
from vocab.provenance.story import as_json, tell

TARGET_ONE, TARGET_COMMAND, TARGET_RATE, TARGET_MB = 0.25, 3.0, 500_000, 800
GRAPH = "https://w3id.org/argo-gdac/graph/provenance/files"


def sample(folder: Path, count: int) -> list[str]:
    """Random paths, the same ones each time."""
    query = f"select path from '{folder}/state.parquet' using sample {count} rows (reservoir, 11)"
    return [path for (path,) in duckdb.connect().execute(query).fetchall()]


def ask(folder: Path, count: int) -> dict[str, object]:
    """The chain of one path after the other, as JSON text; seconds of each."""
    tree, seconds = folder / "tree", []
    with connect() as con:
        for path in sample(folder, count):
            began = time.perf_counter()
            story = tell(con, tree, described_tree(tree, Names()), ArchivePath.parse(path))
            told = json.dumps(as_json(story))
            seconds.append(time.perf_counter() - began)
            assert story.states, path
            assert told
    return {"seconds": seconds}


def dump(folder: Path, _count: int) -> dict[str, object]:
    """Every statement, encoded and thrown away."""
    began, lines, size = time.perf_counter(), 0, 0
    with connect(temp_directory=str(folder / "spill")) as con, Path("/dev/null").open("wb") as out:
        for count, piece in quads(prepare(con, folder / "tree", described_tree(folder / "tree", Names())), GRAPH):
            lines += count
            size += out.write(piece.encode())
    return {"triples": lines, "bytes": size, "seconds": time.perf_counter() - began}


def states_of(folder: Path, count: int) -> list[FileState]:
    """The first files of the manifest, as a stay each."""
    rows = duckdb.connect().execute(
        "select path, size, sha256, make_timestamp(epoch_us(modified)), make_timestamp(epoch_us(date_update)), serial"
        f" from '{folder}/state.parquet' limit {count}"
    )
    return [FileState(*row, None, "first") for row in rows.fetchall()]


def peer(folder: Path, count: int, serialise: Callable[[list[ox.Triple]], int], *, built: bool) -> dict[str, object]:
    """Triples of files, written by another library; with ``built`` the making of the triples is not counted."""
    states = states_of(folder, count)
    began = time.perf_counter()
    triples: list[ox.Triple] = [one for state in states for one in file_triples(Names(), "x", [state], {})]
    if built:
        began = time.perf_counter()
    size = serialise(triples)
    return {"triples": len(triples), "bytes": size, "seconds": time.perf_counter() - began}


def by_pyoxigraph(triples: list[ox.Triple]) -> int:
    out = io.BytesIO()
    graph = ox.NamedNode(GRAPH)
    quads = (ox.Quad(one.subject, one.predicate, one.object, graph) for one in triples)
    ox.serialize(quads, output=out, format=ox.RdfFormat.N_QUADS)
    return len(out.getvalue())


def by_rdflib(triples: list[ox.Triple]) -> int:
    def term(one: object) -> rdflib.term.Node:
        if hasattr(one, "datatype"):
            return rdflib.Literal(one.value, datatype=rdflib.URIRef(one.datatype.value))
        return rdflib.URIRef(one.value)

    data = rdflib.Dataset()
    graph = data.graph(rdflib.URIRef(GRAPH))
    for one in triples:
        graph.add((term(one.subject), term(one.predicate), term(one.object)))
    return len(data.serialize(format="nquads"))


SIDES: dict[str, Callable[[Path, int], dict[str, object]]] = {
    "ask": ask,
    "dump": dump,
    "pyoxigraph, triples made before": lambda folder, count: peer(folder, count, by_pyoxigraph, built=True),
    "pyoxigraph, from the rows": lambda folder, count: peer(folder, count, by_pyoxigraph, built=False),
    "rdflib, triples made before": lambda folder, count: peer(folder, count // 10, by_rdflib, built=True),
}


def run_side(name: str, folder: Path, count: int) -> dict[str, float]:
    """One side in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.provenance", "--side", name, "--count", str(count), str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def whole_command(folder: Path, count: int) -> list[float]:
    """`gdac provenance PATH`, started anew each time."""
    seconds = []
    for path in sample(folder, count):
        began = time.perf_counter()
        command = [sys.executable, "-m", "gdac.cli.main", "provenance", path, "--archive", str(folder / "tree")]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    return seconds


def p95(seconds: list[float]) -> float:
    """The 95th percentile."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.95))]


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--deltas", type=int, default=30)
    parser.add_argument("--changes", type=int, default=5_000)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--peer-files", type=int, default=50_000)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("folder", nargs="?", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.side:
        found = SIDES[options.side](options.folder, options.count)
        found["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return 0
    folder = timetravel.WORK / f"{options.rows}-{options.deltas}-{options.changes}"
    sizes = ["--rows", str(options.rows), "--deltas", str(options.deltas), "--changes", str(options.changes)]
    prepare = [sys.executable, "-m", "benchmarks.timetravel", *sizes, "--side", "prepare", str(folder)]
    subprocess.run(prepare, cwd=ROOT, check=True)
    return int(measure(folder, options))


def measure(folder: Path, options: argparse.Namespace) -> bool:
    """Every side; whether a target was missed."""
    print(f"{options.rows:,} files, {options.deltas + 1} serials, {options.changes:,} changes a serial")
    asked = run_side("ask", folder, options.questions)
    first, others = asked["seconds"][0], asked["seconds"][1:]  # type: ignore[index]
    text = f"one file: first {first:.2f} s, then median {statistics.median(others):.3f} s, p95 {p95(others):.3f} s"
    missed = judged(f"{text} (target {TARGET_ONE} s); peak {asked['mb']:.0f} MB", met=p95(others) <= TARGET_ONE)
    started = whole_command(folder, max(5, options.questions // 2))
    text = f"the whole command: median {statistics.median(started):.2f} s, p95 {p95(started):.2f} s"
    missed |= judged(f"{text} (target {TARGET_COMMAND} s)", met=p95(started) <= TARGET_COMMAND)
    print(f"\n{'N-Quads':<34}{'triples':>12}{'MB':>8}{'s':>8}{'triples/s':>12}{'peak MB':>9}")
    rates = {}
    for name in list(SIDES)[1:]:
        found = run_side(name, folder, options.peer_files)
        rates[name] = found["triples"] / found["seconds"]
        print(
            f"{name:<34}{found['triples']:>12,}{found['bytes'] / 1e6:>8,.0f}{found['seconds']:>8.1f}"
            f"{rates[name]:>12,.0f}{found['mb']:>9.0f}"
        )
        if name == "dump":
            missed |= judged(f"peak {found['mb']:.0f} MB (target {TARGET_MB})", met=found["mb"] <= TARGET_MB)
    text = f"dump: {rates['dump']:,.0f} triples/s (target {TARGET_RATE:,})"
    missed |= judged(text, met=rates["dump"] >= TARGET_RATE)
    for name, rate in list(rates.items())[1:]:
        print(f"        {rates['dump'] / rate:.1f} times {name}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
