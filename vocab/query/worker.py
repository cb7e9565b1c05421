"""The process that answers: reads requests on its input and writes answers on its output until either closes.

It holds the vocabulary, a bounded memory and, once it has loaded, no right to open anything: no file, no socket. A
query that found a way past `check_query` would still reach nobody. Who asks ends it when it takes too long; the engine
itself cannot be interrupted.

A frame is four bytes of length, big-endian, and that many bytes; requests are JSON, answers one byte (``+`` or ``-``)
and the answer or a JSON object with ``why``, ``what`` and ``hint``.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pyoxigraph as ox

from vocab.query.answer import Limits, Syntax, evaluate
from vocab.query.scan import QueryRefusedError, Why, check_query


def frame(data: bytes) -> bytes:
    """Bytes as a frame."""
    return len(data).to_bytes(4, "big") + data


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(4)
    return stream.read(int.from_bytes(head, "big")) if len(head) == 4 else None


def _confine(memory: int) -> None:
    """Nothing more is opened, and the address space grows by `memory` at most; where the system can do that."""
    statm = Path("/proc/self/statm")
    pages = int(statm.read_text(encoding="ascii").split()[0]) if sys.platform == "linux" else 0
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if pages:
        most = pages * os.sysconf("SC_PAGE_SIZE") + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def answer(store: ox.Store, asked: dict[str, Any], limits: Limits) -> bytes:
    """The answer to one request, with its sign in front."""
    try:
        check_query(asked["query"])
        found = evaluate(
            store,
            asked["query"],
            Syntax(asked["syntax"]),
            limits,
            default_graphs=asked.get("default_graphs", ()),
            named_graphs=asked.get("named_graphs", ()),
        )
    except QueryRefusedError as error:
        return b"-" + json.dumps({"why": error.why, "what": error.what, "hint": error.hint}).encode()
    except MemoryError:
        what = "the query needs more memory than it may have."
        return b"-" + json.dumps({"why": Why.MEMORY, "what": what, "hint": "Ask for less at a time."}).encode()
    return b"+" + found


def main() -> None:
    """Load the files named on the command line after rows, size and memory, say so, and answer."""
    rows, size, memory, *files = sys.argv[1:]
    limits = Limits(rows=int(rows), size=int(size), memory=int(memory))
    store = ox.Store()
    for name in files:
        store.bulk_load(path=name, format=ox.RdfFormat.N_QUADS)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _confine(limits.memory)
    answers.write(frame(b"+ready"))
    answers.flush()
    while (asked := _read(requests)) is not None:
        answers.write(frame(answer(store, json.loads(asked), limits)))
        answers.flush()


if __name__ == "__main__":
    main()
