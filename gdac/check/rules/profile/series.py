"""The levels of a profile as numbers: what is there and how it is flagged, level by level, counted.

No rules here. A profile of a thousand levels has three or four kinds of level (value there, flag 1; value missing,
flag 9; ...): the rules look at each kind once, see `levels`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.fills import fill_of
from gdac.check.rules.profile.profiles import FILL, profiles
from gdac.netcdf import Array
from gdac.spec import Parameter
from gdac.spec.parameters import Role
from gdac.tables import Tables

#: A flag that the table does not know, among the symbols.
UNKNOWN: Final = ""
BLANK: Final = " "


@dataclass(frozen=True, eq=False)
class Symbols:
    """How a level becomes a number of 12 bits.

    Four bits for the flag (unknown 0, blank 1, then the flags of the table), four for the adjusted flag, and one each
    for what is there: value, adjusted value, error, error of 99999.

    Attributes:
        flags: by number; at most 16.
        deprecated: those that the table has deprecated.
        low: the number of each byte that a flag can be.
        high: the same, shifted to the place of the adjusted flag.
    """

    flags: tuple[str, ...]
    deprecated: frozenset[str]
    low: bytes
    high: bytes

    def flag(self, code: int) -> str:
        """The flag of a level; empty when the table does not know it."""
        return self.flags[code & 15]

    def adjusted_flag(self, code: int) -> str:
        """The adjusted flag of a level, likewise."""
        return self.flags[code >> 4 & 15]


@cache
def symbols(tables: Tables) -> Symbols:
    """The flags of reference table 2 as numbers."""
    known = sorted(code for code in tables.codes("RD2") if len(code) == 1 and code != BLANK and ord(code) < 256)
    flags = (UNKNOWN, BLANK, *known[:14])
    numbers = {ord(flag): number for number, flag in enumerate(flags) if flag}
    low = bytes(numbers.get(byte, 0) for byte in range(256))
    return Symbols(flags, tables.deprecated("RD2"), low, bytes(number << 4 for number in low))


@cache
def names_of(parameter: str) -> dict[Role, str]:
    """The variables that a parameter may have in a profile."""
    return {role: role.of(parameter) for role in Role}


@dataclass(slots=True)
class Column:
    """The variables of one parameter, all profiles of the file.

    Attributes:
        values: per level by role, float32 (`Role.VALUE`, and `ADJUSTED` and `ERROR` where the file has them); trailing
            dimensions are one value: NaN if any is, else the last that is set.
        finite: by role, whether no value of any profile is NaN or infinite.
        codes: a number for each level, see `Symbols`.
        adjusted: the file has the adjusted variables of this parameter.
    """

    values: dict[Role, Array]
    finite: dict[Role, bool]
    codes: Array
    adjusted: bool


@dataclass(slots=True)
class Series:
    """One parameter of one profile.

    Attributes:
        profile: 1-based.
        parameter: which.
        mode: its data mode.
        core: the file is a core profile.
        symbols: how to read the codes.
        column: the variables it is a row of.
        states: distinct codes of its levels with how many levels have each.
    """

    profile: int
    parameter: Parameter
    mode: str
    core: bool
    symbols: Symbols
    column: Column
    states: tuple[tuple[int, int], ...]

    @property
    def levels(self) -> int:
        """Number of levels."""
        return int(self.column.codes.shape[1])

    def flag_counts(self, *, adjusted: bool) -> dict[str, int]:
        """How many levels have each flag of the table (blank and unknown flags are left out)."""
        counts: dict[str, int] = {}
        for code, count in self.states:
            flag = self.symbols.adjusted_flag(code) if adjusted else self.symbols.flag(code)
            if flag not in {UNKNOWN, BLANK}:
                counts[flag] = counts.get(flag, 0) + count
        return counts


def series(ctx: Context) -> tuple[Series, ...]:
    """The parameters that have flags, profile by profile, of the profiles whose list of parameters is right."""
    found = []
    columns: dict[str, Column | None] = {}
    known = symbols(ctx.tables)
    for profile in ctx.once(profiles):
        for name, parameter in () if profile.halted else profile.parameters.items():
            if name not in columns:
                columns[name] = _column(ctx, name, known) if names_of(name)[Role.QC] in ctx.dataset else None
            column = columns[name]
            if column is not None:
                states = _states(column.codes[profile.number - 1])
                mode = profile.modes[name]
                found.append(Series(profile.number, parameter, mode, ctx.letter == "P", known, column, states))
    return tuple(found)


def _column(ctx: Context, name: str, known: Symbols) -> Column:
    fill = np.float32(fill_of(ctx.dataset, name))
    names = names_of(name)
    adjusted = names[Role.ADJUSTED_QC] in ctx.dataset
    roles = (Role.VALUE, Role.ADJUSTED, Role.ERROR) if adjusted else (Role.VALUE,)
    values = {role: _per_level(ctx.dataset.array(names[role]), fill) for role in roles}
    codes = _codes(ctx, names, known, values, fill)
    return Column(values, {role: bool(np.isfinite(each).all()) for role, each in values.items()}, codes, adjusted)


def _codes(ctx: Context, names: dict[Role, str], known: Symbols, values: dict[Role, Array], fill: np.float32) -> Array:
    there = values[Role.VALUE] != fill
    flags = _numbers(ctx, names[Role.QC], known.low)
    bits = there.view(np.uint8)
    if Role.ADJUSTED in values:
        flags = flags + _numbers(ctx, names[Role.ADJUSTED_QC], known.high)
        error = values[Role.ERROR]
        for bit, holds in ((1, values[Role.ADJUSTED] != fill), (2, error != fill), (3, error == FILL)):
            bits |= np.left_shift(holds.view(np.uint8), bit)
    codes: Array = np.left_shift(bits, 8, dtype=np.uint16)
    codes |= flags.reshape(codes.shape)
    return codes


def _numbers(ctx: Context, name: str, numbers: bytes) -> Array:
    return np.frombuffer(ctx.dataset.bytes(name).translate(numbers), np.uint8)


def _per_level(array: Array, fill: np.float32) -> Array:
    """One float32 a level: trailing dimensions become NaN if any value is, else the last that is set, else fill."""
    if array.ndim == 2 and array.dtype == np.float32:
        return array
    with np.errstate(over="ignore"):
        values = array.astype(np.float32, copy=False)
    if values.ndim == 2:
        return values
    values = values.reshape(*values.shape[:2], -1) if values.size else np.full((*values.shape[:2], 1), fill)
    unset = (values == fill) | np.isnan(values)
    last = values.shape[2] - 1 - np.argmin(unset[..., ::-1], axis=2)
    picked = np.take_along_axis(values, last[..., None], axis=2)[..., 0]
    picked = np.where(unset.all(axis=2), fill, picked)
    return np.asarray(np.where(np.isnan(values).any(axis=2), np.float32(np.nan), picked))


def _states(codes: Array) -> tuple[tuple[int, int], ...]:
    if not codes.size:
        return ()
    if (codes == codes[0]).all():
        return ((int(codes[0]), codes.size),)
    counts = np.bincount(codes)
    return tuple((int(code), int(counts[code])) for code in np.flatnonzero(counts))
