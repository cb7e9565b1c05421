"""Which serials a DOI snapshot is proven to be, or to be held by; and that nothing is claimed without a proof."""

import io
import shutil
import tarfile
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gdac.columns import connect
from gdac.errors import UsageError
from gdac.manifest import local
from gdac.manifest.doi import DoiSnapshot, Family, Relation, Snapshots, SnapshotsError, parse_snapshots
from gdac.manifest.head import render_head
from gdac.sample.archive import make_archive, next_day
from sync.doi.opening import open_address, open_file
from sync.doi.prove import Prover, Wanted, publish
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import opened
from sync.stores.local import LocalStore
from sync.tars.unpack import TarError
from tests.deployment import Deployment, InPlaceDeployment
from tests.servers.seanoe import publishing
from tests.snapshot_tars import snapshot_tar, tar_of

DOI = "10.17882/42182"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
SNAPSHOT = DoiSnapshot(
    "118037", "Snapshot of November", date(2026, 11, 22), "118037.tar.gz", "https://x/y", None, Family.FULL
)
KNOWN = Snapshots(DOI, NOW, (SNAPSHOT,))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A hub of three serials, and what it looked like after the first two."""
    root = tmp_path_factory.mktemp("sealed")
    here = Deployment(root, str(root / "source"))
    make_archive(root / "source", floats=4, cycles=6, seed=7, day=date(2025, 3, 1))
    for number in range(1, 4):
        if number > 1:
            next_day(root / "source")
        here.run()
        here.now += timedelta(days=1)
        if number < 3:
            shutil.copytree(here.hub, root / f"serial{number}")
    return root


@pytest.fixture
def hub(sealed, tmp_path):
    """A hub of one's own."""
    shutil.copytree(sealed / "hub", tmp_path / "hub")
    return tmp_path / "hub"


def prove(hub: Path, raw: bytes, wanted: Wanted = Wanted(), snapshot: DoiSnapshot = SNAPSHOT, store=None):  # noqa: B008 - frozen
    file = hub.parent / "the.tar.gz"
    file.write_bytes(raw)
    return prove_from(hub, open_file(file, snapshot.size), wanted, snapshot, store)


def prove_from(hub: Path, tar, wanted: Wanted = Wanted(), snapshot: DoiSnapshot = SNAPSHOT, store=None):  # noqa: B008 - frozen
    (hub.parent / "work").mkdir(exist_ok=True)

    async def run():
        async with store or LocalStore(hub) as opened_hub:
            with connect() as connection:
                prover = Prover(opened_hub, connection, hub.parent / "work", Silent(), lambda: NOW)
                return await prover.prove(snapshot, tar, KNOWN, wanted)

    return run_loop(run())


def files_of(tree: Path) -> list[tuple[str, bytes]]:
    """The files of the newest serial of a sealed tree; superseded ones lie there too."""
    head = local.need_head(tree)
    with connect() as connection:
        local.open_manifest(connection, tree, head.manifest, head.archive, "files")
        paths = [path for (path,) in connection.execute("select path from files order by path").fetchall()]
    return [(path, (tree / path).read_bytes()) for path in paths]


def proofs(hub: Path) -> list[tuple[int, str]]:
    found = parse_snapshots((hub / "manifest/about/doi-snapshots.json").read_bytes())
    assert found.known == KNOWN.known
    return [(one.serial, one.relation.value) for one in found.proofs]


@pytest.mark.parametrize("serial", [1, 2])
def test_the_serial_that_it_is_is_found_among_its_neighbours(sealed, hub, serial):
    outcome = prove(hub, snapshot_tar(files_of(sealed / f"serial{serial}")))
    assert [one.serial for one in outcome.compared] == [3, 2, 1]
    assert proofs(hub) == [(serial, "equal")]
    (proof,) = outcome.proofs
    assert (proof.key, proof.title, proof.date) == ("118037", SNAPSHOT.title, SNAPSHOT.date)
    assert proof.rows == outcome.loaded.rows == len(files_of(sealed / f"serial{serial}"))
    assert outcome.lacks == ()


def test_the_newest_is_found_and_a_plain_tree_is_as_good_as_a_tar_of_tars(hub):
    outcome = prove(
        hub, tar_of([(f"argo/{'' if '/' in path else 'dac/'}{path}", body) for path, body in files_of(hub)])
    )
    assert proofs(hub) == [(3, "equal")]
    assert outcome.loaded.size > 0


def test_a_snapshot_of_less_is_contained_and_in_every_serial_that_holds_it(sealed, hub):
    kept = dict(files_of(sealed / "serial1"))
    same = [(path, body) for path, body in files_of(hub) if kept.get(path) == body and path != min(kept)]
    assert len(same) > 10
    outcome = prove(hub, tar_of(same))
    assert proofs(hub) == [(1, "contained"), (2, "contained"), (3, "contained")]
    assert outcome.best.serial == 1  # sealed nearest to the snapshot's day


def test_one_file_of_other_bytes_and_nothing_is_claimed(sealed, hub):
    files = files_of(sealed / "serial2")
    changed = next(at for at, (path, _) in enumerate(files) if path.endswith("_meta.nc"))
    files[changed] = (files[changed][0], files[changed][1] + b"!")
    outcome = prove(hub, tar_of([*files, ("geo/never.nc", b"1")]))
    assert outcome.proofs == ()
    assert proofs(hub) == []
    assert (outcome.best.serial, outcome.best.matched) == (2, len(files) - 1)
    lacking = {one.kind.value: (one.absent, one.other, one.example) for one in outcome.lacks if one.absent or one.other}
    assert lacking == {"meta": (0, 1, files[changed][0]), "other": (1, 0, "geo/never.nc")}


def test_what_one_serial_lacks_is_told_for_that_serial(sealed, hub):
    files = [one for one in files_of(sealed / "serial1") if not one[0].endswith("_index.txt")]
    outcome = prove(hub, tar_of([*files, ("extra.txt", b"1")]), Wanted(serial=1))
    assert [one.serial for one in outcome.compared] == [1]
    assert [(one.kind.value, one.absent) for one in outcome.lacks if one.absent or one.other] == [("other", 1)]


def test_a_member_that_no_archive_may_hold_forbids_every_claim(hub):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, body in files_of(hub):
            info = tarfile.TarInfo(path)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
        link = tarfile.TarInfo("dac/aoml/link.nc")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    outcome = prove(hub, out.getvalue())
    assert outcome.best.matched == outcome.loaded.rows == outcome.best.rows
    assert outcome.loaded.refused.count == 1
    assert outcome.proofs == ()


def test_a_path_that_stands_there_twice(hub):
    files = files_of(hub)
    assert prove(hub, tar_of([*files, files[5]])).proofs[0].relation is Relation.EQUAL
    outcome = prove(hub, tar_of([*files, (files[5][0], b"other")]))
    assert outcome.loaded.torn == 1
    assert proofs(hub) == []  # what was claimed before is taken back


def test_an_empty_tar_proves_nothing(hub):
    assert prove(hub, tar_of([])).proofs == ()


def test_a_tar_of_another_size_than_the_record_says_is_refused_and_nothing_is_written(hub):
    with pytest.raises(TarError, match="record says"):
        prove(hub, snapshot_tar(files_of(hub)), snapshot=replace(SNAPSHOT, size=99))
    assert not (hub / "manifest/about/doi-snapshots.json").exists()


def test_serials_far_from_its_day_are_compared_when_asked_for_only(hub):
    old = replace(SNAPSHOT, date=date(2020, 1, 1))
    assert prove(hub, snapshot_tar(files_of(hub)), snapshot=old).compared == ()
    assert prove(hub, snapshot_tar(files_of(hub)), Wanted(serial=3), old).proofs[0].relation is Relation.EQUAL
    assert len(prove(hub, snapshot_tar(files_of(hub)), Wanted(around=timedelta(0))).compared) == 1
    with pytest.raises(UsageError, match="no serial 4"):
        prove(hub, snapshot_tar(files_of(hub)), Wanted(serial=4))


def test_serials_beyond_the_deltas_that_the_head_lists_are_found_by_the_chain(sealed, hub):
    head = local.need_head(hub)
    (hub / "manifest/head.json").write_bytes(render_head(replace(head, deltas=head.deltas[-1:])))
    outcome = prove(hub, snapshot_tar(files_of(sealed / "serial1")), Wanted(serial=1))
    assert [(one.serial, one.matched) for one in outcome.compared] == [(1, outcome.loaded.rows)]
    assert proofs(hub) == [(1, "equal")]
    for delta in hub.glob("manifest/000000002-*.delta.parquet"):
        delta.unlink()
    with pytest.raises(UsageError, match="reaches back to 2"):
        prove(hub, snapshot_tar(files_of(sealed / "serial1")), Wanted(serial=1))


def test_a_tree_sealed_in_place_is_proven_too(sealed, tmp_path):
    here = InPlaceDeployment(tmp_path, "")
    shutil.copytree(sealed / "source", here.hub)
    here.run()
    prove(here.hub, snapshot_tar(files_of(here.hub)), store=opened("(hub)", here.config.hub))
    assert proofs(here.hub) == [(1, "equal")]


def test_a_download_that_breaks_off_is_gone_on_with(hub, tmp_path):
    (tmp_path / "tars").mkdir()
    raw = snapshot_tar(files_of(hub))
    (tmp_path / "tars" / "1.tar.gz").write_bytes(raw)
    with publishing(tmp_path / "tars") as publisher:
        publisher.break_at = len(raw) // 2
        url = f"{publisher.url}/data/00311/42182/data/1.tar.gz"
        outcome = prove_from(hub, open_address(url, len(raw)))
        assert len(publisher.requests) == 2
        publisher.shrink = 1
        with pytest.raises(TarError, match="record says"):
            prove_from(hub, open_address(url, len(raw)))
    assert [one.serial for one in outcome.proofs] == [3]


def test_other_bytes_after_the_break_are_no_proof(hub, tmp_path):
    @asynccontextmanager
    async def torn():
        (tmp_path / "cut.tar.gz").write_bytes(snapshot_tar(files_of(hub))[:-7])
        async with open_file(tmp_path / "cut.tar.gz", None) as tar:
            yield tar

    with pytest.raises(TarError, match="ends early"):
        prove_from(hub, torn())


def test_an_older_record_never_replaces_a_newer_one(hub):
    async def both():
        async with LocalStore(hub) as store:
            await publish(store, KNOWN)
            older = replace(KNOWN, fetched=NOW - timedelta(days=9), known=())
            return await publish(store, older)

    assert run_loop(both()) == KNOWN


def test_a_list_that_cannot_be_read_is_written_anew_only_when_that_is_asked(hub):
    (hub / "manifest/about").mkdir(exist_ok=True)
    (hub / "manifest/about/doi-snapshots.json").write_bytes(b"{")
    with pytest.raises(SnapshotsError):
        prove(hub, snapshot_tar(files_of(hub)))

    async def anew():
        async with LocalStore(hub) as store:
            return await publish(store, KNOWN, over_broken=True)

    assert run_loop(anew()) == KNOWN
    assert proofs(hub) == []
