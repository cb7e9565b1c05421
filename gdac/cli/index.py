"""Show, compare and make the index files of an archive."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gdac.index.build import Built
    from gdac.index.compare import Comparison
    from gdac.index.read import LoadedIndex

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

#: Seconds between two progress lines where the output is no terminal.
_EVERY: Final = 5.0

_AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
_Index = typer.Argument(help="An index file, .txt or .txt.gz.")


@app.command()
def show(
    file: Annotated[Path, _Index],
    head: Annotated[int, typer.Option("--head", metavar="N", min=0, help="Also print the first N rows.")] = 0,
    as_json: _AsJson = False,
) -> None:
    """Say what FILE is: which index, its stamp, how many files per DAC and kind, and what is odd in it."""
    from gdac.columns import connect
    from gdac.index.grammar import dac_of, kind_of
    from gdac.index.read import load_index
    from gdac.index.rows import row_text

    with TemporaryDirectory(prefix="gdac-index-") as work, connect(temp_directory=work) as con:
        loaded = load_index(con, file, "shown", workdir=Path(work))
        counts: list[tuple[Any, ...]] = []
        if loaded.spec.lists_files:
            group = f"{dac_of()} AS dac, {kind_of()} AS kind"
            counts = con.execute(f"SELECT {group}, count(*) FROM shown GROUP BY ALL ORDER BY ALL").fetchall()
        text = f"coalesce(raw, {row_text(loaded.columns, loaded.spec.root)})"
        first = [row for (row,) in con.execute(f"SELECT {text} FROM shown ORDER BY rowid LIMIT {head}").fetchall()]
    if as_json:
        sys.stdout.write(json.dumps(_shown_as_json(loaded, counts, first)) + "\n")
        return
    _print_shown(loaded, counts, first)


def _shown_as_json(loaded: "LoadedIndex", counts: list[tuple[Any, ...]], first: list[str]) -> dict[str, Any]:
    updated = loaded.header.updated
    return {
        "file": str(loaded.file),
        "index": loaded.spec.name,
        "updated": updated.strftime("%Y-%m-%dT%H:%M:%SZ") if updated else None,
        "header": list(loaded.header.lines),
        "columns": [column.name for column in loaded.columns],
        "rows": loaded.rows,
        "duplicates": loaded.duplicates,
        "notes": list(loaded.notes),
        "counts": [{"dac": dac, "kind": kind, "files": files} for dac, kind, files in counts],
        "head": first,
    }


def _print_shown(loaded: "LoadedIndex", counts: list[tuple[Any, ...]], first: list[str]) -> None:
    updated = loaded.header.updated
    lines = [
        f"{loaded.file}: {loaded.spec.name}",
        f"  updated   {updated:%Y-%m-%d %H:%M:%S} UTC" if updated else "  updated   unknown",
        f"  rows      {loaded.rows:,}",
        f"  columns   {', '.join(column.name for column in loaded.columns)}",
        f"  header    {len(loaded.header.lines)} lines",
        *(f"  {_plain(line)}" for line in loaded.header.lines),
        *(f"  note      {note}" for note in loaded.notes),
        *(f"  {dac:<10}{kind:<20}{files:>10,}" for dac, kind, files in counts),
        *(_plain(row) for row in first),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _plain(text: str) -> str:
    """Text of a file as a terminal may see it."""
    return text if text.isprintable() else ascii(text)


@app.command()
def diff(
    old: Annotated[Path, _Index],
    new: Annotated[Path, _Index],
    head: Annotated[int, typer.Option("--head", metavar="N", min=0, help="Print at most N changed paths.")] = 20,
    as_json: _AsJson = False,
) -> None:
    """Compare two index files by path and date_update. Exit 1 when they differ.

    An R profile that went while its D twin came is renamed, not removed.
    """
    from gdac.columns import connect
    from gdac.index.diff import CHANGES, diff_files

    with TemporaryDirectory(prefix="gdac-index-") as work, connect(temp_directory=work) as con:
        found = diff_files(con, old, new, "differences", workdir=Path(work))
        limit = "" if as_json else f"LIMIT {head}"
        con.execute(f"SELECT change, path, old_path, old_update, new_update FROM differences ORDER BY path {limit}")
        if as_json:
            counts = {change: found.total(change) for change in CHANGES}
            per = [{"change": one.change, "dac": one.dac, "kind": one.kind, "files": one.paths} for one in found.counts]
            sys.stdout.write(json.dumps({"old": str(old), "new": str(new), "total": counts, "counts": per})[:-1])
            sys.stdout.write(', "changes": [')
            between = ""
            while rows := con.fetchmany(10_000):
                for row in rows:
                    sys.stdout.write(between + json.dumps(_change(row)))
                    between = ", "
            sys.stdout.write("]}\n")
        else:
            for change, path, old_path, *_ in con.fetchall():
                sys.stdout.write(f"{change:<9} {path}" + (f"  (was {old_path})" if old_path else "") + "\n")
            if found.total() > head:
                sys.stdout.write(f"... and {found.total() - head:,} more (--head N or --json shows them)\n")
            for one in found.counts:
                sys.stdout.write(f"  {one.change:<10}{one.dac:<10}{one.kind:<20}{one.paths:>10,}\n")
            sys.stdout.write(", ".join(f"{found.total(change):,} {change}" for change in CHANGES) + "\n")
    if found.total():
        raise typer.Exit(ExitCode.DIFFERENCES)


def _change(row: tuple[Any, ...]) -> dict[str, Any]:
    change, path, old_path, *times = row
    was, is_now = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None for moment in times)
    return {"change": change, "path": path, "old_path": old_path, "old_update": was, "new_update": is_now}


@app.command()
def build(
    tree: Annotated[Path, typer.Argument(help="Root of an archive: the folder that holds dac/.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the index files, made if missing.")],
    compare: Annotated[
        Path | None, typer.Option("--compare", help="Folder with index files to compare the new ones with.")
    ] = None,
    pack: Annotated[bool, typer.Option("--gz", help="Write .txt.gz instead of .txt.")] = False,
    header: Annotated[int, typer.Option("--header", help="Header lines: 8, or 10 as buckets have.")] = 8,
    node: Annotated[str, typer.Option("--node", help="GDAC node named in the headers.")] = "CORIOLIS",
    as_json: _AsJson = False,
) -> None:
    """Make the seven global index files out of a tree's NetCDF files.

    A file that cannot be read is reported and left out (exit 5). With --compare, exit 1 when any row differs.
    """
    from datetime import UTC, datetime

    from gdac.columns import connect
    from gdac.index.build import build_indexes

    if header not in (8, 10):
        raise UsageError(f"--header is {header}.", hint="Headers have 8 lines, or 10 in a bucket.")
    suffix = ".txt.gz" if pack else ".txt"
    with TemporaryDirectory(prefix="gdac-index-") as work, connect(temp_directory=work) as con, _progress() as seen:
        built = build_indexes(
            con,
            tree,
            output,
            updated=datetime.now(UTC),
            suffix=suffix,  # type: ignore[arg-type] # one of the two it takes
            profile=header,  # type: ignore[arg-type] # checked above
            node=node,
            progress=seen,
        )
    compared = _compared(output, suffix, compare) if compare else []
    if as_json:
        sys.stdout.write(json.dumps(_built_as_json(built, compared)) + "\n")
    else:
        _print_built(built, compared, output, suffix)
    if not all(one.same for one in compared):
        raise typer.Exit(ExitCode.DIFFERENCES)
    if built.problems:
        raise typer.Exit(ExitCode.PARTIAL)


def _compared(output: Path, suffix: str, other: Path) -> "list[Comparison]":
    from gdac.columns import connect
    from gdac.index import BUILT
    from gdac.index.compare import compare_rows

    found = {name: _there(other, name) for name in BUILT}
    if not any(found.values()):
        raise UsageError(f"{other} has none of the seven index files.", hint="Name the folder that they lie in.")
    with TemporaryDirectory(prefix="gdac-index-") as work, connect(temp_directory=work) as con:
        return [
            compare_rows(con, output / f"{name}{suffix}", file, workdir=Path(work))
            for name, file in found.items()
            if file is not None
        ]


def _there(folder: Path, name: str) -> Path | None:
    return next((file for end in (".txt", ".txt.gz") if (file := folder / f"{name}{end}").is_file()), None)


def _built_as_json(built: "Built", compared: "list[Comparison]") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "rows": built.rows,
        "problems": list(built.problems),
        "compared": [{**asdict(one), "same": one.same} for one in compared],
    }


def _print_built(built: "Built", compared: "list[Comparison]", output: Path, suffix: str) -> None:
    for name, rows in built.rows.items():
        sys.stdout.write(f"{output / f'{name}{suffix}'}  {rows:,} rows\n")
    for problem in built.problems:
        sys.stdout.write(f"left out  {problem}\n")
    if compared:
        sys.stdout.write(f"\n{'compared':<32}{'equal':>10}{'different':>11}{'only here':>11}{'only there':>12}\n")
    for one in compared:
        numbers = f"{one.equal:>10,}{one.different:>11,}{one.only_ours:>11,}{one.only_theirs:>12,}"
        sys.stdout.write(f"{one.name:<32}{numbers}\n")
        for ours, theirs in one.examples:
            sys.stdout.write(f"  here   {ours}\n  there  {theirs}\n")


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """A counter of files: a moving line on a terminal, else a plain line every few seconds; on standard error."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} files read"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("files", total=None)
            yield lambda seen: bar.update(task, completed=seen)
        return
    last = time.monotonic()

    def line(seen: int) -> None:
        nonlocal last
        if time.monotonic() - last > _EVERY:
            last = time.monotonic()
            sys.stderr.write(f"{seen:,} files read\n")

    yield line
