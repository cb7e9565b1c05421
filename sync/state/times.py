"""Moments as the state keeps them: ISO 8601, UTC, microseconds."""

from datetime import UTC, datetime


def iso(moment: datetime | None) -> str | None:
    """A moment as text; None stays None."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: str | None) -> datetime | None:
    """The moment a text names, or None."""
    return None if text is None else datetime.fromisoformat(text)


def sure(text: str) -> datetime:
    """The moment of a column that is never null."""
    return datetime.fromisoformat(text)
