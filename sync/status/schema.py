"""The JSON Schema of a status, from its types and what their docstrings say; docs/schemas/status.json is its copy."""

import inspect
import re
from dataclasses import fields, is_dataclass
from typing import Any, Final

from sync.status import facts, parts
from sync.status.facts import STATUS_FORMAT, status_type

_ENTRY: Final = re.compile(r"^        (?P<names>[a-z_, ]+): (?P<text>.+(?:\n            .+)*)", re.MULTILINE)


def status_schema() -> dict[str, Any]:
    """The schema, as plain JSON values."""
    made = status_type().json_schema(mode="serialization")
    for name, definition in made.get("$defs", {}).items():
        _describe(definition, getattr(facts, name, None) or getattr(parts, name, None))
    _describe(made, facts.Status)
    made["properties"]["format"] = {"const": STATUS_FORMAT}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": STATUS_FORMAT}


def _describe(definition: dict[str, Any], of: Any) -> None:
    if of is None:
        return
    text = inspect.getdoc(of) or ""
    definition["description"] = text.partition("\n\nAttributes:")[0].replace("\n", " ")
    if not is_dataclass(of):
        return
    known = {field.name for field in fields(of)}
    for entry in _ENTRY.finditer(of.__doc__ or ""):
        for name in entry["names"].split(", "):
            if name in known and name in definition["properties"]:
                definition["properties"][name]["description"] = re.sub(r"\s+", " ", entry["text"]).replace("``", "'")
