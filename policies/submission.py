"""What a submitted file is, by its name alone: one of seven kinds, or nothing that a DAC may submit. Pure.

Policies ACC-002 (kinds and names); names of NetCDF files are those of `gdac.paths`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gdac.paths import FLOAT_NAME, PROFILE_NAME, ArchivePath, Kind
from policies.law import values

_NAMES: Final = values("acceptance", "ACC-002")


class Submission(StrEnum):
    """The seven kinds of submission (GDAC cookbook, section 2)."""

    PROFILE = "profile"
    TRAJECTORY = "trajectory"
    TECHNICAL = "technical"
    METADATA = "metadata"
    ARCHIVE = "archive"
    REMOVAL_LIST = "removal-list"
    EXCLUSION_LIST = "exclusion-list"

    @property
    def is_file(self) -> bool:
        """A NetCDF file that is published."""
        return self in _FILES

    @property
    def is_list(self) -> bool:
        """A list that a DAC writes about its files or sensors."""
        return self in {Submission.REMOVAL_LIST, Submission.EXCLUSION_LIST}


_KINDS: Final = {
    Kind.PROFILE: Submission.PROFILE,
    Kind.BIO_PROFILE: Submission.PROFILE,
    Kind.TRAJECTORY: Submission.TRAJECTORY,
    Kind.BIO_TRAJECTORY: Submission.TRAJECTORY,
    Kind.TECH: Submission.TECHNICAL,
    Kind.META: Submission.METADATA,
}
_FILES: Final = frozenset(_KINDS.values())
_TAKEN: Final = frozenset(Kind(name) for name in _NAMES["files"])
_ARCHIVE: Final = re.compile(_NAMES["archive"], re.ASCII)
_LISTS: Final = {
    Submission.REMOVAL_LIST: re.compile(_NAMES["removal_list"]),
    Submission.EXCLUSION_LIST: re.compile(_NAMES["exclusion_list"]),
}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A name that a DAC may submit.

    Attributes:
        name: the bare file name.
        kind: which of the seven.
        wmo: the float's number as written; None for archives and lists.
        dac: the DAC that a list is named after; None otherwise.
    """

    name: str
    kind: Submission
    wmo: str | None = None
    dac: str | None = None


def recognise(name: str) -> Recognised | None:
    """What a bare file name says; None when no DAC may submit such a file."""
    path = place("any", name)
    if path is not None:
        return Recognised(name, _KINDS[path.kind], path.wmo) if path.kind in _TAKEN else None
    for kind, pattern in _LISTS.items():
        if found := pattern.fullmatch(name):
            return Recognised(name, kind, dac=found["dac"])
    return Recognised(name, Submission.ARCHIVE) if _ARCHIVE.fullmatch(name) else None


def place(dac: str, name: str) -> ArchivePath | None:
    """Where a DAC's file of this name lies in the archive; None when the name is no file's of a float."""
    if found := PROFILE_NAME.fullmatch(name):
        return ArchivePath.parse(f"dac/{dac}/{found['wmo']}/profiles/{name}")
    if found := FLOAT_NAME.fullmatch(name):
        return ArchivePath.parse(f"dac/{dac}/{found['wmo']}/{name}")
    return None
