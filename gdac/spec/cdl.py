"""Reads the official structure files (a dialect of CDL, line by line) into the layout of `gdac.spec.document`."""

import re
from collections.abc import Mapping
from typing import Any, Final

#: Element types of the dialect, and how we write them.
TYPES: Final[Mapping[str, list[str]]] = {
    **{name: [name] for name in ("char", "byte", "short", "int", "float", "double")},
    "float_or_double": ["float", "double"],
}
INTEGERS: Final = frozenset({"byte", "short", "int"})
#: Official marks before a value, and our words for them.
MARKS: Final = {"<*>": "free", "<+>": "any", "<->": "forbidden"}
_FORCED = {"DOUBLE:": "real", "FLOAT:": "real", "INTEGER:": "integer", "STRING:": "text"}

_CONSTANT = re.compile(r'\s*//@\s*(\w+)\s*=\s*"(.+)"')
_HEADER = re.compile(r"\s*netcdf\s+\S+\s*\{\s*")
_SECTION = re.compile(r"\s*(dimensions|variables|data)\s*:\s*")
_GLOBAL = re.compile(r'\s*:(\w+)\s*=\s*(?:"(.*?)"\s*;?\s*(?:/\*\s*REGEX\s*=\s*"(.*)"\s*\*/)?)?.*')
_EXTRA = re.compile(r"\s*(\S+)\s*=\s*_extra_\s*;\s*")
_DIMENSION = re.compile(r"\s*(\w+)\s*=\s*(?:(\d+)|\w+)\s*;\s*")
_VARIABLE = re.compile(r"\s*(\w+)\s+(\w+)\s*(?:\(([^)]*)\))?\s*;\s*")
_ATTRIBUTE = re.compile(r'\s*(\w+)\s*:\s*(\w+)\s*=\s*(?:"(.*)"|([-+.\w]+))\s*;\s*')


def parse_cdl(text: str) -> dict[str, Any]:
    """One structure file as the document of a type and version.

    Lines that the official reader refuses make the document ``unusable`` (the first of them says why); a line that only
    lacks its ``;`` is taken as it was meant.
    """
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), 1):
        if reader.section == "end":
            break
        try:
            reader.line(line)
        except ValueError as error:
            reader.document.setdefault("unusable", f"line {number} of the official structure file {error}")
    return reader.document


def attribute_value(text: str) -> Any:
    """A quoted value: the text itself, or one of the marks as ``{"any": "real"}``."""
    mark = MARKS.get(text[:3])
    if mark is None:
        return text
    return {mark: next((kind for word, kind in _FORCED.items() if text.startswith(word, 3)), "text")}


def number_value(text: str, element_type: str) -> int | float:
    """A bare value: a number of the variable's own type, as Java writes them (``99999.f``).

    Raises:
        ValueError: it is not one.
    """
    if element_type in INTEGERS:
        return int(text)
    return float(text.rstrip("fFdD"))


class _Reader:
    """State of the reading: the section, and the document so far."""

    def __init__(self) -> None:
        self.section = "start"
        self.document: dict[str, Any] = {
            "reference_date_time": "",
            "global_attributes": {},
            "dimensions": {},
            "extra_dimensions": [],
            "variables": {},
            "tolerances": {},
        }

    def line(self, line: str) -> None:
        """Take one line. Raises `ValueError` when the section cannot hold it."""
        constant = _CONSTANT.match(line)
        if constant and constant.group(1) == "REFERENCE_DATE_TIME":
            self.document["reference_date_time"] = constant.group(2)
        text = line.partition("//")[0]  # inside quotes as well: the official reader cuts URLs there
        if not text.strip() or _HEADER.fullmatch(text):
            return
        found = _SECTION.fullmatch(text)
        if found or text.strip() == "}":
            self.section = found.group(1) if found and found.group(1) != "data" else "end"
        elif attribute := _GLOBAL.fullmatch(text):
            self._global(*attribute.groups())
        elif self.section == "dimensions":
            self._dimension(text)
        elif self.section == "variables":
            self._variable(text)

    def _global(self, name: str, value: str | None, pattern: str | None) -> None:
        self.document["global_attributes"][name] = {"any": "text"} if value is None else attribute_value(value)
        if pattern is not None:
            self.document["tolerances"][f":{name}"] = {"pattern": checked(pattern)}

    def _dimension(self, text: str) -> None:
        if extra := _EXTRA.fullmatch(text):
            self.document["extra_dimensions"].append(checked(extra.group(1)))
        elif found := _DIMENSION.fullmatch(text):
            self.document["dimensions"][found.group(1)] = int(found.group(2)) if found.group(2) else None
        else:
            raise ValueError("is not a dimension")

    def _variable(self, text: str) -> None:
        if found := _VARIABLE.fullmatch(text):
            self._define(*found.groups())
        elif found := _ATTRIBUTE.fullmatch(text):
            self._attribute(*found.groups())
        elif _ATTRIBUTE.fullmatch(f"{text.rstrip()};") or _VARIABLE.fullmatch(f"{text.rstrip()};"):
            self._variable(f"{text.rstrip()};")
            raise ValueError("does not end with ';'")
        else:
            raise ValueError("is neither a variable nor an attribute")

    def _define(self, element_type: str, name: str, axes: str | None) -> None:
        types = TYPES.get(element_type)
        if types is None:
            raise ValueError(f"has the unknown type {element_type!r}")
        dimensions = [axis.strip() for axis in axes.split(",")] if axes else []
        for alternative in (each for axis in dimensions for each in axis.split("|")):
            if alternative not in self.document["dimensions"]:
                raise ValueError(f"uses the dimension {alternative!r}, which is not defined")
        self.document["variables"][name] = {
            "type": types[0] if len(types) == 1 else types,
            "dimensions": dimensions,
            "attributes": {},
        }

    def _attribute(self, variable: str, name: str, text: str | None, number: str | None) -> None:
        known = self.document["variables"].get(variable)
        if known is None:
            raise ValueError(f"names the variable {variable!r}, which is not defined")
        if text is not None:
            known["attributes"][name] = attribute_value(text)
            return
        element_type = known["type"] if isinstance(known["type"], str) else "double"
        if element_type == "char" or number is None:
            raise ValueError(f"gives a number to {name!r} of a character variable")
        known["attributes"][name] = number_value(number, element_type)


def checked(pattern: str) -> str:
    """A regular expression that compiles. Raises `ValueError` when it does not."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"holds the broken regular expression {pattern!r} ({error})") from error
    return pattern
