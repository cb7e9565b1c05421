"""Merge a float's single-cycle profile files into its multi-profile file, <wmo>_prof.nc."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def merge(
    folder: Annotated[Path, typer.Argument(metavar="FLOAT_DIR", help="A float's folder, such as dac/aoml/13857.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The merged file; replaced when the new one is whole."),
    ],
    institution: Annotated[str, typer.Option(help="Who merges: the institution named in the file.")] = "FR GDAC",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
) -> None:
    """Merge a float's core profiles as GDACs do: D replaces R, by cycle and then date, core parameters only.

    A damaged profile file is named and nothing is written (exit 3). A file that is made again keeps its DATE_CREATION.
    """
    from datetime import UTC, datetime

    from gdac.merged import Order, first_made, float_files
    from gdac.merged import merge as merged

    files = float_files(folder)
    done = merged(
        files,
        output,
        order=Order.CYCLE,
        merged_at=datetime.now(UTC),
        created=first_made(output),
        institution=institution,
    )
    size = output.stat().st_size
    if as_json:
        left_out = [str(each) for each in done.left_out]
        facts = {"file": str(output), "profiles": done.profiles, "levels": done.levels, "size": size}
        sys.stdout.write(json.dumps({**facts, "left_out": left_out}) + "\n")
        return
    sys.stdout.write(f"{output}: {done.profiles:,} profiles, up to {done.levels:,} levels, {size:,} bytes\n")
    for each in done.left_out:
        sys.stdout.write(f"left out  {each}: no TEMP\n")
