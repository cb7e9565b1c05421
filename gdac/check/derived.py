"""Files that GDACs make out of what DACs submit: synthetic, merged and multi-profile files.

The official checker cannot judge them. A synthetic file has the format of a b-profile without what belongs to one
submission (history, sampling scheme, the profile's own data mode), with the parameters of core and b-profile together,
and for each but PRES its pressure displacement ``<PARAMETER>_dPRES``. A merged file, its predecessor, has the whole
format of a b-profile and the same parameters. A multi-profile file has the format of its profiles.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from gdac.check.finding import Phase
from gdac.check.rule import Rule
from gdac.paths import FLOAT_NAME
from gdac.spec import (
    AttributeRule,
    DeprecatedValue,
    FileType,
    Group,
    Kind,
    Parameter,
    Specification,
    UnsupportedError,
    VariableRule,
    load,
)
from gdac.spec.document import common, document
from gdac.tables import Tables


class Making(StrEnum):
    """How a file comes about; the value is what it is called, empty for what DACs submit."""

    SUBMITTED = ""
    SYNTHETIC = "synthetic profile"
    MERGED = "merged profile"


#: By the id of the concept in reference table 1.
BY_CODE: Final = {"SPROF": Making.SYNTHETIC, "MPROF": Making.MERGED}
#: Versions of their formats.
_VERSIONS: Final = {Making.SYNTHETIC: ("1.0",), Making.MERGED: ("3.1",)}
_LEFT_OUT: Final = ("DC_REFERENCE", "DATA_STATE_INDICATOR", "DATA_MODE", "VERTICAL_SAMPLING_SCHEME")
_DISPLACEMENT: Final = "_dPRES"
_DAY_FILE: Final = re.compile(r"(\d{8}_prof|[RD]\d{8}_prof_\d+)\.nc", re.ASCII)

#: Rules that do not apply where the profiles of several cycles are in one file: it has no history of its own, grows
#: after its creation, and every profile in it may be a primary one.
NOT_FOR_MULTI: Final = frozenset(
    {"PRF-DM-009", "PRF-JULD-003", "PRF-META-010", "PRF-SP-008", "PRF-VSS-004", "PRF-VSS-005"}
)


def is_multi(name: str) -> bool:
    """Whether a file is a multi-profile file by its name: of a float, a day or the latest data."""
    found = FLOAT_NAME.fullmatch(name)
    return bool((found and found["what"] in {"prof", "Sprof", "Mprof"}) or _DAY_FILE.fullmatch(name))


def applies(rule: Rule, making: Making, *, multi: bool) -> bool:
    """Whether a rule that looks at (b-)profiles applies to a file made at a GDAC too."""
    if multi and rule.id in NOT_FOR_MULTI:
        return False
    if making is Making.SYNTHETIC and rule.phase is Phase.DATA:
        return rule.id in FOR_SYNTHETIC
    return True


#: Data rules whose variables a synthetic file has, and which hold for values that were put together by interpolation
#: (flag 8, which no submitted value may have).
FOR_SYNTHETIC: Final = frozenset(
    {
        *("DAT-CRE-001", "DAT-CRE-002", "DAT-CRE-003", "DAT-UPD-001", "DAT-UPD-002", "DAT-UPD-003", "DAT-UPD-004"),
        *("PRF-HD-002", "PRF-META-001", "PRF-META-002", "PRF-META-005", "PRF-META-006", "PRF-META-007"),
        *("PRF-META-008", "PRF-META-009", "PRF-DATE-001", "PRF-JULD-001", "PRF-JULD-002", "PRF-JULD-003"),
        *("PRF-JULD-004", "PRF-JLOC-001", "PRF-JLOC-002", "PRF-CAL-001", "PRF-CAL-002", "PRF-PDM-001"),
        *("PRF-SP-001", "PRF-SP-002", "PRF-SP-003", "PRF-SP-004", "PRF-SP-005", "PRF-SP-006", "PRF-SP-007"),
        *("PRF-QC-001", "PRF-QC-003", "PRF-QC-005", "PRF-QC-006", "PRF-QC-008", "PRF-QC-009"),
        *("PRF-ADJ-R01", "PRF-ADJ-R02", "PRF-ADJ-R03", "PRF-ADJ-001", "PRF-ADJ-002"),
        *("PRF-ADJ-014", "PRF-ADJ-015", "PRF-ADJ-016", "PRF-ADJ-017", "PRF-PQC-001", "PRF-PQC-002"),
        *("PRF-QCV-001", "PRF-QCV-002", "PRF-QCV-003", "PRF-QCV-004", "COM-NUL-001", "CHK-006"),
    }
)


class MadeSpecification(Specification):
    """The format of a synthetic or merged file, put together from those of core and b-profile 3.1."""

    def __init__(self, making: Making, version: str, tables: Tables) -> None:
        self._core = load(FileType.PROFILE, "3.1", tables)
        self._bio = load(FileType.B_PROFILE, "3.1", tables)
        content = dict(document(FileType.B_PROFILE, "3.1"))
        if making is Making.SYNTHETIC:
            content = _without_submission(content)
        super().__init__(content, common(), tables)
        self.version = version
        self.making = making

    def variable(self, name: str) -> VariableRule | None:
        """The rule of a variable; those of parameters come from the core or the b-profile."""
        if name in self.variables:
            return self.variables[name]
        if self.making is Making.SYNTHETIC and name.endswith(_DISPLACEMENT):
            return self._displacement(name)
        for source in (self._core, self._bio):
            found = source.variable(name)
            if found is not None and found.parameter:
                return found
        return None

    def _displacement(self, name: str) -> VariableRule | None:
        parameter = self.parameter(name.removesuffix(_DISPLACEMENT))
        if parameter is None or parameter.base == "PRES":
            return None
        words = f"{parameter.name} pressure displacement from original sampled value"
        attributes = (
            AttributeRule("long_name", value=words),
            AttributeRule("_FillValue", kind=Kind.REAL, value="99999.0"),
            AttributeRule("units", value="decibar"),
        )
        return VariableRule(
            name,
            ("float",),
            (("N_PROF",), ("N_LEVELS",)),
            {each.name: each for each in attributes},
            optional=True,
            parameter=parameter.name,
        )

    def required_variables(self) -> Iterator[str]:
        """Names that every file must have: the fixed ones and those of PRES."""
        yield from (name for name, rule in self.variables.items() if not rule.optional)
        yield from self._core_group("PRES").members

    def _core_group(self, name: str) -> Group:
        group = self._core.group_of(name)
        assert group is not None, "every parameter of a core profile has its group"
        return group

    def group_of(self, name: str) -> Group | None:
        """The group of a variable: that of the core or b-profile, with the displacement in synthetic files."""
        if name in self.variables or name in self.dimensions:
            return None
        base = name.removesuffix(_DISPLACEMENT)
        for source in (self._core, self._bio):
            found = source.variable(base)
            if found is not None and found.parameter:
                return source.group_of(base)
        return None

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name in the core or the b-profile."""
        return self._core.parameter(name) or self._bio.parameter(name)

    def parameters(self) -> Iterator[Parameter]:
        """All parameters of core and b-profiles."""
        yield from self._core.parameters()
        yield from (each for each in self._bio.parameters() if each.base != "PRES")

    def mandatory_parameters(self) -> tuple[str, ...]:
        """Names that the first profile must list."""
        return ("PRES",)

    def deprecated_value(self, variable: str, attribute: str, text: str) -> DeprecatedValue | None:
        """What the table of deprecated values says of this one."""
        source = self._core if self._core.variable(variable) else self._bio
        return source.deprecated_value(variable, attribute, text)


def _without_submission(content: Mapping[str, Any]) -> dict[str, Any]:
    left = {name for name in content["variables"] if name in _LEFT_OUT or name.startswith("HISTORY_")}
    return {
        **content,
        "variables": {name: value for name, value in content["variables"].items() if name not in left},
        "dimensions": {
            name: value for name, value in content["dimensions"].items() if name not in {"STRING16", "N_HISTORY"}
        },
        "optional": [name for name in content["optional"] if name != "PARAMETER_DATA_MODE"],
        "global_attributes": {**content["global_attributes"], "user_manual_version": {"any": "text"}},
    }


@lru_cache(maxsize=8)
def made_specification(making: Making, version: str, tables: Tables) -> MadeSpecification:
    """The format of a kind of file that GDACs make, kept for the process.

    Raises:
        UnsupportedError: there is no such version.
    """
    if version not in _VERSIONS[making]:
        known = ", ".join(_VERSIONS[making])
        raise UnsupportedError(FileType.B_PROFILE, version, f"the format of {making} files has {known}")
    return MadeSpecification(making, version, tables)
