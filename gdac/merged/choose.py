"""Which files go into which merged file."""

import os
from pathlib import Path

from gdac.errors import GdacError
from gdac.merged.profile import MergeError
from gdac.paths import PROFILE_NAME, WMO


def float_files(folder: Path) -> tuple[Path, ...]:
    """The core profile files of a float, as its merged file takes them: where there is a D file, R is left out.

    Args:
        folder: ``dac/<dac>/<wmo>``.

    Returns:
        One file for each cycle and direction, by name; B, S and M files and what is no profile are passed over.

    Raises:
        MergeError: the folder has not the name of a float, or holds a profile of another float, or none.
        GdacError: it cannot be read.
    """
    wmo = folder.resolve().name
    if not WMO.fullmatch(wmo):
        raise MergeError(f"{folder} has not the name of a float.", hint="Name a folder such as dac/aoml/13857.")
    chosen: dict[tuple[int, str], str] = {}
    try:
        with os.scandir(folder / "profiles") as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        raise GdacError(f"folder {folder / 'profiles'} cannot be read: {error.strerror or error}.") from error
    for name in names:
        found = PROFILE_NAME.fullmatch(name)
        if found is None or found["set"]:
            continue
        if found["wmo"] != wmo:
            raise MergeError(f"{folder / 'profiles' / name} is a profile of another float.", hint="Move it.")
        key = int(found["cycle"]), found["descending"]
        if key not in chosen or found["mode"] == "D":
            chosen[key] = name
    if not chosen:
        raise MergeError(f"{folder} has no core profile files.")
    return tuple(folder / "profiles" / name for name in sorted(chosen.values()))
