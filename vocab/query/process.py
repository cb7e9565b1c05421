"""One query in a process of its own, for the command line: bounded in time and memory, ended when it overruns."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from gdac.errors import StoreError
from vocab.query.answer import Limits, Syntax
from vocab.query.scan import QueryRefusedError, Why
from vocab.query.worker import frame


def command(files: Sequence[Path], limits: Limits) -> list[str]:
    """What starts a worker on these N-Quads; the working directory is not searched for modules."""
    numbers = [str(one) for one in (limits.rows, limits.size, limits.memory)]
    return [sys.executable, "-P", "-m", "vocab.query.worker", *numbers, *map(str, files)]


def request(text: str, syntax: Syntax, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()) -> bytes:
    """A request as a frame."""
    asked = {
        "query": text,
        "syntax": syntax.value,
        "default_graphs": list(default_graphs),
        "named_graphs": list(named_graphs),
    }
    return frame(json.dumps(asked).encode())


def opened(answered: bytes) -> bytes:
    """What stands in an answer.

    Raises:
        QueryRefusedError: the worker said no.
    """
    if answered[:1] == b"+":
        return answered[1:]
    told: dict[str, Any] = json.loads(answered[1:])
    raise QueryRefusedError(Why(told["why"]), told["what"], hint=told["hint"])


def overran(limits: Limits) -> QueryRefusedError:
    """The query took too long."""
    return QueryRefusedError(
        Why.TIME, f"the query took more than {limits.seconds:g} s and was ended.", hint="Ask for less at a time."
    )


def died() -> QueryRefusedError:
    """The process ended before it answered: the engine aborts when memory is refused."""
    return QueryRefusedError(
        Why.MEMORY, "the query needs more memory than it may have, or ended the engine.", hint="Ask for less at a time."
    )


def run_query(files: Sequence[Path], text: str, syntax: Syntax, limits: Limits) -> bytes:
    """Start a worker, ask it once, and see it end.

    Raises:
        QueryRefusedError: the query is refused, fails or overruns a limit.
        StoreError: the worker did not start.
    """
    worker = subprocess.Popen(  # noqa: S603 - our own module, no shell
        command(files, limits), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert worker.stdout is not None  # a pipe was asked for
        if _frame(worker.stdout) != b"+ready":
            raise StoreError("the process that answers queries did not start.", hint="Build the vocabulary again.")
        answers, _ = worker.communicate(request(text, syntax), timeout=limits.seconds)
    except subprocess.TimeoutExpired as error:
        raise overran(limits) from error
    finally:
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()
    if len(answers) < 4 or len(answers) - 4 != int.from_bytes(answers[:4], "big"):
        raise died()
    return opened(answers[4:])


def _frame(stream: BinaryIO | Any) -> bytes:
    head = stream.read(4)
    return bytes(stream.read(int.from_bytes(head, "big")))
