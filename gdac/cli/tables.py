"""Show, compare and convert the Argo reference tables that a check uses."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gdac.tables import Concept, Tables

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

_JSON = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
_Tables = Annotated[
    Path | None,
    typer.Option("--tables", metavar="PATH", help="A snapshot or a folder of JSON-LD, not the shipped tables."),
]


@app.command()
def show(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Such as R27; all tables when left out.")] = "",
    code: Annotated[str, typer.Argument(metavar="CODE", help="One entry of it; a template's name works too.")] = "",
    tables: _Tables = None,
    as_json: _JSON = False,
) -> None:
    """Print which tables there are, the entries of TABLE, or one entry with what it is related to."""
    from gdac.tables import load

    known = load(tables)
    if not table:
        facts, lines = _all(known), _all_lines(known)
    elif table.upper() not in known.facts:
        raise UsageError(f"there is no table {table}.", hint=f"There are {', '.join(known.facts)}.")
    elif not code:
        facts, lines = _entries(known, table.upper()), _entry_lines(known, table.upper())
    else:
        concept = _found(known, table.upper(), code)
        facts, lines = _one(concept), _one_lines(known, concept)
    sys.stdout.write(_dump(facts) if as_json else "\n".join(lines) + "\n")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A snapshot or a folder of JSON-LD; `shipped`: ours.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Another.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILES...", help="Check these with both; say whose verdict or findings change."),
    ] = None,
    dac: Annotated[
        str | None, typer.Option("--dac", metavar="NAME", help="The data centre of FILES; else taken from their paths.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Say which entries came, went, were deprecated or changed, and what that means for FILES.

    Exit code 1 when any entry did; with FILES, only when a verdict or a finding changes.
    """
    from gdac.tables import load
    from gdac.tables.compare import compare

    places = [None if path == Path("shipped") else path for path in (old, new)]
    before, after = (load(place) for place in places)
    changes = compare(before, after)
    verdicts = list(_changed(files, places, dac)) if files else []
    if as_json:
        facts = [{"table": c.table, "code": c.code, "change": c.kind, "what": list(c.what)} for c in changes]
        content = {"old": _source(before), "new": _source(after), "changes": facts}
        sys.stdout.write(_dump(content | ({"files": verdicts} if files else {})))
    else:
        sys.stdout.write(f"old {before.version} ({before.digest[:19]})\nnew {after.version} ({after.digest[:19]})\n")
        for change in changes:
            what = f": {', '.join(change.what)}" if change.what else ""
            sys.stdout.write(f"{change.kind:<11}{change.table} {change.code}{what}\n")
        sys.stdout.write(f"{len(changes)} entries differ\n" if changes else "no difference\n")
        sys.stdout.writelines(_verdict_lines(verdicts, asked=bool(files)))
    if verdicts if files else changes:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _changed(files: list[Path], tables: list[Path | None], dac: str | None) -> Iterator[dict[str, Any]]:
    """Files that the two tables judge differently: verdicts, and findings that came and went."""
    from gdac.check import check_paths

    before, after = (check_paths(files, dac=dac, tables=each) for each in tables)
    for old, new in zip(before, after, strict=True):
        was, now = ({(each.rule, each.where): each for each in result.findings} for result in (old, new))
        came = [f"{each.rule} {each.where}: {each.text}" for key, each in now.items() if key not in was]
        went = [f"{each.rule} {each.where}: {each.text}" for key, each in was.items() if key not in now]
        if old.verdict is not new.verdict or came or went:
            yield {"path": new.path, "old": str(old.verdict), "new": str(new.verdict), "came": came, "went": went}


def _verdict_lines(files: list[dict[str, Any]], *, asked: bool) -> Iterator[str]:
    from gdac.check.report.escape import printable

    for file in files:
        verdict = file["new"] if file["old"] == file["new"] else f"{file['old']} -> {file['new']}"
        yield f"{printable(file['path'])}: {verdict}\n"
        yield from (
            f"  {sign} {printable(text)}\n" for sign, key in (("-", "went"), ("+", "came")) for text in file[key]
        )
    if asked:
        fail = sum(file["old"] == "accepted" != file["new"] for file in files)
        passed = sum(file["new"] == "accepted" != file["old"] for file in files)
        yield f"{len(files)} files are judged differently: {fail} would newly fail, {passed} would newly pass\n"


@app.command()
def build(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="JSON-LD files of the vocabulary server, R01.jsonld ...")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The snapshot to write.")],
) -> None:
    """Make a snapshot of the reference tables: one compact text file, held by a digest."""
    from gdac.tables import load
    from gdac.tables.nvs import read_folder
    from gdac.tables.snapshot import write

    if not source.is_dir():
        raise UsageError(f"{source} is not a folder.", hint="It holds R01.jsonld, R03.jsonld and so on.")
    write(output, *read_folder(source))
    made = load(output)
    sys.stdout.write(
        f"{output}: {len(made.facts)} tables, {sum(len(made.concepts(table)) for table in made.facts):,} entries, "
        f"{made.version}, {made.digest}\n"
    )


def _all(known: "Tables") -> dict[str, Any]:
    tables = {
        each.id: {
            "name": each.name,
            "title": each.title,
            "version": each.version,
            "date": each.date,
            "entries": len(known.concepts(each.id)),
            "deprecated": len(known.deprecated(each.id)),
        }
        for each in known.facts.values()
    }
    return {**_source(known), "tables": tables}


def _all_lines(known: "Tables") -> Iterator[str]:
    yield f"reference tables {known.version}, {known.digest} ({known.source})"
    yield f"{'table':<6}{'version':>8}  {'date':<12}{'entries':>8}{'deprecated':>12}  title"
    for each in known.facts.values():
        entries, deprecated = len(known.concepts(each.id)), len(known.deprecated(each.id))
        yield f"{each.id:<6}{each.version:>8}  {each.date:<12}{entries:>8}{deprecated:>12}  {each.title}"


def _entries(known: "Tables", table: str) -> dict[str, Any]:
    return {**_source(known), "table": table, "entries": [_one(each) for each in known.concepts(table)]}


def _entry_lines(known: "Tables", table: str) -> Iterator[str]:
    facts = known.facts[table]
    yield f"{facts.id} {facts.title}, version {facts.version} of {facts.date}"
    concepts = sorted(known.concepts(table), key=lambda each: each.code)
    width = min(max(len(each.code) for each in concepts), 60) + 2
    for each in concepts:
        label = "" if each.label == each.code else each.label
        yield f"  {each.code:<{width}}{label}{'  (deprecated)' if each.deprecated else ''}".rstrip()


def _found(known: "Tables", table: str, code: str) -> "Concept":
    concept = known.concept(table, code)
    if concept is None and table in {"R14", "R18"}:
        match = known.match_name(table, code) or known.match_name(table, code.rpartition("_")[0])
        concept = known.concept(table, match.label) if match else None
    if concept is None:
        raise UsageError(f"{table} has no entry {code!r}.", hint=f"`gdac tables show {table}` lists them.")
    return concept


def _one(concept: "Concept") -> dict[str, Any]:
    return {
        "table": concept.table,
        "id": concept.id,
        "code": concept.code,
        "label": concept.label,
        "alternative": concept.alternative,
        "deprecated": concept.deprecated,
        "links": {relation: list(keys) for relation, keys in concept.links.items()},
        "values": {name: list(items) for name, items in concept.values.items()},
        "attributes": dict(concept.attributes),
        "properties": dict(concept.properties),
    }


def _one_lines(known: "Tables", concept: "Concept") -> Iterator[str]:
    yield f"{concept.table} {concept.code}{'  (deprecated)' if concept.deprecated else ''}"
    if concept.label != concept.code:
        yield f"  label        {concept.label}"
    if concept.alternative != concept.code:
        yield f"  alternative  {concept.alternative}"
    for relation, keys in concept.links.items():
        yield f"  {relation:<13}{', '.join(keys)}"
    for group in (concept.properties, concept.attributes):
        for name, text in group.items():
            yield f"  {name:<13}{text}"
    for name, items in concept.values.items():
        yield f"  <{name}>  {', '.join(items)}"
    yield f"  ({known.version})"


def _source(known: "Tables") -> dict[str, str]:
    return {"source": known.source, "version": known.version, "digest": known.digest}


def _dump(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
