"""What an RO-Crate must fulfil, by the specification 1.3 and by our own word: read without anything but its bytes."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from vocab.faces.crate import CONTEXT, METADATA_NAME, PROFILE
from vocab.preflight.finding import Finding, Severity

_NEEDED: Final = ("name", "description", "datePublished", "license")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def check_crate(data: bytes) -> list[Finding]:
    """Every error of a crate's metadata."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        return [_error("", f"it is no JSON document: {error}.")]
    graph = document.get("@graph") if isinstance(document, dict) else None
    if not isinstance(graph, list) or not all(
        isinstance(one, dict) and isinstance(one.get("@id"), str) for one in graph
    ):
        return [_error("", "it is no object with a flat @graph of things that have an @id.")]
    return list(_errors(document.get("@context"), graph))


def _errors(context: object, graph: list[Mapping[str, Any]]) -> Iterable[Finding]:
    if context != CONTEXT and not (isinstance(context, list) and CONTEXT in context):
        yield _error("", f"its @context is not {CONTEXT}.")
    things = {one["@id"]: one for one in graph}
    if len(things) != len(graph):
        yield _error("", "an @id stands there twice.")
    descriptor = things.get(METADATA_NAME, {})
    if descriptor.get("conformsTo") != {"@id": PROFILE} or descriptor.get("about") != {"@id": "./"}:
        yield _error(METADATA_NAME, f"the descriptor does not say that ./ conforms to {PROFILE}.")
    root = things.get("./", {})
    if root.get("@type") != "Dataset":
        yield _error("./", "there is no root dataset.")
        return
    yield from (_error("./", f"{name!r} is missing.") for name in _NEEDED if not root.get(name))
    if not _DATE.fullmatch(str(root.get("datePublished", ""))):
        yield _error("./", "datePublished is no ISO 8601 date to the day.")
    parts = [one.get("@id") for one in _many(root.get("hasPart")) if isinstance(one, dict)]
    files = [one for one in graph if one.get("@type") == "File"]
    for one in files:
        yield from _file_errors(one, one["@id"] in parts)
    for missing in sorted({str(one) for one in parts} - set(things)):
        yield _error(missing, "a part of the crate is not described.")
    yield from _dangling(graph, things)


def _file_errors(one: Mapping[str, Any], listed: bool) -> Iterable[Finding]:
    where = one["@id"]
    if not listed:
        yield _error(where, "the root dataset does not have it as a part.")
    if where.startswith(("/", "file:")) or "\\" in where or ".." in where.split("/"):
        yield _error(where, "its @id leads out of the crate.")
    if not str(one.get("contentSize", "")).isdecimal():
        yield _error(where, "contentSize is no number of bytes.")
    if not _SHA256.fullmatch(str(one.get("sha256", ""))):
        yield _error(where, "sha256 is not 64 hex digits.")
    if not isinstance(one.get("encodingFormat"), str) or "/" not in one["encodingFormat"]:
        yield _error(where, "encodingFormat is no media type.")
    if not one.get("name"):
        yield _error(where, "it has no name.")


def _dangling(graph: list[Mapping[str, Any]], things: Mapping[str, Any]) -> Iterable[Finding]:
    """Things that are spoken of and not described; the profile and what lies elsewhere need no description."""
    for one in graph:
        for name, value in one.items():
            for target in _many(value):
                if isinstance(target, dict) and set(target) != {"@id"} and "@value" not in target:
                    yield _error(one["@id"], f"{name!r} holds a nested thing; a crate is flat.")
                elif isinstance(target, dict) and target.get("@id", PROFILE) not in {*things, PROFILE}:
                    yield _error(one["@id"], f"{name!r} names {target['@id']!r}, which is not described.")


def _many(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _error(subject: str, text: str) -> Finding:
    return Finding("ro-crate", Severity.ERROR, subject, text)
