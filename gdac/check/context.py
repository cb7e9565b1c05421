"""What rules get to see: the file, what it should look like, and values that several rules share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from gdac.check.dataset import Dataset
from gdac.check.kinds import Content
from gdac.check.options import Options
from gdac.spec import FileType, Specification
from gdac.tables import Tables

__all__ = ["Context", "Opening", "Options"]

T = TypeVar("T")


@dataclass(slots=True)
class Opening:
    """A file before we know what it is: what the OPN rules of the first step get.

    Attributes:
        name: basename.
        size: bytes; None when the file cannot be read at all.
        trouble: why it cannot be read as NetCDF, one clause; empty when it can.
        dataset: the file, when it can be read.
        tables: reference tables.
        unsupported: why there is no usable specification, one clause; filled in by the engine before it asks.
    """

    name: str
    size: int | None
    trouble: str
    dataset: Dataset | None
    tables: Tables
    unsupported: str = ""


@dataclass(slots=True)
class Context:
    """One file in the hands of the rules.

    Attributes:
        dataset: the file.
        spec: what its type and version should look like. Shared by all files.
        tables: reference tables. Shared by all files.
        content: what it is.
        version: FORMAT_VERSION, trimmed.
        raw_version: FORMAT_VERSION as read (cut at NUL, blanks kept): what the official checker compares. For files
            made at GDACs, which have versions of their own, that of the profiles in them.
        dac: the data centre it is checked for; None when not known (rules about DATA_CENTRE then say nothing).
        name: basename of the file.
        received: receipt time, seconds since 1970 UTC.
        options: how to check.
    """

    dataset: Dataset
    spec: Specification
    tables: Tables
    content: Content
    version: str
    raw_version: str
    dac: str | None
    name: str
    received: float
    options: Options = field(default_factory=Options)
    _derived: dict[object, Any] = field(default_factory=dict)

    def once(self, make: Callable[["Context"], T]) -> T:
        """A value that several rules share: computed by the first that asks, for this file.

        ``make`` is a module-level function of the context (it is the key): ``levels = ctx.once(level_masks)``.
        """
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast("T", self._derived[make])

    @property
    def file_type(self) -> FileType:
        """The type whose rules apply."""
        return self.content.file_type

    @property
    def letter(self) -> str:
        """P, B, T, BT, M or K."""
        return self.file_type.letter
