"""Answers of the engine as bytes: tables in the formats of SPARQL 1.1, graphs in those of RDF; bounded."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from itertools import islice
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import pyoxigraph as ox

from vocab.names import NVS, PREFIXES, XSD
from vocab.query.scan import QueryRefusedError, Why

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Row = Sequence[Term | None]

RESULTS: Final = "http://www.w3.org/2005/sparql-results#"


class Syntax(StrEnum):
    """How an answer is written; the first five are for tables, the others for graphs."""

    JSON = "json"
    XML = "xml"
    CSV = "csv"
    TSV = "tsv"
    TABLE = "table"
    TURTLE = "turtle"
    NTRIPLES = "ntriples"
    RDFXML = "rdfxml"
    JSONLD = "jsonld"


GRAPHS: Final = {
    Syntax.TURTLE: ox.RdfFormat.TURTLE,
    Syntax.NTRIPLES: ox.RdfFormat.N_TRIPLES,
    Syntax.RDFXML: ox.RdfFormat.RDF_XML,
    Syntax.JSONLD: ox.RdfFormat.JSON_LD,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may cost.

    Attributes:
        seconds: until it is ended.
        rows: of a table, or triples of a graph.
        size: bytes of the answer.
        memory: bytes that the process may have beyond what the vocabulary takes.
    """

    seconds: float = 10.0
    rows: int = 100_000
    size: int = 16 * 1024 * 1024
    memory: int = 512 * 1024 * 1024


def evaluate(
    store: ox.Store,
    text: str,
    syntax: Syntax,
    limits: Limits,
    *,
    default_graphs: Sequence[str] = (),
    named_graphs: Sequence[str] = (),
) -> bytes:
    """Run a query that `check_query` let through and write its answer.

    Args:
        store: the vocabulary.
        text: the query.
        syntax: one for tables or one for graphs, as the query's form asks.
        limits: rows and size; time and memory are the process' own.
        default_graphs: graphs that make up the default graph; all of them when empty.
        named_graphs: graphs that GRAPH may name; all of them when empty.

    Raises:
        QueryRefusedError: bad syntax, more rows or bytes than the limits allow.
    """
    try:
        named: Any = [ox.NamedNode(one) for one in named_graphs] if default_graphs or named_graphs else None
        default: Any = [ox.NamedNode(one) for one in default_graphs] if default_graphs or named_graphs else None
        found = store.query(text, use_default_graph_as_union=default is None, default_graph=default, named_graphs=named)
    except SyntaxError as error:
        raise QueryRefusedError(Why.SYNTAX, f"the query cannot be read: {error}") from error
    except ValueError as error:
        raise QueryRefusedError(Why.SYNTAX, f"the name of a graph is no IRI: {error}") from error
    except OSError as error:
        raise QueryRefusedError(Why.SYNTAX, f"the query cannot be answered: {error}") from error
    if isinstance(found, ox.QueryTriples):
        return _graph(found, syntax, limits)
    if isinstance(found, ox.QueryBoolean):
        return _WRITERS[syntax]([], [], bool(found))
    variables = [one.value for one in found.variables]
    rows = [[one[name] for name in variables] for one in _bounded(found, limits)]
    return _sized(_WRITERS[syntax](variables, rows, None), limits)


def _bounded(found: Any, limits: Limits) -> Iterator[Any]:
    yield from islice(found, limits.rows)
    if next(found, None) is not None:
        raise QueryRefusedError(
            Why.ROWS, f"the answer has more than {limits.rows:,} rows.", hint="Add LIMIT, or ask for less at a time."
        )


def _sized(data: bytes, limits: Limits) -> bytes:
    if len(data) > limits.size:
        raise QueryRefusedError(
            Why.ROWS, f"the answer has {len(data):,} bytes; at most {limits.size:,} are sent.",
            hint="Add LIMIT, or ask for less at a time.",
        )  # fmt: skip
    return data


def _graph(found: ox.QueryTriples, syntax: Syntax, limits: Limits) -> bytes:
    triples = sorted(set(_bounded(found, limits)), key=str)
    used = PREFIXES if syntax in {Syntax.TURTLE, Syntax.RDFXML} else None
    data = ox.serialize(triples, format=GRAPHS[syntax], prefixes=used)
    assert data is not None  # no output was named
    return _sized(data, limits)


def _json_term(term: Term) -> dict[str, Any]:
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Triple):
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: _json_term(part) for name, part in parts.items()}}
    made: dict[str, Any] = {"type": "literal", "value": term.value}
    if term.language:
        made["xml:lang"] = term.language
    elif term.datatype.value != XSD + "string":
        made["datatype"] = term.datatype.value
    return made


def _json(variables: Sequence[str], rows: Sequence[Row], truth: bool | None) -> bytes:
    if truth is not None:
        return json.dumps({"head": {}, "boolean": truth}).encode()
    bindings = [
        {name: _json_term(term) for name, term in zip(variables, row, strict=True) if term is not None} for row in rows
    ]
    whole = {"head": {"vars": list(variables)}, "results": {"bindings": bindings}}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _xml_term(term: Term) -> str:
    if isinstance(term, ox.NamedNode):
        return f"<uri>{_xml_text(term.value)}</uri>"
    if isinstance(term, ox.BlankNode):
        return f"<bnode>{_xml_text(term.value)}</bnode>"
    if isinstance(term, ox.Triple):
        parts = (("subject", term.subject), ("predicate", term.predicate), ("object", term.object))
        return "<triple>" + "".join(f"<{name}>{_xml_term(part)}</{name}>" for name, part in parts) + "</triple>"
    about = ""
    if term.language:
        about = f" xml:lang={quoteattr(term.language)}"
    elif term.datatype.value != XSD + "string":
        about = f" datatype={quoteattr(term.datatype.value)}"
    return f"<literal{about}>{_xml_text(term.value)}</literal>"


def _xml_text(text: str) -> str:
    """XML has no way to write most control characters."""
    kept = "".join(one if one >= " " or one in "\t\n\r" else "�" for one in text)
    return escape(kept, {"\r": "&#13;"})


def _xml(variables: Sequence[str], rows: Sequence[Row], truth: bool | None) -> bytes:
    head = "".join(f"<variable name={quoteattr(name)}/>" for name in variables)
    if truth is not None:
        body = f"<boolean>{str(truth).lower()}</boolean>"
    else:
        bindings = (
            "".join(
                f"<binding name={quoteattr(name)}>{_xml_term(term)}</binding>"
                for name, term in zip(variables, row, strict=True)
                if term is not None
            )
            for row in rows
        )
        body = "<results>" + "".join(f"\n<result>{one}</result>" for one in bindings) + "\n</results>"
    return f'<?xml version="1.0"?>\n<sparql xmlns="{RESULTS}"><head>{head}</head>{body}</sparql>\n'.encode()


def _csv(variables: Sequence[str], rows: Sequence[Row], truth: bool | None) -> bytes:
    if truth is not None:
        return f"{str(truth).lower()}\r\n".encode()
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(variables)
    writer.writerows([_plain(term) for term in row] for row in rows)
    return out.getvalue().encode()


def _plain(term: Term | None) -> str:
    if term is None:
        return ""
    return str(term) if isinstance(term, ox.Triple | ox.BlankNode) else term.value


def _tsv(variables: Sequence[str], rows: Sequence[Row], truth: bool | None) -> bytes:
    if truth is not None:
        return f"{str(truth).lower()}\n".encode()
    lines = ["\t".join(f"?{name}" for name in variables)]
    lines += ["\t".join("" if term is None else str(term).replace("\t", "\\t") for term in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def short(term: Term | None) -> str:
    """A term for people: NVS terms as ``R27/SBE41CP``, other IRIs with a prefix where one is known."""
    if isinstance(term, ox.NamedNode):
        if term.value.startswith(NVS):
            return term.value.removeprefix(NVS).replace("/current/", "/").rstrip("/")
        for prefix, start in PREFIXES.items():
            if term.value.startswith(start):
                return f"{prefix}:{term.value.removeprefix(start)}"
    return _plain(term)


def _table(variables: Sequence[str], rows: Sequence[Row], truth: bool | None) -> bytes:
    """Columns for a terminal; control characters are shown, not sent."""
    if truth is not None:
        return (b"yes" if truth else b"no") + b"\n"
    cells = [[_printable(short(term)) for term in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(variables)]
    lines = [list(variables), ["-" * width for width in widths], *cells]
    text = "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    many = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    return f"{text}\n{many}\n".encode()


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " if one in "\n\t\r" else ascii(one)[1:-1] for one in text)


_WRITERS: Final[dict[Syntax, Callable[[Sequence[str], Sequence[Row], bool | None], bytes]]] = {
    Syntax.JSON: _json,
    Syntax.XML: _xml,
    Syntax.CSV: _csv,
    Syntax.TSV: _tsv,
    Syntax.TABLE: _table,
}
TABLES: Final = tuple(_WRITERS)
