"""The words of a format specification: dimensions, variables, attributes, groups, parameters of a type and version."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Protocol

from gdac.errors import RefusedError

if TYPE_CHECKING:
    from gdac.tables import Tables


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
        kind: text or number; a value of the other sort is a warning of its own and is not compared.
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


class Specification(Protocol):
    """Everything about one file type and version. Shared by all files of a run and never changed by one.

    Attributes:
        file_type: which type.
        version: which version, e.g. ``3.1``.
        spec_version: version of the official specification as a whole, e.g. ``-r1259``.
        reference_date_time: what REFERENCE_DATE_TIME must hold, byte for byte; empty where the type has none.
        dimensions: by name, in the order of the specification.
        extra_dimensions: patterns of further dimensions that parameters may have; usually empty.
        variables: the fixed variables by name; those of parameters are built when asked for (see `variable`).
        global_attributes: by name; empty for versions that have none.
        units: legal units of technical and configuration parameters, and the deprecated ones (metadata, technical).
        juld_variables: JULD_* variables and their measurement codes (trajectories).
        checks_data: whether the official checker runs its data phase on this version by default (3.1 and later).
    """

    file_type: FileType
    version: str
    spec_version: str
    reference_date_time: str
    dimensions: Mapping[str, DimensionRule]
    extra_dimensions: tuple[str, ...]
    variables: Mapping[str, VariableRule]
    global_attributes: Mapping[str, AttributeRule]
    units: frozenset[str]
    deprecated_units: frozenset[str]
    juld_variables: tuple[JuldVariable, ...]
    checks_data: bool

    def variable(self, name: str) -> VariableRule | None:
        """The rule of a variable: fixed, of a parameter, or a technical time series; None when it may not exist."""

    def required_variables(self) -> Iterable[str]:
        """Names that every file must have, those of mandatory parameters included."""

    def is_extra_dimension(self, name: str) -> bool:
        """Whether a dimension that is not in `dimensions` may be there all the same."""

    def group_of(self, name: str) -> Group | None:
        """The group whose members a variable or dimension pulls in, or None."""

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name (``PRES``, ``DOXY_2``, ``CHLA_2_MED``), or None when not allowed here."""

    def parameters(self) -> Iterator[Parameter]:
        """All parameters with their `_1` .. `_4` and statistics; a few thousand: for lists, not for look-ups."""

    def mandatory_parameters(self) -> tuple[str, ...]:
        """Names that the first profile must list."""

    def deprecated_value(self, variable: str, attribute: str, text: str) -> DeprecatedValue | None:
        """What the table of deprecated values says of this one.

        Args:
            variable: name of the variable.
            attribute: name of the attribute.
            text: its value; numbers as `gdac.spec.values.number_text` gives them.
        """


def load(file_type: FileType, version: str, tables: "Tables | None" = None) -> Specification:
    """The specification of a file type and version, kept for the process.

    Args:
        file_type: which type.
        version: trimmed FORMAT_VERSION, e.g. ``3.1``.
        tables: reference tables that define the parameters; the shipped ones when None.

    Raises:
        UnsupportedError: there is none, or the official one cannot be used (technical 2.2 and 2.4).
    """
    del tables
    raise UnsupportedError(file_type, version, "the reader is being written")
