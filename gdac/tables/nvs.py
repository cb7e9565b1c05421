"""Reads reference tables from the vocabulary server's JSON-LD files, with nothing but the standard library.

What is taken of a concept: labels, deprecation, links, and the machine-readable part of its definition
(``Local_Attributes``, ``Properties``, ``Template_Values``). The prose of definitions is left where it is.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from gdac.errors import RefusedError
from gdac.tables.model import CODED_BY_LABEL, Concept, TableFacts

#: Largest file that can be a table (the largest today has 1 MB).
MAX_BYTES: Final = 64 << 20
#: A file that may hold a table: ``R27.jsonld``, ``RD2.json``.
FILE_NAME: Final = re.compile(r"(R[0-9A-Z]{2})\.json(?:ld)?")
_IRI = re.compile(r"http://vocab\.nerc\.ac\.uk/collection/(\w+)/current/([^/]+)/")
_RELATIONS = {"broader": "broader", "narrower": "narrower", "related": "related", "sameAs": "same"}
_HINT = "Fetch the table again from the vocabulary server, as JSON-LD (profile nvs)."


def read_folder(folder: Path) -> tuple[list[TableFacts], list[Concept]]:
    """All tables of a folder, by id.

    Raises:
        RefusedError: there is no table, or one of them cannot be read.
    """
    files = sorted(path for path in folder.iterdir() if FILE_NAME.fullmatch(path.name))
    if not files:
        raise RefusedError(
            f"{folder} holds no reference tables.", hint="They are named R01.jsonld, R03.jsonld and so on."
        )
    facts: dict[str, TableFacts] = {}
    concepts: list[Concept] = []
    for path in files:
        table, entries = read_table(path)
        if table.id in facts:
            raise RefusedError(f"{folder} holds table {table.id} twice.", hint="Remove one of the two files.")
        facts[table.id] = table
        concepts += entries
    return list(facts.values()), concepts


def read_table(path: Path) -> tuple[TableFacts, list[Concept]]:
    """One table: what it is, and its concepts by id.

    Raises:
        RefusedError: the file is not JSON-LD of one collection with concepts.
    """
    if path.stat().st_size > MAX_BYTES:
        raise RefusedError(f"{path} is too large for a reference table (over {MAX_BYTES >> 20} MB).", hint=_HINT)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{path} is not JSON ({error}).", hint=_HINT) from error
    nodes = _nodes(document)
    collections = [node for node in nodes if _is(node, "Collection")]
    if len(collections) != 1:
        raise RefusedError(f"{path} is not one table: it holds {len(collections)} collections.", hint=_HINT)
    facts = _facts(collections[0], path)
    entries = [_concept(node, facts.id, path) for node in nodes if _is(node, "Concept")]
    if not entries:
        raise RefusedError(f"{path} is a table without entries.", hint=_HINT)
    return facts, sorted(entries, key=lambda concept: concept.id)


def blocks(name: str, definition: str) -> dict[str, str]:
    """A machine-readable block of a definition: ``name:{key:value; key:value}``; pairs of another shape are dropped."""
    found = re.search(re.escape(name) + r":\{(.*?)\}", definition)
    pairs = (pair.split(":") for pair in found.group(1).split(";")) if found else ()
    return {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2}


def listed(text: str) -> tuple[str, ...]:
    """The items of ``[Ctd, Optode]`` or ``[1..5]``, as written."""
    return tuple(item.strip() for item in text.strip("[] ").split(",") if item.strip())


def _nodes(document: Any) -> list[dict[str, Any]]:
    graph = document.get("@graph", document) if isinstance(document, dict) else document
    found = graph if isinstance(graph, list) else [graph]
    return [_local(node) for node in found if isinstance(node, dict)]


def _local(node: dict[str, Any]) -> dict[str, Any]:
    """The node with keys by their local names, whether written with a prefix or in full."""
    return {re.split(r"[:#/]", key)[-1] if not key.startswith("@") else key: value for key, value in node.items()}


def _is(node: dict[str, Any], kind: str) -> bool:
    types = node.get("@type")
    return any(re.split(r"[:#/]", str(each))[-1] == kind for each in (types if isinstance(types, list) else [types]))


def _facts(node: dict[str, Any], path: Path) -> TableFacts:
    iri = str(node.get("@id", ""))
    found = re.search(r"/collection/(\w+)/current/?$", iri)
    if found is None:
        raise RefusedError(f"{path} does not say which table it is (its collection is {iri!r}).", hint=_HINT)
    return TableFacts(
        id=found.group(1),
        name=_text(node, "altLabel"),
        title=_text(node, "prefLabel"),
        version=_text(node, "versionInfo"),
        date=_text(node, "date")[:10],
    )


def _concept(node: dict[str, Any], table: str, path: Path) -> Concept:
    iri, label, alternative = str(node.get("@id", "")), _text(node, "prefLabel"), _text(node, "altLabel")
    code = label if table in CODED_BY_LABEL else alternative
    if not iri or not code:
        raise RefusedError(f"{path}: the concept {iri or '(without id)'} has no label.", hint=_HINT)
    definition = _text(node, "definition")
    links = {ours: tuple(sorted(map(short, _ids(node.get(theirs))))) for theirs, ours in _RELATIONS.items()}
    values = {key: listed(text) for key, text in blocks("Template_Values", definition).items() if key != "unit"}
    found = _IRI.fullmatch(iri)
    return Concept(
        table=table,
        id=found.group(2) if found and found.group(1) == table else iri,
        label=label,
        code=code,
        alternative=alternative,
        deprecated=_text(node, "deprecated").lower() == "true",
        links={relation: keys for relation, keys in links.items() if keys},
        values=values,
        attributes=blocks("Local_Attributes", definition),
        properties=blocks("Properties", definition),
    )


def short(iri: str) -> str:
    """``R24/WEBB`` for an IRI of the vocabulary server in its usual spelling; any other as it is."""
    found = _IRI.fullmatch(iri)
    return f"{found.group(1)}/{found.group(2)}" if found else iri


def _text(node: dict[str, Any], key: str) -> str:
    """The first value of a property as text: plain, or ``{"@value": ...}``."""
    for value in _each(node.get(key)):
        text = value.get("@value", "") if isinstance(value, dict) else value
        return ("true" if text else "false") if isinstance(text, bool) else str(text).strip()
    return ""


def _ids(values: Any) -> Iterator[str]:
    for value in _each(values):
        iri = value.get("@id") if isinstance(value, dict) else value
        if isinstance(iri, str):
            yield iri


def _each(values: Any) -> Iterable[Any]:
    if values is None:
        return ()
    return values if isinstance(values, list) else (values,)
