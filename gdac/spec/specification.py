"""Everything about one file type and version, ready to be asked: the document, joined with the reference tables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from gdac.spec import document
from gdac.spec.attributes import from_document, presence_only, tolerance_of
from gdac.spec.deprecated import DeprecatedValues
from gdac.spec.model import (
    AttributeRule,
    DeprecatedValue,
    DimensionRule,
    FileType,
    Group,
    JuldVariable,
    Parameter,
    UnsupportedError,
    VariableRule,
)
from gdac.spec.parameters import Parameters, allowed
from gdac.spec.variables import Maker, technical_series
from gdac.tables import Tables
from gdac.tables import load as load_tables

_TIME_SERIES: Final = "TECH_TIMESERIES"


class Specification:
    """Everything about one file type and version. Shared by all files of a run and never changed by one.

    Attributes:
        file_type: which type.
        version: which version, e.g. ``3.1``.
        spec_version: version of the official specification as a whole, e.g. ``-r1259``.
        reference_date_time: what REFERENCE_DATE_TIME must hold, byte for byte; empty where the type has none.
        dimensions: by name, in the order of the specification.
        extra_dimensions: patterns of further dimensions that parameters may have; usually empty.
        variables: the fixed variables by name; those of parameters are made when asked for (see `variable`).
        global_attributes: by name; empty for versions that have none.
        units: legal units of technical and configuration parameters, each with the kind of its values
            (``integer``, ``float``, ``date/time``, ``logical``, ``hex``; may be empty).
        deprecated_units: those that were legal once; empty for most versions.
        juld_variables: JULD_* variables and their measurement codes (trajectories).
        checks_data: whether the official checker runs its data phase on this version by default (3.1 and later).
    """

    def __init__(self, content: Mapping[str, Any], common: Mapping[str, Any], tables: Tables) -> None:
        self.file_type = FileType(content["file_type"])
        self.version: str = content["version"]
        self.spec_version: str = common["spec_version"]
        self.checks_data = self.version >= "3.1"
        self.reference_date_time: str = content.get("reference_date_time", "")
        self._optional = frozenset(content.get("optional", ()))
        self._groups: Mapping[str, Group] = {
            name: Group(name, tuple(members)) for name, members in content.get("groups", {}).items()
        }
        self._members = {member: group for group in self._groups.values() for member in group.members}
        self.dimensions: Mapping[str, DimensionRule] = {
            name: DimensionRule(name, length, self._may_lack(name)) for name, length in content["dimensions"].items()
        }
        self.extra_dimensions: tuple[str, ...] = tuple(content.get("extra_dimensions", ()))
        self._tolerances: Mapping[str, Any] = content.get("tolerances", {})
        self._overrides: Mapping[str, str] = content.get("overrides", {})
        self.global_attributes: Mapping[str, AttributeRule] = {
            name: from_document(name, value, (), tolerance_of(self._tolerances, "", name))
            for name, value in content.get("global_attributes", {}).items()
        }
        self.variables: Mapping[str, VariableRule] = {
            name: self._fixed(name, value) for name, value in content["variables"].items()
        }
        self.units, self.deprecated_units = (_units(common[key], self.version) for key in ("units", "deprecated_units"))
        self.juld_variables: tuple[JuldVariable, ...] = (
            tuple(JuldVariable(**each) for each in common["juld_variables"]) if self.file_type.is_trajectory else ()
        )
        self._tables = tables
        self._common = common
        self._made: dict[str, VariableRule] = {}

    @cached_property
    def _parameters(self) -> Parameters:
        entries = self._tables.parameters.values()
        return allowed(self.file_type, self.version, entries, self._common["deprecated_values"])

    @cached_property
    def _maker(self) -> Maker:
        settings = self._common["parameter_settings"].get(self.version, {})
        return Maker(self.file_type, self.version, self._parameters.entries, settings)

    @cached_property
    def _deprecated_values(self) -> DeprecatedValues:
        return DeprecatedValues(self.version, self._common["deprecated_values"])

    def variable(self, name: str) -> VariableRule | None:
        """The rule of a variable: fixed, of a parameter, or a technical time series; None when it may not exist."""
        found = self.variables.get(name) or self._made.get(name)
        if found is None:
            found = self._parameter_variable(name)
            if found is not None:
                self._made[name] = found
        return found

    def required_variables(self) -> Iterator[str]:
        """Names that every file must have, those of mandatory parameters included."""
        yield from (name for name, rule in self.variables.items() if not rule.optional)
        for parameter in self._parameters.mandatory():
            for role in self._parameters.roles(parameter):
                name = role.of(parameter.name)
                if not self._may_lack(name):
                    yield name

    def is_extra_dimension(self, name: str) -> bool:
        """Whether a dimension that is not in `dimensions` may be there all the same."""
        return any(re.fullmatch(pattern, name, re.ASCII) for pattern in self.extra_dimensions)

    def group_of(self, name: str) -> Group | None:
        """The group whose members a variable or dimension pulls in, or None."""
        if name in self._members:
            return self._members[name]
        if name in self._optional or name in self._groups or name in self.variables or name in self.dimensions:
            return None
        owner = self._parameters.owner(name)
        if owner is not None:
            group = self._parameters.group(*owner)
            redefined = group.name in self._optional or group.name in self._groups
            return self._groups.get(group.name) if redefined else group
        rule = self.variable(name)
        return self._groups.get(_TIME_SERIES) if rule is not None and rule.technical else None

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name (``PRES``, ``DOXY_2``, ``CHLA_2_MED``), or None when not allowed here."""
        return self._parameters.find(name)

    def parameters(self) -> Iterator[Parameter]:
        """All parameters with their `_1` .. `_4` and statistics; over a thousand: for lists, not for look-ups."""
        return self._parameters.all()

    def mandatory_parameters(self) -> tuple[str, ...]:
        """Names that the first profile must list."""
        return tuple(parameter.name for parameter in self._parameters.mandatory())

    def deprecated_value(self, variable: str, attribute: str, text: str) -> DeprecatedValue | None:
        """What the table of deprecated values says of this one.

        Args:
            variable: name of the variable.
            attribute: name of the attribute.
            text: its value; numbers as `gdac.spec.values.number_text` gives them.
        """
        owner = self._parameters.owner(variable)
        return self._deprecated_values.find(*owner, attribute, text) if owner else None

    def _fixed(self, name: str, content: Mapping[str, Any]) -> VariableRule:
        types = (content["type"],) if isinstance(content["type"], str) else tuple(content["type"])
        return self._amended(
            VariableRule(
                name=name,
                types=types,
                dimensions=tuple(tuple(axis.split("|")) for axis in content["dimensions"]),
                attributes={
                    attribute: from_document(attribute, value, types, None)
                    for attribute, value in content["attributes"].items()
                },
                optional=self._may_lack(name),
            )
        )

    def _parameter_variable(self, name: str) -> VariableRule | None:
        owner = self._parameters.owner(name)
        if owner is None:
            if _TIME_SERIES in self._groups and self._tables.is_technical_variable(name):
                return technical_series(name)
            return None
        parameter, role = owner
        optional = not parameter.mandatory or self._may_lack(name)
        return self._amended(self._maker.rule(parameter, role, optional=optional))

    def _amended(self, rule: VariableRule) -> VariableRule:
        """The rule with what the version tolerates and overrides."""
        changed = {}
        for name, attribute in rule.attributes.items():
            tolerance = tolerance_of(self._tolerances, rule.name, name)
            if tolerance is not None:
                changed[name] = replace(attribute, tolerance=tolerance)
        prefix = f"{rule.name}:"
        for place, word in self._overrides.items():
            if place.startswith(prefix):
                name = place.removeprefix(prefix)
                changed[name] = presence_only(name, word)
        return replace(rule, attributes={**rule.attributes, **changed}) if changed else rule

    def _may_lack(self, name: str) -> bool:
        return name in self._optional or name in self._members


def load(
    file_type: FileType, version: str, tables: Tables | None = None, *, folder: Path = document.SHIPPED
) -> Specification:
    """The specification of a file type and version, kept for the process.

    Args:
        file_type: which type.
        version: trimmed FORMAT_VERSION, e.g. ``3.1``.
        tables: reference tables that define the parameters; the shipped ones when None.
        folder: another specification, as ``gdac spec build`` writes it.

    Raises:
        UnsupportedError: there is none, or the official one cannot be used (technical 2.2 and 2.4).
    """
    return _load(file_type, version, tables or load_tables(), folder)


@lru_cache(maxsize=64)
def _load(file_type: FileType, version: str, tables: Tables, folder: Path) -> Specification:
    content = document.document(file_type, version, folder)
    if "unusable" in content:
        raise UnsupportedError(file_type, version, content["unusable"])
    return Specification(content, document.common(folder), tables)


def _units(known: list[Mapping[str, Any]], version: str) -> dict[str, str]:
    return {unit: kind for table in known if version in table["versions"] for unit, kind in table["units"].items()}
