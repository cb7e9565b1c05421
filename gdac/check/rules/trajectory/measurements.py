"""What each measurement is and when it was made (TRJ-MC, TRJ-JLD, TRJ-JLA)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.instants import REFERENCE, file_dates
from gdac.check.rule import Check, Rule, rule
from gdac.check.rules.trajectory.arrays import (
    BLANK,
    NINE,
    NO_TIME,
    Mask,
    among,
    deprecated,
    flags,
    known,
    near,
    spread,
)
from gdac.check.rules.trajectory.cycles import agree, cycles
from gdac.check.values import ARGO_ERA, CLOCK_TOLERANCE

_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Times:
    """JULD or JULD_ADJUSTED of all measurements, with flags.

    Attributes:
        name: of the variable.
        values: days since 1950.
        unset: which are the fill value.
        qc: flags.
        status: status characters.
    """

    name: str
    values: NDArray[Any]
    unset: Mask
    qc: NDArray[np.uint8]
    status: NDArray[np.uint8]


def raw_times(ctx: Context) -> Times | None:
    """JULD; None where it may not be looked at."""
    return _times(ctx, "JULD")


def adjusted_times(ctx: Context) -> Times | None:
    """JULD_ADJUSTED; None in bio trajectories and where it may not be looked at."""
    return _times(ctx, "JULD_ADJUSTED")


def _times(ctx: Context, name: str) -> Times | None:
    if not ctx.once(agree) or any(part not in ctx.dataset for part in (name, f"{name}_QC", f"{name}_STATUS")):
        return None
    values = ctx.dataset.array(name)
    return Times(name, values, near(values, NO_TIME), flags(ctx, f"{name}_QC"), flags(ctx, f"{name}_STATUS"))


def _codes(ctx: Context) -> NDArray[np.int64]:
    if not ctx.once(agree):
        return np.zeros(0, np.int64)
    return ctx.dataset.array("MEASUREMENT_CODE").astype(np.int64)


def _code_numbers(codes: frozenset[str]) -> list[int]:
    return [int(code) for code in codes if code.isdigit()]


@rule("TRJ-MC-001", "L>W", "T BT", manual="reference table 15")
def codes(ctx: Context) -> Iterator[Fault]:
    """Each MEASUREMENT_CODE is one of reference table 15.

    Why: it says at which moment of the cycle a measurement was made.
    Mend: use a code of the table, or one relative to a listed event as the manual describes.
    """
    found = _codes(ctx)
    rest = found % 50
    outside = (found != 0) & ((found <= 50) | (found > 925))
    listed = np.isin(found, _code_numbers(ctx.tables.codes("R15")))
    unlisted = (rest >= 1) & (rest <= 34) & ~listed
    yield from spread("MEASUREMENT_CODE", outside | unlisted, "{} is no measurement code", found)


@rule("TRJ-MC-002", "L>W", "T BT", manual="reference table 15")
def codes_current(ctx: Context) -> Iterator[Fault]:
    """No MEASUREMENT_CODE is deprecated in reference table 15.

    Why: another code has taken its place.
    Mend: use the current code.
    """
    found = _codes(ctx)
    old = np.isin(found, _code_numbers(ctx.tables.deprecated("R15")))
    yield from spread("MEASUREMENT_CODE", old, "{} is deprecated", found)


def _qc_unknown(ctx: Context, times: Times) -> Iterator[Fault]:
    wrong = (times.qc != BLANK) & ~known(ctx.tables, "RD2")[times.qc]
    yield from spread(f"{times.name}_QC", wrong, "'{}' is no quality flag", times.qc)


def _qc_deprecated(ctx: Context, times: Times) -> Iterator[Fault]:
    yield from spread(f"{times.name}_QC", deprecated(ctx.tables, "RD2")[times.qc], "'{}' is deprecated", times.qc)


def _status_unknown(ctx: Context, times: Times) -> Iterator[Fault]:
    wrong = (times.status != BLANK) & ~known(ctx.tables, "R19")[times.status]
    yield from spread(f"{times.name}_STATUS", wrong, "'{}' is no status", times.status)


def _status_deprecated(ctx: Context, times: Times) -> Iterator[Fault]:
    wrong = deprecated(ctx.tables, "R19")[times.status]
    yield from spread(f"{times.name}_STATUS", wrong, "'{}' is deprecated", times.status)


def _qc_and_status(_ctx: Context, times: Times) -> Iterator[Fault]:
    blank = (times.qc == BLANK) != (times.status == BLANK)
    nine = (times.qc == NINE) != (times.status == NINE)
    text = f"'{{}}' does not go with {times.name}_STATUS: both or neither are blank, and both or neither are 9"
    yield from spread(f"{times.name}_QC", blank | nine, text, times.qc)


def _flagged_without_time(_ctx: Context, times: Times) -> Iterator[Fault]:
    wrong = times.unset & (times.qc != BLANK) & (times.qc != NINE)
    yield from spread(times.name, wrong, f"it is not set, but {times.name}_QC is neither blank nor 9")


def _time_without_flag(_ctx: Context, times: Times) -> Iterator[Fault]:
    wrong = ~times.unset & ((times.qc == BLANK) | (times.qc == NINE))
    yield from spread(times.name, wrong, f"{{}} is set, but {times.name}_QC is blank or 9", times.values)


def _used(times: Times) -> Mask:
    return among(times.qc, "01258") & ~times.unset


def _before_era(_ctx: Context, times: Times) -> Iterator[Fault]:
    wrong = _used(times) & (times.values * _DAY + REFERENCE < ARGO_ERA)
    yield from spread(times.name, wrong, "{} is before 1997, when Argo began", times.values)


def _after_update(ctx: Context, times: Times) -> Iterator[Fault]:
    update = ctx.once(file_dates).update
    if update is not None:
        wrong = _used(times) & (times.values * _DAY + REFERENCE > update + CLOCK_TOLERANCE)
        yield from spread(times.name, wrong, "{} is after DATE_UPDATE", times.values)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing looked at in JULD and JULD_ADJUSTED alike."""

    number: str
    title: str
    why: str
    mend: str
    check: Callable[[Context, Times], Iterator[Fault]]


_FLAG = "readers choose times by their flags."
_STATUS = "it says whether a time was measured, computed or estimated."
_KINDS: Final = (
    _Kind("001", "{}_QC is a flag of table 2.", _FLAG, "write a flag of the table, or a blank.", _qc_unknown),
    _Kind("002", "{}_QC is no deprecated flag.", _FLAG, "write a current flag of table 2.", _qc_deprecated),
    _Kind("003", "{}_STATUS is one of table 19.", _STATUS, "write a status of the table, or a blank.", _status_unknown),
    _Kind("004", "{}_STATUS is no deprecated one.", _STATUS, "write a current status of table 19.", _status_deprecated),
    _Kind(
        "005",
        "{0}_QC and {0}_STATUS are blank together, and 9 together.",
        "both say whether there is a time at all.",
        "set both, or neither.",
        _qc_and_status,
    ),
    _Kind("006", "{} is set where its flag says so.", _FLAG, "write the time, or flag it 9.", _flagged_without_time),
    _Kind(
        "007", "{} is not set where its flag is blank or 9.", _FLAG, "flag the time, or drop it.", _time_without_flag
    ),
    _Kind(
        "008",
        "{} is not before 1997.",
        "Argo began then; an earlier time is a slip.",
        "correct the time, or flag it 4.",
        _before_era,
    ),
    _Kind(
        "009",
        "{} is at most a day after DATE_UPDATE.",
        "a measurement cannot be younger than its file.",
        "correct the time or DATE_UPDATE, or flag the time 4.",
        _after_update,
    ),
)


def _rules(family: str, name: str, types: str, times_of: Callable[[Context], Times | None]) -> tuple[Rule, ...]:
    def checked(kind: _Kind) -> Check:
        def check(ctx: Context) -> Iterator[Fault]:
            times = ctx.once(times_of)
            if times is not None:
                yield from kind.check(ctx, times)

        return check

    return tuple(
        rule(
            f"TRJ-{family}-{kind.number}",
            "L>W",
            types,
            manual="2.3.5",
            page=f"{kind.title.format(name)}\n\nWhy: {kind.why}\nMend: {kind.mend}",
        )(checked(kind))
        for kind in _KINDS
    )


RAW = _rules("JLD", "JULD", "T BT", raw_times)
ADJUSTED = _rules("JLA", "JULD_ADJUSTED", "T", adjusted_times)


@rule("TRJ-JLA-010", "L>W", "T", manual="2.3.5")
def adjusted_mode(ctx: Context) -> Iterator[Fault]:
    """JULD_ADJUSTED stands beside JULD in modes A and D only.

    Why: in real time nothing is adjusted.
    Mend: set the mode to A or D, or write the fill value.
    """
    raw, adjusted = ctx.once(raw_times), ctx.once(adjusted_times)
    if raw is None or adjusted is None:
        return
    all_ = ctx.once(cycles)
    mode = flags(ctx, "JULD_DATA_MODE") if "JULD_DATA_MODE" in ctx.dataset else all_.mode_of
    wrong = ~raw.unset & ~adjusted.unset & (all_.of > 0) & ~among(mode, "AD")
    yield from spread("JULD_ADJUSTED", wrong, "it is set in mode '{}'", mode, "mode A or D")


@rule("TRJ-JLD-900", "X", "T BT", manual="2.3.3")
def update_is_known(ctx: Context) -> Iterator[Fault]:
    """DATE_UPDATE is a date, so that times can be compared with it.

    Why: the official checker fails on a trajectory without a valid one.
    Mend: write the time at which the file was written, as YYYYMMDDhhmmss in UTC.
    """
    dates = ctx.once(file_dates)
    if ctx.once(agree) and dates.update is None:
        text = "times cannot be compared with it: it is " + (f"'{dates.update_text}'" if dates.update_text else "blank")
        yield Fault(at("DATE_UPDATE"), text, dates.update_text, "YYYYMMDDhhmmss, UTC")
