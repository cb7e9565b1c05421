"""`gdac vocab provenance`: an archive, its serials, floats, files and checks as graphs beside a vocabulary."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.errors import ExitCode, UsageError
from vocab.cli.make import AsJson, Output

if TYPE_CHECKING:
    from vocab.provenance.folder import Written


def provenance(
    tree: Annotated[Path, typer.Argument(help="A sealed archive on this machine.")],
    output: Output,
    floats: Annotated[bool, typer.Option("--floats", help="Floats too, from their metadata files.")] = False,
    files: Annotated[
        str, typer.Option("--files", metavar="PATTERN", help="Files whose path this matches too; * and ? are wild.")
    ] = "",
    all_files: Annotated[bool, typer.Option("--all-files", help="All files: about 20 statements each.")] = False,
    checks: Annotated[
        list[Path] | None,
        typer.Option("--checks", metavar="FILE", help="A report of gdac check --format jsonl --evidence; repeatable."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", metavar="DIR|FILE", help="Other reference tables than those shipped.")
    ] = None,
    base: Annotated[
        str, typer.Option("--base", metavar="IRI", help="Where IRIs of our own live; that of the hub by default.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write the provenance of a sealed archive as named graphs; gdac vocab query --with joins them with a vocabulary.

    Exit 1 when metadata files or lines of reports could not be used; the rest is written.
    """
    from tempfile import TemporaryDirectory

    from gdac.columns import connect
    from gdac.tables import load
    from vocab.names import Names
    from vocab.provenance.folder import RECORD, Wanted, write_provenance
    from vocab.provenance.opening import described_tree

    if files and all_files:
        raise UsageError("--files and --all-files exclude each other.")
    described = described_tree(tree, Names(base) if base else None)
    wanted = Wanted(floats, files or None, all_files, tuple(checks or ()))
    with TemporaryDirectory(prefix="gdac-") as scratch, connect(temp_directory=scratch) as con:
        done = write_provenance(con, tree, described, load(tables), wanted, output)
    sys.stdout.write((output / RECORD).read_text(encoding="utf-8") if as_json else _as_text(done, output))
    if done.findings:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _as_text(done: "Written", output: Path) -> str:
    total = sum(done.graphs.values())
    lines = [f"archive {done.archive}, serial {done.serial}: {total:,} statements in {output}"]
    start = f"{done.base}graph/provenance/"
    lines += [f"  {name.removeprefix(start):<46}{count:>12,}" for name, count in done.graphs.items()]
    if done.floats:
        lines.append(f"  {done.floats:,} floats")
    lines += [f"  left out: {one if one.isprintable() else ascii(one)}" for one in done.findings]
    return "\n".join(lines) + "\n"
