"""The lines that FTP servers write about files: MLSx facts (RFC 3659 section 7) and what ``LIST`` shows."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sync.stores.times import from_ftp

_UNIX: Final = re.compile(
    r"(?P<type>[-dlbcps])[-rwxsStTlL]{9}\S?\s+\d+\s+\S+\s+\S+\s+(?P<size>\d+)\s+"
    r"(?:\w{3}\s+\d{1,2}\s+(?:\d{1,2}:\d{2}|\d{4})|\d{4}-\d{2}-\d{2}\s+\d{2}:\d{2}) (?P<name>.+)"
)
_WINDOWS: Final = re.compile(
    r"\d{2}-\d{2}-\d{2,4}\s+\d{2}:\d{2}(?:[AP]M)?\s+(?:(?P<dir><DIR>)|(?P<size>[\d,]+)) +(?P<name>.+)"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says of one file or directory.

    Attributes:
        size: bytes, or None where it does not say.
        modified: UTC, to the second; None where it does not say. Never from ``LIST``: its times have no zone.
        kind: ``file``, ``dir``, or another type in the server's words; ``cdir`` and ``pdir`` are directories too.
    """

    size: int | None = None
    modified: datetime | None = None
    kind: str = "file"

    @property
    def validator(self) -> str | None:
        """Size and time, when both are known."""
        if self.size is None or self.modified is None:
            return None
        return f"{self.size}-{self.modified:%Y%m%d%H%M%S}"


def parse_mlsx(line: str) -> tuple[str, Facts]:
    """Read one line of MLSD or MLST: ``fact=value;... name``.

    Raises:
        ValueError: it is no such line.
    """
    facts, blank, name = line.lstrip(" ").partition(" ")
    if not blank or not facts.endswith(";"):
        raise ValueError(line)
    found: dict[str, str] = {}
    for fact in facts[:-1].split(";"):
        key, _, value = fact.partition("=")
        found[key.lower()] = value
    kind = found.get("type", "file").lower()
    size = found.get("size", "")
    when = from_ftp(found.get("modify", ""))
    return name, Facts(
        size=int(size) if size.isdecimal() else None,
        modified=when.replace(microsecond=0) if when else None,
        kind=kind,
    )


def parse_list(line: str) -> tuple[str, Facts] | None:
    """Read one line of ``LIST`` in Unix or Windows form; None for lines about no file (``total 12``).

    Raises:
        ValueError: it is neither form.
    """
    if not line.strip() or re.fullmatch(r"total \d+", line.strip()):
        return None
    if unix := _UNIX.fullmatch(line):
        if unix["type"] == "l":  # the size is that of the link
            return unix["name"].partition(" -> ")[0], Facts(kind="link")
        kind = {"-": "file", "d": "dir"}.get(unix["type"], "special")
        return unix["name"], Facts(int(unix["size"]), kind=kind)
    if windows := _WINDOWS.fullmatch(line):
        if windows["dir"]:
            return windows["name"], Facts(kind="dir")
        return windows["name"], Facts(int(windows["size"].replace(",", "")))
    raise ValueError(line)
