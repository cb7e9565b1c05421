"""Variables beside their specification. Files of an archive share most headers, so each distinct one is compared once.

What comes out of a comparison depends on the specification and on the header of the variable alone. `gdac.netcdf` gives
equal attribute lists as one object, which makes looking up a comparison cheaper than making it, by two orders.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np

from gdac.check.context import Context
from gdac.check.dataset import type_of
from gdac.check.derived import MadeSpecification
from gdac.check.finding import Fault, at
from gdac.netcdf import VariableHeader
from gdac.spec import AttributeRule, Kind, Presence, Specification, Status, VariableRule
from gdac.spec.values import number_text

#: A fault with the id of the rule that yields it.
Judged = tuple[str, Fault]

_REMEMBERED: Final = 20_000


class Comparer:
    """Compares variables with one specification and remembers the outcome."""

    def __init__(self, spec: Specification) -> None:
        self.spec = spec
        self.required = tuple(dict.fromkeys(spec.required_variables()))
        self._known: dict[tuple[Any, ...], tuple[Mapping[str, Any], tuple[Judged, ...]]] = {}

    def judge(self, variable: VariableHeader) -> tuple[Judged, ...]:
        """All that is wrong with the header of a variable."""
        attributes = variable.attributes
        key = (variable.name, variable.dtype, variable.dimensions, id(attributes))
        known = self._known.get(key)
        if known is not None and known[0] is attributes:
            return known[1]
        found = tuple(_judged(self.spec, variable))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (attributes, found)
        return found


@lru_cache(maxsize=64)
def comparer(spec: Specification) -> Comparer:
    """The comparer of a specification, one per process."""
    return Comparer(spec)


def faults(ctx: Context) -> dict[str, list[Fault]]:
    """All that is wrong with the headers of the file's variables, by rule; a value for `Context.once`."""
    judge = comparer(ctx.spec).judge
    found: dict[str, list[Fault]] = {}
    for variable in ctx.dataset.variables.values():
        for rule, fault in judge(variable):
            found.setdefault(rule, []).append(fault)
    return found


def _judged(spec: Specification, variable: VariableHeader) -> Iterator[Judged]:
    rule = spec.variable(variable.name)
    if rule is None:
        why = f"{_words(spec)} files of version {spec.version} have no such variable"
        yield "FMT-VAR-001", Fault(at(variable.name), why)
        return
    yield from _missing(rule, variable)
    mismatch = _type(rule, variable) or _dimensions(spec, rule, variable)
    if mismatch:
        yield mismatch
        return
    for attribute in rule.attributes.values():
        if attribute.name in variable.attributes:
            judged = _attribute(spec, variable, attribute, variable.attributes[attribute.name])
            if judged:
                yield judged
    if rule.technical:
        yield from _series(spec, variable)


def _words(spec: Specification) -> str:
    return spec.making.value if isinstance(spec, MadeSpecification) else spec.file_type.words


def _missing(rule: VariableRule, variable: VariableHeader) -> Iterator[Judged]:
    for attribute in rule.attributes.values():
        if attribute.presence is Presence.REQUIRED and attribute.name not in variable.attributes:
            expected = "" if attribute.value is None else attribute.value
            place = at(variable.name, attribute=attribute.name)
            yield "FMT-ATT-001", Fault(place, "the attribute is missing", expected=expected)


def _type(rule: VariableRule, variable: VariableHeader) -> Judged | None:
    found = type_of(variable)
    if found in rule.types:
        return None
    expected = " or ".join(rule.types)
    return "FMT-VAR-002", Fault(at(variable.name), f"the type is {found} instead of {expected}", found, expected)


def _dimensions(spec: Specification, rule: VariableRule, variable: VariableHeader) -> Judged | None:
    found, rank = variable.dimensions, len(rule.dimensions)
    own = found[:rank]
    fitting = len(own) == rank and all(name in names for name, names in zip(own, rule.dimensions, strict=True))
    further = found[rank:]
    if fitting and (not further or (rule.extra_dimensions and all(map(spec.is_extra_dimension, further)))):
        return None
    shown = f"({', '.join(found)})"
    expected = f"({', '.join('|'.join(names) for names in rule.dimensions)})"
    unknown = [name for name in further if name not in spec.dimensions and not spec.is_extra_dimension(name)]
    if fitting and rule.extra_dimensions and unknown:
        text = f"the further dimension {unknown[0]} is not one that a parameter may have"
        return "FMT-VAR-005", Fault(at(variable.name), text, shown, expected)
    return "FMT-VAR-003", Fault(at(variable.name), f"the dimensions are {shown}", shown, expected)


def _attribute(spec: Specification, variable: VariableHeader, rule: AttributeRule, value: Any) -> Judged | None:
    place = at(variable.name, attribute=rule.name)
    if rule.presence is Presence.FORBIDDEN:
        return "FMT-ATT-002", Fault(place, "this attribute is not allowed here", _shown(value))
    if rule.presence is Presence.FREE:
        return None
    is_text = isinstance(value, str) or _texts(value) is not None
    if is_text != (rule.kind is Kind.TEXT):
        expected = "text" if rule.kind is Kind.TEXT else "a number"
        id_ = "FMT-ATT-003" if rule.kind is Kind.TEXT else "FMT-ATT-004"
        return id_, Fault(place, f"the attribute should be {expected}", _shown(value), expected)
    text = _shown(value)
    if rule.value is None or text == rule.value:
        return None
    return _differing(spec, variable, rule, text)


def _differing(spec: Specification, variable: VariableHeader, rule: AttributeRule, text: str) -> Judged | None:
    fault = Fault(at(variable.name, attribute=rule.name), f"the value is '{text}'", text, rule.value or "")
    if rule.tolerance is not None:
        if not rule.tolerance.accepts(text):
            return "FMT-ATT-006", fault
        return ("FMT-ATT-007", fault) if rule.tolerance.warn else None
    deprecated = spec.deprecated_value(variable.name, rule.name, text)
    if deprecated is None:
        return "FMT-ATT-005", fault
    if deprecated.status is Status.PASS:
        return None
    said = Fault(fault.place, f"the value '{text}' is deprecated", text, fault.expected)
    return ("FMT-ATT-008" if deprecated.status is Status.WARNING else "FMT-ATT-009"), said


def _series(spec: Specification, variable: VariableHeader) -> Iterator[Judged]:
    """Time series of technical parameters: what their units and long name should be."""
    units, long_name = variable.attributes.get("units"), variable.attributes.get("long_name")
    if isinstance(units, str) and units not in spec.units and units not in spec.deprecated_units:
        place = at(variable.name, attribute="units")
        yield "FMT-ATT-010", Fault(place, f"'{units}' is not in the list of technical units", units)
    if isinstance(units, str) and isinstance(long_name, str) and long_name != f"{variable.name}_{units}":
        place = at(variable.name, attribute="long_name")
        yield "FMT-ATT-011", Fault(place, f"the value is '{long_name}'", long_name, f"{variable.name}_{units}")


def _texts(value: Any) -> list[str] | None:
    """An attribute of several NC_STRINGs, or None."""
    return value if isinstance(value, list) and all(isinstance(each, str) for each in value) else None


def _shown(value: Any) -> str:
    """A value as text; of several numbers the first, as the official checker compares."""
    if isinstance(value, str):
        return value
    texts = _texts(value)
    if texts is not None:
        return texts[0] if texts else ""
    first = np.asarray(value).ravel()[:1]
    if not first.size:
        return ""
    return number_text(first[0], single=first.dtype.itemsize < 8) if first.dtype.kind in "iuf" else str(first[0])
