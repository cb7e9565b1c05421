"""The JSON text that a manifest or delta carries in its Parquet metadata (docs/formats.md, "Metadata")."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from gdac.manifest import names
from gdac.manifest.model import Link, ManifestError

#: Longest metadata text that is looked at, in bytes.
MAX_BYTES: Final = 1 << 16
_FORMAT: Final = re.compile(r"(argo-gdac [a-z]+) (\d{1,6})")


class Metadata:
    """Checked access to the fields; every wrong one is a `ManifestError` that names the file.

    Args:
        raw: the JSON text.
        where: names the file in messages.
        expect: the format line that this reader knows, such as ``argo-gdac manifest 1``.
    """

    def __init__(self, raw: bytes, where: str, expect: str) -> None:
        self.where = where
        if len(raw) > MAX_BYTES:
            raise ManifestError(f"{where}: its metadata are longer than {MAX_BYTES} bytes.")
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise ManifestError(f"{where}: its metadata are no JSON ({error}).") from error
        if not isinstance(found, dict):
            raise ManifestError(f"{where}: its metadata are no JSON object.")
        self._fields: Mapping[str, Any] = found
        check_format(self.text("format"), expect, where)

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise ManifestError(f"{self.where}: its metadata have no text {name!r}.")
        return value

    def number(self, name: str, *, least: int = 0) -> int:
        """A whole number that must be there and be at least ``least``."""
        value = self._fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 63:
            raise ManifestError(f"{self.where}: its metadata have no whole number {name!r} of at least {least}.")
        return value

    def serial(self, name: str = "serial", *, least: int = 1) -> int:
        """A serial that must be there."""
        value = self.number(name, least=least)
        if value > names.MAX_SERIAL:
            raise ManifestError(f"{self.where}: {name} {value} is beyond {names.MAX_SERIAL}.")
        return value

    def archive(self) -> str:
        """The archive id."""
        value = self.text("archive")
        if not is_archive_id(value):
            raise ManifestError(f"{self.where}: {value[:80]!a} is no archive id (a UUID, version 4, lower case).")
        return value

    def link(self, kind: names.NameKind) -> Link | None:
        """The link to the file before, or None for a null."""
        value = self._fields.get("previous")
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ManifestError(f"{self.where}: its link to the file before is no object.")
        serial, name, sha256 = value.get("serial"), value.get("name"), value.get("sha256")
        if not (isinstance(serial, int) and isinstance(name, str) and isinstance(sha256, str)):
            raise ManifestError(f"{self.where}: its link to the file before lacks serial, name or sha256.")
        sealed = names.parse_name(name)
        if sealed.kind is not kind or not names.is_sha256(sha256) or not sealed.fits(serial, sha256):
            raise ManifestError(f"{self.where}: its link to the file before does not agree with itself ({name}).")
        return Link(serial, name, sha256)


def check_format(found: str, expect: str, where: str) -> None:
    """Refuse a format that this reader does not know.

    Raises:
        ManifestError: another kind of file, or another major number.
    """
    parts, known = _FORMAT.fullmatch(found), _FORMAT.fullmatch(expect)
    assert known is not None
    if parts is None or parts[1] != known[1]:
        raise ManifestError(f"{where} is {found[:80]!a}, not {expect!r}.")
    if parts[2] != known[2]:
        raise ManifestError(
            f"{where} has format {found!r}; this gdac reads {expect!r}.", hint="Use a gdac that knows it."
        )


def is_archive_id(text: str) -> bool:
    """Whether a text is a UUID of version 4 as we write it."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return False
    return found.version == 4 and str(found) == text


def render(fields: Mapping[str, object]) -> str:
    """The JSON text of metadata: keys sorted, no blanks."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def link_fields(link: Link | None) -> dict[str, object] | None:
    """A link as JSON has it."""
    return None if link is None else asdict(link)
