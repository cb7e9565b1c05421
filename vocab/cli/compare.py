"""`gdac vocab diff`: two versions of the vocabulary, for programs and for people."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, UsageError
from vocab.cli.make import AsJson, Base
from vocab.cli.printing import dumps

if TYPE_CHECKING:
    from vocab.changes.versions import VersionDiff
    from vocab.names import Names

_Version = typer.Argument(help="A built vocabulary, an import, or a folder of tables.")


def diff(
    old: Annotated[Path, _Version],
    new: Annotated[Path, _Version],
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page for people.")] = None,
    rdf: Annotated[
        Path | None, typer.Option("--rdf", metavar="FILE", help="Also write the changes as RDF: .ttl, .rdf or .nt.")
    ] = None,
    base: Base = "https://w3id.org/argo-gdac/",
    as_json: AsJson = False,
) -> None:
    """Compare two versions of the vocabulary term by term. Exit 1 when they differ."""
    from vocab.changes.page import diff_page, diff_text
    from vocab.changes.versions import compare_versions
    from vocab.folder import write_whole
    from vocab.names import Names
    from vocab.opening import open_or_build

    names = Names(base)
    found = compare_versions(open_or_build(old, names), open_or_build(new, names))
    if html:
        write_whole(html, diff_page(found).encode())
    if rdf:
        write_whole(rdf, _as_rdf(found, rdf, names))
    sys.stdout.write(dumps(_as_json(found)) if as_json else diff_text(found))
    if found.tables:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _as_rdf(found: "VersionDiff", file: Path, names: "Names") -> bytes:
    from vocab.changes.rdf import diff_triples
    from vocab.export.ontoportal import serialize
    from vocab.nvs.formats import SUFFIXES, canonical

    syntax = SUFFIXES.get(file.suffix.lower())
    if syntax is None or file.suffix.lower() in {".json", ".jsonld"}:
        raise UsageError(f"the name {file.name!a} does not tell a syntax.", hint="End it with .ttl, .rdf or .nt.")
    return serialize(canonical(diff_triples(found, names)), syntax, names)


def _as_json(found: "VersionDiff") -> dict[str, Any]:
    return {
        "old": found.old,
        "new": found.new,
        "counts": dict(found.counts),
        "tables": [
            {
                "table": table.table,
                "before": table.before,
                "after": table.after,
                "silent": table.silent,
                "changes": [
                    {"term": one.identifier, "kind": one.kind.value, "before": one.before, "after": one.after}
                    for one in table.changes
                ],
            }
            for table in found.tables
        ],
        "fates": dict(found.fates),
    }
