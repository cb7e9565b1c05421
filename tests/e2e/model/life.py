"""What a source may do in a day, by chance: one list for the crash sequences and the state machine."""

import random
from collections.abc import Callable
from datetime import timedelta

from tests.e2e.model.source import File, Source, dac_of

Change = Callable[[Source, random.Random, "Past"], bool]


class Past:
    """Files as they were, to bring them back."""

    def __init__(self) -> None:
        self.files: list[tuple[str, File]] = []

    def keep(self, path: str, file: File) -> None:
        self.files.append((path, file))
        del self.files[:-40]


def new_profile(source: Source, dice: random.Random, past: Past) -> bool:
    floats = [path.rpartition("/")[0] for path in source.listed() if path.endswith("_meta.nc")]
    if not floats:
        return False
    folder = dice.choice(floats)
    wmo = folder.rpartition("/")[2]
    cycle = 1 + sum(path.startswith(f"{folder}/profiles/") for path in source.files)
    path = f"{folder}/profiles/{dice.choice('RRD')}{wmo}_{cycle + dice.randrange(3):03d}.nc"
    if path in source.files or len(source.files) > 40:
        return False
    source.put(path)
    return True


def to_delayed_mode(source: Source, dice: random.Random, past: Past) -> bool:
    waiting = [path for path in source.profiles("R") if path.replace("profiles/R", "profiles/D") not in source.files]
    if not waiting:
        return False
    path = dice.choice(waiting)
    past.keep(path, source.files[path])
    source.to_delayed_mode(path)
    return True


def changed(source: Source, dice: random.Random, past: Past) -> bool:
    listed = source.listed()
    if not listed:
        return False
    path = dice.choice(listed)
    past.keep(path, source.files[path])
    source.put(path, same_size=dice.random() < 0.7)
    return True


def replaced_in_place(source: Source, dice: random.Random, past: Past) -> bool:
    single = [one for one in source.listed() if "/profiles/" not in one]
    if not single:
        return False
    path = dice.choice(single)
    past.keep(path, source.files[path])
    source.put(path)
    return True


def removed(source: Source, dice: random.Random, past: Past) -> bool:
    profiles = [path for path in source.listed() if "/profiles/" in path]
    if len(profiles) < 3:
        return False
    path = dice.choice(profiles)
    past.keep(path, source.files[path])
    source.remove(path)
    return True


def comes_back(source: Source, dice: random.Random, past: Past) -> bool:
    """A path gets the very bytes, time and date that it had before: after a removal, or undoing a change."""
    if not past.files:
        return False
    path, old = dice.choice(past.files)
    if source.files.get(path) == old:
        return False
    source.restore(path, old)
    return True


CHANGES: tuple[Change, ...] = (
    new_profile, new_profile, to_delayed_mode, to_delayed_mode, changed, changed, replaced_in_place, removed,
    comes_back, comes_back,
)  # fmt: skip


def live(source: Source, dice: random.Random, past: Past, changes: int) -> list[str]:
    """Some changes, written to the disk; returns their names."""
    done = []
    for _ in range(changes):
        change = dice.choice(CHANGES)
        source.when += timedelta(seconds=61)
        if change(source, dice, past):
            done.append(change.__name__)
    source.write()
    return done


def lose_dac(source: Source, dice: random.Random, past: Past) -> bool:
    """A whole DAC disappears: the brake must hold it."""
    dacs = sorted({dac_of(path) for path in source.listed()})
    if len(dacs) < 2:
        return False
    gone = dice.choice(dacs)
    for path in [one for one in source.files if dac_of(one) == gone]:
        past.keep(path, source.files.pop(path))
    return True
