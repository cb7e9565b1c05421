"""What the archive holds, as decisions are told: the sealed manifest, the journal over it, and decisions on the way."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdac.columns import connect
from gdac.paths import ArchivePath
from policies.acceptance import Published
from policies.removal import Held
from sync.collect.holdings import Holdings
from sync.loop import run as run_loop
from sync.state import Ingested, State
from sync.state.collected import Leaving
from sync.stores.local import LocalStore
from tests.collecting import restamped, sample

OLD, NEW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
META = "dac/aoml/4900001/4900001_meta.nc"
REAL, DELAYED = (f"dac/aoml/4900001/profiles/{mode}4900001_001.nc" for mode in "RD")
MERGED = "dac/aoml/4900001/4900001_prof.nc"
OTHER = "dac/jma/2900001/2900001_meta.nc"


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@contextmanager
def opened(root: Path, sealed: dict[str, tuple[bytes, datetime | None]]) -> Iterator[tuple[Holdings, State]]:
    with State.open(root / "state") as state, connect() as connection:
        connection.execute("create table base (path varchar, sha256 blob, date_update timestamp)")
        rows = [(path, sha256, date and date.replace(tzinfo=None)) for path, (sha256, date) in sealed.items()]
        if rows:
            connection.executemany("insert into base values (?, ?, ?)", rows)
        yield Holdings(connection, state, LocalStore(root / "hub"), root), state


def look(holdings: Holdings, *paths: str, account: str = "aoml") -> list[Published]:
    parsed = [ArchivePath.parse(path) for path in paths]
    run_loop(holdings.look(account, parsed))
    return [holdings.published(path) for path in parsed]


def came(path: str, text: str, date: datetime | None = None) -> Ingested:
    return Ingested(path, len(text), digest(text), b"\0" * 16, date, date)


def test_what_is_sealed_is_held(tmp_path):
    with opened(tmp_path, {META: (digest("meta"), OLD), REAL: (digest("real"), NEW)}) as (holdings, _):
        assert look(holdings, META, DELAYED) == [
            Published("aoml", digest("meta"), OLD),
            Published("aoml", has_twin=True),
        ]


def test_of_an_empty_archive_nothing_is_held(tmp_path):
    with opened(tmp_path, {}) as (holdings, _):
        assert look(holdings, META, REAL) == [Published(), Published()]
        assert not holdings.held(["4900001"])


def test_the_journal_lies_over_the_manifest(tmp_path):
    sealed = {META: (digest("meta"), OLD), REAL: (digest("real"), OLD)}
    with opened(tmp_path, sealed) as (holdings, state):
        state.done((), [came(META, "newer", NEW), came(DELAYED, "delayed", NEW)], [Leaving(REAL, "replaced", 1)])
        assert look(holdings, META, REAL) == [
            Published("aoml", digest("newer"), NEW),
            Published("aoml", has_twin=True),
        ]
        state.done((), [came(REAL, "again", NEW)], [Leaving(DELAYED, "removed", 1)])
        assert look(holdings, META, REAL) == [
            Published("aoml", digest("newer"), NEW),
            Published("aoml", digest("again"), NEW),
        ]


def test_a_float_belongs_to_the_dac_whose_files_it_has(tmp_path):
    with opened(tmp_path, {OTHER: (digest("meta"), OLD)}) as (holdings, state):
        path = "dac/aoml/2900001/2900001_meta.nc"
        assert look(holdings, path) == [Published("jma")]
        state.done((), (), [Leaving(OTHER, "removed", 1)])
        assert look(holdings, path) == [Published()]


def test_what_a_gdac_makes_itself_makes_nobody_the_owner(tmp_path):
    made = {name: (digest(name), None) for name in (MERGED, MERGED.replace("_prof", "_Sprof"))}
    with opened(tmp_path, made) as (holdings, _):
        path = "dac/jma/4900001/4900001_meta.nc"
        assert look(holdings, path, account="jma") == [Published()]


def test_a_float_under_two_dacs_belongs_to_the_one_that_asks(tmp_path):
    there = META.replace("aoml", "jma")
    with opened(tmp_path, {META: (digest("a"), OLD), there: (digest("b"), OLD)}) as (holdings, _):
        assert look(holdings, META) == [Published("aoml", digest("a"), OLD)]
        assert look(holdings, there, account="jma") == [Published("jma", digest("b"), OLD)]
        assert holdings.held(["4900001"])["4900001"].dac == "jma"
        assert look(holdings, META.replace("aoml", "bodc"), account="bodc")[0].owner == "aoml"


def test_decisions_on_the_way_count(tmp_path):
    with opened(tmp_path, {REAL: (digest("real"), OLD)}) as (holdings, _):
        real, delayed = ArchivePath.parse(REAL), ArchivePath.parse(DELAYED)
        look(holdings, REAL, DELAYED)
        holdings.came(delayed, digest("delayed"), NEW, real)
        assert holdings.published(delayed) == Published("aoml", digest("delayed"), NEW)
        assert holdings.published(real) == Published("aoml", has_twin=True)
        holdings.left([DELAYED])
        assert holdings.published(real) == Published("aoml")


def test_floats_with_all_their_names_for_removal_lists(tmp_path):
    paths = (META, REAL, MERGED, OTHER)
    with opened(tmp_path, {path: (digest(path), OLD) for path in paths}) as (holdings, state):
        look(holdings)
        names = frozenset({"4900001_meta.nc", "R4900001_001.nc", "4900001_prof.nc"})
        assert holdings.held(["4900001", "5900000"]) == {"4900001": Held("aoml", names)}
        holdings.left([REAL])
        assert holdings.held(["4900001"])["4900001"].names == names - {"R4900001_001.nc"}
        state.done((), [came("dac/aoml/4900001/4900001_tech.nc", "tech")])
        look(holdings)
        assert "4900001_tech.nc" in holdings.held(["4900001"])["4900001"].names
        assert holdings.held(["2900001"])["2900001"].dac == "jma"


def test_a_date_that_the_manifest_lacks_is_read_from_the_file(tmp_path):
    archive = sample(tmp_path / "sample", floats=1, cycles=1)
    (file,) = archive.glob("dac/*/*/*_meta.nc")
    path = file.relative_to(archive).as_posix()
    there = tmp_path / "hub" / path
    there.parent.mkdir(parents=True)
    there.write_bytes(restamped(file.read_bytes(), NEW))
    lost = "dac/aoml/4900001/4900001_tech.nc"
    with opened(tmp_path, {path: (digest("any"), None), lost: (digest("any"), None)}) as (holdings, _):
        assert look(holdings, path, lost) == [
            Published("aoml", digest("any"), NEW),
            Published("aoml", digest("any"), None),
        ]


@pytest.mark.parametrize("floats", [1, 3000])
def test_many_floats_at_once(tmp_path, floats):
    sealed = {f"dac/aoml/{4_900_000 + n}/{4_900_000 + n}_meta.nc": (digest(str(n)), OLD) for n in range(floats)}
    with opened(tmp_path, sealed) as (holdings, _):
        found = look(holdings, *sealed)
        assert [one.sha256 for one in found] == [sha256 for sha256, _ in sealed.values()]
