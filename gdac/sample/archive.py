"""Writes the sample archive and moves it on by a day. The rim: files and their times; all else is pure.

What the next day needs is a small record beside the archive (``<root>.sample.json``), never inside it: the recipe and
the number of the day. The states are computed from it again.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from gdac.errors import GdacError, RefusedError, UsageError
from gdac.paths import ArchivePath
from gdac.sample.days import FloatState, Recipe, first_day, next_state, state_on
from gdac.sample.files import Planned, arrived, contents, plan
from gdac.sample.indexes import index_paths, write_indexes

#: Called with the number of floats done and of all floats.
Progress = Callable[[int, int], None]

_UNFINISHED: Final = -1
_STAMP: Final = time(8, 24, 2)
_MOST_FLOATS: Final = 10_000


@dataclass(frozen=True, slots=True)
class SampleState:
    """A sample archive as it stands on a day.

    Attributes:
        root: where it is.
        recipe: what it was made from.
        number: days since the first.
        files: how many files it has, indexes included.
        size: their bytes.
    """

    root: Path
    recipe: Recipe
    number: int
    files: int
    size: int

    @property
    def day(self) -> date:
        """The date that the archive shows."""
        return self.recipe.first_day + timedelta(days=self.number)


@dataclass(frozen=True, slots=True)
class SampleChanges:
    """What one day changed, as archive paths, each sorted and in one place only.

    Attributes:
        day: the new day.
        added: files of new cycles.
        changed: files with new bytes under the old name: corrected profiles, meta, tech and trajectory files.
        renamed: profiles that went from real time to delayed mode: old and new path.
        removed: files that went without a successor.
        derived: multi-profile files made anew.
        indexes: index files written anew.
    """

    day: date
    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    derived: tuple[str, ...]
    indexes: tuple[str, ...]


def make_archive(
    root: Path, *, floats: int, cycles: int, seed: int, day: date, progress: Progress | None = None
) -> SampleState:
    """Write a sample archive; one that stands there already is replaced.

    Args:
        root: a directory that is empty, or does not exist yet, or holds a sample archive of ours.
        floats: how many floats.
        cycles: how many cycles each has made.
        seed: other seeds give other water, places and days.
        day: the day that the archive shows.
        progress: told after each float.

    Raises:
        UsageError: the numbers cannot be.
        RefusedError: the directory holds something else.
        GdacError: it cannot be written.
    """
    if not 1 <= floats <= _MOST_FLOATS or not 1 <= cycles <= 999 or seed < 0:
        raise UsageError(f"floats must be 1 to {_MOST_FLOATS}, cycles 1 to 999 and the seed not negative.")
    recipe = Recipe(floats, cycles, seed, day)
    states = first_day(recipe)
    with _on_disk(root):
        _clear(root)
        _record(root, recipe, _UNFINISHED)
        for number, state in enumerate(states, start=1):
            for folder in {path.rpartition("/")[0] for path in plan(state)}:
                (root / folder).mkdir(parents=True, exist_ok=True)
            _write(root, state, frozenset(plan(state)))
            if progress:
                progress(number, floats)
        _write_indexes(root, states, day)
        _record(root, recipe, 0)
        sizes = [path.stat().st_size for path in root.rglob("*") if path.is_file()]
    return SampleState(root, recipe, 0, len(sizes), sum(sizes))


def next_day(root: Path, *, progress: Progress | None = None) -> SampleChanges:
    """Move a sample archive on by one day: data first, then indexes, then what goes.

    Raises:
        RefusedError: there is no sample archive of ours, or it was not finished.
        GdacError: it cannot be written.
    """
    recipe, number = _recorded(root)
    before = state_on(recipe, number)
    after = next_state(before, recipe, number + 1)
    day = recipe.first_day + timedelta(days=number + 1)
    gone: dict[str, Planned] = {}
    come: dict[str, Planned] = {}
    changed: dict[str, Planned] = {}
    for done, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        was, now = plan(old), plan(new)
        gone |= {path: one for path, one in was.items() if path not in now}
        come |= {path: one for path, one in now.items() if path not in was}
        changed |= {path: one for path, one in now.items() if path in was and one.made_from != was[path].made_from}
        with _on_disk(root):
            _write(root, new, frozenset(path for path in now if path in come or path in changed))
        if progress:
            progress(done, len(after))
    with _on_disk(root):
        _write_indexes(root, after, day)
        for path in gone:
            (root / path).unlink(missing_ok=True)  # an interrupted day is simply played again
        _record(root, recipe, number + 1)
    return _told(day, gone, come, changed)


def _told(day: date, gone: dict[str, Planned], come: dict[str, Planned], changed: dict[str, Planned]) -> SampleChanges:
    twins = {path: twin.text for path in gone if (twin := ArchivePath.parse(path).twin) and twin.text in come}
    successors = set(twins.values())
    return SampleChanges(
        day=day,
        added=tuple(sorted(path for path in come if path not in successors)),
        changed=tuple(sorted(path for path, one in changed.items() if not one.is_derived)),
        renamed=tuple(sorted(twins.items())),
        removed=tuple(sorted(path for path in gone if path not in twins)),
        derived=tuple(sorted(path for path, one in changed.items() if one.is_derived)),
        indexes=tuple(sorted(index_paths())),
    )


def _write(root: Path, state: FloatState, paths: frozenset[str]) -> None:
    if not paths:
        return
    for path, planned, data in contents(state, paths):
        target = root / path
        waiting = target.with_name(f".{target.name}.tmp")
        waiting.write_bytes(data)
        _set_time(waiting, arrived(planned))
        waiting.replace(target)


def _write_indexes(root: Path, states: tuple[FloatState, ...], day: date) -> None:
    stamp = datetime.combine(day, _STAMP, UTC)
    write_indexes(states, root, stamp)
    for name in index_paths():
        _set_time(root / name, stamp + timedelta(minutes=1))


def _set_time(path: Path, when: datetime) -> None:
    seconds = int(when.timestamp())
    os.utime(path, (seconds, seconds))


def _beside(root: Path) -> Path:
    resolved = root.resolve()
    return resolved.with_name(f"{resolved.name}.sample.json")


def _record(root: Path, recipe: Recipe, number: int) -> None:
    told = {**asdict(recipe), "first_day": recipe.first_day.isoformat(), "number": number}
    _beside(root).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _on_disk(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or root
        raise GdacError(f"{where} cannot be written: {error.strerror or error}.") from error


def _recorded(root: Path) -> tuple[Recipe, int]:
    try:
        told = json.loads(_beside(root).read_text(encoding="utf-8"))
        recipe = Recipe(
            int(told["floats"]), int(told["cycles"]), int(told["seed"]), date.fromisoformat(told["first_day"])
        )
        number = int(told["number"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(
            f"{root} is not a sample archive: {_beside(root).name} is missing beside it or cannot be read.",
            hint="Make one with `gdac sample make`.",
        ) from error
    if number == _UNFINISHED or not (root / "dac").is_dir():
        raise RefusedError(f"{root} was not finished.", hint="Make it again with `gdac sample make`.")
    return recipe, number


def _clear(root: Path) -> None:
    """Remove an older sample of ours; anything else is left alone and refused."""
    if root.is_dir() and any(root.iterdir()):
        names = {path.name for path in root.iterdir() if not path.match(".index-*.tmp")}
        if names - {"dac", *index_paths()} or not _beside(root).is_file():
            raise RefusedError(
                f"{root} is not empty and is not a sample archive of ours.", hint="Name a new or an empty directory."
            )
        shutil.rmtree(root)
    elif root.exists() and not root.is_dir():
        raise RefusedError(f"{root} is not a directory.", hint="Name a new or an empty directory.")
    root.mkdir(parents=True, exist_ok=True)
