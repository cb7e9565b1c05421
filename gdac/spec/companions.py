"""Reads the official companion files: options, tolerances, parameter settings, units, deprecated values, JULD pairs."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gdac.spec.cdl import MARKS, checked
from gdac.spec.model import Status

_OPTION = re.compile(r"\s*(\w+)\s*(?::\s*(\w+))?\s*")
_TOLERANCE = re.compile(r"\s*((?:\w+|\*)?:\w+)\s*=\s*(.*);\s*(WARN|NOWARN)?\s*")
#: Keys of the official settings of parameter variables, and ours.
SETTINGS: Final = {
    "PRES:axis": "pres_axis",
    "PRES_ADJUSTED:axis": "pres_adjusted_axis",
    "ADJUSTED_ERROR:comment": "error_comment",
    "ADJUSTED_ERROR:long_name": "error_long_name",
}
#: Keys of the table of deprecated values that are properties of a parameter, not attributes of its variables.
PROPERTIES: Final = frozenset({"data_type", "category", "extra_dim"})


def parse_options(text: str) -> dict[str, Any]:
    """``.opt``: what is optional, and which names come together.

    Returns:
        ``{"optional": [name, ...], "groups": {group: [member, ...]}}``; each name and each group there loses whatever
        group it had before.
    """
    optional: list[str] = []
    groups: dict[str, list[str]] = {}
    for number, line in _lines(text):
        found = _OPTION.fullmatch(line)
        if found is None:
            raise ValueError(f"line {number} is neither a name nor 'group : name'")
        name, member = found.groups()
        if member is None:
            if any(name in members for members in groups.values()):
                raise ValueError(f"line {number} names {name}, which a group above already holds")
            optional.append(name)
        else:
            groups.setdefault(name, []).append(member)
    return {"optional": optional, "groups": groups}


def parse_tolerances(text: str) -> dict[str, Any]:
    """``.attr_regexp``: ``{"tolerances": {"VAR:att": {"pattern", "warn"}}, "overrides": {"VAR:att": "free"}}``."""
    tolerances: dict[str, Any] = {}
    overrides: dict[str, str] = {}
    for number, line in _lines(text):
        found = _TOLERANCE.fullmatch(line)
        if found is None:
            raise ValueError(f"line {number} is not 'VARIABLE:attribute = pattern; WARN'")
        place, pattern, warn = found.groups()
        if pattern in MARKS:
            overrides[place] = MARKS[pattern]
        else:
            tolerances[place] = {"pattern": checked(pattern)} | ({"warn": True} if warn == "WARN" else {})
    return {"tolerances": tolerances, "overrides": overrides}


def parse_settings(text: str) -> dict[str, str]:
    """``.aux``: settings of parameter variables, ours by name; texts, or the official marks as they are."""
    found: dict[str, str] = {}
    for number, line in _lines(text):
        key, bar, rest = line.partition("|")
        if not bar or key.strip() not in SETTINGS:
            raise ValueError(f"line {number} is not one of the settings {', '.join(SETTINGS)}")
        found[SETTINGS[key.strip()]] = rest.partition("|")[0].strip()
    return found


def parse_units(text: str) -> dict[str, str]:
    """Unit tables: data type by unit (empty where the table says none). Remarks between the units are left out."""
    found = {}
    for _, line in _lines(text):
        unit, _, rest = line.partition("|")
        if unit.strip() and " " not in unit.strip():
            found[unit.strip()] = rest.partition("|")[0].strip()
    return found


def parse_deprecated(text: str) -> list[dict[str, Any]]:
    """Values of older versions: ``{parameter, key, value, status, message, versions}`` each."""
    found = []
    for number, line in _lines(text):
        fields = [field.strip() for field in line.split("|")]
        if len(fields) < 6 or fields[3] not in set(Status):
            raise ValueError(f"line {number} is not 'parameter | key | value | status | message | [versions]'")
        parameter, key, value, status, message, versions = fields[:6]
        entry = {"parameter": parameter, "key": key, "value": value, "status": status}
        found.append(
            entry
            | ({"message": message} if message else {})
            | {"versions": [version.strip() for version in versions.strip("[]").split(",")]}
        )
    return found


def parse_juld_variables(text: str) -> list[dict[str, Any]]:
    """Measurement codes and the JULD_* variable that repeats each; 70301 is a cycle's first 703, 70302 its last."""
    found = []
    for number, line in _lines(text):
        code, bar, variable = (part.strip() for part in line.partition("|"))
        if not bar or not code.isdecimal():
            raise ValueError(f"line {number} is not 'code | variable'")
        which = {1: "first", 2: "last"}.get(int(code) % 100, "each") if int(code) > 10_000 else "each"
        found.append({"code": int(code) // 100 if which != "each" else int(code), "variable": variable, "which": which})
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are neither blank nor comments, with their numbers."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("//"):
            yield number, line
