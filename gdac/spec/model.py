"""The words of a format specification: dimensions, variables, attributes, groups, parameters of a type and version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from gdac.errors import RefusedError


class UnsupportedError(RefusedError):
    """No usable specification of this file type and version.

    Attributes:
        file_type: the type asked for.
        version: the version asked for.
        why: what is missing, as a clause ("the specification has no version 4.0").
    """

    def __init__(self, file_type: "FileType", version: str, why: str) -> None:
        super().__init__(
            f"unsupported version: {file_type.words} files of version {version!r}: {why}.",
            hint="`gdac spec show` lists the types and versions that can be checked.",
        )
        self.file_type = file_type
        self.version = version
        self.why = why


class FileType(StrEnum):
    """The six kinds of file that the specification describes; the value is the name in specification files."""

    PROFILE = "profile"
    B_PROFILE = "b_profile"
    TRAJECTORY = "trajectory"
    B_TRAJECTORY = "b_trajectory"
    METADATA = "metadata"
    TECHNICAL = "technical"

    @property
    def letter(self) -> str:
        """P, B, T, BT, M or K: how the rules of the checker call it."""
        return _LETTERS[self]

    @property
    def words(self) -> str:
        """The type in running text, such as ``bio trajectory``."""
        return self.value.replace("b_", "bio ")

    @property
    def is_profile(self) -> bool:
        """A core or bio profile."""
        return self in {FileType.PROFILE, FileType.B_PROFILE}

    @property
    def is_trajectory(self) -> bool:
        """A core or bio trajectory."""
        return self in {FileType.TRAJECTORY, FileType.B_TRAJECTORY}

    @property
    def is_bio(self) -> bool:
        """A bio profile or bio trajectory."""
        return self in {FileType.B_PROFILE, FileType.B_TRAJECTORY}


_LETTERS = {
    FileType.PROFILE: "P",
    FileType.B_PROFILE: "B",
    FileType.TRAJECTORY: "T",
    FileType.B_TRAJECTORY: "BT",
    FileType.METADATA: "M",
    FileType.TECHNICAL: "K",
}


class Presence(Enum):
    """Whether an attribute must be there."""

    REQUIRED = "required"
    FREE = "free"  # may be absent, any value; `<*>` in the official files
    FORBIDDEN = "forbidden"  # `<->`


class Kind(Enum):
    """What sort of value an attribute holds. Integers and reals never equal each other, whatever their width."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A second chance for an attribute whose value differs.

    Attributes:
        pattern: regular expression that must match the whole value (numbers: as `values.number_text` has them).
        warn: whether a value accepted this way is worth a warning.
    """

    pattern: str
    warn: bool = False

    def accepts(self, text: str) -> bool:
        """Whether the whole text matches."""
        return re.fullmatch(self.pattern, text, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """What the specification says of one attribute (of a variable, or of the file).

    Attributes:
        name: its name.
        presence: whether it must, may or must not be there.
        kind: text or number; a value of the other sort is a warning of its own (of free attributes too) and is not
            compared. Whether a number is an integer or a real shows in `value`.
        value: the one legal value as text: texts as they are, numbers as `gdac.spec.values.number_text` gives them
            ("99999.0", "99999"); None when any value will do.
        tolerance: what else is accepted when the value differs, or None.
    """

    name: str
    presence: Presence = Presence.REQUIRED
    kind: Kind = Kind.TEXT
    value: str | None = None
    tolerance: Tolerance | None = None


@dataclass(frozen=True, slots=True)
class DimensionRule:
    """One dimension.

    Attributes:
        name: its name.
        length: the one legal length, or None when any will do.
        optional: whether a file may lack it.
    """

    name: str
    length: int | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class VariableRule:
    """One variable.

    Attributes:
        name: its name.
        types: element types it may have, of ``char byte short int float double``; more than one for "float or double".
        dimensions: for each axis, slowest first, the names it may have (nearly always one).
        attributes: rules of its attributes by name; attributes not named are allowed and unchecked.
        optional: whether a file may lack it.
        extra_dimensions: whether further axes may follow, each an extra dimension of the file.
        parameter: the physical parameter it belongs to (``DOXY_2`` for ``DOXY_2_ADJUSTED_QC``), or empty.
        technical: whether it is a time series of a technical parameter (its units are held against the unit list).
    """

    name: str
    types: tuple[str, ...]
    dimensions: tuple[tuple[str, ...], ...]
    attributes: Mapping[str, AttributeRule]
    optional: bool = False
    extra_dimensions: bool = False
    parameter: str = ""
    technical: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Variables and dimensions that come together: when a primary member is there, all members must be.

    Attributes:
        name: its name.
        members: all that must be there.
    """

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A physical parameter as one type and version sees it.

    Attributes:
        name: as in STATION_PARAMETERS, e.g. ``TEMP``, ``DOXY_2``, ``CHLA_STD``.
        base: the code of reference table 3 behind it, e.g. ``DOXY``.
        category: ``c`` core, ``b`` bio, ``ic`` and ``ib`` intermediate.
        data_type: ``float``, ``double`` or ``short``.
        deprecated: whether table 3 has deprecated it.
        mandatory: whether each file must hold it (PRES, and TEMP in core profiles).
        extra_dimensions: whether its values may have further axes.
        statistic: ``STD``, ``MED`` or empty.
    """

    name: str
    base: str
    category: str
    data_type: str
    deprecated: bool = False
    mandatory: bool = False
    extra_dimensions: bool = False
    statistic: str = ""

    @property
    def intermediate(self) -> bool:
        """Categories ic and ib, and every _STD and _MED."""
        return self.category in {"ic", "ib"} or bool(self.statistic)


class Status(StrEnum):
    """What the table of deprecated values says of one."""

    PASS = "pass"  # noqa: S105 - the official word
    WARNING = "warning"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class DeprecatedValue:
    """An attribute value of older versions that the specification still knows.

    Attributes:
        status: what to make of it.
        message: the specification's own words, possibly empty.
    """

    status: Status
    message: str = ""


@dataclass(frozen=True, slots=True)
class JuldVariable:
    """A JULD_* variable of the N_CYCLE group and the measurement it repeats.

    Attributes:
        code: measurement code.
        variable: its name, e.g. ``JULD_FIRST_LOCATION``.
        which: ``each`` measurement of the code, or only the ``first`` or ``last`` of a cycle.
    """

    code: int
    variable: str
    which: str = "each"
