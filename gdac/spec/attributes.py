"""Attribute rules, from what documents say and for what parameters need."""

from collections.abc import Mapping
from typing import Any, Final

from gdac.spec.cdl import INTEGERS, MARKS, number_value
from gdac.spec.model import AttributeRule, Kind, Presence, Tolerance
from gdac.spec.values import number_text

_PRESENCE: Final = {"any": Presence.REQUIRED, "free": Presence.FREE, "forbidden": Presence.FORBIDDEN}


def from_document(name: str, content: Any, types: tuple[str, ...], tolerance: Tolerance | None) -> AttributeRule:
    """The rule that a document's value stands for: a text, a number, or ``{"any": kind}`` and the like."""
    if isinstance(content, dict):
        word, kind = next(iter(content.items()))
        return AttributeRule(name, _PRESENCE[word], Kind(kind), None, tolerance)
    if isinstance(content, str):
        return AttributeRule(name, Presence.REQUIRED, Kind.TEXT, content, tolerance)
    kind = Kind.REAL if isinstance(content, float) else Kind.INTEGER
    return AttributeRule(name, Presence.REQUIRED, kind, number_text(content, single=types == ("float",)), tolerance)


def presence_only(name: str, word: str, kind: Kind = Kind.TEXT) -> AttributeRule:
    """A rule without a value: ``any``, ``free`` or ``forbidden``."""
    return AttributeRule(name, _PRESENCE[word], kind)


def text(name: str, value: str) -> AttributeRule:
    """A required text; the official marks (``<->``) mean what they mean there."""
    mark = MARKS.get(value[:3])
    return AttributeRule(name, value=value) if mark is None else presence_only(name, mark)


def number(name: str, value: str, element_type: str) -> AttributeRule | None:
    """A required number of a variable's type, as Java writes it; None when it is none (the rule is then left out)."""
    try:
        content = number_value(value, element_type)
    except ValueError:
        return None
    return from_document(name, content, (element_type,), None)


def number_kind(element_type: str) -> Kind:
    """The kind of numbers of a type."""
    return Kind.INTEGER if element_type in INTEGERS else Kind.REAL


def tolerance_of(tolerances: Mapping[str, Any], variable: str, attribute: str) -> Tolerance | None:
    """What a document tolerates of an attribute of a variable (the empty one: of the file), or None."""
    known = tolerances.get(f"{variable}:{attribute}") or (tolerances.get(f"*:{attribute}") if variable else None)
    return Tolerance(known["pattern"], bool(known.get("warn"))) if known else None
