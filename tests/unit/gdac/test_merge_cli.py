"""`gdac merge` as a newcomer types it."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gdac.cli.merge import app
from gdac.errors import RefusedError
from gdac.netcdf import read_header, read_variables, text
from gdac.sample import make_archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_archive(tmp_path / "a", floats=1, cycles=2, seed=1, day=date(2026, 1, 15))
    return next((tmp_path / "a" / "dac").glob("*/*"))


def ran(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_it_says_what_it_made_and_keeps_the_first_date(folder, tmp_path):
    out = tmp_path / "deep" / "prof.nc"
    said = ran(folder, "-o", out, "--institution", "Météo")
    profiles = read_header(out).dimensions["N_PROF"]
    assert said.startswith(f"{out}: {profiles} profiles, up to ")
    assert read_header(out).attributes["institution"] == "Météo"
    first = text(read_variables(out, {"DATE_CREATION"}).variables["DATE_CREATION"])
    data = out.read_bytes()
    assert first.encode() in data
    out.write_bytes(data.replace(first.encode(), b"20010203040506", 1))
    facts = json.loads(ran(folder, "-o", out, "--json"))
    assert facts == {
        "file": str(out),
        "profiles": profiles,
        "levels": read_header(out).dimensions["N_LEVELS"],
        "size": out.stat().st_size,
        "left_out": [],
    }
    assert text(read_variables(out, {"DATE_CREATION"}).variables["DATE_CREATION"]) == "20010203040506"


def test_a_damaged_file_is_named_and_nothing_is_written(folder, tmp_path):
    damaged = min((folder / "profiles").glob("[RD]*.nc"))
    damaged.write_bytes(damaged.read_bytes()[:5000])
    with pytest.raises(RefusedError, match=damaged.name):
        ran(folder, "-o", tmp_path / "prof.nc")
    assert not (tmp_path / "prof.nc").exists()
