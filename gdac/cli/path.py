"""Say what a path of an archive is, or why it is refused."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from gdac.errors import ExitCode
from gdac.paths import ArchivePath, PathError

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def path(
    paths: Annotated[
        list[str],
        typer.Argument(help="Paths relative to the archive root, such as dac/aoml/13857/13857_meta.nc."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per path.")] = False,
) -> None:
    """Say what each PATH is: kind, DAC, float, mode, cycle, and its R/D twin. Exit 1 if any is refused."""
    refused = False
    for text in paths:
        try:
            found = ArchivePath.parse(text)
        except PathError as error:
            refused = True
            sys.stdout.write(json.dumps({"text": text, "refused": error.why}) + "\n" if as_json else f"{error}\n")
            continue
        twin = found.twin.text if found.twin else None
        if as_json:
            sys.stdout.write(json.dumps({**asdict(found), "direction": found.direction, "twin": twin}) + "\n")
            continue
        facts = {
            "kind": found.kind.value,
            "dac": found.dac,
            "wmo": found.wmo,
            "mode": found.mode,
            "cycle": found.cycle,
            "direction": found.direction,
            "twin": twin,
        }
        sys.stdout.write(
            f"{text}\n" + "".join(f"  {key:<10}{value}\n" for key, value in facts.items() if value is not None)
        )
    if refused:
        raise typer.Exit(ExitCode.DIFFERENCES)
