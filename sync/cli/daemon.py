"""`gdac sync daemon`: the jobs of a deployment by their schedules, with health, metrics and a status page."""

from pathlib import Path
from typing import Annotated

import typer

from gdac.errors import UsageError

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", envvar="GDAC_CONFIG")
]
_LOGS = {"json": True, "text": False, "auto": None}


def add_to(app: typer.Typer) -> None:
    """Make it a sub-command of ``gdac sync``."""
    app.command()(daemon)


def daemon(
    config: ConfigFile = Path("gdac.toml"),
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Where status, health and metrics are shown; daemon.listen by default, '' for nowhere.",
            envvar="GDAC_LISTEN",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Run the jobs that are due now, and end.")] = False,
    log: Annotated[
        str,
        typer.Option(
            "--log", metavar="json|text|auto", help="Lines of the log; auto: text on a terminal.", envvar="GDAC_LOG"
        ),
    ] = "auto",
) -> None:
    """Run all jobs when they are due: runs, audits, sweeps, collecting. Ends on SIGTERM, reads again on SIGHUP."""
    from sync.daemon.run import Orders, run_daemon
    from sync.loop import run

    if log not in _LOGS:
        raise UsageError(f"--log is json, text or auto, not {log!a}.")
    raise typer.Exit(run(run_daemon(Orders(config, listen, once, _LOGS[log]))))
