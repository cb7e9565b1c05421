"""A hub that is the operator's own tree: sealed where it lies, nothing copied, nothing but manifest/ written."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from gdac.errors import GdacError, RefusedError, UsageError
from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from sync.audit.orders import Auditor, Order
from sync.brakes.hold import HeldError
from sync.hub.revert import Revert
from sync.hub.sweep import Sweep
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import Run, opened
from sync.state import State
from tests.conftest import ROOT
from tests.deployment import InPlaceDeployment, assert_equal_by_rclone, folder_mirror
from tests.servers import rclone

FLOATS, CYCLES = 3, 5


@pytest.fixture
def here(tmp_path):
    made = InPlaceDeployment(tmp_path, "", {"disk": folder_mirror(tmp_path / "disk")})
    make_archive(made.hub, floats=FLOATS, cycles=CYCLES, seed=7, day=date(2025, 3, 1))
    return made


def facts(tree):
    """Everything outside manifest/ with inode and times: equal facts mean that nobody touched it."""
    return {
        each.relative_to(tree).as_posix(): (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
        for each in tree.rglob("*")
        if (found := each.lstat()) and "manifest" not in each.relative_to(tree).parts
        if each.is_file() or each.is_symlink()
    }


def mirror_holds_the_tree(here):
    if rclone() is not None:
        assert_equal_by_rclone(here.hub, str(here.root / "disk"))


def plan(here):
    with State.open(here.config.state_directory) as state:
        return run_loop(Run(here.config, state, Silent(), lambda: here.now).look())


def sweep(here):
    async def work(state):
        return await Sweep(here.config, state, Silent(), lambda: here.now, opened).sweep()

    with State.open(here.config.state_directory) as state:
        return run_loop(work(state))


def test_days_of_a_tree_in_place(here):
    before = facts(here.hub)
    seen, _ = plan(here)
    assert not (here.hub / "manifest").exists()
    first = here.run()
    assert first.outcome is Outcome.FINE
    assert seen.todo == first.ingest.moved.files == len(before) - 14
    assert seen.size == first.ingest.moved.bytes
    assert first.seal.rows == len(before)
    assert facts(here.hub) == before
    mirror_holds_the_tree(here)

    quiet = here.run()
    assert (quiet.outcome, quiet.seal.new, quiet.ingest.planned) == (Outcome.FINE, False, 0)

    for _ in range(2):
        changes = next_day(here.hub)
        before = facts(here.hub)
        done = here.run()
        assert done.outcome is Outcome.FINE
        assert (done.seal.added, done.seal.renamed, done.seal.removed) == (
            len(changes.added),
            len(changes.renamed),
            len(changes.removed),
        )
        assert done.seal.changed == len(changes.changed) + len(changes.derived) + len(changes.indexes)
        came = len(changes.added) + len(changes.renamed) + len(changes.changed) + len(changes.derived)
        assert done.ingest.moved.files == came  # the others were not read
        assert done.mirrors[0].way == "delta"
        assert facts(here.hub) == before
    here.let_grace_pass()
    before = facts(here.hub)
    here.run()
    assert facts(here.hub) == before
    mirror_holds_the_tree(here)


def test_all_that_no_index_lists_is_taken_and_followed(here):
    here.run()
    new = ["geo/atlantic_ocean/2025/03/20250301_prof.nc", "latest_data/D20250301_prof_0.nc", "aux/aoml/1/x.nc"]
    for path in new:
        (here.hub / path).parent.mkdir(parents=True, exist_ok=True)
        (here.hub / path).write_bytes(b"CDF\x01 of the first day")
    done = here.run()
    assert (done.seal.added, done.seal.changed) == (3, 0)
    (here.hub / new[0]).write_bytes(b"CDF\x01 of the other day")
    (here.hub / new[1]).unlink()
    done = here.run()
    assert (done.seal.added, done.seal.changed, done.seal.removed) == (0, 1, 1)
    assert (here.root / "disk" / new[0]).read_bytes() == b"CDF\x01 of the other day"
    assert (here.root / "disk" / new[1]).is_file()  # for its grace
    here.let_grace_pass()
    here.run()
    assert not (here.root / "disk" / new[1]).exists()


def test_unlisted_and_odd_names_stay_out_and_are_told(here):
    first = here.run()
    folder = min((here.hub / "dac").glob("*/*"))
    stray = folder / "profiles" / f"R{folder.name}_999.nc"
    stray.write_bytes(b"CDF\x01")
    (folder / "notes.txt").write_text("?")
    (folder / f"{folder.name}_meta.nc.part").write_bytes(b"half")
    (folder / "leak.nc").symlink_to("/etc/hostname")
    done = here.run()
    assert (done.outcome, done.seal.new, done.ingest.unlisted) == (Outcome.FINE, False, 1)
    told = "\n".join(done.notes)
    assert stray.name in told
    assert all(word in told for word in ("notes.txt", "_meta.nc.part", "leak.nc"))
    assert done.seal.rows == first.seal.rows


def test_half_written_index_stops_everything(here):
    here.run()
    next_day(here.hub)
    index = here.hub / "ar_index_global_prof.txt"
    whole = index.read_bytes()
    index.write_bytes(whole[:-7])
    before = facts(here.hub)
    with pytest.raises(RefusedError, match="is cut"):
        here.run()
    assert json.loads((here.hub / "manifest/head.json").read_text())["serial"] == 1
    assert facts(here.hub) == before
    index.write_bytes(whole)
    assert here.run().seal.serial == 2


def test_a_file_that_never_holds_still_is_deferred_and_the_rest_is_sealed(here):
    """A process writes into one file without pause; everything else is sealed, and the file when it is done."""
    here.run()
    moving = min(here.hub.glob("dac/*/*/*_prof.nc"))
    moving.write_bytes(moving.read_bytes() * 200)  # takes a while to read
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import time\nwhile True:\n open({str(moving)!r}, 'ab').write(b'x'*999); time.sleep(.001)",
        ]
    )
    try:
        time.sleep(0.3)
        (here.hub / "latest_data").mkdir(exist_ok=True)
        (here.hub / "latest_data/R20250301_prof_0.nc").write_bytes(b"CDF\x01")
        done = here.run()
    finally:
        writer.kill()
        writer.wait()
    path = moving.relative_to(here.hub).as_posix()
    assert done.outcome is Outcome.PARTIAL
    assert (done.seal.added, done.seal.changed, done.ingest.set_aside) == (1, 0, 1)
    assert any(path in note for note in done.notes)
    done = here.run()
    assert (done.outcome, done.seal.changed) == (Outcome.FINE, 1)
    assert (here.root / "disk" / path).read_bytes() == moving.read_bytes()


def test_a_file_older_than_its_index_row_is_deferred(here):
    here.run()
    index = here.hub / "ar_index_global_meta.txt"
    (here.hub / "ar_index_global_meta.txt.gz").unlink()
    lines = index.read_text().splitlines()
    fields = lines[-1].split(",")
    fields[-1] = "20301231000000"
    index.write_text("\n".join([*lines[:-1], ",".join(fields)]) + "\n")
    done = here.run()
    assert (done.outcome, done.ingest.set_aside) == (Outcome.PARTIAL, 1)
    assert any("older than its index row" in note for note in done.notes)


def test_brakes_hold_losses_and_an_approval_lets_them_go(here):
    here.options = {"brake": {"total_removals": {"floor": 1, "share": 0.001}}}
    here.run()
    for file in here.hub.glob("dac/*/*/*_prof.nc"):
        file.unlink()
    before = facts(here.hub)
    with pytest.raises(HeldError, match=r"_prof\.nc") as held:
        here.run()
    assert (here.root / "disk/manifest/head.json").read_bytes() == (here.hub / "manifest/head.json").read_bytes()
    assert facts(here.hub) == before
    assert plan(here)[0].judgement.hold is not None
    run = int(str(held.value.hint).split("approve ")[1].split(",")[0])
    with State.open(here.config.state_directory) as state:
        assert state.approve(run, "tester", here.now) == 1
    done = here.run()
    assert done.seal.removed == FLOATS


def test_a_disk_that_is_not_mounted_loses_nothing(here):
    here.run()
    (here.hub / "dac").rename(here.root / "away")
    with pytest.raises(HeldError):
        here.run()
    (here.hub / "dac").mkdir()
    with pytest.raises(HeldError):
        here.run()
    (here.hub / "dac").rmdir()
    (here.root / "away").rename(here.hub / "dac")
    assert here.run().seal.new is False
    here.hub.rename(here.root / "all-away")
    with pytest.raises(GdacError, match=r"none of the configured index files|is not there|it was emptied"):
        here.run()


def test_the_first_seal_wants_the_whole_tree(here):
    (here.hub / "dac").rename(here.root / "other-disk")
    (here.hub / "dac").symlink_to(here.root / "other-disk")
    with pytest.raises(RefusedError, match=r"are not in .* nothing was sealed.*Links are not followed"):
        here.run()
    assert not (here.hub / "manifest/head.json").exists()


def test_listed_files_that_are_not_there_are_told(here):
    missing = min(here.hub.glob("dac/*/*/*_tech.nc"))
    missing.unlink()
    done = here.run()
    assert (done.outcome, done.ingest.set_aside) == (Outcome.PARTIAL, 1)
    assert any(missing.name in note for note in done.notes)


def test_a_rename_that_the_index_does_not_know_yet_loses_nothing(here):
    """D files are put in place and R files taken away before the hourly index is written."""
    here.run()
    old = min(here.hub.glob("dac/*/*/profiles/R*.nc"))
    new = old.with_name(f"D{old.name[1:]}")
    old.rename(new)
    early = here.run()
    assert (early.seal.new, early.ingest.kept, early.ingest.unlisted) == (False, 1, 1)
    for index in here.hub.glob("ar_index_global_prof.txt*"):
        opened_as = gzip.open if index.suffix == ".gz" else open
        with opened_as(index, "rt") as text:
            lines = text.read()
        with opened_as(index, "wt") as text:
            text.write(lines.replace(old.name, new.name))
    done = here.run()
    assert (done.seal.renamed, done.seal.removed, done.seal.added) == (1, 0, 0)


def test_killed_at_any_instant_it_goes_on_without_reading_twice(here):
    """kill -9 of a real process while it reads; what is journalled is not read again."""
    big = here.hub / "geo/atlantic_ocean/2025/03"
    big.mkdir(parents=True)
    for day in range(1, 29):
        (big / f"202503{day:02}_prof.nc").write_bytes(os.urandom(12 << 20))
    config = here.root / "gdac.toml"
    config.write_text(
        f'[hub]\nstore = "{here.hub}"\nstate = "{here.root / "state"}"\nconnections = 1\n'
        f'[mirror.disk]\nstore = "{here.root / "disk"}"\n'
    )
    before = facts(here.hub)
    command = [sys.executable, "-m", "gdac.cli.main", "sync", "run", "-q", "-c", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journalled = 0
    for _ in range(6_000):
        time.sleep(0.01)
        if process.poll() is not None:
            break
        if (here.root / "state/state.db").exists():
            journalled = _journalled(here)
            if journalled >= 3:
                process.send_signal(signal.SIGKILL)
                break
    process.wait()
    assert facts(here.hub) == before
    journalled = _journalled(here)
    done = here.run()
    assert done.outcome is Outcome.FINE
    if process.returncode == -signal.SIGKILL and not (here.hub / "manifest/head.json").exists():
        assert journalled >= 3
    assert done.ingest.moved.files == len(before) - 14 - journalled or done.seal.new is False
    assert facts(here.hub) == before
    mirror_holds_the_tree(here)


def _journalled(here):
    import sqlite3
    from contextlib import closing, suppress

    with suppress(sqlite3.Error), closing(sqlite3.connect(here.root / "state/state.db", timeout=5)) as database:
        return int(database.execute("select count(*) from pending").fetchone()[0])
    return 0


def test_bytes_replaced_under_the_same_size_and_time_are_found_by_the_sweep(here):
    here.options = {"sweep": {"parts": 1}}
    here.now = datetime.now(UTC) - timedelta(hours=1)
    here.run()
    victim = min(here.hub.glob("dac/*/*/profiles/*.nc"))
    kept = victim.stat()
    body = bytearray(victim.read_bytes())
    body[-1] ^= 1
    victim.write_bytes(bytes(body))
    os.utime(victim, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert here.run().seal.new is False  # nothing shows
    found = sweep(here)
    path = victim.relative_to(here.hub).as_posix()
    assert (found.replaced, found.first, found.damaged_count) == (1, (path,), 0)
    assert found.files == len(facts(here.hub)) - 14
    done = here.run()
    assert (done.seal.changed, done.ingest.moved.files) == (1, 1)
    assert (here.root / "disk" / path).read_bytes() == bytes(body)
    assert sweep(here).replaced == 0


def test_a_rotten_disk_is_reported_and_never_sealed(here):
    """No program has touched the file since it was sealed: its bytes must not reach the mirrors."""
    here.options = {"sweep": {"parts": 1}}
    victim = min(here.hub.glob("dac/*/*/profiles/*.nc"))
    body = victim.read_bytes()
    here.now = datetime.now(UTC) + timedelta(
        days=1
    )  # the seal is later than the change below: as if nobody had made it
    here.run()
    kept = victim.stat()
    victim.write_bytes(bytes([*body[:-1], body[-1] ^ 1]))
    os.utime(victim, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    found = sweep(here)
    path = victim.relative_to(here.hub).as_posix()
    assert (found.replaced, found.damaged_count, found.waiting) == (0, 1, 0)
    assert found.damaged[0].startswith(path)
    assert here.run().seal.new is False
    assert (here.root / "disk" / path).read_bytes() == body


def test_a_lost_state_deletes_nothing_of_the_tree(here):
    """What left the manifest may still lie in the tree, unlisted; its grace is the mirrors' business."""
    here.run()
    victim = min(here.hub.glob("dac/*/*/profiles/*.nc")).relative_to(here.hub).as_posix()
    name = victim.removeprefix("dac/")
    for index in (*here.hub.glob("*_index*.txt"), *here.hub.glob("ar_index*.txt")):
        index.with_name(index.name + ".gz").unlink(missing_ok=True)
        lines = index.read_text().splitlines(keepends=True)
        index.write_text("".join(line for line in lines if not line.startswith(name)))
    assert here.run().seal.removed >= 1
    before = facts(here.hub)
    shutil.rmtree(here.root / "state")
    for _ in range(2):
        here.run()
        here.let_grace_pass()
    here.run()
    assert facts(here.hub) == before
    assert (here.hub / victim).is_file()
    assert not (here.root / "disk" / victim).exists()


def test_commands_that_would_write_into_the_tree_refuse(here):
    here.run()
    next_day(here.hub)
    here.run()
    before = facts(here.hub)

    async def revert(state):
        return await Revert(here.config, state, Silent(), lambda: here.now, opened).to(1)

    with State.open(here.config.state_directory) as state, pytest.raises(UsageError, match="sealed in place"):
        run_loop(revert(state))

    victim = min(here.hub.glob("dac/*/*/profiles/*.nc"))
    victim.unlink()
    before = facts(here.hub)

    async def audit(state):
        order = Order(None, everything=True, download=True, heal=True, delete_extra=True, adopt=False)
        return await Auditor(here.config, state, Silent(), lambda: here.now).audit(("hub",), order)

    with State.open(here.config.state_directory) as state:
        report = run_loop(audit(state))[0]
    assert report.counts.get("missing") == 1
    assert report.mended == 0
    assert facts(here.hub) == before
