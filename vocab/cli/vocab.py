"""Argo's terms: import, build, export, check, query, serve, submit, fair, provenance."""

import typer

from vocab.cli import ask, compare, crate, fairness, make, proving, publish, serving, sources, submitting

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    pass


app.command(name="import")(sources.import_)
app.command()(make.build)
app.command()(make.snapshot)
app.command()(publish.export)
app.command()(publish.check)
app.command()(compare.diff)
app.command()(ask.query)
app.command()(serving.serve)
app.command()(submitting.submit)
app.command()(fairness.fair)
app.command()(crate.crate)
app.command()(proving.provenance)
