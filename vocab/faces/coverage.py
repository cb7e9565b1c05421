"""When and where an archive's data were observed: of the Argo archive as it is known, of a view as it is defined."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from policies.licence import ARGO

#: Year of the first cycle in the Argo archive (float 13857, 1997-07-29, the first row of its profile index).
_FIRST_YEAR: Final = "1997"


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees; ``west`` greater than ``east`` spans the date line."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """When and where.

    Attributes:
        first: year or day of the first observation; empty where it is not known.
        box: where; None where it is not known.
        place: the same in words.
    """

    first: str
    box: Box | None
    place: str


_GLOBAL: Final = Box(-90.0, -180.0, 90.0, 180.0)


def coverage(doi: str | None, view: Mapping[str, Any]) -> Coverage:
    """What is known of the coverage; nothing is guessed for archives other than Argo's own.

    Args:
        doi: as the head has it, of a view that of its archive.
        view: definition of a view; empty for others.
    """
    known = doi is not None and doi.lower() == ARGO.doi
    found = view.get("filter")
    kept: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    box = _box(kept.get("area"))
    first = _day(kept.get("since")) or (_FIRST_YEAR if known else "")
    if box is not None:
        return Coverage(first, box, "the box that defines this view")
    return Coverage(first, _GLOBAL if known else None, "Global ocean" if known else "")


def _box(found: object) -> Box | None:
    if not isinstance(found, Mapping):
        return None
    sides = [found.get(name) for name in ("south", "west", "north", "east")]
    numbers = [float(one) for one in sides if isinstance(one, int | float) and not isinstance(one, bool)]
    return Box(*numbers) if len(numbers) == 4 else None


def _day(found: object) -> str:
    try:
        return date.fromisoformat(str(found)).isoformat()
    except ValueError:
        return ""
