"""What must never be public, and that the fast road agrees with the policy."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.columns import connect
from gdac.paths import ArchivePath, PathError
from policies.distribution import NOT_SURELY, PUBLIC_ETC, SURELY_PUBLIC, why_private
from sync.hub import plan


@pytest.mark.parametrize("path", ["etc/removed/aoml/R13857_001.nc", "etc/notes.txt", "etc/argo-index.bak"])
def test_etc_goes_by_allow_list(path):
    assert "etc/" in (why_private(ArchivePath.parse(path)) or "")


@pytest.mark.parametrize("path", PUBLIC_ETC)
def test_what_of_etc_is_public(path):
    assert why_private(ArchivePath.parse(path + "x.txt" if path.endswith("/") else path)) is None


NAMES = (
    "dac aoml submit reject 13857 1900722 profiles etc aux ar_greylist argo_greylist.csv R13857_001.nc"
    " BD1900722_012D.nc 13857_Sprof.nc 13857_greylist.nc ar_greylist.nc a_greylist_1.nc"
)
segments = st.sampled_from(NAMES.split())


@pytest.fixture(scope="module")
def engine():
    with connect() as connection:
        yield connection


@given(path=st.lists(segments, min_size=1, max_size=5).map("/".join))
def test_the_fast_road_never_lets_a_private_path_pass(engine: duckdb.DuckDBPyConnection, path):
    try:
        private = why_private(ArchivePath.parse(path))
    except PathError:
        return
    engine.execute("create or replace table offered as select ? as path", [path])
    assert plan.private_paths(engine, "offered") == ({path: private} if private else {})


def test_the_usual_names_take_it(engine):
    usual = ["dac/aoml/13857/profiles/BD13857_001D.nc", "dac/kma/1900722/1900722_BRtraj.nc"]
    sure = engine.execute(f"select regexp_full_match(unnest(?), '{SURELY_PUBLIC}')", [usual]).fetchall()
    assert sure == [(True,), (True,)]
    assert not any(path.startswith(NOT_SURELY) for path in usual)
