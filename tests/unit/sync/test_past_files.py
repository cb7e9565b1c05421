"""The past of an archive that lies elsewhere: only what a question needs is fetched, however far back it reaches."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from gdac.columns import connect
from gdac.errors import RefusedError, UsageError
from gdac.manifest import local
from gdac.manifest import seal as sealing
from gdac.manifest.chain import survey
from gdac.manifest.head import Head
from gdac.manifest.history import History
from gdac.manifest.record import About, RunFacts, RunKind, SoftwareFacts
from gdac.manifest.seal import prepare_seal
from gdac.manifest.states import open_past
from sync.loop import run as run_loop
from sync.sealed.past import PastFiles, open_archive
from sync.transfer import BadTransferError
from tests.servers import http_python
from tests.unit.gdac.manifest_rows import ARCHIVE, make, read

NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
META, R1 = "dac/aoml/13857/13857_meta.nc", "dac/aoml/13857/profiles/R13857_001.nc"
SERIALS = 20


def build(con: duckdb.DuckDBPyConnection, tree: Path, *, records: bool) -> Head:
    """Twenty serials, a day each, of which the head lists the newest five."""
    tree.mkdir()
    for at in range(SERIALS):
        now = NOW + at * DAY
        base = local.read_head(tree)
        if base is not None:
            local.open_manifest(con, tree, base.manifest, base.archive, "base")
        make(con, "state", {META: f"{at}", R1: "r"}, serial=1)
        run = RunFacts(f"00000000-0000-4000-8000-{at:012}", RunKind.SEAL, now)
        made = prepare_seal(
            con,
            base=base,
            base_table="base" if base else None,
            new_table="state",
            archive=ARCHIVE,
            now=now,
            staging=local.make_staging(tree),
            expires_after=3 * DAY,
            run=About(run, SoftwareFacts("argo-gdac", "0")) if records else None,
        )
        before = (tree / "manifest" / "head.json").read_bytes() if base else None
        local.publish(made, tree, before=before)
        if base is not None and base.serial % 7 != 1:
            (tree / base.manifest.key).unlink()
    return local.need_head(tree)


@pytest.fixture(scope="module", params=[False, True], ids=["chain", "records"])
def built(request, tmp_path_factory) -> tuple[Path, Head, bool]:
    tree = tmp_path_factory.mktemp("past") / "tree"
    with pytest.MonkeyPatch.context() as patched, connect() as con:
        patched.setattr(sealing, "MAX_DELTAS", 5)
        patched.setattr(sealing, "MAX_MANIFESTS", 1)
        head = build(con, tree, records=request.param)
    assert (len(head.deltas), len(head.manifests), head.record is not None) == (5, 1, request.param)
    return tree, head, request.param


@pytest.fixture
def sealed(built, tmp_path) -> tuple[Path, Head, bool]:
    tree, head, has_records = built
    shutil.copytree(tree, tmp_path / "tree")
    return tmp_path / "tree", head, has_records


def asked(requests: list[str]) -> list[str]:
    return [one.split("/manifest/")[1].split()[0] for one in requests if "/manifest/0" in one and one.startswith("GET")]


@pytest.mark.parametrize("serial", [20, 19, 12, 2, 1])
def test_a_state_of_an_archive_elsewhere(sealed, tmp_path, serial):
    tree, head, _ = sealed
    with connect() as con, http_python(tree) as web:

        async def work():
            async with open_archive(web.url) as store:
                return await PastFiles(con, store, head, tmp_path / "copies").state(serial)

        past, found = run_loop(work())
        assert open_past(con, past, found, "rows_then") == serial
        make(con, "expected", {META: f"{serial - 1}", R1: "r"})
        assert read(con, "rows_then", serial=False) == read(con, "expected", serial=False)
        first = asked(web.requests)
        manifests = [name for name in first if "manifest.parquet" in name]
        assert len(manifests) <= 2
        assert len(first) == len(set(first))
        web.requests.clear()
        run_loop(work())
        assert not [name for name in asked(web.requests) if name not in manifests]
        assert len(list((tmp_path / "copies").rglob("*.manifest.parquet"))) <= 2


def test_a_day_beyond_the_head_needs_records(sealed, tmp_path):
    tree, head, has_records = sealed
    with connect() as con, http_python(tree) as web:

        async def work(day: date):
            async with open_archive(f"{web.url}/manifest/head.json") as store:
                return await PastFiles(con, store, head, tmp_path / "copies").state(day)

        assert run_loop(work(date(2026, 11, 20)))[1] == 19
        if has_records:
            assert run_loop(work(date(2026, 11, 5)))[1] == 4
        else:
            with pytest.raises(RefusedError, match="nothing at hand says when serials"):
                run_loop(work(date(2026, 11, 5)))


def test_everything(sealed, tmp_path):
    tree, head, _ = sealed
    with connect() as con, http_python(tree) as web:

        async def work():
            async with open_archive(web.url) as store:
                return await PastFiles(con, store, head, tmp_path / "copies").everything()

        past = run_loop(work())
        assert past.oldest == 1
        stays = History(con, past).of_path(META)
        assert [(one.serial, one.until) for one in stays] == [(n, n + 1 if n < 20 else None) for n in range(1, 21)]
        assert sum("delta" in name for name in asked(web.requests)) == 19
        here = survey(con, tree, head)
        assert (here.oldest, here.times.keys() >= past.times.keys()) == (1, True)


def test_a_mirror_that_lacks_old_deltas_says_so(sealed, tmp_path):
    tree, head, has_records = sealed
    for old in (tree / "manifest").glob("00000000[2-7]-*.delta.parquet"):
        old.unlink()
    with connect() as con, http_python(tree) as web:

        async def work(serial: int | None):
            async with open_archive(web.url) as store:
                files = PastFiles(con, store, head, tmp_path / "copies")
                return await (files.everything() if serial is None else files.state(serial))

        assert run_loop(work(None)).oldest == 7
        assert run_loop(work(9))[1] == 9
        with pytest.raises(RefusedError, match="has neither its manifest nor the way to it"):
            run_loop(work(3))
        with pytest.raises(UsageError, match="there is no serial 21"):
            run_loop(work(21))
        if has_records:  # which name the first manifest, though nothing leads there from the newest
            assert run_loop(work(1))[1] == 1


def test_a_file_with_other_bytes_is_not_used(sealed, tmp_path):
    tree, head, _ = sealed
    delta = tree / head.deltas[2].key
    delta.write_bytes(b"x" * delta.stat().st_size)
    with connect() as con, http_python(tree) as web:

        async def work():
            async with open_archive(web.url) as store:
                await PastFiles(con, store, head, tmp_path / "copies").everything()

        with pytest.raises(BadTransferError, match="other bytes"):
            run_loop(work())
    assert not (tmp_path / "copies" / head.deltas[2].key).exists()


def test_a_copy_that_rotted_is_fetched_again(sealed, tmp_path):
    tree, head, _ = sealed
    with connect() as con, http_python(tree) as web:

        async def work():
            async with open_archive(web.url) as store:
                return await PastFiles(con, store, head, tmp_path / "copies").everything()

        run_loop(work())
        copy = next((tmp_path / "copies").rglob("000000009-*.delta.parquet"))
        copy.write_bytes(copy.read_bytes()[:-1] + b"!")
        web.requests.clear()
        assert run_loop(work()).oldest == 1
        assert asked(web.requests) == [copy.name]
