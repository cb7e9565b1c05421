"""JSON from outside, read field by field and believed nowhere: the head, and the metadata of manifests and deltas."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from gdac.errors import RefusedError
from gdac.manifest.model import Link
from gdac.manifest.names import MAX_SERIAL, NameKind, is_sha256, parse_name

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_FORMAT: Final = re.compile(r"(argo-gdac [a-z]+) (\d{1,6})", re.ASCII)
_BIGGEST: Final = 1 << 63


def load_json(raw: bytes) -> Any:
    """Parse a JSON document strictly: UTF-8, no name twice in one object, no NaN or infinity.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


class Fields:
    """Checked access to one JSON object; whatever is wrong is said with ``where`` it is.

    Args:
        found: what JSON gave.
        where: names the object in messages.
        error: the kind of error to raise.
    """

    def __init__(self, found: object, where: str, error: type[RefusedError]) -> None:
        if not isinstance(found, dict):
            raise error(f"{where} is no JSON object.")
        self._found: Mapping[str, Any] = found
        self._error = error
        self.where = where

    def _value(self, name: str, kind: type, what: str) -> Any:
        value = self._found.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._error(f"{self.where}: {name!r} is {'missing' if value is None else 'not'} {what}.")
        return value

    def object(self, name: str) -> "Fields":
        """An object that must be there."""
        return Fields(self._value(name, dict, "a JSON object"), f"{self.where}.{name}", self._error)

    def objects(self, name: str) -> "Sequence[Fields]":
        """A list of objects that must be there."""
        entries = self._value(name, list, "a list")
        where = f"{self.where}.{name}"
        return [Fields(entry, f"{where}[{at}]", self._error) for at, entry in enumerate(entries)]

    def text(self, name: str) -> str:
        """A text that must be there: printable, not empty, not long."""
        value: str = self._value(name, str, "a text")
        if not value or len(value) > 1_000 or not value.isprintable():
            raise self._error(f"{self.where}: {name!r} is empty, too long or not printable.")
        return value

    def text_or_none(self, name: str) -> str | None:
        """The same, or None for null or nothing."""
        return None if self._found.get(name) is None else self.text(name)

    def number(self, name: str, *, least: int = 0, most: int = _BIGGEST - 1) -> int:
        """A whole number that must be there."""
        value: int = self._value(name, int, "a whole number")
        if not least <= value <= most:
            raise self._error(f"{self.where}: {name!r} is outside {least} to {most}.")
        return value

    def time(self, name: str) -> datetime:
        """A time that must be there: UTC, RFC 3339, to the second."""
        value = self._value(name, str, "a time")
        try:
            if _TIME.fullmatch(value) is None:
                raise ValueError(value)
            return datetime.fromisoformat(value[:-1]).replace(tzinfo=UTC)
        except ValueError as error:
            raise self._error(f"{self.where}: {name!r} is no time such as 2026-11-22T16:30:00Z.") from error

    def time_or_none(self, name: str) -> datetime | None:
        """The same, or None for null or nothing."""
        return None if self._found.get(name) is None else self.time(name)

    def digest(self, name: str) -> str:
        """A SHA-256 that must be there, lower-case hex."""
        value = self.text(name)
        if not is_sha256(value):
            raise self._error(f"{self.where}: {name!r} is no SHA-256 digest in lower-case hex.")
        return value

    def archive(self, name: str = "archive") -> str:
        """The archive id that must be there."""
        value = self.text(name)
        if not is_archive_id(value):
            raise self._error(f"{self.where}: {name!r} is no archive id (a UUID, version 4, lower case).")
        return value

    def sealed_name(self, kind: NameKind) -> tuple[int, str, str]:
        """Serial, name and digest, which must agree (rule 3)."""
        serial = self.serial()
        return serial, *self.name_of(kind, serial)

    def name_of(self, kind: NameKind, serial: int) -> tuple[str, str]:
        """Name and digest of a sealed file of a serial, which must agree (rule 3)."""
        name, sha256 = self.text("name"), self.digest("sha256")
        try:
            sealed = parse_name(name)
        except RefusedError as error:
            raise self._error(f"{self.where}: {error.what}") from error
        if sealed.kind is not kind or not sealed.fits(serial, sha256):
            raise self._error(
                f"{self.where}: name {name!r} is not that of a {kind} of serial {serial}, SHA-256 {sha256}."
            )
        return name, sha256

    def serial(self, name: str = "serial", *, least: int = 1) -> int:
        """A serial that must be there."""
        return self.number(name, least=least, most=MAX_SERIAL)

    def link(self, name: str, kind: NameKind) -> Link | None:
        """A link to the file before, or None for null or nothing."""
        return None if self._found.get(name) is None else Link(*self.object(name).sealed_name(kind))


def plain(value: Any) -> Any:
    """Dataclasses, times, dates and tuples as plain JSON values; times in UTC to the second."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def canonical(document: Mapping[str, Any]) -> bytes:
    """The canonical bytes of our JSON files: keys sorted, indented by one blank, UTF-8, a final newline."""
    return (json.dumps(plain(document), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def is_archive_id(text: str) -> bool:
    """Whether a text is a UUID of version 4 as we write it."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return False
    return found.version == 4 and found.variant == uuid.RFC_4122 and str(found) == text


def is_newer_format(found: str, known: str) -> bool:
    """Whether a format line is of the known kind with another major number."""
    parts, ours = _FORMAT.fullmatch(found), _FORMAT.fullmatch(known)
    return parts is not None and ours is not None and parts[1] == ours[1] and parts[2] != ours[2]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice in one object")
    return found


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")
