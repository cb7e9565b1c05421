"""Where a file's bytes come from: versions, serials, runs, source, licence, citation."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from gdac.errors import ExitCode, GdacError, UsageError
from sync.cli.care import DEFAULT_CONFIG, ConfigFile

if TYPE_CHECKING:
    from gdac.store import Store
    from vocab.described import Described
    from vocab.provenance.story import Story

app = typer.Typer(add_completion=False, help=__doc__)
_FORMATS = ("text", "json", "turtle", "json-ld", "n-quads")


@app.command()
def provenance(
    path: Annotated[str, typer.Argument(help="A path of the archive, such as dac/aoml/13857/13857_meta.nc.")] = "",
    archive: Annotated[
        str, typer.Option("--archive", metavar="TREE|URL", help="A sealed archive: a folder, its URL, or its head's.")
    ] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="text, json, turtle, json-ld, n-quads.")] = "",
    checks: Annotated[
        list[Path] | None,
        typer.Option("--checks", metavar="FILE", help="A report of gdac check --format jsonl --evidence; repeatable."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every file and version, as N-Quads, with -o.")] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Write it there; - is the screen (the default).")
    ] = "-",
    base: Annotated[
        str, typer.Option("--base", metavar="IRI", help="Where IRIs of our own live; that of the hub by default.")
    ] = "",
) -> None:
    """Print the chain behind one file of a sealed archive, or write that of all files. Exit 1: no such path."""
    from sync.sealed.elsewhere import sealed_folder
    from vocab.names import Names
    from vocab.provenance.opening import described_tree

    if everything == bool(path):
        raise UsageError("give a path, or --all, and not both.")
    if form and form not in (_FORMATS if path else ("n-quads",)):
        raise UsageError(f"{form!a} is no format here.", hint=f"One of: {', '.join(_FORMATS)}; with --all n-quads.")
    if checks and form not in {"", "text", "json"}:
        raise UsageError("--checks works with --format text and json.", hint="As RDF: gdac vocab provenance --checks.")
    with sealed_folder(*((archive, None) if archive else _hub(config))) as tree:
        described = described_tree(tree, Names(base) if base else None)
        if everything:
            _write_all(tree, described, output)
        else:
            _write_one(tree, described, path, form or "text", output, checks)


def _hub(config: Path) -> "tuple[str, Store]":
    from sync.config import load_config
    from sync.hub.day import HUB
    from sync.run import opened

    section = load_config(config).hub
    return section.store, opened(HUB, section)


def _write_one(
    tree: Path, described: "Described", path: str, form: str, output: str, reports: list[Path] | None
) -> None:
    from gdac.columns import connect
    from gdac.paths import ArchivePath
    from vocab.provenance.story import near_names, tell

    parsed = ArchivePath.parse(path)
    with connect() as con:
        story = tell(con, tree, described, parsed)
        if not story.states:
            near = near_names(con, tree, described, parsed)
            known = f"serials {story.past.oldest} to {described.head.serial}"
            sys.stderr.write(f"{parsed} was never in this archive, as far as its past is known ({known}).\n")
            sys.stderr.write("".join(f"  near: {one}\n" for one in near))
            raise typer.Exit(ExitCode.DIFFERENCES)
    with _opened(output) as out:
        out.write(_rendered(story, form, reports))


def _rendered(story: "Story", form: str, reports: list[Path] | None) -> bytes:
    from vocab.provenance.checks import verdicts_on
    from vocab.provenance.faces import story_quads, story_triples
    from vocab.provenance.story import as_json, as_text_lines

    if form in {"text", "json"}:
        digests = frozenset(one.sha256.hex() for one in story.states)
        told = as_json(story, None if reports is None else verdicts_on(reports, digests))
        if form == "json":
            return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
        return ("\n".join(as_text_lines(told)) + "\n").encode()
    if form == "n-quads":
        return story_quads(story)
    from vocab.faces.rdf import json_ld, turtle

    names = story.described.names
    first = names.file(story.described.head.archive, story.path.text)
    return (turtle if form == "turtle" else json_ld)(story_triples(story), names, first)


def _write_all(tree: Path, described: "Described", output: str) -> None:
    from tempfile import TemporaryDirectory

    from gdac.columns import connect
    from vocab.provenance.dump import prepare, quads
    from vocab.provenance.faces import archive_quads

    began, written = time.monotonic(), 0
    with (
        TemporaryDirectory(prefix="gdac-") as scratch,
        connect(temp_directory=scratch) as con,
        _opened(output) as out,
    ):
        dump = prepare(con, tree, described)
        head = archive_quads(described)
        out.write(head)
        written += head.count(b"\n")
        for count, piece in quads(dump, described.names.provenance_graph("files")):
            out.write(piece.encode())
            written += count
    seconds = time.monotonic() - began
    sys.stderr.write(f"{written:,} statements in {seconds:.1f} s ({written / max(seconds, 0.001):,.0f} a second)\n")


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    """Where it goes; a file appears whole or not at all."""
    if output == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(target)
    except OSError as error:
        raise GdacError(f"{output} cannot be written ({error.strerror or error}).") from error
    finally:
        part.unlink(missing_ok=True)
