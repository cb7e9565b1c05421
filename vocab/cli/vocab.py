"""Argo's terms: import, build, snapshot, export, check, compare."""

import typer

from vocab.cli import make, publish

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    pass


app.command()(make.build)
app.command()(publish.export)
app.command()(publish.check)
