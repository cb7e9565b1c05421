"""`gdac vocab build` and `snapshot`: from tables to a vocabulary, and to the file that the checker reads."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vocab.cli.sources import SERVER, Accept, Cache, From, Server, tables_for

if TYPE_CHECKING:
    from vocab.build import Record

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write, made if missing.")]
Base = Annotated[str, typer.Option("--base", metavar="IRI", help="Where IRIs of our own live; ends with a slash.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def build(
    output: Output,
    folder: From = None,
    server: Server = SERVER,
    cache: Cache = Path("nvs"),
    accept: Accept = None,
    base: Base = "https://w3id.org/argo-gdac/",
    release: Annotated[str, typer.Option("--release", metavar="NAME", help="Name of the release.")] = "",
    issued: Annotated[str, typer.Option("--issued", metavar="DATE", help="Date of the release, YYYY-MM-DD.")] = "",
    prior: Annotated[str, typer.Option("--prior", metavar="NAME", help="Name of the release before.")] = "",
    as_json: AsJson = False,
) -> None:
    """Build the vocabulary: verbatim tables, what follows from them, and the hand-written layer.

    Each is a named graph; equal tables give equal bytes.
    """
    from vocab.build import build as build_vocabulary
    from vocab.folder import write_vocabulary
    from vocab.names import Names

    names = Names(base)
    tables = tables_for(folder, server, cache, accept)
    vocabulary = build_vocabulary(tables, names, issued=issued, label=release, prior=prior)
    record = write_vocabulary(vocabulary, output)
    if as_json:
        sys.stdout.write(record.read_text(encoding="utf-8"))
        return
    _print_build(vocabulary.record, vocabulary.quads, output)


def _print_build(record: "Record", quads: int, output: Path) -> None:
    from vocab.nvs.known import ARGO_TABLES

    terms = sum(one.terms for one in record.tables)
    deprecated = sum(one.deprecated for one in record.tables)
    size = f"{len(record.tables)} tables, {terms:,} terms, {deprecated:,} deprecated; {quads:,} quads"
    lines = [f"vocabulary {record.release.label}: {size} in {output}"]
    if missing := sorted(set(ARGO_TABLES) - {one.id for one in record.tables}):
        lines.append(f"  not among them: {', '.join(missing)}")
    lines += [
        f"  {one.id:<5}version {one.version:>3} of {one.modified[:10]:<12}{one.terms:>5} terms"
        + (f", {one.deprecated} deprecated" if one.deprecated else "")
        for one in record.tables
    ]
    for entry in record.enrichment:
        counts = ", ".join(f"{number:,} {what}" for what, number in entry.counts.items())
        lines.append(f"  {entry.id:<14}{entry.triples:>6,} triples, {entry.basis}: {counts}")
        lines += [f"    note: {note}" for note in entry.notes]
    sys.stdout.write("\n".join(lines) + "\n")


def snapshot(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The snapshot to write.")],
    folder: From = None,
    server: Server = SERVER,
    cache: Cache = Path("nvs"),
    accept: Accept = None,
) -> None:
    """Write the compact table file that `gdac check --tables` reads, and verify it by its digest.

    Codes, labels, deprecation, relations and attributes of the tables; no definitions.
    """
    from vocab.snapshot import write_snapshot

    tables = [one.table for one in tables_for(folder, server, cache, accept)]
    digest = write_snapshot(tables, output)
    terms = sum(len(one.terms) for one in tables)
    sys.stdout.write(f"{output}: {len(tables)} tables, {terms:,} terms, {digest}\n")
