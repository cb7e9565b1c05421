"""Times as stores write them, to and from UTC datetimes, in whole numbers: floats lose microseconds."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MLSX = re.compile(r"(\d{14})(?:\.(\d{1,9}))?")
_SECONDS = re.compile(r"(-?\d{1,15})(?:\.(\d{1,9}))?")


def to_ns(moment: datetime) -> int:
    """Nanoseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def from_ns(ns: int) -> datetime:
    """UTC time of nanoseconds since 1970, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def to_seconds(moment: datetime) -> str:
    """Decimal seconds since 1970 with nine decimals: the ``mtime`` metadata of rclone (rclone.org/s3)."""
    seconds, ns = divmod(to_ns(moment), 1_000_000_000)
    return f"{seconds}.{ns:09d}"


def from_seconds(text: str) -> datetime | None:
    """The time that `to_seconds` wrote, or None for anything that is not one."""
    found = _SECONDS.fullmatch(text.strip())
    if not found:
        return None
    try:
        return from_ns(int(found[1]) * 1_000_000_000 + int((found[2] or "0").ljust(9, "0")))
    except OverflowError:
        return None


def to_rfc3339(moment: datetime) -> str:
    """A time with nine decimals (RFC 3339): rclone's ``mtime`` metadata on Azure and Google."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond * 1000:09d}Z"


def from_rfc3339(text: str) -> datetime | None:
    """The time that `to_rfc3339` wrote, with any offset and number of decimals, or None."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC)


def from_ftp(text: str) -> datetime | None:
    """A time of FTP's MDTM and MLSx, ``YYYYMMDDhhmmss[.sss]`` in UTC (RFC 3659 section 2.3), or None."""
    found = _MLSX.fullmatch(text.strip())
    if not found:
        return None
    try:
        digits = found[1]  # taken apart by hand: strptime takes longer than the rest of an answer
        day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
        moment = datetime(*day, int(digits[8:10]), int(digits[10:12]), int(digits[12:14]), tzinfo=UTC)
    except ValueError:
        return None
    return moment + timedelta(microseconds=int((found[2] or "0").ljust(9, "0")) // 1000)


def from_http(text: str | None) -> datetime | None:
    """A date of HTTP (RFC 9110 section 5.6.7), or None."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def to_http(moment: datetime) -> str:
    """A date of HTTP, in whole seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def retry_after(text: str | None, date: str | None) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110 section 10.2.3), or None.

    Args:
        text: ``Retry-After``: seconds, or a date.
        date: ``Date`` of the same answer, which a date is counted from: the clocks may differ.
    """
    if text and text.strip().isdecimal():
        return float(text.strip())
    until, now = from_http(text), from_http(date)
    if until is None or now is None or until.tzinfo is None or now.tzinfo is None:
        return None
    return max(0.0, (until - now).total_seconds())
