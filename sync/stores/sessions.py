"""Unfinished files: where they lie, whose they are, and who may sweep them away.

A session is one open store. It holds a lock on its directory for as long as it lives, whatever host or container it
runs in: a directory whose lock is free belongs to a run that died. (A process number would tell nothing: containers
give the same one to every run.)
"""
# Paths stay strings here, as in `sync.stores.disk`.
# ruff: noqa: PTH103, PTH106, PTH108, PTH112, PTH116, PTH208

import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Final

from gdac.errors import StoreError

if sys.platform != "win32":
    import fcntl

#: Directory of unfinished files, at the root of the tree (one file system with what they become).
TEMPORARY: Final = ".gdac-tmp"
#: Two writers that state an expectation take turns by this file's lock.
TURNS: Final = "turns.lock"
#: Locks of this machine's kernel guard compare-and-swap and tell dead sessions from live ones.
HAS_LOCKS: Final = sys.platform != "win32"
#: Seconds to wait for another process's lock: it is held for a look and a rename, unless that process hangs.
LONGEST_WAIT = 60.0
_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.05


class Session:
    """The unfinished files of one open store.

    Args:
        root: the tree's root, resolved.
    """

    def __init__(self, root: str) -> None:
        self._home = f"{root}/{TEMPORARY}"
        self._name = secrets.token_hex(8)
        self._lock = Lock()
        self._count = 0
        self._held: int | None = None

    def new_path(self) -> str:
        """A name for one more unfinished file.

        Raises:
            StoreError: another process keeps us from beginning, for `LONGEST_WAIT`.
        """
        folder = f"{self._home}/{self._name}"
        with self._lock:
            if self._held is None:
                self._held = _wait_for(lambda: _begin(folder), folder)
            self._count += 1
            return f"{folder}/{self._count}"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Exclude every other writer that takes turns.

        Raises:
            StoreError: another one holds its turn for more than `LONGEST_WAIT`.
        """
        held = _wait_for(self._take_turn, f"{self._home}/{TURNS}") if HAS_LOCKS else None
        try:
            yield
        finally:
            if held is not None:
                with suppress(FileNotFoundError):
                    os.unlink(
                        f"{self._home}/{TURNS}"
                    )  # while held: who waits for it sees that it is gone, and asks anew
                os.close(held)
                self._drop_if_empty()

    def _take_turn(self) -> int | None:
        """Take the lock; None when another has it, or its file was removed meanwhile: others may hold a new one."""
        try:
            os.makedirs(self._home, exist_ok=True)
            held = _lock_file(f"{self._home}/{TURNS}")
        except FileNotFoundError:
            return None
        if held is None:
            return None
        try:
            if os.path.samestat(os.fstat(held), os.stat(f"{self._home}/{TURNS}")):
                return held
        except FileNotFoundError:
            pass
        os.close(held)
        return None

    def sweep(self) -> int:
        """Remove the unfinished files of sessions that died; returns how many."""
        removed = 0
        with suppress(FileNotFoundError):
            for name in os.listdir(self._home):
                folder = f"{self._home}/{name}"
                if name in {self._name, TURNS} or not os.path.isdir(folder) or not HAS_LOCKS:
                    continue
                held = _lock_file(f"{folder}/lock")
                if held is None:
                    continue  # alive
                removed += len(os.listdir(folder)) - 1
                shutil.rmtree(folder)
                os.close(held)
            self._drop_if_empty()
        return removed

    def end(self) -> None:
        """Remove what is unfinished and let go of the lock."""
        with self._lock:
            if self._held is not None:
                shutil.rmtree(f"{self._home}/{self._name}", ignore_errors=True)
                os.close(self._held)
                self._held = None
                self._drop_if_empty()

    def _drop_if_empty(self) -> None:
        with suppress(OSError):  # others work there, or the turns are kept
            os.rmdir(self._home)


def _wait_for(take: Callable[[], int | None], what: str) -> int:
    """Ask again until a lock is ours; `what` is named when it does not become ours."""
    until, pause = time.monotonic() + LONGEST_WAIT, _FIRST_PAUSE
    while (held := take()) is None:
        if time.monotonic() > until:
            raise StoreError(
                f"{what} is locked by another process, which has not let go of it for {LONGEST_WAIT:g} s.",
                hint="That process hangs or is stopped. Find it (fuser, lsof), end it or let it go on, and run again.",
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return held


def _begin(folder: str) -> int | None:
    """Make a session's directory and hold its lock; None when a sweep holds it, or took it away: try again."""
    try:
        os.makedirs(folder, exist_ok=True)
        if not HAS_LOCKS:  # nobody sweeps either
            return os.open(os.devnull, os.O_RDONLY)
        held = _lock_file(f"{folder}/lock")
    except FileNotFoundError:
        return None
    if held is None:
        return None
    try:
        if os.path.samestat(os.fstat(held), os.stat(f"{folder}/lock")):
            return held
    except FileNotFoundError:
        pass
    os.close(held)
    return None


if sys.platform == "win32":

    def _lock_file(path: str) -> int | None:  # noqa: ARG001 - the same shape as below
        return None

else:

    def _lock_file(path: str) -> int | None:
        """Open and lock a file; None when somebody else holds it, or where the system has no such locks."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor
