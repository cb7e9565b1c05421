"""What lies in a local tree: one walk, every name judged by the grammar, nothing followed out of the tree."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import GdacError
from gdac.manifest.spill import spilling
from gdac.paths import MANIFEST_DIR, ArchivePath, PathError

#: How many examples of each kind of odd thing are kept.
EXAMPLES: Final = 20
SCAN_COLUMNS: Final = {
    "path": "VARCHAR",
    "kind": "VARCHAR",
    "size": "BIGINT",
    "mtime_ns": "BIGINT",
    "inode": "UBIGINT",
}


@dataclass(slots=True)
class Tally:
    """A count with its first examples."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(text)


@dataclass(slots=True)
class Scan:
    """What a walk met besides the files in its table.

    Attributes:
        files: files in the table.
        refused: names that no archive may hold, with the reason.
        links: symbolic links; never followed.
        special: sockets, devices and the like.
        hidden: files and directories that begin with a dot; passed over.
    """

    files: int = 0
    refused: Tally = field(default_factory=Tally)
    links: Tally = field(default_factory=Tally)
    special: Tally = field(default_factory=Tally)
    hidden: int = 0


def scan_tree(con: duckdb.DuckDBPyConnection, tree: Path, table: str, *, workdir: Path) -> Scan:
    """Walk a tree into a table of `SCAN_COLUMNS`, in no particular order.

    ``manifest/`` at its top and names that begin with a dot are passed over.

    Args:
        con: an open connection.
        tree: the archive's root directory.
        table: name of the table to make.
        workdir: a directory for temporary files.

    Raises:
        GdacError: a directory cannot be read; a tree half seen would look like files removed.
    """
    found = Scan()
    if not tree.is_dir():
        raise GdacError(f"{tree} is no directory.", hint="Name the root of an archive: the directory that holds dac/.")
    with spilling(workdir, table, SCAN_COLUMNS) as spill:
        for path, entry in _walk(tree, found):
            try:
                parsed = ArchivePath.parse(path)
            except PathError as error:
                found.refused.add(str(error))
                continue
            facts = entry.stat(follow_symlinks=False)
            spill.add(path, parsed.kind.value, facts.st_size, facts.st_mtime_ns, facts.st_ino)
        found.files = spill.rows
        spill.load(con, table)
    return found


def _walk(tree: Path, found: Scan) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Regular files below the tree, with their paths relative to it."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(tree / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.name.startswith("."):
                        found.hidden += 1
                    elif entry.is_symlink() or _is_junction(entry):
                        found.links.add(ascii(path))
                    elif entry.is_dir(follow_symlinks=False):
                        if path != MANIFEST_DIR:
                            waiting.append(path)
                    elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                        yield path, entry
                    else:
                        found.special.add(ascii(path))
        except OSError as error:
            raise GdacError(
                f"cannot read directory {str(tree / folder)!a}: {error.strerror or error}.",
                hint="Nothing was written. Mend its permissions, or run again if it was being changed.",
            ) from error


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """A Windows directory junction, which leads elsewhere as a link does."""
    tag = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    return tag is not None and getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == tag
