"""A hub begun from a DOI snapshot: what is written, what is not, and how little the run after it fetches."""

import io
import os
import tarfile
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gdac.errors import UsageError
from gdac.manifest import local
from gdac.sample.archive import make_archive, next_day
from sync.doi.opening import open_file
from sync.doi.origin import seeded_from
from sync.doi.seed import Seeded, Seeder
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import opened, taken_hub
from sync.state import State
from sync.tars.unpack import TarError
from sync.transfer import SMALL
from tests.deployment import Deployment, InPlaceDeployment
from tests.servers import http_python
from tests.snapshot_tars import files_of, snapshot_tar, tar_of, times_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    make_archive(tmp_path / "source", floats=4, cycles=5, seed=7, day=date(2025, 3, 1))
    return tmp_path / "source"


@pytest.fixture
def here(tmp_path: Path, source: Path) -> Deployment:
    return Deployment(tmp_path, str(source))


def seed(here: Deployment, raw: bytes) -> Seeded:
    file = here.root / "the.tar.gz"
    file.write_bytes(raw)

    async def seeded(state: State) -> Seeded:
        async with opened("(hub)", here.config.hub) as hub:
            taken = await taken_hub(here.config, state, hub, lambda: here.now)
            with TemporaryDirectory(dir=state.directory) as folder:
                seeder = Seeder(here.config, state, taken, Path(folder), Silent(), lambda: here.now)
                return await seeder.seed(open_file(file, len(raw)))

    with State.open(here.config.state_directory) as state:
        return run_loop(seeded(state))


def pending(here: Deployment) -> dict[str, str | None]:
    """Path and date of what waits for a seal."""
    with State.open(here.config.state_directory) as state:
        return {row[0]: row[5] for row in state.pending()}


def data_of(tree: Path) -> dict[str, bytes]:
    return dict(one for one in files_of(tree) if "/" in one[0])


def sealed_paths(tree: Path) -> set[str]:
    from gdac.columns import connect

    head = local.need_head(tree)
    with connect() as connection:
        local.open_manifest(connection, tree, head.manifest, head.archive, "files")
        return {path for (path,) in connection.execute("select path from files").fetchall()}


def test_the_run_after_a_seed_fetches_what_changed_since_and_no_more(here, source):
    raw = snapshot_tar(files_of(source), times=times_of(source))
    before = data_of(source)
    changes = next_day(source)
    found = seed(here, raw)
    assert found.files == found.written == len(before)
    assert data_of(here.hub) == before
    with http_python(source) as server:
        here.source = server.url
        record = here.run()
    now = data_of(source)
    differing = {path for path, body in now.items() if before.get(path) != body}
    assert {*changes.added, *changes.changed, *changes.derived} <= differing
    fetched = [line.split("/", 1)[1] for line in server.requests if line.startswith("GET") and line.endswith(".nc")]
    assert sorted(fetched) == sorted(differing)
    assert record.ingest.moved.files == len(differing) < len(now) / 3
    assert sealed_paths(here.hub) == {path for path, _ in files_of(source)}
    here.let_grace_pass()
    here.source = str(source)
    here.run()
    assert files_of(here.hub) == files_of(source)  # what had gone since the snapshot has left the hub, too


def test_what_is_not_public_and_what_runs_never_look_at_stays_out(here, source):
    private = {"202503-ArgoData/dac/ar_greylist.txt": b"1", "202503-ArgoData/etc/removed/aoml/R1_1.nc": b"2"}
    beyond = {"202503-ArgoData/readme.txt": b"3", "202503-ArgoData/geo/pacific_ocean/2025/03/20250301_prof.nc": b"4"}
    some = dict(list(data_of(source).items())[:3])
    found = seed(here, tar_of([*private.items(), *beyond.items(), *some.items()]))
    assert data_of(here.hub) == some
    assert sum(found.left.values()) == 4
    assert sum("restricted" in why or "etc/" in why for why in found.left) == 2
    here.options = {"observe": "listing"}
    found = seed(here, tar_of([*private.items(), *beyond.items()]))
    assert "geo/pacific_ocean/2025/03/20250301_prof.nc" in data_of(here.hub)
    assert not any("greylist" in path or "removed" in path for path in data_of(here.hub))


def test_members_made_to_harm_are_refused_and_the_others_are_taken(here, tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("../../evil.nc", str(tmp_path / "evil.nc"), "dac/aoml/13857/13857_meta.nc"):
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"1"))
        link = tarfile.TarInfo("dac/aoml/13857/13857_tech.nc")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    found = seed(here, out.getvalue())
    assert found.refused.count == 3
    assert data_of(here.hub) == {"dac/aoml/13857/13857_meta.nc": b"1"}
    assert not list(tmp_path.rglob("evil*"))


def test_a_seed_that_broke_off_goes_on_and_writes_nothing_twice(here, source):
    raw = tar_of(data_of(source).items(), packed=False)
    with pytest.raises(TarError, match="ends early"):
        seed(here, raw[: len(raw) // 2])
    kept = pending(here)
    assert 0 < len(kept) < len(data_of(source))
    stamps = {path: (here.hub / path).stat().st_ino for path in kept}
    found = seed(here, raw)
    assert found.files == len(data_of(source))
    assert found.written == found.files - len(kept)
    assert {path: (here.hub / path).stat().st_ino for path in kept} == stamps


def test_what_a_killed_seed_wrote_and_nobody_wants_goes_after_the_grace(here, source):
    stray = "dac/aoml/9999999/9999999_meta.nc"
    state = here.config.state_directory
    state.mkdir(parents=True)
    (state / "seed.paths").write_text(f"{stray}\ndac/aoml/99")  # killed within a line
    (here.hub / stray).parent.mkdir(parents=True)
    (here.hub / stray).write_bytes(b"written, not journalled")
    here.run()
    assert stray not in sealed_paths(here.hub)
    assert (here.hub / stray).exists()
    here.let_grace_pass()
    here.run()
    assert not (here.hub / stray).exists()


def test_a_large_file_passes_through(here):
    body = os.urandom(SMALL + 5)
    found = seed(here, tar_of([("dac/aoml/13857/13857_Rtraj.nc", body)]))
    assert (found.files, found.bytes, found.undated) == (1, len(body), 1)
    assert data_of(here.hub) == {"dac/aoml/13857/13857_Rtraj.nc": body}


def test_a_file_that_stands_in_the_tar_twice_is_there_as_the_last_one(here):
    path = "dac/aoml/13857/13857_meta.nc"
    seed(here, tar_of([(path, b"first"), (path, b"second")] * 20))
    assert data_of(here.hub) == {path: b"second"}


def test_dates_come_from_the_file_else_from_the_index_where_the_bytes_are_not_older(here, source):
    files = dict(files_of(source))
    metas = sorted(path for path in files if path.endswith("_meta.nc"))
    own, fresh, stale, unknown = metas[0], metas[1], metas[2], "dac/aoml/9999999/9999999_meta.nc"
    files |= dict.fromkeys((fresh, stale, unknown), b"\x89HDF\r\n\x1a\n no more")
    files = {path: body for path, body in files.items() if path in {own, fresh, stale, unknown} or "/" not in path}
    late, early = datetime(2025, 6, 1, tzinfo=UTC).timestamp(), datetime(2001, 1, 1, tzinfo=UTC).timestamp()
    found = seed(here, snapshot_tar(files.items(), times={fresh: late, stale: early, unknown: late}))
    rows = (source / "ar_index_global_meta.txt").read_text().splitlines()
    listed = {f"dac/{row.split(',')[0]}": row.split(",")[-1] for row in rows if "_meta.nc" in row}
    dates = {path: "".join(filter(str.isdigit, said or ""))[:14] for path, said in pending(here).items()}
    assert (dates[own], dates[fresh]) == (listed[own], listed[fresh])
    assert (dates[stale], dates[unknown]) == ("20010101000000", "20250601000000")
    assert found.undated == 2


def test_index_files_that_are_none_only_cost_dates(here):
    found = seed(here, tar_of([("dac/ar_index_global_meta.txt.gz", b"<html>"), ("dac/aoml/13857/13857_meta.nc", b"1")]))
    assert found.files == found.undated == 1
    assert "tell no dates" in found.notes[0]


def test_a_seed_begins_a_hub_and_touches_no_other(here, source, tmp_path):
    here.run()
    with pytest.raises(UsageError, match="shows serial 1 already"):
        seed(here, tar_of([("dac/aoml/13857/13857_meta.nc", b"1")]))
    in_place = InPlaceDeployment(tmp_path / "b", "")
    make_archive(in_place.hub, floats=1, cycles=2, seed=7, day=date(2025, 3, 1))
    with pytest.raises(UsageError, match="operator's own tree"):
        seed_in_place(in_place)


def seed_in_place(here: Deployment) -> None:
    with State.open(here.config.state_directory) as state:

        async def seeded() -> None:
            async with opened("(hub)", here.config.hub) as hub:
                seeder = Seeder(here.config, state, hub, here.root, Silent(), lambda: NOW)
                await seeder.seed(open_file(here.root / "none", None))

        run_loop(seeded())


def test_a_first_serial_can_say_from_which_snapshots_it_came(tmp_path):
    with State.open(tmp_path / "state") as state:
        assert seeded_from(state) == ()
        for kind, summary in (
            ("run", {}),
            ("seed", {"snapshot": "gone"}),
            ("seed", {"url": "https://doi.org/10.1/2#7"}),
        ):
            state.end_run(state.start_run(kind, NOW), NOW, "fine", summary)
        (source,) = seeded_from(state)
    assert (source.name, source.url, source.way) == ("doi-snapshot-7", "https://doi.org/10.1/2#7", "tar")
