"""Whether a DAC's removal list is carried out: whole, or not at all. Pure; policies ACC-010 and ACC-011.

A list is text: one bare file name per line. What real lists have is tolerated (carriage returns, blanks at the ends of
lines, empty lines, a byte order mark); what is not a file of this DAC that is there is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gdac.paths import ArchivePath, Kind
from policies.acceptance import DACS
from policies.law import Refusal, values
from policies.submission import place

_LIST: Final = values("acceptance", "ACC-010")
_REMOVABLE: Final = frozenset(Kind(name) for name in _LIST["removable"])
#: Most reasons that are told; a list of rubbish has one per line.
MOST_REASONS: Final = 100


@dataclass(frozen=True, slots=True)
class Held:
    """A float as the archive holds it.

    Attributes:
        dac: in whose directory.
        names: bare names of all its files.
    """

    dac: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Remove:
    """What leaves the archive.

    Attributes:
        paths: the files that the list names, in its order, each once.
        emptied: floats of which nothing that a DAC submits is left: their directories go too.
    """

    paths: tuple[ArchivePath, ...]
    emptied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefuseList:
    """The list goes back whole.

    Attributes:
        reasons: at most `MOST_REASONS`, each with its line number.
        bad: how many lines were bad.
    """

    reasons: tuple[Refusal, ...]
    bad: int


def read_lines(text: str) -> tuple[str, ...]:
    """The names that a removal list has, stripped; empty lines stay, so that numbers tell lines."""
    return tuple(line.strip() for line in text.removeprefix("\ufeff").splitlines())


def floats_of(lines: tuple[str, ...]) -> frozenset[str]:
    """WMO numbers that a list speaks of: what `decide_removals` must be told of."""
    return frozenset(path.wmo for line in lines if (path := place("any", line)) and path.wmo)


def decide_removals(account: str, lines: tuple[str, ...], held: Mapping[str, Held]) -> Remove | RefuseList:
    """What a removal list takes out of the archive.

    Args:
        account: the DAC through whose account the list came.
        lines: of `read_lines`.
        held: floats by WMO number, at least those of `floats_of` that the archive holds.
    """
    if account not in DACS:
        return RefuseList((Refusal("ACC-001", f"there is no DAC {account!a}"),), 0)
    if len(lines) > _LIST["lines"]:
        return RefuseList((Refusal("ACC-010", f"{len(lines):,} lines are more than {_LIST['lines']:,}"),), len(lines))
    paths: dict[str, ArchivePath] = {}
    reasons: list[Refusal] = []
    for number, line in enumerate(lines, start=1):
        found = _judge_line(account, line, held) if line else None
        if isinstance(found, str):
            reasons.append(Refusal("ACC-010", f"line {number}: {found}"))
        elif found is not None:
            paths.setdefault(line, found)
    if not reasons and not paths:
        reasons.append(Refusal("ACC-010", "the list names no file"))
    emptied, kept = _judge_metadata(account, lines, paths, held)
    reasons += kept
    if reasons:
        return RefuseList(tuple(reasons[:MOST_REASONS]), len(reasons))
    return Remove(tuple(paths.values()), emptied)


def _judge_metadata(
    account: str, lines: tuple[str, ...], paths: Mapping[str, ArchivePath], held: Mapping[str, Held]
) -> tuple[tuple[str, ...], list[Refusal]]:
    """Floats of which nothing is left, and metadata files that must stay."""
    leave: dict[str, set[str]] = {}
    for name, path in paths.items():
        leave.setdefault(path.wmo or "", set()).add(name)
    emptied, kept = [], []
    for wmo, names in leave.items():
        left = [name for name in held[wmo].names - names if _counts(account, name)]
        meta = f"{wmo}_meta.nc"
        if not left:
            emptied.append(wmo)
        elif meta in names:
            others = f"{len(left):,} other files of the float do, such as {min(left)}"
            kept.append(Refusal("ACC-011", f"line {lines.index(meta) + 1}: {meta} stays while {others}"))
    return tuple(emptied), kept


def _judge_line(account: str, line: str, held: Mapping[str, Held]) -> ArchivePath | str:
    path = place(account, line)
    if path is None:
        return f"{line[:80]!a} is no name of a file"
    if path.kind not in _REMOVABLE:
        return f"{line} is made by the GDAC; it leaves with the files that it is made of"
    float_ = held.get(path.wmo or "")
    if float_ is None:
        return f"{line}: the archive has no such float"
    if float_.dac != account:
        return f"{line} belongs to {float_.dac}"
    if line not in float_.names:
        return f"{line} is not in the archive"
    return path


def _counts(account: str, name: str) -> bool:
    """Whether a file keeps its float's metadata: what a GDAC makes itself does not."""
    path = place(account, name)
    return path is None or not (path.kind.is_derived or path.kind is Kind.SYNTHETIC_PROFILE)
