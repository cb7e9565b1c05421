"""What `sync.stores.local` does to the disk, one blocking call per file; knows nothing of asyncio.

A `Tree` never leaves its root: a symbolic link that points out of it is refused, one that stays inside is followed.
Files are made under ``.gdac-tmp/`` (`sync.stores.sessions`) and moved into place, so a reader sees the old bytes or
the new ones.
"""
# Paths stay strings here: a pathlib object per segment and file would double the cost of a small file.
# ruff: noqa: PTH103, PTH106, PTH108, PTH114, PTH120

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.errors import StoreError
from gdac.paths import check_safe
from gdac.store import ChangedError, Expect, NotFoundError, ObjectInfo
from sync.stores.sessions import Session
from sync.stores.times import from_ns, to_ns

if sys.platform != "win32":
    import fcntl

BLOCK: Final = 1 << 20
#: The system can write out all that was written so far; where it cannot, each file is made durable by itself.
HAS_BARRIER: Final = hasattr(os, "sync")
#: No link is followed where a path was found to hold none: somebody may have put one there since.
_READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_HINTS: Final = {
    errno.ENOSPC: "The disk is full: free some space and run again; what is there stays whole.",
    errno.EDQUOT: "The disk quota is used up: free some space and run again; what is there stays whole.",
    errno.EACCES: "Give the user who runs gdac the right to read and write there.",
    errno.EPERM: "Give the user who runs gdac the right to read and write there.",
    errno.EROFS: "The file system is mounted read-only.",
    errno.ENAMETOOLONG: "This file system takes shorter names than the archive has: use another one.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n) or lower the number of concurrent transfers.",
    errno.ENOTDIR: "A file stands where a directory of that name should be: move it away.",
    errno.EISDIR: "A directory stands where a file of that name should be: move it away.",
    errno.EEXIST: "A file stands where a directory of that name should be: move it away.",
}


class Unfinished:
    """A file being written; `Tree.finish` moves it into place, `discard` removes it."""

    __slots__ = ("descriptor", "path", "target")

    def __init__(self, path: str, descriptor: int, target: str) -> None:
        self.path = path
        self.target = target
        self.descriptor = descriptor

    def append(self, data: bytes) -> None:
        """Write all of `data`."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def close(self) -> None:
        """Close it; again is fine."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)

    def discard(self) -> None:
        """Remove it."""
        self.close()
        with suppress(FileNotFoundError):
            os.unlink(self.path)


class Tree:
    """A directory tree on one file system. Every method blocks; safe to call from several threads.

    Args:
        root: the directory; made by the first write when it is not there.
        kept_levels: directories of the first so many levels stay though a delete empties them.
    """

    def __init__(self, root: Path, kept_levels: int = 0) -> None:
        self.root = os.path.realpath(root)
        self._kept_levels = kept_levels
        self.session = Session(self.root)

    # --- names

    def path_of(self, key: str) -> str:
        """Where a key lies on the disk.

        Raises:
            PathError: no store may be asked for this key.
            StoreError: a symbolic link on the way leads out of the root.
        """
        check_safe(key)
        path = self.root
        for segment in key.split("/"):
            path = f"{path}/{segment}"
            try:
                is_link = stat.S_ISLNK(os.lstat(path).st_mode)
            except (FileNotFoundError, NotADirectoryError):
                break  # nothing below can be a link
            if is_link:
                return self._through_links(key)
        return f"{self.root}/{key}"

    def _through_links(self, key: str) -> str:
        path = os.path.realpath(f"{self.root}/{key}")
        if os.path.commonpath([self.root, path]) != self.root or os.path.islink(path):
            raise StoreError(
                f"{key} in {self.root} is a symbolic link, or lies behind one, that leads out of the archive.",
                hint="Replace the link by a real file or directory.",
            )
        return path

    # --- reading

    def look(self, key: str) -> ObjectInfo:
        """Facts about one file. Raises `NotFoundError`."""
        with self.errors(key):
            found = os.lstat(self.path_of(key))
            if not stat.S_ISREG(found.st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a regular file")
            return describe(key, found)

    def has_folder(self, key: str) -> bool:
        """Whether a directory is there."""
        with self.errors(key):
            return Path(self.path_of(key)).is_dir()

    def open(self, key: str, unless: str | None, at_once: int) -> tuple[ObjectInfo, bytes, int] | None:
        """Open a file and read its first `at_once` bytes.

        Returns:
            What it is, its first bytes, and a descriptor for the rest, -1 when there is none; or None when the
            validator `unless` still holds.

        Raises:
            NotFoundError: there is no such file.
        """
        with self.errors(key):
            descriptor = os.open(self.path_of(key), _READ | getattr(os, "O_NONBLOCK", 0))
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise FileNotFoundError(errno.ENOENT, "not a regular file")
                info = describe(key, found)
                if info.validator == unless:
                    return None
                first = read_fully(descriptor, min(found.st_size, at_once))
                if found.st_size > at_once:
                    rest, descriptor = descriptor, -1
                    return info, first, rest
                return info, first, -1
            finally:
                if descriptor >= 0:
                    os.close(descriptor)

    def entries(self, prefix: str) -> Generator[tuple[str, ObjectInfo | None], None, None]:
        """What lies directly in a directory: ``(key, info)`` of files, ``(key, None)`` of directories.

        Names that begin with a dot are hidden, links to directories are not entered, and links that lead out of the
        root are left out. A directory that is not there holds nothing.
        """
        with self.errors(prefix or "."), suppress(FileNotFoundError, NotADirectoryError):
            folder = self.path_of(prefix) if prefix else self.root
            with os.scandir(folder) as found:
                for entry in found:
                    if entry.name[0] == ".":
                        continue
                    key = f"{prefix}/{entry.name}" if prefix else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        yield key, None
                    elif entry.is_file(follow_symlinks=False):
                        with suppress(FileNotFoundError):  # gone since the directory was read
                            yield key, describe(key, entry.stat(follow_symlinks=False))
                    elif entry.is_symlink():
                        with suppress(StoreError):
                            yield key, self.look(key)

    # --- writing

    def begin(self, key: str) -> Unfinished:
        """Open a temporary file that will become `key`."""
        with self.errors(key):
            target = self.path_of(key)  # refuse before any byte is written
            path = self.session.new_path()
            return Unfinished(path, os.open(path, _CREATE, 0o666), target)

    def finish(self, made: Unfinished, key: str, modified: datetime | None, expect: Expect | str) -> ObjectInfo:
        """Move a finished temporary file to its key.

        Raises:
            ChangedError: the precondition does not hold.
        """
        with self.errors(key):
            if not HAS_BARRIER:
                os.fsync(made.descriptor)  # no barrier for all files later: each is made durable now
            if modified is not None:
                ns = to_ns(modified)
                os.utime(made.descriptor if os.utime in os.supports_fd else made.path, ns=(ns, ns))
            found = os.fstat(made.descriptor)
            made.close()
            if expect is Expect.ANYTHING:
                self._place(made.path, made.target, os.replace)
            elif expect is Expect.NOTHING:
                self._place_new(made, key)
            else:
                self._place_over(made, key, str(expect))
            return describe(key, found)

    def _place(self, source: str, target: str, how: Callable[[str, str], None]) -> None:
        """Move, making directories as needed; again when a delete took an empty one away meanwhile."""
        for attempt in range(5):
            try:
                how(source, target)
            except FileNotFoundError:
                if attempt == 4:
                    raise
                os.makedirs(os.path.dirname(target), exist_ok=True)
            else:
                return

    def _place_new(self, made: Unfinished, key: str) -> None:
        try:
            self._place(made.path, made.target, os.link)
        except FileExistsError as error:
            if not os.path.lexists(made.target):
                raise
            raise _changed(key, self.root, "something is there already") from error
        made.discard()

    def _place_over(self, made: Unfinished, key: str, validator: str) -> None:
        with self.session.turn():
            try:
                now = self.look(key).validator
            except NotFoundError as error:
                raise _changed(key, self.root, "it is gone") from error
            if now != validator:
                raise _changed(key, self.root, "somebody replaced it")
            self._place(made.path, made.target, os.replace)

    def duplicate(self, source: str, target: str) -> None:
        """Copy inside the tree, in the kernel where it can. Raises `NotFoundError`.

        A real copy and no hard link: whoever else writes into this tree in place would change both names at once.
        File systems that share blocks (btrfs, xfs) do so.
        """
        check_safe(target)
        opened = self.open(source, None, 0)
        assert opened is not None
        info, _, descriptor = opened
        try:
            made = self.begin(target)
            try:
                with self.errors(target):
                    if descriptor >= 0:
                        _copy_bytes(descriptor, made.descriptor, info.size or 0)
                self.finish(made, target, info.modified, Expect.ANYTHING)
            except BaseException:
                made.discard()
                raise
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def remove(self, key: str) -> None:
        """Delete a file and the directories it leaves empty; fine when it is not there."""
        with self.errors(key):
            folder = os.path.dirname(f"{self.root}/{key}")
            path = self.path_of(key)
            try:
                os.unlink(path)
            except (FileNotFoundError, NotADirectoryError):
                return
            for _ in range(key.count("/") - self._kept_levels):
                try:
                    os.rmdir(folder)
                except OSError:  # not empty, or not ours to remove: both fine
                    return
                folder = os.path.dirname(folder)

    def settle(self) -> None:
        """Return once what was written would survive a power cut."""
        with self.errors("."):
            try:
                descriptor = os.open(self.root, os.O_RDONLY)
            except FileNotFoundError:
                return  # nothing was written yet
            try:
                if not _sync_file_system(descriptor) and HAS_BARRIER:
                    os.sync()
                if sys.platform == "darwin":  # sync there only starts the work
                    fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            finally:
                os.close(descriptor)

    def sweep(self) -> int:
        """Remove the unfinished files of runs that died; returns how many."""
        with self.errors("unfinished files"):
            return self.session.sweep()

    def close(self) -> None:
        """End the session; what it left unfinished goes."""
        with self.errors("unfinished files"):
            self.session.end()

    # --- errors

    @contextmanager
    def errors(self, key: str) -> Iterator[None]:
        """Turn what the operating system says into our errors."""
        try:
            yield
        except FileNotFoundError as error:
            raise NotFoundError(f"{key} is not in {self.root}.") from error
        except NotADirectoryError as error:
            raise NotFoundError(f"{key} is not in {self.root}: a file stands where a directory would be.") from error
        except OSError as error:
            said = os.strerror(error.errno) if error.errno else str(error)
            hint = _HINTS.get(error.errno or 0, "")
            raise StoreError(f"{key} in {self.root}: {said}.", hint=hint) from error


def _sync_file_system(descriptor: int) -> bool:
    """Write out the file system that a descriptor lies on (Linux ``syncfs``); False where that cannot be asked for.

    Unlike ``sync`` it leaves other disks alone, and it tells when bytes written earlier did not reach this one.
    """
    if sys.platform != "linux":
        return False
    try:
        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):  # another C library
        return False
    if call(descriptor) == 0:
        return True
    failed = ctypes.get_errno()
    if failed in {errno.ENOSYS, errno.EPERM}:  # a sandbox that does not know it
        return False
    raise OSError(failed, os.strerror(failed))


def describe(key: str, found: os.stat_result) -> ObjectInfo:
    """What the disk says of a file; its validator is size, time and inode: every write of ours makes a new inode."""
    return ObjectInfo(
        path=key,
        size=found.st_size,
        modified=from_ns(found.st_mtime_ns),
        validator=f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}",
    )


def read_fully(descriptor: int, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end of the file."""
    first = os.read(descriptor, size) if size else b""
    if len(first) == size or not first:
        return first
    pieces = [first]
    missing = size - len(first)
    while missing and (piece := os.read(descriptor, missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _copy_bytes(source: int, target: int, size: int) -> None:
    if hasattr(os, "copy_file_range"):
        with suppress(OSError):  # not on this file system: by hand below, from where it stopped
            while os.copy_file_range(source, target, size):
                pass
    while block := os.read(source, BLOCK):
        view = memoryview(block)
        while view:
            view = view[os.write(target, view) :]


def _changed(key: str, root: str, why: str) -> ChangedError:
    return ChangedError(f"{key} in {root} was not written: {why}.", hint="Another run writes here: look at it first.")
