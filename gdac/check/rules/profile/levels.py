"""The levels of a profile, judged by their distinct states instead of one by one.

A profile of a thousand levels has three or four kinds of level: value there, flag 1; value missing, flag 9; and so on.
Each level becomes a small number (its flags and what is missing); equal numbers are counted; each rule is a predicate
over one `Level`, asked once for each kind. The answers are kept, so that from the second file on nearly every question
has been answered before.

    series(ctx)            parameters of profiles, with the states of their levels
    LevelRules             the predicates of one stage (raw, real time, adjusted) and the hits that they give
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.fills import fill_of
from gdac.check.finding import Fault, at
from gdac.check.rule import Rule, rule
from gdac.check.rules.profile.profiles import FILL, profiles
from gdac.netcdf import Array
from gdac.spec import Parameter
from gdac.spec.parameters import Role
from gdac.tables import Tables

#: Place of a flag that the table does not know, among the symbols.
_UNKNOWN: Final = ""
_BLANK: Final = " "


@dataclass(frozen=True, slots=True)
class Level:
    """What rules may ask of one level of one parameter.

    Attributes:
        mode: data mode of the parameter.
        core: the file is a core profile.
        mandatory: the parameter must be in every file.
        intermediate: the parameter is an intermediate one.
        flag: its flag; empty when the flag table does not know it.
        adjusted_flag: the flag of the adjusted value, likewise.
        deprecated: the table has deprecated the flag.
        adjusted_deprecated: the same of the adjusted one.
        value: there is a value (anything but the fill value, NaN included).
        adjusted: there is an adjusted value.
        error: there is an error of the adjusted value.
        error_99999: the error is 99999, whatever the fill value.
    """

    mode: str
    core: bool
    mandatory: bool
    intermediate: bool
    flag: str
    adjusted_flag: str
    deprecated: bool
    adjusted_deprecated: bool
    value: bool
    adjusted: bool
    error: bool
    error_99999: bool


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

    def level(self, code: int, mode: str, *, core: bool, mandatory: bool, intermediate: bool) -> Level:
        """All that a number stands for."""
        flag, adjusted_flag = self.flag(code), self.adjusted_flag(code)
        value, adjusted, error, error_99999 = (bool(code >> bit & 1) for bit in range(8, 12))
        return Level(
            mode=mode,
            core=core,
            mandatory=mandatory,
            intermediate=intermediate,
            flag=flag,
            adjusted_flag=adjusted_flag,
            deprecated=flag in self.deprecated,
            adjusted_deprecated=adjusted_flag in self.deprecated,
            value=value,
            adjusted=adjusted,
            error=error,
            error_99999=error_99999,
        )


@cache
def symbols(tables: Tables) -> Symbols:
    """The flags of reference table 2 as numbers."""
    known = sorted(code for code in tables.codes("RD2") if len(code) == 1 and code != _BLANK and ord(code) < 256)
    flags = (_UNKNOWN, _BLANK, *known[:14])
    numbers = {ord(flag): number for number, flag in enumerate(flags) if flag}
    low = bytes(numbers.get(byte, 0) for byte in range(256))
    return Symbols(flags, tables.deprecated("RD2"), low, bytes(number << 4 for number in low))


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
            if flag not in {_UNKNOWN, _BLANK}:
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
                columns[name] = _column(ctx, name, known) if Role.QC.of(name) in ctx.dataset else None
            column = columns[name]
            if column is not None:
                states = _states(column.codes[profile.number - 1])
                mode = profile.modes[name]
                found.append(Series(profile.number, parameter, mode, ctx.letter == "P", known, column, states))
    return tuple(found)


def _column(ctx: Context, name: str, known: Symbols) -> Column:
    fill = np.float32(fill_of(ctx.dataset, name))
    adjusted = Role.ADJUSTED_QC.of(name) in ctx.dataset
    roles = (Role.VALUE, Role.ADJUSTED, Role.ERROR) if adjusted else (Role.VALUE,)
    values = {role: _per_level(ctx.dataset.array(role.of(name)), fill) for role in roles}
    codes = _codes(ctx, name, known, values, fill)
    return Column(values, {role: bool(np.isfinite(each).all()) for role, each in values.items()}, codes, adjusted)


def _codes(ctx: Context, name: str, known: Symbols, values: dict[Role, Array], fill: np.float32) -> Array:
    there = values[Role.VALUE] != fill
    flags = _numbers(ctx, Role.QC.of(name), known.low)
    bits = there.view(np.uint8)
    if Role.ADJUSTED in values:
        flags = flags + _numbers(ctx, Role.ADJUSTED_QC.of(name), known.high)
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


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule broken by a parameter of a profile.

    Attributes:
        series: which.
        level: the first level that breaks it, 0-based.
        count: how many levels do.
    """

    series: Series
    level: int
    count: int


Hits = dict[str, list[Hit]]
Predicate = Callable[[Level], bool]


@dataclass(eq=False)
class LevelRules:
    """The predicates of one stage of the level checks.

    Attributes:
        hits: what they give on a file; a module-level function for ``ctx.once``.
        predicates: by rule id, in the order of definition.
    """

    hits: Callable[[Context], Hits]
    predicates: dict[str, Predicate] = field(default_factory=dict)

    def rule(
        self, id_: str, declared: str, applies: str, role: Role, text: str, expected: str = ""
    ) -> Callable[[Predicate], Rule]:
        """Make a rule of a predicate that is true of a wrong level; its docstring is the rule's page.

        Args:
            id_: the id of the rule.
            declared: as for `gdac.check.rule.rule`.
            applies: as for `gdac.check.rule.rule`.
            role: which variable of the parameter the finding is about.
            text: what is wrong, as a clause that "at 3 of 80 levels" can follow; ``{}`` is the parameter.
            expected: what should be there.
        """

        def made(predicate: Predicate) -> Rule:
            self.predicates[id_] = predicate

            def check(ctx: Context) -> Iterator[Fault]:
                return (_fault(ctx, hit, role, text, expected) for hit in ctx.once(self.hits).get(id_, ()))

            return rule(id_, declared, applies, manual="2.2.5", page=predicate.__doc__ or "")(check)

        return made

    def judge(self, hits: Hits, one: Series) -> None:
        """Add what the rules say of one series."""
        broken: dict[str, list[tuple[int, int]]] = {}
        for state in one.states:
            parameter = one.parameter
            context = (one.symbols, one.mode, one.core, parameter.mandatory, parameter.intermediate)
            for rule_id in _broken(self, *context, state[0]):
                broken.setdefault(rule_id, []).append(state)
        for rule_id, states in broken.items():
            row = one.column.codes[one.profile - 1]
            first = min(int((row == code).argmax()) for code, _ in states)
            hits.setdefault(rule_id, []).append(Hit(one, first, sum(count for _, count in states)))


@lru_cache(maxsize=65536)
def _broken(
    rules: LevelRules,
    known: Symbols,
    mode: str,
    core: bool,
    mandatory: bool,
    intermediate: bool,
    code: int,
) -> tuple[str, ...]:
    level = known.level(code, mode, core=core, mandatory=mandatory, intermediate=intermediate)
    return tuple([rule_id for rule_id, wrong in rules.predicates.items() if wrong(level)])


def _fault(ctx: Context, hit: Hit, role: Role, text: str, expected: str) -> Fault:
    one = hit.series
    name = role.of(one.parameter.name)
    return Fault(
        at(name, one.profile, hit.level + 1),
        f"{text.format(one.parameter.name)} at {hit.count} of {one.levels} levels",
        found=_shown(ctx, name, role, hit),
        expected=expected,
        count=hit.count,
    )


def _shown(ctx: Context, name: str, role: Role, hit: Hit) -> str:
    row = hit.series.profile - 1
    if role in {Role.QC, Role.ADJUSTED_QC}:
        flag = ctx.dataset.array(name)[row, hit.level].decode("latin-1")
        return "blank" if flag == _BLANK else "NUL" if not flag else str(flag)
    value = hit.series.column.values[role][row, hit.level]
    return "missing" if value == np.float32(fill_of(ctx.dataset, hit.series.parameter.name)) else str(value)
