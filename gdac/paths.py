"""Every path of a GDAC, parsed once.

An `ArchivePath` is relative to the archive root, POSIX, and safe to use on any store. Its grammar is that of the
Argo user's manual (chapter 4) and of the GDAC cookbook (doi 10.13155/46202, section 2.5), as real trees show it:

- ``dac/<dac>/<wmo>/<wmo>_{meta,tech,Rtraj,Dtraj,BRtraj,BDtraj,prof,Sprof,Mprof}.nc``
- ``dac/<dac>/<wmo>/profiles/[BSM]?[RD]<wmo>_<cycle>[D].nc``: cycle in 3 digits, 4 only above 999; final D = descending
- ``geo/<ocean>_ocean/YYYY/MM/YYYYMMDD_prof.nc`` and ``latest_data/{R,D}YYYYMMDD_prof_<n>.nc``
- ``aux/`` and ``etc/``: free; index files at the root
- anything else that is safe is `Kind.OTHER`: it is mirrored and reported.

Unsafe names are refused: they never reach a store, a manifest or a message unescaped.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from gdac.errors import RefusedError

#: Longest path, in UTF-8 bytes: an S3 key holds 1,024, and a mirror may live under a prefix.
MAX_PATH_BYTES: Final = 900
#: Longest name between two slashes, in UTF-8 bytes: the limit of common file systems.
MAX_SEGMENT_BYTES: Final = 255
#: Where head, manifests and deltas lie: outside every manifest, so no source may name a path there.
MANIFEST_DIR: Final = "manifest"

PROFILE_NAME: Final = re.compile(
    r"(?P<set>[BSM]?)(?P<mode>[RD])(?P<wmo>\d{7}|\d{5})_(?P<cycle>\d{3}|[1-9]\d{3})(?P<descending>D?)\.nc", re.ASCII
)
FLOAT_NAME: Final = re.compile(
    r"(?P<wmo>\d{7}|\d{5})_(?P<what>meta|tech|prof|Sprof|Mprof|(?P<bio>B?)(?P<mode>[RD])traj)\.nc", re.ASCII
)
DAC_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{1,31}")
WMO: Final = re.compile(r"\d{7}|\d{5}", re.ASCII)
INDEX_NAME: Final = re.compile(
    r"(?:ar_index_(?:global_(?:prof|meta|tech|traj)|this_week_(?:prof|meta))"
    r"|argo_(?:bio-profile|bio-traj|synthetic-profile|merge-profile)_index)\.txt(?:\.gz)?"
)
_GEO: Final = re.compile(r"(atlantic|indian|pacific)_ocean/(\d{4})/(\d{2})/(\d{4})(\d{2})(\d{2})_prof\.nc", re.ASCII)
_LATEST: Final = re.compile(r"(?P<mode>[RD])(\d{4})(\d{2})(\d{2})_prof_\d+\.nc", re.ASCII)


class PathError(RefusedError):
    """A path that no archive may hold: it climbs, hides, confuses terminals or does not fit a store."""

    def __init__(self, text: str, why: str) -> None:
        shown = ascii(text if len(text) <= 120 else text[:117] + "...")
        super().__init__(f"path {shown} is refused: {why}.")
        self.text = text
        self.why = why


class Kind(StrEnum):
    """What a path holds; values are the words of our reports and of the filters in a configuration."""

    PROFILE = "profile"
    BIO_PROFILE = "bio-profile"
    SYNTHETIC_PROFILE = "synthetic-profile"
    MERGED_PROFILE = "merged-profile"  # M files, superseded by S in 2019; still met
    META = "meta"
    TECH = "tech"
    TRAJECTORY = "trajectory"
    BIO_TRAJECTORY = "bio-trajectory"
    MULTI_PROFILE = "multi-profile"  # <wmo>_prof.nc, merged by a GDAC
    SYNTHETIC_MULTI_PROFILE = "synthetic-multi-profile"  # <wmo>_Sprof.nc
    MERGED_MULTI_PROFILE = "merged-multi-profile"  # <wmo>_Mprof.nc
    GEO = "geo"
    LATEST = "latest"
    AUX = "aux"
    ETC = "etc"
    INDEX = "index"
    OTHER = "other"

    @property
    def is_single_profile(self) -> bool:
        """One cycle of one float: the files of a ``profiles/`` directory."""
        return self in _SINGLE_PROFILES

    @property
    def is_listed(self) -> bool:
        """Some index file lists paths of this kind; one that no index lists is *unlisted*."""
        return self in _LISTED

    @property
    def is_derived(self) -> bool:
        """Made at the GDAC out of other files; no index lists it."""
        return self in _DERIVED


_SINGLE_PROFILES: Final = frozenset({Kind.PROFILE, Kind.BIO_PROFILE, Kind.SYNTHETIC_PROFILE, Kind.MERGED_PROFILE})
_LISTED: Final = _SINGLE_PROFILES | {Kind.META, Kind.TECH, Kind.TRAJECTORY, Kind.BIO_TRAJECTORY}
_DERIVED: Final = frozenset(
    {
        Kind.MULTI_PROFILE,
        Kind.SYNTHETIC_MULTI_PROFILE,
        Kind.MERGED_MULTI_PROFILE,
        Kind.GEO,
        Kind.LATEST,
    }
)
_PROFILE_KINDS: Final = {
    "": Kind.PROFILE,
    "B": Kind.BIO_PROFILE,
    "S": Kind.SYNTHETIC_PROFILE,
    "M": Kind.MERGED_PROFILE,
}
_FLOAT_KINDS: Final = {
    "meta": Kind.META,
    "tech": Kind.TECH,
    "prof": Kind.MULTI_PROFILE,
    "Sprof": Kind.SYNTHETIC_MULTI_PROFILE,
    "Mprof": Kind.MERGED_MULTI_PROFILE,
}
_TWIN_MODE: Final = {"R": "D", "D": "R"}


@dataclass(frozen=True, slots=True, order=True)
class ArchivePath:
    """One path of an archive, safe and understood; make it with `ArchivePath.parse`.

    Attributes:
        text: the path itself, relative to the archive root, POSIX.
        kind: what it holds.
        dac: the DAC directory it lies in, or None.
        wmo: the float's WMO number as written (5 or 7 digits), or None.
        mode: ``R`` (real time or adjusted) or ``D`` (delayed), from the file name; None where names carry none.
        cycle: cycle number of a single profile; None otherwise.
        descending: True for a single profile taken on the way down.
    """

    text: str
    kind: Kind
    dac: str | None = None
    wmo: str | None = None
    mode: str | None = None
    cycle: int | None = None
    descending: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """The last segment."""
        return self.text.rpartition("/")[2]

    @property
    def direction(self) -> str | None:
        """``A`` or ``D`` for a single profile (Argo's DIRECTION), None otherwise."""
        if not self.kind.is_single_profile:
            return None
        return "D" if self.descending else "A"

    @property
    def twin(self) -> "ArchivePath | None":
        """The same profile or trajectory in the other mode (R <-> D), or None where the name has no mode.

        When an R profile becomes delayed mode its path changes: the R path leaves and its D twin comes.
        """
        if self.mode is None or self.kind is Kind.LATEST:
            return None
        folder, slash, name = self.text.rpartition("/")
        at = name.index(self.mode)  # the mode letter is the first R or D of every such name
        return ArchivePath.parse(f"{folder}{slash}{name[:at]}{_TWIN_MODE[self.mode]}{name[at + 1 :]}")

    @staticmethod
    def parse(text: str) -> "ArchivePath":
        """Parse a path relative to the archive root.

        Raises:
            PathError: the path is unsafe (see `check_safe`) or lies under ``manifest/``.
        """
        check_safe(text)
        first, _, rest = text.partition("/")
        if first == MANIFEST_DIR:
            raise PathError(text, f"{MANIFEST_DIR}/ is where the hub seals; no source may write there")
        if first == "dac":
            return _parse_dac(text, rest)
        if first == "aux":
            return _parse_aux(text, rest)
        if first == "etc":
            return ArchivePath(text, Kind.ETC)
        if first == "geo" and (found := _GEO.fullmatch(rest)) and _is_day(found[4], found[5], found[6]):
            same_month = (found[2], found[3]) == (found[4], found[5])
            return ArchivePath(text, Kind.GEO if same_month else Kind.OTHER)
        if first == "latest_data" and (found := _LATEST.fullmatch(rest)) and _is_day(*found.groups()[1:]):
            return ArchivePath(text, Kind.LATEST, mode=found["mode"])
        if INDEX_NAME.fullmatch(text):
            return ArchivePath(text, Kind.INDEX)
        return ArchivePath(text, Kind.OTHER)


@lru_cache(maxsize=1024)  # on its way a file's path is asked about by every store and wrapper
def check_safe(text: str) -> None:
    """Refuse a path that no store of ours may be asked for.

    Refused: empty or absolute paths; empty, ``.`` or ``..`` segments; segments that begin with a dot (temporary files,
    ``.snapshot``); control, format, surrogate and private-use characters; backslashes; text that is not Unicode
    NFC (two names for one file); leading or trailing blanks; over-long paths and segments.

    Raises:
        PathError: says which of these it is.
    """
    if not text:
        raise PathError(text, "it is empty")
    if text.isascii():
        if not text.isprintable():
            raise PathError(text, "it holds a control character")
    else:
        _check_unicode(text)
    if "\\" in text:
        raise PathError(text, "it holds a backslash")
    if len(text.encode()) > MAX_PATH_BYTES:
        raise PathError(text, f"it is longer than {MAX_PATH_BYTES} bytes")
    for segment in text.split("/"):
        _check_segment(text, segment)


def _check_unicode(text: str) -> None:
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "C" or category in {"Zl", "Zp"}:
            raise PathError(text, f"it holds {character!a}, a character of category {category}")
    if not unicodedata.is_normalized("NFC", text):
        raise PathError(text, "it is not in Unicode normal form NFC, so it could name a file twice")


def _check_segment(text: str, segment: str) -> None:
    if not segment:
        raise PathError(text, "it is absolute, ends in a slash or has an empty segment")
    if segment in {".", ".."}:
        raise PathError(text, f"it climbs or stands still ({segment!r} between slashes)")
    if segment[0] == ".":
        raise PathError(text, "a segment begins with a dot, as temporary and snapshot files do")
    if segment[0].isspace() or segment[-1].isspace():
        raise PathError(text, "a segment begins or ends with a blank")
    if len(segment.encode()) > MAX_SEGMENT_BYTES:
        raise PathError(text, f"a segment is longer than {MAX_SEGMENT_BYTES} bytes")


def _parse_dac(text: str, rest: str) -> ArchivePath:
    match rest.split("/"):
        case [dac, wmo, name] if DAC_NAME.fullmatch(dac) and WMO.fullmatch(wmo):
            found = FLOAT_NAME.fullmatch(name)
            if found and found["wmo"] == wmo:
                trajectory = Kind.BIO_TRAJECTORY if found["bio"] else Kind.TRAJECTORY
                kind = _FLOAT_KINDS.get(found["what"], trajectory)
                return ArchivePath(text, kind, dac, wmo, found["mode"])
        case [dac, wmo, "profiles", name] if DAC_NAME.fullmatch(dac) and WMO.fullmatch(wmo):
            found = PROFILE_NAME.fullmatch(name)
            if found and found["wmo"] == wmo:
                kind = _PROFILE_KINDS[found["set"]]
                descending = bool(found["descending"])
                return ArchivePath(text, kind, dac, wmo, found["mode"], int(found["cycle"]), descending)
        case [dac, wmo, *_] if DAC_NAME.fullmatch(dac) and WMO.fullmatch(wmo):
            pass
        case [dac, *_] if DAC_NAME.fullmatch(dac):
            return ArchivePath(text, Kind.OTHER, dac)
        case _:
            return ArchivePath(text, Kind.OTHER)
    return ArchivePath(text, Kind.OTHER, dac, wmo)


def _parse_aux(text: str, rest: str) -> ArchivePath:
    match rest.split("/"):
        case [dac, wmo, _, *_] if DAC_NAME.fullmatch(dac) and WMO.fullmatch(wmo):
            return ArchivePath(text, Kind.AUX, dac, wmo)
        case _:
            return ArchivePath(text, Kind.AUX)


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
