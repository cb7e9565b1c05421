"""Launch, start and end of a float's mission."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.values import ARGO_ERA, moment

_FORM = "YYYYMMDDhhmmss, UTC"


def launch(ctx: Context) -> float | None:
    """The launch in seconds since 1970, or None when the file does not say."""
    return moment(_date(ctx, "LAUNCH_DATE"))


def _date(ctx: Context, name: str) -> str:
    return next(iter(ctx.dataset.trimmed(name)), "") if name in ctx.dataset else ""


def _invalid(name: str, text: str) -> Fault:
    return Fault(at(name), f"'{text}' is no date", text, _FORM)


@rule("META-DATE-001", "E", "M", manual="2.4.5")
def launch_is_set(ctx: Context) -> Iterator[Fault]:
    """LAUNCH_DATE is set.

    Why: everything a float does is dated against its launch.
    Mend: write the date and time (UTC) at which the float was put into the water, as YYYYMMDDhhmmss.
    """
    if not _date(ctx, "LAUNCH_DATE"):
        yield Fault(at("LAUNCH_DATE"), "the launch date is blank", "", _FORM)


@rule("META-DATE-002", "E", "M", manual="2.4.5")
def launch_is_a_date(ctx: Context) -> Iterator[Fault]:
    """LAUNCH_DATE is a date.

    Why: a date that cannot be read is no date for any program.
    Mend: write 14 digits, YYYYMMDDhhmmss in UTC, that exist in the calendar; zeros for an unknown time of day.
    """
    text = _date(ctx, "LAUNCH_DATE")
    if text and ctx.once(launch) is None:
        yield _invalid("LAUNCH_DATE", text)


@rule("META-DATE-003", "E", "M", manual="2.4.5")
def launch_in_the_era(ctx: Context) -> Iterator[Fault]:
    """LAUNCH_DATE is not before 1997, when Argo began.

    Why: an earlier date is a slip of the pen, most often in the year.
    Mend: correct the year of LAUNCH_DATE.
    """
    launched = ctx.once(launch)
    if launched is not None and launched < ARGO_ERA:
        text = _date(ctx, "LAUNCH_DATE")
        yield Fault(at("LAUNCH_DATE"), f"{text} is before the Argo era", text, "1997 or later")


@rule("META-DATE-004", "E", "M", manual="2.4.5")
def start(ctx: Context) -> Iterator[Fault]:
    """START_DATE is blank or a date.

    Why: the first descent is dated by it.
    Mend: write 14 digits, YYYYMMDDhhmmss in UTC, or blanks when it is not known.
    """
    text = _date(ctx, "START_DATE")
    if text and moment(text) is None:
        yield _invalid("START_DATE", text)


@rule("META-DATE-005", "E", "M3.1", manual="2.4.5")
def startup(ctx: Context) -> Iterator[Fault]:
    """STARTUP_DATE is blank or a date that fills the variable.

    Why: it says when the float was switched on; the official checker compares it with no blank cut off.
    Mend: write exactly 14 digits, YYYYMMDDhhmmss in UTC, or blanks when it is not known.
    """
    text = ctx.dataset.text("STARTUP_DATE") if "STARTUP_DATE" in ctx.dataset else ""
    if _date(ctx, "STARTUP_DATE") and moment(text) is None:
        yield _invalid("STARTUP_DATE", text)


@rule("META-DATE-006", "E", "M", manual="2.4.5")
def end(ctx: Context) -> Iterator[Fault]:
    """END_MISSION_DATE is blank or a date.

    Why: it says that a float is dead, and since when.
    Mend: write 14 digits, YYYYMMDDhhmmss in UTC, or blanks while the float lives.
    """
    text = _date(ctx, "END_MISSION_DATE")
    if text and moment(text) is None:
        yield _invalid("END_MISSION_DATE", text)


@rule("META-DATE-007", "E", "M", manual="2.4.5")
def end_after_launch(ctx: Context) -> Iterator[Fault]:
    """END_MISSION_DATE is not before LAUNCH_DATE.

    Why: a mission cannot end before it began; one of the two dates is wrong.
    Mend: correct whichever of the two is wrong.
    """
    text = _date(ctx, "END_MISSION_DATE")
    ended, launched = moment(text), ctx.once(launch)
    if ended is not None and launched is not None and ended < launched:
        begun = _date(ctx, "LAUNCH_DATE")
        yield Fault(at("END_MISSION_DATE"), f"{text} is before the launch at {begun}", text, f"{begun} or later")


@rule("META-DATE-008", "W", "M", manual="2.4.5")
def end_needs_launch(ctx: Context) -> Iterator[Fault]:
    """END_MISSION_DATE comes with a valid LAUNCH_DATE.

    Why: without the launch the end of the mission cannot be judged.
    Mend: correct LAUNCH_DATE.
    """
    text = _date(ctx, "END_MISSION_DATE")
    if moment(text) is not None and ctx.once(launch) is None:
        yield Fault(at("END_MISSION_DATE"), "it is set while LAUNCH_DATE is blank or no date", text)
