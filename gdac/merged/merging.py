"""Merges single-cycle core profile files into one: of a float, of a day and ocean, or of a day of arrival.

Every file is read twice: first for what decides order and lengths, then for its values, which go to their places a few
profiles at a time. So a merge needs memory for a batch, not for the merged file.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from itertools import pairwise
from math import prod
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Final

import numpy as np

from gdac.errors import GdacError
from gdac.merged.layout import BLANK, CORE, RECORD, TYPES, Encoded, Shape, Variable, encode
from gdac.merged.profile import MAX_BYTES, MergeError, NothingToMergeError, Profile, look, rows
from gdac.netcdf import Array, NetcdfError, read_variables, text

#: Bytes of rows that are gathered before they are written.
_BATCH: Final = 8 << 20
#: FIRMWARE_VERSION has this many characters in real merged files.
_FIRMWARE: Final = 32
_STAMP: Final = "%Y%m%d%H%M%S"
_CONSTANTS: Final = {
    "DATA_TYPE": "Argo profile",
    "FORMAT_VERSION": "3.1",
    "HANDBOOK_VERSION": "1.2",
    "REFERENCE_DATE_TIME": "19500101000000",
}


class Order(Enum):
    """How the profiles of a merged file follow one another."""

    CYCLE = "cycle number, then date"  # files of a float
    DATE = "date"  # files of a day


@dataclass(frozen=True, slots=True)
class Merged:
    """What was merged.

    Attributes:
        profiles: how many.
        levels: N_LEVELS of the merged file.
        left_out: files without TEMP, which GDACs leave out.
    """

    profiles: int
    levels: int
    left_out: tuple[Path, ...]


def merge(
    files: Iterable[Path],
    dest: Path,
    *,
    order: Order,
    merged_at: datetime,
    created: datetime | None = None,
    institution: str = "FR GDAC",
) -> Merged:
    """Write a multi-profile file. The same files, order and times give the same bytes.

    Args:
        files: single-cycle core profile files, each cycle and direction of a float once (see `gdac.merged.choose`).
        dest: replaced in one step, when it is whole.
        order: see `Order`.
        merged_at: its DATE_UPDATE, aware.
        created: its DATE_CREATION, aware: when this merged file was made first; None: now.
        institution: who merges.

    Raises:
        NetcdfError: a file cannot be read.
        NothingToMergeError: no file has TEMP.
        MergeError: a file is no core profile, two are of the same profile, or the result would not fit a classic file.
        GdacError: ``dest`` cannot be written. Whatever is raised, it is as it was.
    """
    profiles, left_out = _looked_at(files, order)
    shape = _shape(profiles)
    moment = merged_at.astimezone(UTC)
    attributes = {"institution": institution, "history": f"{moment:%Y-%m-%dT%H:%M:%SZ} creation"}
    if _row_bytes(shape) > MAX_BYTES:
        raise _too_large(profiles, f"a merged profile would need {_row_bytes(shape):,} bytes")
    try:
        encoded = encode(shape, attributes)
    except OverflowError as error:
        raise _too_large(profiles, f"merging {len(profiles)} profiles would give a file beyond 2 GiB") from error
    dates = {"DATE_CREATION": f"{(created or moment).astimezone(UTC):{_STAMP}}", "DATE_UPDATE": f"{moment:{_STAMP}}"}
    _replaced(dest, lambda target: _write(target, profiles, shape, encoded, {**_CONSTANTS, **dates}))
    return Merged(len(profiles), shape.levels, left_out)


def first_made(file: Path) -> datetime | None:
    """DATE_CREATION of a merged file, which it keeps when it is made again; None where there is none to be read."""
    try:
        value = text(read_variables(file, {"DATE_CREATION"}).variables["DATE_CREATION"])
        return datetime.strptime(value, _STAMP).replace(tzinfo=UTC)
    except (NetcdfError, KeyError, ValueError):
        return None


def _looked_at(files: Iterable[Path], order: Order) -> tuple[list[Profile], tuple[Path, ...]]:
    profiles: list[Profile] = []
    left_out: list[Path] = []
    for file in files:
        profile = look(file)
        if "TEMP" in profile.parameters:
            profiles.append(profile)
        else:
            left_out.append(file)
    _check_floats(profiles, order)
    if not profiles:
        raise NothingToMergeError(
            "there is no profile with TEMP to merge.", hint="Name profile files of one float or day."
        )
    profiles.sort(key=lambda each: _key(each, order))
    return profiles, tuple(sorted(left_out))


def _check_floats(profiles: Sequence[Profile], order: Order) -> None:
    """Refuse two files of the same profile, and another float in the file of a float."""
    once = sorted(profiles, key=lambda each: (each.wmo, each.cycle, each.descending, each.file))
    for one, two in pairwise(once):
        if (one.wmo, one.cycle, one.descending) == (two.wmo, two.cycle, two.descending):
            raise MergeError(f"{one.file} and {two.file} are of the same profile.", hint="Merge only one of them.")
        if order is Order.CYCLE and one.wmo != two.wmo:
            raise MergeError(f"{one.file} is of float {one.wmo} and {two.file} of float {two.wmo}.")


def _key(profile: Profile, order: Order) -> tuple[int, float, str, int, bool]:
    """Equal dates go by float and cycle, descending first, so that the order never depends on that of the files."""
    rest = (profile.julian, profile.wmo, profile.cycle, not profile.descending)
    return (profile.cycle, *rest) if order is Order.CYCLE else (0, *rest)


def _shape(profiles: Sequence[Profile]) -> Shape:
    measured = {name for each in profiles for name in each.parameters}
    return Shape(
        profiles=len(profiles),
        levels=max(each.levels for each in profiles),
        calibrations=max(1, *(each.calibrations for each in profiles)),
        count=max(len(each.parameters) for each in profiles),
        parameters=tuple(name for name in CORE if name in measured),
        firmware="STRING32" if max(each.firmware for each in profiles) <= _FIRMWARE else "STRING64",
    )


def _row_bytes(shape: Shape) -> int:
    """What one profile takes in the merged file."""
    by_profile = (each for each in shape.variables() if each.by_profile)
    return sum(prod(shape.row(each)) * np.dtype(TYPES[each.kind][0]).itemsize for each in by_profile)


def _too_large(profiles: Sequence[Profile], what: str) -> MergeError:
    longest = max(profiles, key=lambda each: max(each.levels, each.calibrations))
    return MergeError(
        f"{what}; the longest is {longest.file} with {longest.levels} levels and {longest.calibrations} calibrations.",
        hint="Leave that file out, or merge fewer.",
    )


def _write(
    target: BinaryIO, profiles: Sequence[Profile], shape: Shape, encoded: Encoded, constants: dict[str, str]
) -> None:
    variables = shape.variables()
    target.write(encoded.header)
    for variable in variables:
        if variable.name in constants:
            (width,) = shape.row(variable)
            target.seek(encoded.begins[variable.name])
            target.write(constants[variable.name].encode("ascii").ljust(width))
    at = 0
    for batch in _batches(profiles, shape, variables):
        for variable in variables:
            if variable.by_profile:
                together = np.stack([each[variable.name] for each in batch]).astype(TYPES[variable.kind][0])
                target.seek(encoded.begins[variable.name] + at * together[0].nbytes)
                target.write(together.tobytes())
        at += len(batch)
    _pad(target, shape, encoded, variables)


def _pad(target: BinaryIO, shape: Shape, encoded: Encoded, variables: tuple[Variable, ...]) -> None:
    """Blanks up to the next multiple of four, as the netCDF library leaves them behind text."""
    for variable in variables:
        if variable.kind == "char" and RECORD not in variable.dimensions:
            length = prod(shape.row(variable)) * (shape.profiles if variable.by_profile else 1)
            target.seek(encoded.begins[variable.name] + length)
            target.write(BLANK * (-length % 4))


def _batches(
    profiles: Sequence[Profile], shape: Shape, variables: tuple[Variable, ...]
) -> Iterator[list[dict[str, Array]]]:
    length = max(1, _BATCH // _row_bytes(shape))
    for start in range(0, len(profiles), length):
        yield [rows(profile, shape, variables) for profile in profiles[start : start + length]]


def _replaced(dest: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write beside the destination and put it in place in one step."""
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        handle, name = mkstemp(prefix=".merge-", suffix=".tmp", dir=dest.parent)
    except OSError as error:
        raise GdacError(f"{dest} cannot be written: {error.strerror or error}.") from error
    try:
        with os.fdopen(handle, "wb") as target:
            write(target)
            target.flush()
            os.fsync(target.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(dest)
    except OSError as error:
        raise GdacError(f"{dest} cannot be written: {error.strerror or error}.") from error
    finally:
        Path(name).unlink(missing_ok=True)
