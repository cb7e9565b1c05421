"""How a status is said: the sentences and numbers that page and terminal share. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sync.progress import human_size
from sync.status.facts import AuditStatus, Day, MirrorStatus, Status, Word

#: State words, as the legend explains them.
LEGEND: Final = (
    (Word.CURRENT.value, "It shows what the hub shows, and its head is fresh."),
    (Word.BEHIND.value, "It shows an older serial; the next run brings it on."),
    (Word.SYNCING.value, "A run is under way that may move it."),
    (Word.HELD.value, "A brake stopped the plan: a person must look at it and approve it, or wait for the source."),
    (Word.STALE.value, "Its head has expired: nothing was published there in time. What it holds stays usable."),
    (Word.FAILING.value, "The last run could not bring it up to date; it is tried again by every run."),
    (Word.NEVER.value, "It shows nothing yet."),
)
#: How bad a word is; what is worst is said first.
_WORST: Final = (Word.FAILING, Word.HELD, Word.STALE, Word.NEVER, Word.BEHIND, Word.SYNCING, Word.CURRENT)
_HUB_TOLD: Final = {
    Word.FAILING: "the hub's last run failed",
    Word.HELD: "the hub is held",
    Word.STALE: "the hub's head has expired",
    Word.NEVER: "nothing is sealed yet",
    Word.SYNCING: "a run is under way",
}


def headline(status: Status) -> str:
    """How everything is, in one sentence without a full stop."""
    parts = [_HUB_TOLD[status.hub.word]] if status.hub.word in _HUB_TOLD else []
    by_word: dict[Word, list[str]] = {}
    for one in status.mirrors:
        by_word.setdefault(one.word, []).append(one.name)
    told = [f"{_names(by_word[word])} {_fares(word, len(by_word[word]))}" for word in _WORST if word in by_word]
    if not status.mirrors:
        parts += [] if parts else [f"the hub shows serial {status.hub.serial}"]
    elif set(by_word) == {Word.CURRENT}:
        parts.append("the mirror is current" if len(status.mirrors) == 1 else _all(len(status.mirrors)))
    elif Word.CURRENT in by_word:
        parts += told[:-1]
        parts.append(f"{len(by_word[Word.CURRENT])} of {len(status.mirrors)} mirrors are current")
    else:
        parts += told
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def behind_text(one: MirrorStatus) -> str:
    """How far behind a mirror is: ``2 serials, 26 h``."""
    if one.behind_serials is None:
        return "shows nothing" if one.serial is None else "not known"
    if not one.behind_serials:
        return "0"
    return f"{many(one.behind_serials, 'serial', 'serials')}, {hours_text(one.behind_hours or 0.0)}"


def hours_text(hours: float) -> str:
    """A length of time in the unit that says enough: ``40 min``, ``26 h``, ``4 days``."""
    if hours < 1:
        return f"{round(hours * 60)} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def took_text(time: timedelta) -> str:
    """How long a run took."""
    seconds = time.total_seconds()
    return f"{seconds:.0f} s" if seconds < 90 else hours_text(seconds / 3600)


def audited_text(audit: AuditStatus | None) -> str:
    """How far a store was audited, and what that left."""
    if audit is None or audit.last is None:
        return "never"
    left = f", {many(audit.left, 'difference', 'differences')} left" if audit.left else ""
    return f"{share_text(audit.covered)}{left}"


def share_text(share: float | None) -> str:
    """``97.5 %``; a share that is nearly all, or nearly nothing, is not rounded to it."""
    if share is None:
        return "none decided"
    percent = min(max(round(share * 100, 1), 0.1 if share > 0 else 0.0), 100.0 if share >= 1 else 99.9)
    return f"{percent:.0f} %" if percent == round(percent) else f"{percent:.1f} %"


def day_word(day: Day) -> str:
    """How a day went: ``good``, ``mixed``, ``held``, ``failed`` or ``none``."""
    kinds = [word for word in ("good", "held", "failed") if getattr(day, word)]
    return kinds[0] if len(kinds) == 1 else "mixed" if kinds else "none"


def day_text(day: Day) -> str:
    """The runs of a day."""
    told = [f"{getattr(day, word)} {word}" for word in ("good", "failed", "held") if getattr(day, word)]
    return ", ".join(told) or "no run"


def history_text(days: Sequence[Day]) -> str:
    """The history in a sentence, for those who cannot see the strip."""
    counts: dict[str, int] = {}
    for day in days:
        word = day_word(day)
        counts[word] = counts.get(word, 0) + 1
    names = {"good": "good", "mixed": "mixed", "held": "held", "failed": "failed", "none": "without a run"}
    return f"last {len(days)} days: " + ", ".join(
        f"{counts[word]} {name}" for word, name in names.items() if word in counts
    )


def counts_text(counts: Mapping[str, int]) -> str:
    """``12 absent, 3 broken``."""
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def many(number: int, one: str, more: str) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{number:,} {one if number == 1 else more}"


def minute_text(moment: datetime) -> str:
    """``2026-11-22 06:01``."""
    return f"{moment:%Y-%m-%d %H:%M}"


def size_text(size: int | None) -> str:
    """Bytes for people."""
    return "unknown" if size is None else human_size(size)


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} mirrors"


def _fares(word: Word, number: int) -> str:
    if word is Word.NEVER:
        return "shows nothing yet" if number == 1 else "show nothing yet"
    return f"{'is' if number == 1 else 'are'} {word}"


def _all(number: int) -> str:
    return "both mirrors are current" if number == 2 else f"all {number} mirrors are current"
