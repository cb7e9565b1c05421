"""Attribute values of older versions that the specification still knows, and to which variables each line applies."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gdac.spec.cdl import number_value
from gdac.spec.model import DeprecatedValue, Parameter, Status
from gdac.spec.parameters import Role
from gdac.spec.values import number_text

_NOT_OF_ERRORS: Final = frozenset({"valid_min", "valid_max", "standard_name"})
_OF_STATISTICS: Final = frozenset({"units", "long_name"})
_STATISTIC: Final = {"STD": "Standard deviation of ", "MED": "Median value of "}
_ROLES: Final = frozenset({Role.VALUE, Role.ADJUSTED, Role.ERROR})


class DeprecatedValues:
    """The lines of one version, by parameter and attribute."""

    def __init__(self, version: str, lines: Iterable[Mapping[str, Any]]) -> None:
        self._version = version
        self._known: dict[tuple[str, str, str], DeprecatedValue] = {}
        for line in lines:
            if version in line["versions"]:
                found = DeprecatedValue(Status(line["status"]), line.get("message", ""))
                self._known[line["parameter"], line["key"], _normal(line["value"])] = found

    def find(self, parameter: Parameter, role: Role, attribute: str, text: str) -> DeprecatedValue | None:
        """What is said of a value (``text``) of an attribute of one of a parameter's variables, or None."""
        # The old way of saying standard_name.
        key = "standard_name" if attribute == "comment" and self._version < "2.3" else attribute
        if role not in _ROLES or (role is Role.ERROR and not self._of_errors(key)):
            return None
        if parameter.statistic:
            if key not in _OF_STATISTICS:
                return None
            if key == "long_name":
                prefix = _STATISTIC[parameter.statistic]
                if not text.startswith(prefix):
                    return None
                text = text.removeprefix(prefix)
        return self._known.get((parameter.base, key, _normal(text)))

    def _of_errors(self, key: str) -> bool:
        return key not in _NOT_OF_ERRORS and not (key == "long_name" and self._version >= "3.1")


def _normal(text: str) -> str:
    """Numbers as doubles (``10.f`` is ``10.0``), texts as they are."""
    try:
        return number_text(number_value(text, "double"))
    except ValueError:
        return text
