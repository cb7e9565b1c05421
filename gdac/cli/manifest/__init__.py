"""Build, seal, compare, show and verify the manifests of an archive on disk."""

import typer

from gdac.cli.manifest.build import build
from gdac.cli.manifest.show import diff, log, show
from gdac.cli.manifest.verify import verify

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
for command in (build, diff, show, log, verify):
    app.command()(command)
