"""The comment lines above an index's rows: read, kept byte for byte, made anew.

A header is every leading line that begins with ``#``, never a count of lines: eight at the source, ten in the public
bucket. Each index keeps its own stamp, because the indexes of a GDAC are not one snapshot.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from gdac.errors import RefusedError
from gdac.index.spec import SPECS, IndexSpec

#: How many bytes a header may take; real ones take about 500.
MAX_HEADER_BYTES: Final = 1 << 16
#: Where the two public GDACs keep ``dac/``, as the header lines have named them for years.
ROOTS: Final = ("ftp://ftp.ifremer.fr/ifremer/argo/dac", "ftp://usgodae.org/pub/outgoing/argo/dac")
_STAMP_FORMAT: Final = "%Y%m%d%H%M%S"
_FIELD: Final = re.compile(r"#\s*(?P<key>[^:]+?)\s*:\s*(?P<value>.*?)\s*")


@dataclass(frozen=True, slots=True)
class IndexHeader:
    """The lines above the rows, without their line ends.

    Attributes:
        lines: the ``#`` lines, byte for byte (undecodable bytes as surrogates).
        column_row: the line that names the columns.
    """

    lines: tuple[str, ...]
    column_row: str

    def field(self, key: str) -> str | None:
        """The text after the colon of the ``#`` line that begins with ``key``, or None."""
        for line in self.lines:
            found = _FIELD.fullmatch(line)
            if found and found["key"] == key:
                return found["value"]
        return None

    @property
    def updated(self) -> datetime | None:
        """The index's own stamp (``Date of update``), aware, UTC; None where it is missing or unreadable."""
        text = self.field("Date of update") or ""
        if not re.fullmatch(r"\d{14}", text):
            return None
        try:
            return datetime.strptime(text, _STAMP_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return None

    @property
    def count(self) -> int:
        """Lines before the first row."""
        return len(self.lines) + 1

    def encode(self) -> bytes:
        """The very bytes that stand before the first row."""
        return "".join(f"{line}\n" for line in (*self.lines, self.column_row)).encode("utf-8", "surrogateescape")


def parse_header(start: bytes, name: str) -> IndexHeader:
    """Read the header out of a file's first bytes.

    Args:
        start: at least the first `MAX_HEADER_BYTES` of the file, or all of it.
        name: of the file, for messages.

    Raises:
        RefusedError: the bytes are no index file, or end before the column row does.
    """
    lines: list[str] = []
    rest = start
    while True:
        line, newline, rest = rest.partition(b"\n")
        text = line.decode("utf-8", "surrogateescape")
        if not lines and not text.startswith("#") and not _is_column_row(text):
            raise not_an_index(name, start)
        if not newline:
            raise RefusedError(f"index file {name} is cut: it ends inside its header.", hint="Fetch it again.")
        if not text.startswith("#"):
            return IndexHeader(tuple(lines), text)
        lines.append(text)


def not_an_index(name: str, start: bytes) -> RefusedError:
    """The error for bytes that are something else, such as an HTML page."""
    shown = ascii(start[:60].decode("utf-8", "replace"))
    return RefusedError(
        f"{name} is not an index file (starts with {shown}).",
        hint="Look at what the server sent: an error page often comes with status 200.",
    )


def _is_column_row(text: str) -> bool:
    first = text.rstrip("\r").partition(",")[0]
    return any(first == spec.columns[0].name for spec in SPECS.values())


def new_header(
    spec: IndexSpec,
    *,
    updated: datetime,
    profile: Literal[8, 10] = 8,
    node: str = "CORIOLIS",
    roots: tuple[str, str] = ROOTS,
) -> IndexHeader:
    """Make the header of an index that we write.

    Args:
        spec: which index.
        updated: its stamp, aware.
        profile: how many ``#`` lines: 8 as at the source, or 10 for buckets, where argopy skips exactly ten.
        node: of the header line ``# GDAC node``.
        roots: of the header lines ``# FTP root number``.
    """
    if not spec.title:  # the greylist has no comment lines
        return IndexHeader((), spec.column_row)
    lines = (
        f"# Title : {spec.title}",
        f"# Description : {spec.description}",
        "# Project : ARGO",
        f"# Format version : {spec.version}",
        f"# Date of update : {updated.astimezone(UTC).strftime(_STAMP_FORMAT)}",
        f"# FTP root number 1 : {roots[0]}",
        f"# FTP root number 2 : {roots[1]}",
        f"# GDAC node : {node}",
    )
    return with_profile(IndexHeader(lines, spec.column_row), profile)


_EXTRA: Final = ("# Note : paths are relative to the dac directory", "# Note : dates are UTC, YYYYMMDDHHMMSS")


def with_profile(header: IndexHeader, profile: Literal[8, 10]) -> IndexHeader:
    """The same header with 8 or 10 ``#`` lines; a header that has that many already is left as it is."""
    if len(header.lines) == profile:
        return header
    lines = tuple(line for line in header.lines if line not in _EXTRA)
    return IndexHeader(lines + _EXTRA if profile == 10 else lines, header.column_row)
