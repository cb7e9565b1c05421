"""``gdac manifest verify``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.cli.manifest.desk import AS_JSON, TREE, desk, meter, plain, say, tell_tally, told_size
from gdac.cli.manifest.show import open_named
from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gdac.manifest.scan import Tally


def verify(
    tree: Annotated[Path, TREE],
    manifest: Annotated[
        Path | None, typer.Option(help="Compare with this manifest, not the tree's own.", show_default=False)
    ] = None,
    sample: Annotated[str, typer.Option(help="Read only one part of the files, such as 1/30 or 2/30.")] = "1/1",
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Compare TREE with its manifest: names and sizes of all files, and their bytes. Exit 1 on differences."""
    from gdac.manifest import verify as verifying
    from gdac.manifest.local import need_head
    from gdac.manifest.states import list_superseded

    part, parts = _sample(sample)
    with desk() as (con, workdir), meter() as progress:
        open_named(con, str(manifest or tree), "state")
        if manifest is None:
            list_superseded(con, tree, need_head(tree), "superseded")
        found = verifying.verify(
            con,
            tree,
            "state",
            workdir=workdir,
            superseded=None if manifest else "superseded",
            part=part,
            parts=parts,
            progress=progress,
        )
    tallies: dict[str, Tally] = {
        "missing": found.missing,
        "extra": found.extra,
        "other size": found.size,
        "other bytes": found.digest,
        "unreadable": found.unreadable,
        "refused name": found.scan.refused,
        "link": found.scan.links,
        "special file": found.scan.special,
    }
    if as_json:
        facts = {"rows": found.rows, "read": found.read, "read_bytes": found.read_bytes}
        facts["superseded"] = found.superseded.count
        say(json.dumps({**facts, **{name: plain(tally) for name, tally in tallies.items()}}, indent=1))
    else:
        say(f"{found.rows:,} files in the manifest; {found.read:,} read ({told_size(found.read_bytes)}).")
        for name, tally in tallies.items():
            tell_tally(name, tally)
        if found.superseded.count:
            say(f"  superseded: {found.superseded.count:,} (left the manifest lately, readable until their grace ends)")
        say(
            f"{found.differences:,} difference{'s' * (found.differences != 1)}."
            if found.differences
            else "No difference."
        )
    if found.differences:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _sample(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise UsageError(f"--sample {text} is no part.", hint="Write 1/30 for the first of thirty parts.")
    return int(part), int(parts)
