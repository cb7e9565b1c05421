"""Which files a float has on a day, what makes their bytes differ, and the bytes themselves. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gdac.sample.days import FloatState, Profile
from gdac.sample.metadata import meta_file, tech_file
from gdac.sample.profiles import LATER, Cast, cast, multi, single
from gdac.sample.synthetic import synthetic_multi
from gdac.sample.trajectory import trajectory_file

_PREFIX: Final = {"core": "", "bio": "B", "synthetic": "S"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One file of a float.

    Attributes:
        kind: ``core``, ``bio``, ``synthetic``, ``meta``, ``tech``, ``traj``, ``prof`` or ``Sprof``.
        updated: its DATE_UPDATE.
        made_from: equal for two days exactly when the bytes are.
        profile: for single profiles: which.
    """

    kind: str
    updated: datetime
    made_from: Any
    profile: Profile | None = None

    @property
    def is_derived(self) -> bool:
        """Merged by the GDAC; in no index."""
        return self.kind in {"prof", "Sprof"}


def plan(state: FloatState) -> Mapping[str, Planned]:
    """A float's files by archive path."""
    each = state.float
    stem = f"{each.folder}/{each.wmo}"
    planned = {
        f"{stem}_meta.nc": Planned("meta", state.meta, state.meta),
        f"{stem}_tech.nc": Planned("tech", state.series, (state.cycles, state.series)),
        f"{stem}_Rtraj.nc": Planned("traj", state.series, (state.cycles, state.series)),
        f"{stem}_prof.nc": Planned("prof", state.merged, (state.merged, state.profiles)),
    }
    if each.synthetic:
        planned[f"{stem}_Sprof.nc"] = Planned("Sprof", state.merged, (state.merged, state.profiles))
    for profile in state.profiles:
        for kind in ("core", "bio", "synthetic") if each.synthetic else ("core",):
            path = f"{each.folder}/profiles/{_PREFIX[kind]}{profile.mode}{each.wmo}_{profile.tail}"
            planned[path] = Planned(kind, profile.updated + LATER[kind], profile, profile)
    return planned


def arrived(planned: Planned) -> datetime:
    """When the file came to the GDAC: its modification time."""
    return planned.updated + timedelta(minutes=10)


def contents(state: FloatState, paths: Collection[str]) -> Iterator[tuple[str, Planned, bytes]]:
    """The bytes of some of a float's files, by path."""
    planned = plan(state)
    casts: dict[tuple[int, bool], Cast] = {}

    def taken(profile: Profile) -> Cast:
        key = (profile.cycle, profile.descending)
        if key not in casts:
            casts[key] = cast(state.float, profile)
        return casts[key]

    whole: Mapping[str, Callable[[], bytes]] = {
        "meta": lambda: meta_file(state),
        "tech": lambda: tech_file(state),
        "traj": lambda: trajectory_file(state),
        "prof": lambda: multi(state, [taken(each) for each in state.profiles]),
        "Sprof": lambda: synthetic_multi(state, [taken(each) for each in state.profiles]),
    }
    for path, one in planned.items():
        if path in paths:
            yield path, one, single(taken(one.profile), one.kind) if one.profile else whole[one.kind]()
