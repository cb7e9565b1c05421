"""The rules of parameter variables: types, dimensions and attributes, from table R03 and the version's settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gdac.spec import attributes
from gdac.spec.model import AttributeRule, FileType, Kind, Parameter, VariableRule
from gdac.spec.parameters import Role
from gdac.tables import ParameterEntry

#: The NetCDF library's own fill values, by their names in table R03.
FILL_VALUES: Final = {
    "NC_FILL_DOUBLE": "9.969209968386869e36",
    "NC_FILL_FLOAT": "9.96921e36",
    "NC_FILL_INT": "-2147483647",
    "NC_FILL_LONG": "-2147483647",
    "NC_FILL_SHORT": "-32767",
    "NC_FILL_CHAR": "0",
}
_STATISTIC: Final = {"STD": "Standard deviation of ", "MED": "Median value of "}
_FLAGS: Final = frozenset({Role.QC, Role.ADJUSTED_QC, Role.PROFILE_QC})
_NUMBERS: Final = ("valid_min", "valid_max")


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the rules of one type and version.

    Attributes:
        file_type: which type.
        version: which version.
        entries: parameters of the version by base name.
        settings: the version's settings; see `gdac.spec.companions.SETTINGS`.
    """

    file_type: FileType
    version: str
    entries: Mapping[str, ParameterEntry]
    settings: Mapping[str, str]

    def rule(self, parameter: Parameter, role: Role, *, optional: bool) -> VariableRule:
        """The rule of one variable, without tolerances and overrides."""
        entry = self.entries[parameter.base]
        found = (each for each in self._attributes(parameter, role, entry) if each is not None)
        return VariableRule(
            name=role.of(parameter.name),
            types=("char",) if role in _FLAGS else (entry.data_type,),
            dimensions=self._dimensions(role),
            attributes={each.name: each for each in found},
            optional=optional,
            extra_dimensions=entry.extra_dimensions and role in {Role.VALUE, Role.ADJUSTED},
            parameter=parameter.name,
        )

    def _dimensions(self, role: Role) -> tuple[tuple[str, ...], ...]:
        if role is Role.PROFILE_QC:
            return (("N_PROF",),)
        return (("N_PROF",), ("N_LEVELS",)) if self.file_type.is_profile else (("N_MEASUREMENT",),)

    def _attributes(self, parameter: Parameter, role: Role, entry: ParameterEntry) -> Iterator[AttributeRule | None]:
        if role is Role.PROFILE_QC:
            return _flags(f"Global quality flag of {parameter.name} profile", "Argo reference table 2a")
        if role in _FLAGS:
            return _flags("quality flag", "Argo reference table 2")
        if role is Role.ERROR:
            return self._error(parameter, entry)
        return self._statistic(parameter, entry) if parameter.statistic else self._value(parameter, role, entry)

    def _value(self, parameter: Parameter, role: Role, entry: ParameterEntry) -> Iterator[AttributeRule | None]:
        own = entry.attributes
        yield _long_name(own)
        standard = "comment" if self.version < "2.3" else "standard_name"
        yield attributes.text(standard, own.get("standard_name", "<->"))
        yield from self._numeric(entry, limits=True)
        yield attributes.presence_only("resolution", "free", attributes.number_kind(entry.data_type))
        yield attributes.presence_only("comment_on_resolution", "free")
        if parameter.name == "PRES":
            key = "pres_axis" if role is Role.VALUE else "pres_adjusted_axis"
            yield attributes.text("axis", self.settings.get(key, "Z"))

    def _statistic(self, parameter: Parameter, entry: ParameterEntry) -> Iterator[AttributeRule | None]:
        long_name = entry.attributes.get("long_name", "<*>")
        words = _STATISTIC[parameter.statistic] + long_name[:1].lower() + long_name[1:]
        yield attributes.text("long_name", words)
        yield from self._numeric(entry, limits=parameter.statistic == "MED")
        yield attributes.presence_only("resolution", "free", attributes.number_kind(entry.data_type))
        yield attributes.presence_only("comment_on_resolution", "free")

    def _error(self, parameter: Parameter, entry: ParameterEntry) -> Iterator[AttributeRule | None]:
        words = self.settings.get("error_long_name")
        yield attributes.text("long_name", words) if words else _long_name(entry.attributes)
        yield from self._numeric(entry, limits=False)
        comment = self.settings.get("error_comment")
        yield attributes.text("comment", comment) if comment else None
        resolution = "any" if parameter.statistic else "free"
        yield attributes.presence_only("resolution", resolution, attributes.number_kind(entry.data_type))

    @staticmethod
    def _numeric(entry: ParameterEntry, *, limits: bool) -> Iterator[AttributeRule | None]:
        own = entry.attributes
        fill = own.get("fill_value", "")
        yield attributes.number("_FillValue", FILL_VALUES.get(fill, fill), entry.data_type)
        yield attributes.text("units", own["units"]) if own.get("units") else None
        for name in _NUMBERS if limits else ():
            yield (
                attributes.number(name, own[name], entry.data_type)
                if name in own
                else attributes.presence_only(name, "forbidden", attributes.number_kind(entry.data_type))
            )
        yield attributes.presence_only("C_format", "any")
        yield attributes.presence_only("FORTRAN_format", "any")


def technical_series(name: str) -> VariableRule:
    """The rule of a time series of a technical parameter (technical 3.1)."""
    any_text = (attributes.presence_only(each, "any", Kind.TEXT) for each in ("long_name", "units"))
    return VariableRule(
        name=name,
        types=("float",),
        dimensions=(("N_TECH_MEASUREMENT",),),
        attributes={each.name: each for each in any_text},
        optional=True,
        technical=True,
    )


def _flags(long_name: str, conventions: str) -> Iterator[AttributeRule]:
    yield attributes.text("long_name", long_name)
    yield attributes.text("conventions", conventions)
    yield attributes.text("_FillValue", " ")


def _long_name(own: Mapping[str, str]) -> AttributeRule:
    return attributes.text("long_name", own.get("long_name", "<*>"))
