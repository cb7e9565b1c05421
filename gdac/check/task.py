"""A file to check, and what all files of a run share. Light: what `gdac check --help` may import."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gdac.check.options import Options

#: Suffix of the files that are checked.
SUFFIX: Final = ".nc"
#: Suffixes of archives of such files.
ARCHIVES: Final = (".tar.gz", ".tgz", ".tar")


@dataclass(frozen=True, slots=True)
class Task:
    """One file to check.

    Attributes:
        path: where it lies; for ``data`` only how it is named.
        label: how reports name it.
        dac: the data centre it is checked for, or None.
        received: receipt time, seconds since 1970 UTC; None: the file's modification time.
        data: the file itself, when it does not lie at ``path`` (a member of an archive).
        refused: why the archive that the task stands for cannot be used, one clause; empty for files.
    """

    path: str
    label: str
    dac: str | None = None
    received: float | None = None
    data: bytes | None = None
    refused: str = ""

    @property
    def is_netcdf(self) -> bool:
        """Whether its name says that it is to be checked."""
        return self.path.endswith(SUFFIX)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all files of a run share.

    Attributes:
        options: how to check.
        tables: reference tables to use; None: the shipped ones.
        time_limit: seconds that one file may take.
        memory_limit: bytes of address space that a worker may use, where the system can limit it.
    """

    options: Options = field(default_factory=Options)
    tables: Path | None = None
    time_limit: float = 120.0
    memory_limit: int = 8 << 30
