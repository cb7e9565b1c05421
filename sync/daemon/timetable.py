"""When a job is planned, as the configuration writes it: ``every 30m``, ``hourly``, ``daily 03:17``, ``off``; UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

#: Planned moments are counted from here, so that a restart shifts none of them.
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_EVERY: Final = re.compile(r"every ([1-9][0-9]{0,5}) ?(s|m|h|d)")
_DAILY: Final = re.compile(r"daily ([01][0-9]|2[0-3]):([0-5][0-9])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Timetable:
    """Moments at which a job is planned.

    Attributes:
        text: as the configuration has it.
        period: from one moment to the next; None for a job that is off.
        offset: of every moment to a whole number of periods since 1970 (UTC).
    """

    text: str
    period: timedelta | None
    offset: timedelta = timedelta(0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a timetable.

        Raises:
            ValueError: it is none; the message says what is one.
        """
        text = " ".join(text.split())
        if text == "off":
            return cls(text, None)
        if text == "hourly":
            return cls(text, timedelta(hours=1))
        if daily := _DAILY.fullmatch(text):
            return cls(text, _DAY, timedelta(hours=int(daily[1]), minutes=int(daily[2])))
        every = _EVERY.fullmatch(text)
        if every is None:
            raise ValueError(f"{text!a} is none of: every 30m, hourly, daily 03:17 (UTC), off")
        period = timedelta(**{_UNITS[every[2]]: int(every[1])})
        if period > _LONGEST:
            raise ValueError(f"{text!a} is more than 31 days")
        return cls(text, period)

    @property
    def is_off(self) -> bool:
        """It never comes by itself."""
        return self.period is None

    def after(self, moment: datetime) -> datetime | None:
        """The first planned moment after ``moment``; None for a job that is off."""
        if self.period is None:
            return None
        whole = (moment - _EPOCH - self.offset) // self.period
        return _EPOCH + self.offset + (whole + 1) * self.period

    def __str__(self) -> str:
        return self.text
