"""`gdac check` parsed without typer gives what typer gives, or leaves it to typer."""

import functools
import inspect

import pytest
import typer
from typer.testing import CliRunner

from gdac.cli.check import check
from gdac.cli.quick import parsed


def by_typer(arguments):
    """What typer would call the command with; None when it refuses."""
    seen = {}

    @functools.wraps(check)
    def stub(**values):
        seen.update(values)

    app = typer.Typer()
    app.command()(stub)
    return seen if CliRunner().invoke(app, arguments).exit_code == 0 else None


@pytest.mark.parametrize(
    "line",
    [
        "a.nc",
        "a.nc b.nc folder",
        "a.nc --dac aoml",
        "--dac aoml a.nc",
        "--dac=aoml a.nc --jobs 4",
        "-j 4 a.nc",
        "a.nc --format jsonl --output report.jsonl",
        "a.nc -o report.jsonl --format=html",
        "a.nc --strict --format-only --no-name-check --all-versions --null-warn --all",
        "a.nc --receipt-time 2026-05-01T12:00:00Z --tables other.jsonl --time-limit 2.5",
        "a.nc --baseline old.jsonl --since-manifest m.parquet",
        "a.nc -- --strict",
        "- a.nc",
    ],
)
def test_the_same_values(line):
    assert parsed(check, line.split()) == by_typer(line.split())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--help",
        "-h",
        "a.nc --unknown",
        "a.nc --jobs",
        "a.nc --jobs many",
        "a.nc --jobs 0",
        "a.nc --format word",
        "a.nc --strict=yes",
        "a.nc --time-limit 0",
        "--strict",
        "-j4 a.nc",
    ],
)
def test_what_is_not_plain_is_left_to_typer(line):
    assert parsed(check, line.split()) is None


def test_every_option_is_known():
    for name, parameter in inspect.signature(check).parameters.items():
        if name == "paths":
            continue
        option = next(each for each in typer.main.get_command(_app()).params if each.name == name).opts[0]
        flag = isinstance(parameter.default, bool)
        value = {"report": "jsonl", "jobs": "3", "time_limit": "5"}.get(name, "text")
        found = parsed(check, ["a.nc", option] if flag else ["a.nc", option, value])
        assert found is not None, option
        assert found[name] != parameter.default


def _app():
    app = typer.Typer()
    app.command()(check)
    return app
