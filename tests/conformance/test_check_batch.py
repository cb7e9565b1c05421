"""Show 5: odd files in the middle of a batch leave the verdicts of all others unchanged."""

import shutil

import pytest

from gdac.check import check_paths
from gdac.check.finding import Verdict
from tests.rules.samples import sample
from tests.rules.test_rules_form import spectrum_over


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """500 right and wrong files of every kind, in a folder with the name of a DAC."""
    folder = tmp_path_factory.mktemp("batch") / "coriolis"
    folder.mkdir()
    for number in range(500):
        file = sample(("core", "bio", "core-delayed", "meta", "tech")[number % 5])
        if number % 7 == 0:
            file.no_attr("DATE_UPDATE", "long_name")
        file.name = f"{number:03d}_{file.name}"
        file.write(folder)
    return folder


def odd_files(folder):
    sample("synthetic").write(folder).rename(folder / "250_a.nc")
    sample("core").text("FORMAT_VERSION", "9.9").write(folder).rename(folder / "250_b.nc")
    wide = sample("bio")
    spectrum_over("N_VALUES3", "N_VALUES4")(wide)
    wide.write(folder).rename(folder / "250_c.nc")
    (folder / "250_d.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\xff" * 5000)
    (folder / "250_e.nc").write_bytes(sample("core").encode()[:3000])
    (folder / "250_f.nc").mkdir()
    (folder / "250_g.nc").symlink_to(folder / "nowhere")
    return 6


def results(folder):
    return {each.path: each for each in check_paths([folder], jobs=2, name_check=False)}


def test_odd_files_change_no_other_verdict(batch, tmp_path):
    before = results(batch)
    assert len(before) == 500
    assert {each.verdict for each in before.values()} == {Verdict.ACCEPTED, Verdict.REJECTED}
    added = odd_files(batch)
    after = results(batch)
    assert len(after) == 500 + added
    assert {path: each for path, each in after.items() if path in before} == before
    odd = {path[-8:]: each for path, each in after.items() if path not in before}
    assert odd["250_a.nc"].verdict is Verdict.ACCEPTED
    rules = {path: [finding.rule for finding in each.findings] for path, each in odd.items()}
    assert rules["250_b.nc"] == ["OPN-010"]
    assert rules["250_c.nc"] == ["FMT-DIM-004"]
    assert rules["250_d.nc"] in (["OPN-003"], ["CHK-002"])
    assert rules["250_e.nc"] == ["OPN-003"]
    assert rules["250_g.nc"] == ["OPN-001"]
    shutil.rmtree(batch)
