"""The process that reads files on behalf of a run: tasks come in on standard input, results go out on standard output.

A library that dies or never returns takes this process with it and nothing else; `gdac.check.pool` starts another.
Frames are a length of four bytes and a pickle; both ends are ours.
"""

import contextlib
import os
import pickle
import signal
import struct
import sys
from typing import Any, BinaryIO, Final

_LENGTH: Final = struct.Struct(">I")


def send(sink: BinaryIO, value: Any) -> None:
    """Write one frame."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    sink.write(_LENGTH.pack(len(data)) + data)
    sink.flush()


def receive(source: BinaryIO) -> Any:
    """Read one frame.

    Raises:
        EOFError: the other end is gone, or was cut off within a frame.
    """
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    data = source.read(_LENGTH.unpack(head)[0])
    if len(data) < _LENGTH.unpack(head)[0]:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - written by ourselves, in the process at the other end of the pipe


def main() -> None:
    """Serve until the other end closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    source, sink = _pipes()
    settings = receive(source)
    _limit_memory(settings.memory_limit)
    from gdac.check.work import perform  # noqa: PLC0415 - after the limit is set
    from gdac.tables import load  # noqa: PLC0415

    tables = load(settings.tables)
    send(sink, "ready")
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            for task in receive(source):
                send(sink, perform(task, tables, settings.options))


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our ends of the pipes; what a library prints must not get into them."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    sys.stdin.close()
    return source, sink


def _limit_memory(limit: int) -> None:
    try:
        import resource  # noqa: PLC0415 - Unix only
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):  # a lower limit may be in force already
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
