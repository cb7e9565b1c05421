"""When a profile was taken and its position fixed (PRF-DATE, PRF-JULD, PRF-JLOC), and its two flags (PRF-QCV)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.instants import file_dates, juld_moment, stamp
from gdac.check.rule import rule
from gdac.check.values import ARGO_ERA, CLOCK_TOLERANCE

#: With these flags a JULD is meant to be used, so it must make sense.
_USED: Final = frozenset("01258")
#: JULD above this is a fill value (999999).
_JULD_FILL: Final = 999_990.0
#: A position or its time at or above this is a fill value (99999, 999999).
_PLACE_FILL: Final = 99_990.0
#: How far the time of the position may be from JULD, in days.
_DAYS_APART: Final = 2.0


@dataclass(frozen=True, slots=True)
class Time:
    """JULD of a profile whose flag says that it is meant to be used.

    Attributes:
        profile: 1-based.
        flag: JULD_QC.
        juld: days since 1950.
        missing: it is a fill value.
        moment: seconds since 1970.
    """

    profile: int
    flag: str
    juld: float
    missing: bool
    moment: float

    @property
    def shown(self) -> str:
        """The number and the date that it stands for."""
        return f"{self.juld} = {stamp(self.moment)}"


def times(ctx: Context) -> tuple[Time, ...]:
    """JULD of the profiles whose flag says that it is meant to be used."""
    flags = ctx.dataset.bytes("JULD_QC").decode("latin-1")
    days = ctx.dataset.array("JULD").tolist()
    return tuple(
        Time(profile, flag, juld, juld > _JULD_FILL, juld_moment(juld))
        for profile, (flag, juld) in enumerate(zip(flags, days, strict=True), start=1)
        if flag in _USED
    )


def _present(ctx: Context) -> list[Time]:
    return [time for time in ctx.once(times) if not time.missing]


@rule("PRF-DATE-001", "E", "P B", manual="2.2.3")
def reference_date(ctx: Context) -> Iterator[Fault]:
    """REFERENCE_DATE_TIME is 19500101000000.

    Why: it is the zero of JULD; with any other, all times of the file would be shifted.
    Mend: write exactly these 14 digits, and count JULD from there.
    """
    text, expected = ctx.dataset.text("REFERENCE_DATE_TIME"), ctx.spec.reference_date_time
    if text != expected:
        yield Fault(at("REFERENCE_DATE_TIME"), f"'{text}' is not the reference of Argo times", text, expected)


@rule("PRF-JULD-001", "E", "P B", manual="2.2.4")
def juld_present(ctx: Context) -> Iterator[Fault]:
    """JULD is there where JULD_QC says so.

    Why: flags 0, 1, 2, 5 and 8 tell the reader that there is a time to be used.
    Mend: write the time of the profile; if it is not known, set JULD_QC to 9 and POSITION_QC as it applies.
    """
    for time in ctx.once(times):
        if time.missing:
            text = f"the time is missing, but its flag is {time.flag}"
            yield Fault(at("JULD", time.profile), text, str(time.juld), "a time, or JULD_QC 9")


@rule("PRF-JULD-002", "E", "P B", manual="2.2.4")
def juld_in_argo_times(ctx: Context) -> Iterator[Fault]:
    """JULD is not before 1997.

    Why: there was no Argo float before. A wrong reference date or a clock that was never set makes such times.
    Mend: count JULD in days from 1950-01-01 00:00 UTC; flag a time that the float got wrong and nobody can mend with 4.
    """
    for time in _present(ctx):
        if time.moment < ARGO_ERA:
            text = "the time is before the Argo era"
            yield Fault(at("JULD", time.profile), text, time.shown, "17167 (1997-01-01) or later")


@rule("PRF-JULD-003", "E", "P B", manual="2.2.4")
def juld_before_creation(ctx: Context) -> Iterator[Fault]:
    """JULD is not more than a day after DATE_CREATION.

    Why: a profile cannot be filed before it was measured; the time or DATE_CREATION is wrong.
    Mend: correct JULD, or flag it 3 or 4; or keep in DATE_CREATION the moment when the file was first made.
    """
    dates = ctx.once(file_dates)
    for time in _present(ctx) if dates.creation is not None else ():
        if dates.creation is not None and time.moment - dates.creation > CLOCK_TOLERANCE:
            text = "the time is after DATE_CREATION"
            yield Fault(at("JULD", time.profile), text, time.shown, f"up to {dates.creation_text}")


@rule("PRF-JULD-004", "E", "P B", manual="2.2.4")
def juld_before_receipt(ctx: Context) -> Iterator[Fault]:
    """JULD is not more than a day after the file was received.

    Why: nobody can send a profile before it was measured.
    Mend: correct JULD, or flag it 3 or 4. If the file is only a copy with an older modification time, give the true
    time of receipt with --receipt-time.
    """
    received = ctx.once(file_dates).received
    for time in _present(ctx):
        if time.moment - received > CLOCK_TOLERANCE:
            text = "the time is after the file was received"
            yield Fault(at("JULD", time.profile), text, time.shown, f"up to {stamp(received)}")


@rule("PRF-JLOC-001", "W", "P B", manual="2.2.4")
def location_time_near(ctx: Context) -> Iterator[Fault]:
    """JULD_LOCATION is within two days of JULD.

    Why: a float fixes its position when it surfaces; a larger gap is mostly the position of another cycle.
    Mend: check that the fix belongs to this cycle; for a float under ice, interpolate and set POSITION_QC to 8.
    """
    locations = ctx.dataset.array("JULD_LOCATION").tolist()
    for time in _present(ctx):
        located = locations[time.profile - 1]
        if located < _PLACE_FILL and abs(located - time.juld) > _DAYS_APART:
            text = f"the position was fixed {abs(located - time.juld):.1f} days from JULD"
            yield Fault(at("JULD_LOCATION", time.profile), text, str(located), f"{time.juld} +/- 2 days")


@rule("PRF-JLOC-002", "E", "P B", manual="2.2.4")
def location_time_present(ctx: Context) -> Iterator[Fault]:
    """JULD_LOCATION is there where a position is.

    Why: a position without its time cannot be put on the float's track.
    Mend: write the time of the fix (or JULD, for an interpolated position); without a fix, set LATITUDE and LONGITUDE
    to their fill value and POSITION_QC to 9.
    """
    locations = ctx.dataset.array("JULD_LOCATION").tolist()
    for time in _present(ctx):
        located = locations[time.profile - 1]
        if located < _PLACE_FILL:
            continue
        place = [float(ctx.dataset.array(name)[time.profile - 1]) for name in ("LATITUDE", "LONGITUDE")]
        if any(coordinate < _PLACE_FILL for coordinate in place):
            text = "there is a position, but not its time"
            yield Fault(at("JULD_LOCATION", time.profile), text, str(located), "the time of the fix")


@rule("PRF-QCV-001", "E", "P B", manual="reference table 2")
def time_flag_known(ctx: Context) -> Iterator[Fault]:
    """JULD_QC is a flag of reference table 2.

    Why: without a flag nobody knows whether the time may be used.
    Mend: write 1 for a good time, 8 for an estimated one, 9 for a missing one; blank is no flag here.
    """
    return _unknown(ctx, "JULD_QC")


@rule("PRF-QCV-002", "W", "P B", manual="reference table 2")
def time_flag_current(ctx: Context) -> Iterator[Fault]:
    """JULD_QC is not deprecated in reference table 2.

    Why: another flag has taken its place.
    Mend: write the flag that the table names as its successor.
    """
    return _deprecated(ctx, "JULD_QC")


@rule("PRF-QCV-003", "E", "P B", manual="reference table 2")
def position_flag_known(ctx: Context) -> Iterator[Fault]:
    """POSITION_QC is a flag of reference table 2.

    Why: without a flag nobody knows whether the position may be used.
    Mend: write 1 for a good position, 8 for an interpolated one, 9 for a missing one; blank is no flag here.
    """
    return _unknown(ctx, "POSITION_QC")


@rule("PRF-QCV-004", "W", "P B", manual="reference table 2")
def position_flag_current(ctx: Context) -> Iterator[Fault]:
    """POSITION_QC is not deprecated in reference table 2.

    Why: another flag has taken its place.
    Mend: write the flag that the table names as its successor.
    """
    return _deprecated(ctx, "POSITION_QC")


def _unknown(ctx: Context, name: str) -> Iterator[Fault]:
    known = ctx.tables.codes("RD2")
    for profile, flag in enumerate(ctx.dataset.bytes(name).decode("latin-1"), start=1):
        if flag not in known:
            yield Fault(at(name, profile), f"'{flag}' is no flag", flag, " ".join(sorted(known)))


def _deprecated(ctx: Context, name: str) -> Iterator[Fault]:
    old = ctx.tables.deprecated("RD2")
    for profile, flag in enumerate(ctx.dataset.bytes(name).decode("latin-1") if old else "", start=1):
        if flag in old:
            yield Fault(at(name, profile), f"flag {flag} is deprecated", flag)
