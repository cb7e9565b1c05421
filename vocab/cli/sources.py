"""Where tables come from, as the commands ask for them: `gdac vocab import`, and build or snapshot without `--from`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, GdacError, UsageError
from vocab.cli.printing import dumps

if TYPE_CHECKING:
    from vocab.nvs.formats import Verbatim
    from vocab.nvs.update import TableUpdate

From = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="FOLDER", help="Folder with one file per table, or an import. NVS is asked if none."
    ),
]
Server = Annotated[str, typer.Option("--server", metavar="URL", help="Address of NVS.")]
Cache = Annotated[Path, typer.Option("--cache", metavar="FOLDER", help="Where tables from NVS are kept.")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="TABLE", help="Take this table whatever the brake says; repeatable."),
]
SERVER = "https://vocab.nerc.ac.uk"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an import is asked to do."""

    cache: Path
    server: str = SERVER
    tables: str = ""
    syntax: str = "jsonld"
    accept: tuple[str, ...] = ()
    folder: Path | None = None


def import_(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The import folder, made if missing.")
    ],
    folder: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="Take tables from these files and not from NVS.")
    ] = None,
    server: Server = SERVER,
    tables: Annotated[str, typer.Option("--tables", metavar="IDS", help="R03,R27; all Argo tables if not given.")] = "",
    syntax: Annotated[str, typer.Option("--syntax", metavar="NAME", help="jsonld, turtle or rdfxml.")] = "jsonld",
    accept: Accept = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Bring a folder of tables up to date, from NVS or from files; say term by term what changed.

    A table that lost terms, went back or was deprecated as a whole is held: the folder keeps the old one, exit 4.
    """
    updates = update(Wanted(output, server, tables, syntax, tuple(accept or ()), folder))
    sys.stdout.write(dumps([_as_json(one) for one in updates]) if as_json else _as_text(updates, output))
    if code := _exit_code(updates):
        raise typer.Exit(code)


def update(wanted: Wanted) -> tuple["TableUpdate", ...]:
    """Do what an import does."""
    from datetime import UTC, datetime

    from policies.vocabulary import DEFAULT_LIMITS
    from vocab.nvs.known import chosen_tables
    from vocab.nvs.update import ImportFolder, take_all

    accepted = {one.upper() for one in wanted.accept}
    tables = chosen_tables(wanted.tables)
    held = ImportFolder(wanted.cache)
    if wanted.folder:
        answers: Any = _from_files(wanted.folder)
        tables = tuple(answers) if not wanted.tables else tuple(one for one in tables if one in answers)
    else:
        answers = _from_nvs(wanted, tables, held)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return take_all(held, tables, answers, now, DEFAULT_LIMITS, accepted)


def _from_nvs(wanted: Wanted, tables: tuple[str, ...], held: Any) -> Any:
    import asyncio

    from vocab.nvs.fetch import SYNTAXES, Politeness, fetch_tables

    if wanted.syntax not in SYNTAXES:
        raise UsageError(f"syntax {wanted.syntax!a} is not known.", hint=f"Known: {', '.join(SYNTAXES)}.")
    known = {table: held.known(table) for table in tables}
    return asyncio.run(fetch_tables(wanted.server, tables, known, SYNTAXES[wanted.syntax], Politeness()))


def _from_files(folder: Path) -> Any:
    from vocab.nvs.fetch import Answer, Known
    from vocab.nvs.folder import read_folder, table_files
    from vocab.nvs.formats import SUFFIXES

    read_folder(folder)  # every file is one whole table, and none comes twice, before anything is taken
    answers = {}
    for table, file in table_files(folder).items():
        syntax = SUFFIXES[file.suffix.lower()]
        answers[table] = Answer(table, False, file.read_bytes(), syntax, syntax.media_type, file.name, Known())
    return answers


def tables_for(folder: Path | None, server: str, cache: Path, accept: list[str] | None) -> tuple["Verbatim", ...]:
    """The tables that build and snapshot work on: of a folder, or of the cache after NVS was asked.

    Raises:
        GdacError: a table could not be had and there is no older copy.
    """
    from vocab.nvs.folder import read_folder

    if folder is not None:
        return read_folder(folder)
    updates = update(Wanted(cache, server, accept=tuple(accept or ())))
    missing = [one for one in updates if not one.version]
    if missing:
        names = ", ".join(one.table for one in missing)
        raise GdacError(f"{len(missing)} tables could not be had: {names}. {missing[0].error}")
    for one in updates:
        if one.state in {"held", "failed"}:
            sys.stderr.write(f"gdac: {one.table} stays at version {one.version}: {_why(one)}\n")
    return read_folder(cache)


def _why(one: "TableUpdate") -> str:
    return one.error or " ".join(reason.text for reason in one.reasons)


def _exit_code(updates: tuple["TableUpdate", ...]) -> int:
    states = {one.state for one in updates}
    if "held" in states:
        return ExitCode.HELD
    if "failed" in states:
        return ExitCode.FAILED if states == {"failed"} else ExitCode.PARTIAL
    return ExitCode.FINE


def _as_json(one: "TableUpdate") -> dict[str, Any]:
    return {
        "table": one.table,
        "state": one.state,
        "version": one.version,
        "silent": one.silent,
        "changes": [
            {"term": change.identifier, "kind": change.kind.value, "before": change.before, "after": change.after}
            for change in one.changes
        ],
        "reasons": [{"rule": reason.rule.value, "text": reason.text} for reason in one.reasons],
        "error": one.error,
    }


def _as_text(updates: tuple["TableUpdate", ...], output: Path) -> str:
    lines = []
    for one in updates:
        if one.state == "unchanged" and not one.changes:
            continue
        lines.append(f"{one.table:<5}{one.state:<10}version {one.version or '-'}")
        if one.silent:
            lines.append("     terms differ although the version of the table does not")
        lines += [f"     {change.kind.value:<11}{change.identifier}{_detail(change)}" for change in one.changes]
        if why := _why(one):
            lines.append(f"     {why}")
    if any(one.state == "held" for one in updates):
        held = " ".join(f"--accept {one.table}" for one in updates if one.state == "held")
        lines.append(f"Look at the terms that went; if that is right: gdac vocab import {held}")
    if all(one.state == "failed" for one in updates):
        lines.append("If there is no network here, give the tables as files: --from FOLDER.")
    states = ("new", "updated", "unchanged", "held", "failed")
    counts = ", ".join(f"{sum(one.state == state for one in updates)} {state}" for state in states)
    lines.append(f"{output}: {counts}")
    return "\n".join(line if line.isprintable() else ascii(line) for line in lines) + "\n"


def _detail(change: Any) -> str:
    if change.kind.value in {"added", "removed"}:
        return f"  {change.before or change.after}"
    return f"  {change.before[:60]} -> {change.after[:60]}" if change.kind.value in {"label", "code", "links"} else ""
