"""Physical parameters: which a type and version allows, and the variables that each of them brings.

    PRES                       values                     PRES_QC              flags
    PRES_ADJUSTED              adjusted values            PRES_ADJUSTED_QC     flags of those
    PRES_ADJUSTED_ERROR        their error                PROFILE_PRES_QC      one letter a profile (profiles only)

`_1` to `_4` may follow a name (a second sensor), and then `_STD` or `_MED`; each brings the same six variables.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from gdac.spec.model import FileType, Group, Parameter
from gdac.tables import ParameterEntry

#: Numbers that may follow the name of a parameter.
NUMBERS: Final = ("", "_1", "_2", "_3", "_4")
#: What may follow that.
STATISTICS: Final = ("", "STD", "MED")
_CATEGORIES: Final = frozenset({"c", "ic", "b", "ib"})
_TYPES: Final = frozenset({"float", "double", "short"})
_NAME = re.compile(r"(.+?)(_[1-4])?(?:_(STD|MED))?", re.ASCII)


class Role(Enum):
    """What a variable of a parameter holds; the value is how its name is made."""

    VALUE = "{}"
    ADJUSTED = "{}_ADJUSTED"
    QC = "{}_QC"
    ADJUSTED_QC = "{}_ADJUSTED_QC"
    ERROR = "{}_ADJUSTED_ERROR"
    PROFILE_QC = "PROFILE_{}_QC"

    def of(self, parameter: str) -> str:
        """Name of the variable."""
        return self.value.format(parameter)


_ADJUSTED: Final = (Role.ADJUSTED, Role.ADJUSTED_QC, Role.ERROR)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters that a type and version allows.

    Attributes:
        file_type: which type.
        entries: base names and what table R03, with the version's own overrides, says of them.
    """

    file_type: FileType
    entries: Mapping[str, ParameterEntry]

    def find(self, name: str) -> Parameter | None:
        """The parameter of that name, or None."""
        found = _NAME.fullmatch(name)
        for base, number, statistic in ((name, None, None), found.groups() if found else (name, None, None)):
            entry = self.entries.get(base)
            if entry is not None:
                made = self._made(entry, number or "", statistic or "")
                if made is not None and made.name == name:
                    return made
        return None

    def all(self) -> Iterator[Parameter]:
        """All of them, with numbers and statistics."""
        for entry in self.entries.values():
            for number in NUMBERS:
                for statistic in STATISTICS:
                    made = self._made(entry, number, statistic)
                    if made is not None:
                        yield made

    def mandatory(self) -> Iterator[Parameter]:
        """Those that every profile or trajectory must hold."""
        if self.file_type in {FileType.METADATA, FileType.TECHNICAL}:
            return iter(())
        found = (self.find(name) for name in ("PRES", "TEMP"))
        return iter([parameter for parameter in found if parameter is not None and parameter.mandatory])

    def owner(self, variable: str) -> tuple[Parameter, Role] | None:
        """The parameter that a variable belongs to and what it holds, or None."""
        for role, name in _readings(variable):
            parameter = self.find(name)
            if parameter is not None and role in self.roles(parameter):
                return parameter, role
        return None

    def roles(self, parameter: Parameter) -> tuple[Role, ...]:
        """The variables that a parameter brings: in bio files PRES is only itself; trajectories have no letters."""
        if not (self.file_type.is_profile or self.file_type.is_trajectory):
            return ()
        if self._alone(parameter.base):
            return (Role.VALUE,)
        return tuple(role for role in Role if role is not Role.PROFILE_QC or self.file_type.is_profile)

    def group(self, parameter: Parameter, role: Role) -> Group:
        """The variables that one of them pulls in."""
        roles = self.roles(parameter)
        if parameter.category in {"c", "b"} and not parameter.statistic:
            return Group(parameter.name, tuple(each.of(parameter.name) for each in roles))
        adjusted = role in _ADJUSTED
        members = (Role.VALUE, *_ADJUSTED) if adjusted else (Role.VALUE, Role.QC, Role.PROFILE_QC)
        name = (Role.ADJUSTED if adjusted else Role.QC).of(parameter.name)
        return Group(name, tuple(each.of(parameter.name) for each in members if each in roles))

    def _alone(self, base: str) -> bool:
        return base == "PRES" and self.file_type.is_bio

    def _made(self, entry: ParameterEntry, number: str, statistic: str) -> Parameter | None:
        if statistic and self._alone(entry.name):
            return None
        core = self.file_type is FileType.PROFILE and entry.name == "TEMP"
        return Parameter(
            name=f"{entry.name}{number}{'_' if statistic else ''}{statistic}",
            base=entry.name,
            category=entry.category,
            data_type=entry.data_type,
            deprecated=entry.deprecated and not statistic,
            mandatory=not number and not statistic and (entry.name == "PRES" or core),
            extra_dimensions=entry.extra_dimensions,
            statistic=statistic,
        )


def allowed(
    file_type: FileType, version: str, table: Iterable[ParameterEntry], deprecated_values: Iterable[Mapping[str, Any]]
) -> Parameters:
    """The parameters of a type and version.

    Core profiles hold core ones, bio files bio ones and PRES, trajectories before 3.1 core ones and later ones all.
    (The official checker means 3.2 by "later", but compares the untrimmed ``3.1 ``.) Metadata and technical files
    only name parameters: all of them.
    """
    overrides: dict[str, dict[str, str]] = {}
    for each in deprecated_values:
        if version in each["versions"]:
            overrides.setdefault(each["parameter"], {})[each["key"]] = each["value"]
    entries = (_overridden(entry, overrides.get(entry.name, {})) for entry in table)
    return Parameters(file_type, {entry.name: entry for entry in entries if _kept(entry, file_type, version)})


def _overridden(entry: ParameterEntry, own: Mapping[str, str]) -> ParameterEntry:
    return replace(
        entry,
        category=own.get("category", entry.category),
        data_type=own.get("data_type", entry.data_type),
        extra_dimensions=bool(own["extra_dim"].strip("[] ")) if "extra_dim" in own else entry.extra_dimensions,
    )


def _kept(entry: ParameterEntry, file_type: FileType, version: str) -> bool:
    if file_type in {FileType.METADATA, FileType.TECHNICAL}:
        return True
    if entry.category not in _CATEGORIES or entry.data_type not in _TYPES or not entry.attributes.get("fill_value"):
        return False  # the official checker logs and skips such entries
    if entry.name == "PRES" or (file_type is FileType.TRAJECTORY and version >= "3.1"):
        return True
    return entry.category in ({"b", "ib"} if file_type.is_bio else {"c", "ic"})


def _readings(variable: str) -> Iterator[tuple[Role, str]]:
    """What a variable's name may mean, the longest suffix last: ``X_ADJUSTED_QC`` is first tried as a parameter."""
    yield Role.VALUE, variable
    for role in (Role.ADJUSTED, Role.QC, Role.ADJUSTED_QC, Role.ERROR):
        suffix = role.of("")
        if variable.endswith(suffix):
            yield role, variable.removesuffix(suffix)
    if variable.startswith("PROFILE_") and variable.endswith("_QC"):
        yield Role.PROFILE_QC, variable.removeprefix("PROFILE_").removesuffix("_QC")
