"""How the sample archive lives from one day to the next. Pure: a state and a date in, the next state out.

Day 0 is what `gdac.sample.fleet` launched: the older half of some floats' profiles is in delayed mode already. Every
following day brings the cycles that are due, a batch of profiles of some floats from R to D, a few corrected and a
few removed files, and newer metadata of some floats.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np

from gdac.sample.fleet import Float, fleet

_QUEUE: Final = timedelta(hours=6)  # from the surface into the archive
_MERGING: Final = 7  # hour of the day at which the GDAC makes its multi-profile files


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an archive is made from; the same recipe gives the same bytes."""

    floats: int
    cycles: int
    seed: int
    first_day: date


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile of one float; its core file, and its b- and synthetic file where the float makes them.

    Attributes:
        cycle: cycle number.
        descending: taken on the way down.
        delayed: when it went through delayed mode, or None: still real time.
        updated: DATE_UPDATE of its core file.
        revision: how often it was corrected.
    """

    cycle: int
    descending: bool
    delayed: datetime | None
    updated: datetime
    revision: int = 0

    @property
    def mode(self) -> str:
        """``R`` or ``D``."""
        return "D" if self.delayed else "R"

    @property
    def tail(self) -> str:
        """End of its file names."""
        return f"{self.cycle:03d}{'D' if self.descending else ''}.nc"


@dataclass(frozen=True, slots=True)
class FloatState:
    """A float's files on one day.

    Attributes:
        float: which float.
        cycles: the last cycle it made.
        profiles: those in the archive, by cycle, descending first.
        series: DATE_UPDATE of its technical and trajectory files.
        meta: DATE_UPDATE of its metadata file.
        merged: DATE_UPDATE of its multi-profile files.
    """

    float: Float
    cycles: int
    profiles: tuple[Profile, ...]
    series: datetime
    meta: datetime
    merged: datetime


def first_day(recipe: Recipe) -> tuple[FloatState, ...]:
    """The archive as it stands on the recipe's first day."""
    launched = fleet(floats=recipe.floats, cycles=recipe.cycles, seed=recipe.seed, day=recipe.first_day)
    return tuple(_as_found(each, recipe.cycles, recipe.first_day) for each in launched)


def state_on(recipe: Recipe, number: int) -> tuple[FloatState, ...]:
    """The archive ``number`` days after the first."""
    states = first_day(recipe)
    for following in range(1, number + 1):
        states = next_state(states, recipe, following)
    return states


def next_state(states: tuple[FloatState, ...], recipe: Recipe, number: int) -> tuple[FloatState, ...]:
    """The archive on day ``number``, out of the day before."""
    day = recipe.first_day + timedelta(days=number)
    rng = np.random.default_rng((recipe.seed, 1_000_003, number))
    count = len(states)
    converting = _some(rng, [at for at, each in enumerate(states) if _waiting(each)], max(1, count // 6))
    described = _some(rng, range(count), max(1, count // 20))
    profiles = sum(len(each.profiles) for each in states)
    rich = [at for at, each in enumerate(states) if len(_waiting(each)) > recipe.cycles // 4 + 2] or [0]
    correcting = _share(rng, rich, max(1, profiles // 400))
    removing = _share(rng, rich, max(1, profiles // 2000))
    return tuple(
        _lived(
            state,
            day,
            rng,
            convert=recipe.cycles // 4 + 1 if at in converting else 0,
            correct=correcting.get(at, 0),
            remove=removing.get(at, 0),
            describe=at in described,
        )
        for at, state in enumerate(states)
    )


def _as_found(each: Float, cycles: int, day: date) -> FloatState:
    delayed_to = int(cycles * (0.0, 0.6, 0.3)[each.number % 3])
    profiles = tuple(_initial(each, cycle, descending, delayed_to, day) for cycle, descending in _taken(each, cycles))
    return FloatState(
        each,
        cycles,
        profiles,
        series=_arrival(each, cycles),
        meta=each.launch.replace(microsecond=0) + timedelta(hours=12),
        merged=_at(day, each, hour=_MERGING),
    )


def _taken(each: Float, cycles: int) -> Iterator[tuple[int, bool]]:
    for cycle in range(1, cycles + 1):
        if cycle == 1 and each.descends:
            yield 1, True
        yield cycle, False


def _initial(each: Float, cycle: int, descending: bool, delayed_to: int, day: date) -> Profile:
    arrived = _arrival(each, cycle, descending=descending)
    if cycle > delayed_to:
        return Profile(cycle, descending, None, arrived)
    # delayed mode comes a batch at a time; never on or after the first day
    since = min(arrived + timedelta(days=200), _at(day - timedelta(days=1), each, hour=10))
    delayed = since + timedelta(seconds=cycle)
    return Profile(cycle, descending, delayed, delayed)


def _arrival(each: Float, cycle: int, *, descending: bool = False) -> datetime:
    return each.surfaced(cycle, descending=descending).replace(microsecond=0) + _QUEUE


def _at(day: date, each: Float, hour: int) -> datetime:
    """A time of a day that differs from float to float."""
    return datetime.combine(day, time(hour), UTC) + timedelta(seconds=each.number * 7 % 3000)


def _some(rng: np.random.Generator, candidates: Iterable[int], count: int) -> frozenset[int]:
    among = list(candidates)
    return frozenset(int(at) for at in rng.permutation(among)[:count]) if among else frozenset()


def _share(rng: np.random.Generator, among: Sequence[int], number: int) -> Mapping[int, int]:
    """How many of ``number`` things fall to each of some floats."""
    chosen, times = np.unique(rng.choice(among, number), return_counts=True)
    return {int(at): int(each) for at, each in zip(chosen, times, strict=True)}


def _waiting(state: FloatState) -> list[Profile]:
    """Real-time profiles old enough for delayed mode."""
    return [each for each in state.profiles if not each.delayed and each.cycle < state.cycles - 1]


def _lived(
    state: FloatState,
    day: date,
    rng: np.random.Generator,
    *,
    convert: int,
    correct: int,
    remove: int,
    describe: bool,
) -> FloatState:
    each = state.float
    profiles = {(one.cycle, one.descending): one for one in state.profiles}
    converted = _waiting(state)[:convert]
    for number, one in enumerate(converted):
        when = _at(day, each, hour=1) + timedelta(seconds=number)
        profiles[one.cycle, one.descending] = replace(one, delayed=when, updated=when, revision=0)
    rest = [one for one in state.profiles if one not in converted and one.cycle < state.cycles - 1]
    chosen = [rest[int(at)] for at in rng.permutation(len(rest))[: correct + remove]]
    for one in chosen[:correct]:
        when = _at(day, each, hour=2) + timedelta(seconds=one.cycle)
        profiles[one.cycle, one.descending] = replace(one, updated=when, revision=one.revision + 1)
    for one in chosen[correct:]:
        del profiles[one.cycle, one.descending]
    cycles = state.cycles
    while each.surfaced(cycles + 1) <= datetime.combine(day, time(), UTC):
        cycles += 1
        profiles[cycles, False] = Profile(cycles, False, None, _arrival(each, cycles))
    found = tuple(profiles.values())
    return FloatState(
        each,
        cycles,
        found,
        series=_arrival(each, cycles) if cycles > state.cycles else state.series,
        meta=_at(day, each, hour=1) if describe else state.meta,
        merged=_at(day, each, hour=_MERGING) if found != state.profiles else state.merged,
    )
