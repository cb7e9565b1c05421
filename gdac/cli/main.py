"""Finds the sub-commands, runs one, and turns errors into exit codes. The only place that does."""

import ast
import errno
import importlib.util
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gdac import __version__
from gdac.errors import ExitCode, GdacError

#: Entry point group that the packages plug their sub-commands into.
COMMANDS = "argo_gdac.commands"
#: What files and disks refuse anybody; somebody at the machine can mend it, and it is no bug.
_THE_MACHINE = {
    getattr(errno, name)
    for name in (
        "EACCES",
        "EPERM",
        "EEXIST",
        "ENOENT",
        "ENOTDIR",
        "EISDIR",
        "ENAMETOOLONG",
        "EROFS",
        "ENOSPC",
        "EDQUOT",
    )
    if hasattr(errno, name)
}


@cache
def plugged_in() -> Mapping[str, EntryPoint]:
    """Sub-commands of the installed packages, by name; none of them is imported."""
    return {point.name: point for point in sorted(entry_points(group=COMMANDS), key=lambda point: point.name)}


def short_help(point: EntryPoint) -> str:
    """First docstring line of the module that serves a sub-command, read without running it."""
    spec = importlib.util.find_spec(point.module)
    if spec is None or spec.origin is None:
        return "(not installed)"
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


class Interrupted(GdacError):  # noqa: N818 - it is no error of anybody
    """Somebody pressed Ctrl-C."""

    exit_code = 128 + signal.SIGINT

    def __init__(self) -> None:
        super().__init__("interrupted.", hint="Nothing is half done; run it again to go on.")


class LazyGroup(TyperGroup):
    """A typer group whose members are entry points, loaded when called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's own context type is private
        """Names of all sub-commands."""
        return list(plugged_in())

    def invoke(self, ctx: Any) -> Any:
        """Run the sub-command; Ctrl-C is not one of our exit codes but the shell's own for it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted from error
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing in {point.module.partition(".")[0] for point in plugged_in().values()}:
                raise  # a module of our own: a bug
            raise GdacError(
                f"this command needs the Python module {missing!r}, which is not installed.",
                hint="Install the extras: pip install 'argo-gdac[sync,vocab,demo]' (the base install has no network).",
            ) from error

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as above
        """The sub-command itself when it is the one called, else a light stand-in that has its help line."""
        point = plugged_in().get(cmd_name)
        if point is None:
            return None
        if cmd_name not in sys.argv[1:]:
            return _stand_in(cmd_name, short_help(point))
        return _load(point)


def _stand_in(name: str, text: str) -> Any:
    shown = typer.Typer(add_completion=False)
    shown.command(name=name, help=text)(lambda: None)
    return typer.main.get_command(shown)


def _load(point: EntryPoint) -> Any:
    command = typer.main.get_command(point.load())
    command.name = point.name
    return command


app = typer.Typer(
    cls=LazyGroup,
    name="gdac",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run an Argo Global Data Assembly Centre: seal its days, keep mirrors equal, check what DACs submit.",
    epilog="Exit codes: 0 fine, 1 differences or findings, 2 usage, 3 could not do it, 4 held by a brake, 5 partial.",
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"gdac {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


def _done_quickly(arguments: list[str]) -> bool:
    """Checking a file takes less time than typer takes to parse the command line: plain ones are parsed here."""
    if arguments[:1] != ["check"]:
        return False
    from gdac.cli.check import check
    from gdac.cli.quick import parsed

    values = parsed(check, arguments[1:])
    if values is None:
        return False
    try:
        check(**values)
    except KeyboardInterrupt as error:
        raise Interrupted from error
    except typer.Exit as done:
        sys.exit(done.exit_code)
    sys.exit(ExitCode.FINE)


def main() -> None:
    """Run `gdac`; never returns."""
    try:
        if not _done_quickly(sys.argv[1:]):
            app(standalone_mode=True)
    except GdacError as error:
        sys.stderr.write(f"gdac: {error.what}\n" + (f"      {error.hint}\n" if error.hint else ""))
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FINE)
    except Exception as error:  # noqa: BLE001 - the one place that speaks for all bugs
        if isinstance(error, OSError) and error.errno in _THE_MACHINE:
            sys.stderr.write(_told_of_machine(error))
            sys.exit(ExitCode.FAILED)
        traceback.print_exc()
        sys.stderr.write("gdac: this is a bug in gdac; please report it with the lines above.\n")
        sys.exit(ExitCode.FAILED)


def _told_of_machine(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename is not None else ""
    return (
        f"gdac: {where}{error.strerror}.\n"
        "      Is there such a place, may you write there, and is there room on the disk?\n"
    )


if __name__ == "__main__":
    main()
