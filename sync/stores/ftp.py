"""An FTP server as a read-only store (RFC 959, 2428, 3659), in clear text or under TLS (RFC 4217).

A file costs three round trips: facts (``MLST``, or ``SIZE`` and ``MDTM``) together with ``EPSV``, the data connection,
``RETR``. Its length is checked against what the server announced, and the server must say at the end that it sent all.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, Self, TypeVar

from gdac.errors import GdacError, StoreError
from gdac.paths import PathError, check_safe
from gdac.store import Capabilities, NotFoundError, ObjectInfo, TemporaryStoreError
from sync.stores.answers import shown
from sync.stores.bodies import cut_short
from sync.stores.ftplist import Facts, parse_list, parse_mlsx
from sync.stores.ftppool import Pool
from sync.stores.ftpwire import (
    WIRE_ERRORS,
    Answer,
    Closable,
    Conversation,
    Readable,
    announced_bytes,
    reason,
    refuse_cut,
)
from sync.stores.reading import BaseReading, WithoutRanges
from sync.stores.readonly import ReadOnly
from sync.stores.settings import FtpSettings
from sync.stores.times import from_ftp
from sync.stores.tls import trusting
from sync.stores.walk import Walk

T = TypeVar("T")
_FOLDERS: Final = frozenset({"dir", "cdir", "pdir"})
_DENIED: Final = ("denied", "permission", "forbidden", "not allowed")
_ABSENT: Final = ("no such", "not found", "not exist")


class FtpReading(BaseReading):
    """A file being fetched: bytes come on a data connection, the verdict on the control connection."""

    def __init__(
        self, info: ObjectInfo, place: str, talk: Conversation, reader: Readable, writer: Closable, begun: Answer
    ) -> None:
        super().__init__(info, place)
        self._talk = talk
        self._reader = reader
        self._writer = writer
        self._begun = begun
        self.complete = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `StoreError` when fewer or more come than announced, or the server reports a failure."""
        place, got = self._place, 0
        try:
            while block := await self._talk.receive(self._reader):
                got += len(block)
                yield block
            if self._info.size is None:  # else the length tells
                refuse_cut(self._reader)
            self._writer.close()  # proftpd gives no verdict before, but after ten seconds
            verdict = await self._talk.answer() if self._begun.code[0] == "1" else self._begun
        except WIRE_ERRORS as error:
            raise TemporaryStoreError(
                f"{place} broke off after {got:,} bytes: {reason(error)}.",
                hint="Try again; fewer connections may help.",
            ) from error
        if not verdict.is_fine:
            raise TemporaryStoreError(f"{place} broke off after {got:,} bytes: {verdict}.", hint="Try again.")
        if self._info.size is not None and got != self._info.size:
            raise cut_short(got, self._info.size, place)
        self.complete = True


class FtpStore(WithoutRanges, ReadOnly):
    """A directory on an FTP server.

    Args:
        host: server.
        port: its control port.
        root: directory, relative to where the log-in lands unless it begins with a slash.
        settings: account, limits, timeouts.
        tls: protect both kinds of connection by explicit TLS (RFC 4217), or fail.

    Raises:
        UsageError: the settings' ``ca_file`` cannot be used.
    """

    def __init__(
        self, host: str, port: int = 21, root: str = "", settings: FtpSettings | None = None, *, tls: bool = False
    ) -> None:
        settings = settings or FtpSettings()
        shown_host = f"[{host}]" if ":" in host else host
        scheme = "ftps" if tls else "ftp"
        super().__init__(f"{scheme}://{shown_host}{'' if port == 21 else f':{port}'}/{root.strip('/')}".rstrip("/"))
        self._root = root.rstrip("/") + "/" if root else ""
        self._at_once = settings.connections
        self._pool = Pool(self.name, host, port, settings, trusting(settings.ca_file) if tls else None)

    @property
    def capabilities(self) -> Capabilities:
        """Lists with exact sizes; writes nothing."""
        return Capabilities(lists=True, exact_listing=True)

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one file, in one round trip. Raises `NotFoundError`."""
        return await self._look(key, self._path(key))

    async def _look(self, key: str, path: str) -> ObjectInfo:
        """Facts about what lies at a path, in the name of a key."""

        async def ask(talk: Conversation) -> ObjectInfo:
            return self._info(key, await talk.ask(*_questions(talk, path)))

        talk, info = await self._talk(key, ask)
        self._pool.give_back(talk, keep=True)
        return info

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[FtpReading | None]:
        """Fetch a file; `unless` costs one round trip; see `gdac.store.Store.read`."""
        path = self._path(key)
        if unless is not None and (await self.stat(key)).validator == unless:
            yield None
            return

        async def begin(talk: Conversation) -> tuple[FtpReading, Closable]:
            return await self._begin(key, path, talk)

        talk, (reading, writer) = await self._talk(key, begin)
        try:
            yield reading
        finally:
            writer.close()
            self._pool.give_back(talk, keep=reading.complete)

    async def _begin(self, key: str, path: str, talk: Conversation) -> tuple[FtpReading, Closable]:
        *facts, passive = await talk.ask(*_questions(talk, path), talk.passive_command())
        info = self._info(key, facts)
        reader, writer = await talk.data(passive)
        try:
            (begun,) = await talk.ask(f"RETR {path}")
            if not begun.is_fine:
                raise self._refused(key, begun)
        except BaseException:
            writer.close()
            raise
        if info.size is None:
            info = replace(info, size=announced_bytes(begun))
        return FtpReading(info, f"{key} on {self.name}", talk, reader, writer, begun), writer

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Files below a directory, by MLSD, else by LIST (sizes exact, times unknown). Links have no size."""
        walk = Walk(prefix, self._entries, self._at_once)
        async for folder, entries in walk.folders():
            for name, facts in entries:
                key = f"{folder}/{name}" if folder else name
                if facts.kind == "dir":
                    if recursive and _is_safe(key):
                        walk.enter(key)
                    elif recursive:  # not entered: its name goes to the caller, who reports it
                        yield ObjectInfo(key)
                elif facts.kind == "file":
                    yield ObjectInfo(key, facts.size, facts.modified, facts.validator)
                elif facts.kind not in {"cdir", "pdir"}:
                    yield ObjectInfo(key)

    async def has_folder(self, key: str) -> bool:
        """Whether a directory is there. Where the server has no MLST, on a conversation that ends with it."""
        path = self._path(key)

        async def ask(talk: Conversation) -> tuple[bool, bool]:
            knows = "MLST" in talk.features
            (answer,) = await talk.ask(f"{'MLST' if knows else 'CWD'} {path}")
            if not answer.is_fine:
                if _is_missing(answer):
                    return False, True
                raise self._refused(key, answer)
            return not knows or _facts([answer]).kind in _FOLDERS, knows

        talk, (there, keep) = await self._talk(key, ask)
        self._pool.give_back(talk, keep=keep)  # one that went into a folder would find no other key
        return there

    async def _entries(self, folder: str) -> Sequence[tuple[str, Facts]]:
        path = self._path(folder) if folder else self._root
        path = f"./{path}" if path.startswith("-") else path  # else LIST would take it for options

        async def ask(talk: Conversation) -> Sequence[tuple[str, Facts]]:
            has_facts = "MLST" in talk.features or "MLSD" in talk.features
            answer, lines = await talk.fetch_lines(f"{'MLSD' if has_facts else 'LIST'} {path}".rstrip())
            if not answer.is_fine:
                if _is_missing(answer):
                    return []
                raise self._refused(folder, answer)
            return self._parsed(folder, lines, parse_mlsx if has_facts else parse_list)

        talk, entries = await self._talk(folder or "/", ask)
        self._pool.give_back(talk, keep=True)
        return entries

    def _parsed(
        self, folder: str, lines: Sequence[str], parse: Callable[[str], tuple[str, Facts] | None]
    ) -> Sequence[tuple[str, Facts]]:
        entries = []
        for line in lines:
            try:
                found = parse(line)
            except ValueError as error:
                raise StoreError(
                    f"{self.name} lists {folder or '/'} in a form that gdac cannot read: {shown(line)}.",
                    hint="Please report this line; a file left out silently would look like a removed one.",
                ) from error
            # LIST of a file shows that file under the path we sent: such a name is not an entry.
            if found and found[0] not in {".", ".."} and "/" not in found[0]:
                entries.append(found)
        return entries

    async def __aenter__(self) -> Self:
        """Nothing to open: connections come with the first call."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the connections."""
        await self._pool.close()

    # --- asking

    async def _talk(self, key: str, work: Callable[[Conversation], Awaitable[T]]) -> tuple[Conversation, T]:
        """Do a piece of work on a conversation, and hand both over; the caller gives the conversation back.

        A server may have closed a conversation that waited in the pool: such work is begun once more on a fresh one.
        """
        for fresh in (False, True):
            talk = await self._pool.take(fresh=fresh)
            try:
                return talk, await work(talk)
            except WIRE_ERRORS as error:
                self._pool.give_back(talk, keep=False)
                if fresh or not talk.used:
                    raise self._broken(key, error) from error
            except GdacError:  # the server said no, properly
                self._pool.give_back(talk, keep=True)
                raise
            except BaseException:
                self._pool.give_back(talk, keep=False)
                raise
        raise AssertionError("the second try either returns or raises")

    def _path(self, key: str) -> str:
        check_safe(key)
        return f"{self._root}{key}"

    def _info(self, key: str, answers: Sequence[Answer]) -> ObjectInfo:
        for answer in answers:
            if not answer.is_fine and not answer.is_unknown_command:
                raise self._refused(key, answer)
        facts = _facts(answers)
        if facts.kind in _FOLDERS:
            raise NotFoundError(f"{key} on {self.name} is a directory, not a file.")
        return ObjectInfo(key, facts.size, facts.modified, facts.validator)

    def _refused(self, key: str, answer: Answer) -> StoreError:
        if _is_missing(answer):
            return NotFoundError(f"{key} is not on {self.name} (it says: {answer}).")
        # 4xx: "the error condition is temporary and the action may be requested again" (RFC 959 section 4.2).
        kind = TemporaryStoreError if answer.code[0] == "4" else StoreError
        return kind(f"{self.name} refused {key}: {answer}.", hint="Check the account's rights, or try again later.")

    def _broken(self, key: str, error: BaseException) -> StoreError:
        hint = "Try again later; fewer connections may help."
        return TemporaryStoreError(f"{self.name} failed at {key}: {reason(error)}.", hint=hint)


def _questions(talk: Conversation, path: str) -> Sequence[str]:
    return [f"MLST {path}"] if "MLST" in talk.features else [f"SIZE {path}", f"MDTM {path}"]


def _facts(answers: Sequence[Answer]) -> Facts:
    """Size and time out of the answers to `_questions`; what a server does not know stays unknown."""
    first = answers[0]
    if len(answers) == 1:
        lines = [line for line in first.lines[1:-1] if line.strip()] if first.is_fine else []
        return parse_mlsx(lines[0])[1] if lines else Facts()
    size = first.lines[-1].strip() if first.is_fine else ""
    when = from_ftp(answers[1].lines[-1]) if answers[1].is_fine else None
    return Facts(int(size) if size.isdecimal() else None, when.replace(microsecond=0) if when else None)


def _is_missing(answer: Answer) -> bool:
    """Servers say "not there" with several codes, and with 550 "not allowed" too: the words decide."""
    said = str(answer).lower()
    if any(word in said for word in _DENIED):
        return False
    return answer.code == "550" or (answer.code[0] == "5" and any(word in said for word in _ABSENT))


def _is_safe(key: str) -> bool:
    """Whether a directory may be asked for; one that may not is not entered, what is in it is not the archive's."""
    try:
        check_safe(key)
    except PathError:
        return False
    return True
