"""`gdac vocab query`: SPARQL on a built vocabulary, from a file, the command line or the named questions."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.errors import UsageError
from vocab.cli.publish import BuiltVocabulary

if TYPE_CHECKING:
    from vocab.names import Names
    from vocab.query.answer import Syntax
    from vocab.query.scan import Form

Older = Annotated[
    Path | None,
    typer.Option("--since", metavar="FOLDER", help="An older built vocabulary: what changed is among the answers."),
]

Beside = Annotated[
    list[Path] | None,
    typer.Option("--with", metavar="FOLDER", help="What gdac vocab provenance wrote, joined in; repeatable."),
]


def query(
    file: Annotated[Path | None, typer.Argument(help="A query in SPARQL 1.1; - reads standard input.")] = None,
    text: Annotated[str, typer.Option("--execute", "-e", metavar="SPARQL", help="The query itself.")] = "",
    name: Annotated[str, typer.Option("--question", metavar="NAME", help="A named question, or its number.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="The named questions.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the query and do not run it.")] = False,
    vocabulary: BuiltVocabulary = Path("vocabulary"),
    since: Older = None,
    beside: Beside = None,
    syntax: Annotated[
        str,
        typer.Option("--format", metavar="NAME", help="table, json, csv, tsv, xml; turtle, ntriples, rdfxml, jsonld."),
    ] = "",
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="End the query after.")] = 60.0,
    rows: Annotated[int, typer.Option("--max-rows", metavar="N", help="Refuse a longer answer.")] = 1_000_000,
) -> None:
    """Ask a built vocabulary in SPARQL, without a network. SERVICE and updates are refused."""
    from vocab.folder import QUADS, read_quads
    from vocab.names import Names
    from vocab.query.answer import Limits
    from vocab.query.changes import write_changes
    from vocab.query.process import run_query
    from vocab.query.scan import check_query

    if listed:
        sys.stdout.write(_list(Names()))
        return
    if sum(map(bool, (file, text, name))) != 1:
        raise UsageError("give one query.", hint="A file, -e 'SELECT ...' or --question NAME; --list names them.")
    names = Names() if show and not vocabulary.is_dir() else Names(read_quads(vocabulary)[0].base)
    asked = _text(file, text, name, names)
    if show:
        sys.stdout.write(asked)
        return
    chosen = _syntax(syntax, check_query(asked))
    limits = Limits(seconds=timeout, rows=rows, size=1 << 30, memory=2 << 30)
    with TemporaryDirectory(prefix="gdac-") as scratch:
        files = [vocabulary / QUADS, *_beside(beside or [], vocabulary)]
        if since is not None:
            files.append(Path(scratch) / "changes.nq")
            write_changes(since, vocabulary, files[-1])
        answer = run_query(files, asked, chosen, limits)
    sys.stdout.flush()
    sys.stdout.buffer.write(answer if answer.endswith(b"\n") else answer + b"\n")


def _beside(folders: list[Path], vocabulary: Path) -> list[Path]:
    if not folders:
        return []
    from vocab.folder import read_quads
    from vocab.provenance.folder import quads_beside

    return quads_beside(folders, read_quads(vocabulary)[0].base)


def _list(names: "Names") -> str:
    from vocab.query.questions import questions

    return "".join(f"{one.number:>2} {one.name:<21}{one.title}\n" for one in questions(names))


def _text(file: Path | None, text: str, name: str, names: "Names") -> str:
    from vocab.query.questions import question

    if name:
        return question(name, names).text
    if text:
        return text
    assert file is not None  # one of the three is given
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8.") from error


def _syntax(chosen: str, form: "Form") -> "Syntax":
    from vocab.query.answer import GRAPHS, TABLES, Syntax

    fitting = tuple(GRAPHS) if form.graph else TABLES
    if not chosen:
        return Syntax.TURTLE if form.graph else Syntax.TABLE
    if chosen not in [one.value for one in fitting]:
        raise UsageError(
            f"the answer to {form.value} cannot be written as {chosen!a}.", hint=f"One of: {', '.join(fitting)}."
        )
    return Syntax(chosen)
