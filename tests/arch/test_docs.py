"""The documentation is true where that can be checked: every command has a page and help, every option its text."""

import re
import subprocess
import sys

import pytest
import typer
import typer.core

from gdac.cli.main import plugged_in, short_help
from tests.conftest import ROOT

COMMANDS = sorted(plugged_in())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_page_and_a_help_line(name):
    point = plugged_in()[name]
    assert (ROOT / "docs" / "commands" / f"{name}.md").is_file()
    line = short_help(point)
    assert line.endswith(".")
    assert len(line) <= 90


@pytest.mark.parametrize("name", COMMANDS)
def test_every_sub_command_and_option_has_help(name):
    command = typer.main.get_command(plugged_in()[name].load())
    subs = getattr(command, "commands", None)
    page = (ROOT / "docs" / "commands" / f"{name}.md").read_text(encoding="utf-8")
    for sub_name, sub in (subs or {name: command}).items():
        assert sub.help, f"{name} {sub_name} has no help"
        if subs:
            assert f"gdac {name} {sub_name}" in page, f"docs/commands/{name}.md does not show gdac {name} {sub_name}"
        for parameter in sub.params:
            assert getattr(parameter, "help", None) or parameter.name == "help", f"{name} {sub_name}: {parameter.name}"
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert option in page, f"docs/commands/{name}.md does not name {option}"


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page} links to {target}"


def test_help_runs_as_a_stranger_would():
    done = subprocess.run([sys.executable, "-m", "gdac.cli.main", "--help"], capture_output=True, text=True, check=True)
    for name in COMMANDS:
        assert name in done.stdout


def test_no_page_explains_a_key_of_the_configuration_twice():
    for page in sorted((ROOT / "docs").rglob("*.md")):
        keys = re.findall(r"^\| (`[a-z<>*]+\.[^|]*) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert sorted(set(keys)) == sorted(keys), page
