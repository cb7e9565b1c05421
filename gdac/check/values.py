"""Values that rules of several file types judge alike: dates, float numbers, codes of data centres."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from gdac.check.dacs import CENTRES

#: Start of the Argo era, 1997-01-01 UTC, in seconds since 1970: no Argo date is earlier.
ARGO_ERA: Final = 852_076_800.0
#: Dates may be this far ahead of the receipt of their file, in seconds.
CLOCK_TOLERANCE: Final = 86_400.0

_DATE: Final = re.compile(r"[0-9]{14}")
_FLOAT: Final = re.compile(r"[1-9][0-9]{4}|[1-9]9[0-9]{5}")


@lru_cache(maxsize=4096)
def moment(text: str) -> float | None:
    """Seconds since 1970 of a ``YYYYMMDDhhmmss`` text; None when it is not that, or no instant of the calendar."""
    if not _DATE.fullmatch(text):
        return None
    try:
        day = int(text[:4]), int(text[4:6]), int(text[6:8])
        return datetime(*day, int(text[8:10]), int(text[10:12]), int(text[12:]), tzinfo=UTC).timestamp()
    except ValueError:
        return None


def is_float_number(text: str) -> bool:
    """Whether a trimmed PLATFORM_NUMBER is one: five digits or seven (then the second is 9), the first never 0."""
    return _FLOAT.fullmatch(text) is not None


def passes_as_centre(code: str, dac: str) -> bool:
    """Whether the official checker accepts a trimmed DATA_CENTRE of a DAC: any part of its list of codes."""
    return code in " ".join(CENTRES[dac])


def is_centre(code: str, dac: str) -> bool:
    """Whether a trimmed DATA_CENTRE is one of the DAC's codes."""
    return code in CENTRES[dac]
