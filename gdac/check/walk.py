"""Files to check, out of paths: folders are walked through in the order of their names."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from gdac.check.dacs import CENTRES
from gdac.check.task import ARCHIVES, Task


def tasks_of(
    paths: Iterable[str | os.PathLike[str]], *, dac: str | None = None, received: float | None = None
) -> Iterator[Task]:
    """One task per file.

    Args:
        paths: files, folders and archives; links to folders inside a folder are not followed.
        dac: the data centre; None: by each path, see `dac_of`.
        received: receipt time of all files; None: each its modification time.
    """
    for path in paths:
        text = os.fspath(path)
        files = walked(text) if Path(text).is_dir() else (text,)
        for file in files:
            if file.endswith(ARCHIVES):
                yield from unpacked(file, dac, received)
            else:
                yield Task(file, file, dac or dac_of(file), received)


def unpacked(archive: str, dac: str | None, received: float | None) -> Iterator[Task]:
    """One task per file of an archive, labelled ``ARCHIVE/MEMBER``; a last one when the archive cannot be used.

    A member's receipt time is its own modification time, and its DAC that of its path in the archive, if it names one.
    """
    from gdac.check.archives import ArchiveError, members  # noqa: PLC0415 - for those who send archives

    try:
        for member in members(Path(archive)):
            label = f"{archive}/{member.name}"
            when = member.modified if received is None else received
            yield Task(member.name, label, dac or dac_of(label), when, member.data)
    except ArchiveError as error:
        yield Task(archive, archive, dac or dac_of(archive), received, refused=error.why)


def walked(folder: str) -> Iterator[str]:
    """The files below a folder, by name; without reading the whole tree first."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        yield folder  # the check says why it cannot be read
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from walked(entry.path)
        elif not entry.is_dir():
            yield entry.path


def dac_of(path: str) -> str | None:
    """The data centre that a path names: the last folder with the name of one, or None."""
    folders = Path(path).absolute().parts[:-1]
    return next((name for name in reversed(folders) if name in CENTRES), None)
