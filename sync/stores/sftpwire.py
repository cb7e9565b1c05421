"""One SFTP connection, blocking, for one thread at a time; knows nothing of asyncio.

paramiko does the protocol. Its own prefetching keeps a whole file in memory when the reader is slow, so larger files
are asked for window by window; its pipelined writing forgets errors, so the last piece of a file is written
unpipelined, which collects the answers to all.
"""

import errno
import posixpath
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import paramiko

from gdac.errors import StoreError, UsageError
from gdac.store import ObjectInfo
from sync.stores.settings import SftpSettings
from sync.stores.times import to_ns

#: What can go wrong on a connection, after which it must be closed.
WIRE_ERRORS: Final = (paramiko.SSHException, EOFError, TimeoutError, ConnectionError)
#: Bytes of one request; OpenSSH answers no larger ones in full.
_PIECE: Final = 32768
#: Bytes asked for at once.
WINDOW: Final = 1 << 19


class Connection:
    """A connection with its SFTP session. Every method may raise `OSError` or one of `WIRE_ERRORS`.

    Args:
        host: server.
        port: of its SSH.
        settings: account, trust, timeouts.

    Raises:
        UsageError: a file that the settings name cannot be used.
        StoreError: the host's key is not the one that was expected, or the log-in was refused.
    """

    used = False

    def __init__(self, host: str, port: int, settings: SftpSettings) -> None:
        self._ssh = paramiko.SSHClient()
        try:
            self._trust(settings)
            self._connect(host, port, settings)
            self._sftp: Any = self._ssh.open_sftp()
            self._sftp.get_channel().settimeout(settings.read_seconds)
        except BaseException:
            self._ssh.close()
            raise

    def _trust(self, settings: SftpSettings) -> None:
        if settings.fingerprint:
            self._ssh.set_missing_host_key_policy(_Fingerprint(settings.fingerprint))
            return
        self._ssh.set_missing_host_key_policy(_Refusal())
        path = Path(settings.known_hosts or "~/.ssh/known_hosts").expanduser()
        if not settings.known_hosts and not path.exists():
            return  # nobody is known
        try:
            self._ssh.load_system_host_keys(str(path))
        except (OSError, paramiko.SSHException) as error:
            raise UsageError(f"{path} cannot be read as known_hosts: {error}.") from error

    def _connect(self, host: str, port: int, settings: SftpSettings) -> None:
        try:
            self._ssh.connect(
                host,
                port,
                username=settings.user or None,
                password=settings.password or None,
                passphrase=settings.password or None,
                key_filename=settings.key_file or None,
                allow_agent=False,
                look_for_keys=False,
                timeout=settings.connect_seconds,
                banner_timeout=settings.connect_seconds,
                auth_timeout=settings.connect_seconds,
                channel_timeout=settings.connect_seconds,
            )
        except paramiko.BadHostKeyException as error:
            raise _distrust(host, error.key) from None
        except paramiko.AuthenticationException:
            raise StoreError(
                f"{host} refused the log-in as {settings.user or 'this user'}.",
                hint="Check user, password and key_file.",
            ) from None
        except FileNotFoundError as error:
            raise UsageError(f"key_file {settings.key_file} is not there.") from error
        except ValueError as error:  # paramiko, of key files that are none
            raise UsageError(f"key_file {settings.key_file} cannot be used: {error}.") from error

    def close(self) -> None:
        """Close it; again is fine."""
        with suppress(*WIRE_ERRORS, OSError):
            self._ssh.close()

    # --- looking and reading

    def look(self, key: str, path: str) -> ObjectInfo:
        """Facts about a file. A directory is not there."""
        return describe(key, self._sftp.stat(path))

    def is_folder(self, path: str) -> bool:
        """Whether a directory is there."""
        try:
            return stat.S_ISDIR(self._sftp.stat(path).st_mode or 0)
        except OSError as error:
            if is_missing(error):
                return False
            raise

    def open(self, key: str, path: str, unless: str | None) -> tuple[ObjectInfo, bytes, Any] | None:
        """Open a file and read its first window.

        Returns:
            What it is, its first bytes, and the open file where there are more; None when `unless` still holds.
        """
        file = self._sftp.open(path, "rb")
        try:
            info = describe(key, file.stat())
            if info.validator == unless:
                return None
            first = read_window(file, 0, info.size or 0)
            if (info.size or 0) > len(first) == WINDOW:
                file, rest = None, file
                return info, first, rest
            return info, first, None
        finally:
            if file is not None:
                file.close()

    def entries(self, folder: str) -> list[Any]:
        """What lies in a directory, with attributes; nothing where there is none."""
        try:
            return list(self._sftp.listdir_attr(folder or "."))
        except OSError as error:
            if is_missing(error):
                return []
            raise

    # --- writing

    def create(self, path: str) -> Any:
        """A new file, made with its directories."""
        return self._with_folders(path, lambda: self._sftp.open(path, "wbx"))

    def seal(self, file: Any, path: str, last: bytes, modified: datetime | None) -> ObjectInfo:
        """Write the last piece of a file, close it, give it its time, and see what the server has."""
        append(file, last[:-_PIECE])
        file.set_pipelined(False)  # errors of all pieces surface now
        file.write(last[-_PIECE:])
        file.close()
        if modified is not None:
            seconds = to_ns(modified) // 1_000_000_000
            self._sftp.utime(path, (seconds, seconds))
        return describe(path, self._sftp.stat(path))

    def place(self, source: str, target: str, *, over: bool) -> None:
        """Move a file to its place at one stroke, `over` whatever is there, making directories as needed."""
        move = self._sftp.posix_rename if over else self._sftp.rename
        self._with_folders(target, lambda: move(source, target))

    def _with_folders(self, path: str, call: Callable[[], Any]) -> Any:
        for attempt in range(5):  # a delete may take an empty directory away meanwhile
            try:
                return call()
            except OSError as error:
                if attempt == 4 or not is_missing(error) or not self._make(posixpath.dirname(path)):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _make(self, folder: str) -> bool:
        """Make a directory and those above it; whether it is there now."""
        if not folder:
            return False
        with suppress(OSError):
            self._sftp.mkdir(folder)
            return True
        try:
            return stat.S_ISDIR(self._sftp.stat(folder).st_mode)
        except OSError as error:
            if not is_missing(error) or folder == posixpath.dirname(folder):
                raise
        self._make(posixpath.dirname(folder))
        with suppress(OSError):
            self._sftp.mkdir(folder)
        return True

    def discard(self, file: Any, path: str) -> None:
        """Close and remove an unfinished file."""
        file.close()
        self.remove(path)

    def remove(self, path: str) -> None:
        """Remove a file; fine when it is not there."""
        try:
            self._sftp.remove(path)
        except OSError as error:
            if not is_missing(error):
                raise

    def remove_empty(self, folder: str) -> bool:
        """Remove a directory if nothing is in it; whether it went."""
        try:
            self._sftp.rmdir(folder)
        except OSError:
            return False
        return True


class _Refusal(paramiko.MissingHostKeyPolicy):  # type: ignore[misc] # untyped library
    """Nobody unknown is talked to."""

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ARG002 - paramiko's shape
        raise _distrust(hostname, key)


class _Fingerprint(paramiko.MissingHostKeyPolicy):  # type: ignore[misc] # untyped library
    """Only the holder of one key is talked to."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint.rstrip("=")

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ARG002 - paramiko's shape
        if key.fingerprint.rstrip("=") != self._fingerprint:
            raise _distrust(hostname, key)


def _distrust(host: str, key: Any) -> StoreError:
    return StoreError(
        f"{host} shows the {key.get_name()} key {key.fingerprint}, which is not known to be its own.",
        hint="Ask its operator; then add it to known_hosts, or set it as fingerprint.",
    )


def append(file: Any, data: bytes) -> None:
    """Write to a file without waiting for answers."""
    file.set_pipelined(True)
    file.write(data)


def read_window(file: Any, at: int, size: int) -> bytes:
    """The bytes of an open file from `at` on, at most `WINDOW`; fewer where it ends before `size`."""
    due = min(WINDOW, size - at)
    if due <= 0:
        return b""
    if due <= _PIECE:
        file.seek(at)
        return bytes(file.read(due))
    wanted = [(at + begun, min(_PIECE, due - begun)) for begun in range(0, due, _PIECE)]
    return b"".join(file.readv(wanted))


def describe(key: str, found: Any) -> ObjectInfo:
    """What SFTP's attributes say of a file. Raises `FileNotFoundError` when they are a directory's."""
    if found.st_mode is not None and not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(errno.ENOENT, "not a regular file")
    if found.st_size is None or found.st_mtime is None:
        return ObjectInfo(key, found.st_size)
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return ObjectInfo(key, found.st_size, modified, f"{found.st_size}-{found.st_mtime}")


def is_missing(error: OSError) -> bool:
    """Whether an error says that there is no such file or directory."""
    return error.errno in {errno.ENOENT, errno.ENOTDIR}
