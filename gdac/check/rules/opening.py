"""Opening a file: is it there, is it NetCDF, what is it (OPN-001 to 011). The first error ends the check."""

from collections.abc import Iterator
from typing import Final

from gdac.check.context import Opening
from gdac.check.dataset import trim
from gdac.check.derived import BY_CODE as MADE
from gdac.check.finding import Fault, at
from gdac.check.kinds import BY_CODE, LEGACY
from gdac.check.rule import rule
from gdac.tables import Concept

_FILE: Final = at()


@rule("OPN-001", "X", "ALL")
def readable(opening: Opening) -> Iterator[Fault]:
    """The file is there and may be read.

    Why: nothing can be said of a file that cannot be opened.
    Mend: check the path and the permissions of the file.
    """
    if opening.size is None:
        yield Fault(_FILE, opening.trouble or "it cannot be read")


@rule("OPN-002", "X", "ALL")
def not_empty(opening: Opening) -> Iterator[Fault]:
    """The file is not empty.

    Why: a file of 0 bytes is what an interrupted transfer or a full disk leaves behind.
    Mend: write or send the file again.
    """
    if opening.size == 0:
        yield Fault(_FILE, "the file has 0 bytes", found="0 bytes")


@rule("OPN-003", "X", "ALL")
def netcdf(opening: Opening) -> Iterator[Fault]:
    """The file is NetCDF classic (CDF-1, CDF-2) or NetCDF-4.

    Why: readers of the archive expect these containers; a file that ends too early or contradicts itself would give
    them wrong values in silence. CDF-5 cannot be read by the official checker.
    Mend: write the file again with a current NetCDF library, or send it again if it was damaged on the way.
    """
    if opening.dataset is None:
        yield Fault(_FILE, opening.trouble or "it is not NetCDF")
    elif opening.dataset.header.format == "NETCDF3_64BIT_DATA":
        yield Fault(_FILE, "the container is CDF-5, which Argo tools cannot read", "CDF-5", "CDF-1, CDF-2 or NetCDF-4")


@rule("OPN-004", "S", "ALL", manual="2.2.2")
def data_type_present(opening: Opening) -> Iterator[Fault]:
    """DATA_TYPE is there, as text.

    Why: it says which of the Argo formats the file follows.
    Mend: add the variable `char DATA_TYPE(STRING16)` (STRING32 in B-trajectories) with the type of the file.
    """
    if not (opening.dataset and opening.dataset.is_char("DATA_TYPE", 1) and opening.dataset.texts("DATA_TYPE")):
        yield Fault(at("DATA_TYPE"), "there is no such variable, or it is not a one-dimensional text")


@rule("OPN-005", "S", "ALL", manual="reference table 1")
def data_type_known(opening: Opening) -> Iterator[Fault]:
    """DATA_TYPE is one of reference table 1.

    Why: without a known type nobody can say what the file should hold.
    Mend: write the type as the table spells it, such as `Argo profile`.
    """
    text = _data_type(opening)
    if _concept(opening) is None and text not in LEGACY:
        known = sorted(opening.tables.codes("R01"))
        yield Fault(at("DATA_TYPE"), f"'{text}' is no Argo data type", text, " | ".join(known))


@rule("OPN-006", "S", "P T K", manual="2.2.2")
def data_type_spelling(opening: Opening) -> Iterator[Fault]:
    """Files of version 3.1 spell DATA_TYPE as reference table 1 does.

    Why: the older spellings (`ARGO profile`) belong to the versions before 3.1.
    Mend: write `Argo profile`, `Argo trajectory` or `Argo technical data`.
    """
    text = _data_type(opening)
    if _concept(opening) is None and text in LEGACY and _version(opening) == "3.1":
        yield Fault(at("DATA_TYPE"), f"'{text}' is a spelling of versions before 3.1", text)


@rule("OPN-007", "L>W", "BT", manual="reference table 1")
def data_type_current(opening: Opening) -> Iterator[Fault]:
    """DATA_TYPE is not deprecated.

    Why: reference table 1 has replaced this type; files of it will not be taken forever.
    Mend: none in the file; follow the announcements of the Argo data management team.
    """
    text = _data_type(opening)
    concept = _concept(opening)
    if concept is not None and concept.deprecated:
        yield Fault(at("DATA_TYPE"), f"'{text}' is deprecated in reference table 1", text)


@rule("OPN-008", "X", "ALL", manual="reference table 1")
def data_type_handled(opening: Opening) -> Iterator[Fault]:
    """DATA_TYPE is a type whose format is known.

    Why: auxiliary metadata and merged trajectories follow formats that no specification describes; the official
    checker stops altogether at them, and at synthetic and merged profiles, which we can check.
    Mend: submit core and b-files; auxiliary files go into the aux folder unchecked.
    """
    text = _data_type(opening)
    concept = _concept(opening)
    if concept is not None and concept.id not in BY_CODE and concept.id not in MADE:
        yield Fault(at("DATA_TYPE"), f"there is no specification of files of type '{text}'", text)


@rule("OPN-009", "S", "ALL", manual="2.2.2")
def version_present(opening: Opening) -> Iterator[Fault]:
    """FORMAT_VERSION is there, as text.

    Why: it says which version of the format the file follows.
    Mend: add the variable `char FORMAT_VERSION(STRING4)`.
    """
    if not (opening.dataset and opening.dataset.is_char("FORMAT_VERSION") and opening.dataset.texts("FORMAT_VERSION")):
        yield Fault(at("FORMAT_VERSION"), "there is no such variable, or it is not text")


@rule("OPN-010", "X", "ALL")
def version_known(opening: Opening) -> Iterator[Fault]:
    """There is a specification of this file type and version.

    Why: a file of an unknown version cannot be held against anything.
    Mend: write the current version of the format; `gdac spec show` lists those that can be checked.
    """
    if opening.unsupported and not _unusable(opening):
        text = _version(opening)
        yield Fault(at("FORMAT_VERSION"), f"unsupported version '{text}': {opening.unsupported}", text)


@rule("OPN-011", "X", "ALL")
def version_usable(opening: Opening) -> Iterator[Fault]:
    """The official specification of this file type and version can be used.

    Why: the official files for technical 2.2 and 2.4 are incomplete, so the official checker cannot judge such files.
    Mend: write technical files in version 3.1.
    """
    if opening.unsupported and _unusable(opening):
        text = _version(opening)
        yield Fault(at("FORMAT_VERSION"), f"unsupported version '{text}': {opening.unsupported}", text)


def _unusable(opening: Opening) -> bool:
    """Technical 2.2 and 2.4 have a specification, which the official program cannot read."""
    concept = _concept(opening)
    technical = concept.id == "TECH" if concept else _data_type(opening).lower().startswith("argo technical")
    return technical and _version(opening) in {"2.2", "2.4"}


def _data_type(opening: Opening) -> str:
    return trim(opening.dataset.text("DATA_TYPE")) if opening.dataset else ""


def _concept(opening: Opening) -> Concept | None:
    return opening.tables.concept("R01", _data_type(opening))


def _version(opening: Opening) -> str:
    return trim(opening.dataset.text("FORMAT_VERSION")) if opening.dataset else ""
