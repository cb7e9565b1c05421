"""What would empty an archive, given to the real command: held with everything untouched, explained, and let go once.

The sample archive is small, so the limits are set tight: any removed file that is no rename holds.
"""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.state import Ingested, State
from tests.e2e.conftest import Desk, picture

TIGHT = {"share": 0, "count": 0, "floor": 0}
PROF = "ar_index_global_prof"
TECH = "ar_index_global_tech"
Line = Callable[[str], str | None]


def brake(section: str = "brake", **limits: dict[str, float]) -> str:
    lines = [
        f"{name} = {{ {', '.join(f'{key} = {value}' for key, value in one.items())} }}" for name, one in limits.items()
    ]
    return f"[{section}]\n" + "\n".join(lines) + "\n"


def add_to_config(desk: Desk, text: str) -> None:
    with (desk.root / "gdac.toml").open("a") as config:
        config.write(text)


def edit_indexes(source: Path, edit: Line, only: str = "") -> None:
    """Pass every line of both forms of the index files through ``edit``; None drops it."""
    for file in sorted(source.glob(f"{only}*.txt*")):
        packed = file.name.endswith(".gz")
        lines = (gzip.decompress(file.read_bytes()) if packed else file.read_bytes()).decode().splitlines()
        text = "".join(f"{kept}\n" for line in lines if (kept := edit(line)) is not None).encode()
        file.write_bytes(gzip.compress(text) if packed else text)


def without(prefix: str) -> Line:
    return lambda line: None if line.startswith(prefix) else line


def stamped(stamp: str) -> Line:
    return lambda line: re.sub(r"(# Date of update : )\d{14}", rf"\g<1>{stamp}", line)


def lose_dac(source: Path, dac: str) -> None:
    edit_indexes(source, without(f"{dac}/"))
    shutil.rmtree(source / "dac" / dac)


def dacs(desk: Desk) -> list[str]:
    return sorted(each.name for each in (desk.source / "dac").iterdir())


@pytest.fixture
def sealed(desk: Desk) -> Desk:
    """A desk after its first run, with tight limits on what leaves."""
    add_to_config(desk, brake(dac_removals=TIGHT, total_removals=TIGHT, index_loss=TIGHT))
    done = desk.sync("run", "-q")
    assert done.returncode == 0, done.stderr  # a first run is not held
    return desk


def hold(desk: Desk, *rules: str) -> int:
    """Run; it must be held for these rules with everything untouched. Returns the run to approve."""
    before = picture(desk.hub), picture(desk.mirror)
    done = desk.sync("run", "-q")
    assert done.returncode == 4, done.stdout + done.stderr
    assert (picture(desk.hub), picture(desk.mirror)) == before
    assert "Traceback" not in done.stderr
    for rule in rules:
        assert f"[{rule}]" in done.stderr
    assert "expires at" in done.stderr
    (run,) = re.findall(r"gdac sync approve (\d+)", done.stderr)
    return int(run)


def approve(desk: Desk, run: int) -> None:
    done = desk.sync("approve", str(run))
    assert (done.returncode, f"approved: run {run}" in done.stdout) == (0, True), done.stderr


def go(desk: Desk) -> dict:
    done = desk.sync("run", "-q", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_mass_removal_is_held_and_goes_once_when_approved(sealed: Desk):
    lost = dacs(sealed)[0]
    lose_dac(sealed.source, lost)
    run = hold(sealed, "dac-removals", "total-removals", "index-shrunk")
    shown = sealed.sync("approve")
    assert f"run {run} (hub)" in shown.stdout
    assert f"leaves: dac/{lost}/" in shown.stdout
    (kept,) = json.loads(sealed.sync("approve", "--json").stdout)["holds"]
    assert kept["preview"]["dacs"][lost]["removed"] == kept["preview"]["dacs"][lost]["held"] > 5
    planned = json.loads(sealed.sync("plan", "-q", "--json").stdout)
    assert planned["brake"]["goes"] is False
    assert planned["brake"]["fingerprint"] == kept["fingerprint"]
    assert "would HOLD it" in sealed.sync("plan", "-q").stdout
    assert sealed.sync("approve", "77").returncode == 2
    assert f"held  run {run} (hub)" in sealed.sync("status").stdout

    approve(sealed, run)
    assert "approved by" in sealed.sync("approve").stdout
    record = go(sealed)
    assert record["seal"]["removed"] == kept["preview"]["dacs"][lost]["removed"]
    assert record["mirrors"][0]["serial"] == record["seal"]["serial"] == 2
    assert "nothing is held" in sealed.sync("approve").stdout
    lose_dac(sealed.source, dacs(sealed)[0])
    hold(sealed, "dac-removals")  # the approval was for once


def test_an_approved_plan_that_changes_is_held_anew(sealed: Desk):
    first, second = dacs(sealed)[:2]
    lose_dac(sealed.source, first)
    run = hold(sealed, "dac-removals")
    approve(sealed, run)
    lose_dac(sealed.source, second)
    again = hold(sealed, "dac-removals")
    assert again > run
    assert sealed.sync("approve", str(run)).returncode == 2  # overtaken
    approve(sealed, again)
    assert go(sealed)["seal"]["new"] is True


def test_a_shrunken_index(sealed: Desk):
    edit_indexes(sealed.source, without(f"{dacs(sealed)[0]}/"), only=PROF)
    hold(sealed, "index-shrunk")


def test_an_empty_index(sealed: Desk):
    edit_indexes(sealed.source, lambda line: line if line.startswith(("#", "file,")) else None, only=PROF)
    hold(sealed, "index-empty")


def test_an_index_that_goes_back_in_time_and_is_approved(sealed: Desk):
    edit_indexes(sealed.source, stamped("20200101000000"), only=PROF)
    approve(sealed, hold(sealed, "index-back-in-time"))
    assert go(sealed)["seal"]["serial"] == 2
    assert "nothing changed" in sealed.sync("run", "-q").stdout


def test_a_tree_that_moves_to_another_dac(sealed: Desk):
    old = dacs(sealed)[0]
    (sealed.source / "dac" / old).rename(sealed.source / "dac" / "kiost")
    edit_indexes(sealed.source, lambda line: re.sub(rf"^{old}/", "kiost/", line))
    before = picture(sealed.source / "dac" / "kiost")
    run = hold(sealed, "move")
    (kept,) = json.loads(sealed.sync("approve", "--json").stdout)["holds"]
    assert [(one["rule"], one["subject"]) for one in kept["reasons"]] == [("move", f"{old} -> kiost")]
    approve(sealed, run)
    record = go(sealed)
    assert record["seal"]["removed"] == record["seal"]["added"] == len(before)
    assert picture(sealed.mirror / "dac" / "kiost") == before


def test_a_burst_of_renames_passes_the_tightest_brake(sealed: Desk):
    files = sorted(sealed.source.glob("dac/*/*/profiles/R*.nc"))
    assert len(files) > 8
    for file in files:
        file.rename(file.with_name("D" + file.name[1:]))
    edit_indexes(sealed.source, lambda line: re.sub(r"/profiles/R", "/profiles/D", line), only=PROF)
    record = go(sealed)
    assert (record["seal"]["renamed"], record["seal"]["removed"]) == (len(files), 0)


def test_a_missing_index_deletes_nothing_until_it_is_retired(sealed: Desk):
    for file in sealed.source.glob(f"{TECH}*"):
        file.unlink()
    done = sealed.sync("run", "-q")
    assert (done.returncode, f"index {TECH} is not at" in done.stdout) == (0, True), done.stderr
    assert (sealed.hub / f"{TECH}.txt").is_file()
    sealed.configure(str(sealed.source), retired=[TECH])
    add_to_config(sealed, brake(dac_removals=TIGHT, index_loss=TIGHT))
    approve(sealed, hold(sealed, "dac-removals"))
    record = go(sealed)
    names = {path.name for path in sealed.source.glob("dac/*/*/*_tech.nc")}
    assert record["seal"]["removed"] == len(names) + 2  # both forms of the index go with them
    assert "nothing changed" in sealed.sync("run", "-q").stdout


def test_a_held_mirror_does_not_stop_the_others(sealed: Desk):
    other = sealed.root / "other"
    sealed.configure(str(sealed.source))
    add_to_config(
        sealed,
        f'[mirror.other]\nstore = "{other}"\n'
        + brake("mirror.folder.brake", dac_removals=TIGHT, total_removals=TIGHT, dac_changes=TIGHT),
    )
    assert sealed.sync("replicate", "other", "-q").returncode == 0
    victim = next(sealed.source.glob("dac/*/*/profiles/R*.nc"))
    victim.unlink()
    edit_indexes(sealed.source, lambda line: None if f"/{victim.name}," in line else line, only=PROF)
    before = picture(sealed.mirror)
    done = sealed.sync("run", "-q")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "HELD" in done.stdout
    assert picture(sealed.mirror) == before
    assert told(other) == told(sealed.hub)
    (run,) = re.findall(r"gdac sync approve (\d+)", done.stdout)
    assert sealed.sync("replicate", "-q").returncode == 4  # still the same
    assert picture(sealed.mirror) == before
    approve(sealed, int(run))
    done = sealed.sync("replicate", "-q")
    assert done.returncode == 0, done.stdout
    assert told(sealed.mirror) == told(sealed.hub)


def told(store: Path) -> dict[str, bytes]:
    """What a store tells of its archive."""
    return {path: body for path, body in picture(store).items() if path.startswith("manifest/")}


def test_a_private_file_that_an_index_lists_is_refused_and_reported(sealed: Desk):
    float_ = next(sealed.source.glob("dac/*/*"))
    dac, wmo = float_.parts[-2:]
    inbox = sealed.source / "dac" / dac / "reject"
    inbox.mkdir()
    shutil.copy(next(float_.glob("profiles/*.nc")), inbox / f"R{wmo}_777.nc")
    rows = []

    def listing_it(line: str) -> str | None:
        if line.startswith("# Title"):
            rows.clear()
        elif not rows and line.startswith(f"{dac}/"):
            rows.append(line)
            return f"{dac}/reject/R{wmo}_777.nc,{line.partition(',')[2]}\n{line}"
        return line

    edit_indexes(sealed.source, listing_it, only=PROF)
    done = sealed.sync("run", "-q")
    assert f"reject/R{wmo}_777.nc" in done.stdout, done.stdout + done.stderr
    assert "refused" in done.stdout
    assert not list(sealed.hub.rglob("*_777.nc"))
    assert not list(sealed.mirror.rglob("*_777.nc"))


def test_a_private_file_in_the_journal_is_not_sealed(sealed: Desk):
    """A version before this rule may have fetched it."""
    path = "etc/removed/aoml/R13857_001.nc"
    (sealed.hub / path).parent.mkdir(parents=True)
    (sealed.hub / path).write_bytes(b"private")
    with State.open(sealed.root / "state") as state:
        state.journal([Ingested(path, 7, b"\x01" * 32, b"\x02" * 16, None, None)])
    done = sealed.sync("run", "-q")
    assert (done.returncode, path in done.stdout) == (0, True), done.stderr
    assert not (sealed.hub / path).exists()
    assert sealed.gdac("manifest", "verify", "hub").returncode == 0


def test_quarantine_is_tried_again_at_growing_distances(desk: Desk):
    victim = next(desk.source.glob("dac/*/*/*_tech.nc"))
    path = victim.relative_to(desk.source).as_posix()
    bytes_ = victim.read_bytes()
    victim.unlink()
    for _ in range(3):
        assert desk.sync("run", "-q").returncode == 5
    (item,) = json.loads(desk.sync("quarantine", "--json").stdout)["set_aside"]
    assert (item["path"], item["tries"], item["trouble"]) == (path, 3, "absent")
    assert item["next_try"] > item["since"]
    done = desk.sync("run", "-q", "--json")  # not due: a quiet run, that does not call itself complete
    record = json.loads(done.stdout)
    assert (done.returncode, record["ingest"]["listed"], record["ingest"]["set_aside"]) == (5, 0, 1)
    assert "not before" in desk.sync("quarantine").stdout
    assert desk.sync("quarantine", "--retry", "dac/none.nc").returncode == 2
    victim.write_bytes(bytes_)
    assert "with the next run" in desk.sync("quarantine", "--retry", "all").stdout
    assert desk.sync("run", "-q").returncode == 0
    assert "nothing is set aside" in desk.sync("quarantine").stdout
    assert (desk.mirror / path).read_bytes() == bytes_
