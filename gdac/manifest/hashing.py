"""SHA-256 and MD5 of many local files at once, each file held still while it is read.

Threads, because reading and hashing release the interpreter's lock.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = 1 << 20
#: Files waiting per thread: enough to keep them busy, few enough to need no memory.
_AHEAD: Final = 64

#: Called after each file with the bytes read for it.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Hashed:
    """Digests of one file, with the facts that held before, during and after it was read.

    Attributes:
        path: relative to the tree.
        trouble: why there are no digests; None when there are.
    """

    path: str
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    sha256: str = ""
    md5: str = ""
    trouble: str | None = None


def hash_files(
    tree: Path, paths: Iterable[str], *, threads: int | None = None, progress: Progress | None = None
) -> Iterator[Hashed]:
    """Hash files of a tree in parallel.

    Args:
        tree: the archive's root.
        paths: relative to it; taken as they are needed.
        threads: how many; None for one per processor.
        progress: told the bytes of each file.

    Yields:
        One result per path, in order. A file that is gone, unreadable or would not hold still has ``trouble``.
    """
    count = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(count, thread_name_prefix="hash") as pool:
        waiting: deque[Future[Hashed]] = deque()
        for path in paths:
            waiting.append(pool.submit(hash_file, tree, path))
            if len(waiting) >= count * _AHEAD:
                yield _told(waiting.popleft().result(), progress)
        while waiting:
            yield _told(waiting.popleft().result(), progress)


def hash_file(tree: Path, path: str) -> Hashed:
    """Hash one file; if it changes meanwhile, once more.

    A file replaced or written to while it is read has digests of nothing that ever was: its size, time and inode must
    be the same after the reading as before, by name and by handle.
    """
    try:
        for _ in range(2):
            if (found := _hash_once(tree, path)) is not None:
                return found
    except OSError as error:
        return Hashed(path, trouble=error.strerror or str(error))
    return Hashed(path, trouble="it changed each time while it was read")


def _hash_once(tree: Path, path: str) -> Hashed | None:
    file = tree / path
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with file.open("rb", buffering=0) as stream:
        before = os.fstat(stream.fileno())
        size = 0
        while block := stream.read(_BLOCK):
            sha256.update(block)
            md5.update(block)
            size += len(block)
        after = os.fstat(stream.fileno())
    facts = _facts(before)
    if size != before.st_size or _facts(after) != facts or _facts(file.lstat()) != facts:
        return None
    return Hashed(path, size, before.st_mtime_ns, before.st_ino, sha256.hexdigest(), md5.hexdigest())


def _facts(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ino


def _told(found: Hashed, progress: Progress | None) -> Hashed:
    if progress is not None:
        progress(found.size)
    return found
