"""Layouts map every path to one place and back, in Python and in SQL alike."""

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gdac.columns import connect
from sync.views.layout import LAYOUTS

#: Segments that meet the special cases of the bucket's layout, and ordinary ones.
SEGMENTS = st.sampled_from(
    [
        "dac",
        "idx",
        "pub",
        "etc",
        "argo-index",
        "argo_aux-profile_index.txt",
        "argo_aux-profile_index.txt.gz",
        "ar_index_global_prof.txt",
        "1901234",
        "x.nc",
        "é.nc",
    ]
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def con():
    with connect() as opened:
        yield opened


def in_sql(con: duckdb.DuckDBPyConnection, expression: str, path: str) -> str | None:
    row = con.execute(f"select {expression} from (select ? as path)", [path]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("name", LAYOUTS)
@given(path=PATHS)
@example(path="etc/argo-index/argo_aux-profile_index.txt.gz")
@example(path="argo_aux-profile_index.txt.gz")
@example(path="idx/argo_aux-profile_index.txt")
@example(path="idx")
def test_there_and_back(con, name, path):
    layout = LAYOUTS[name]
    place = layout.place(path)
    assert layout.original(place) == path
    assert in_sql(con, layout.place_sql("path"), path) == place
    assert in_sql(con, layout.original_sql("path"), place) == path


@pytest.mark.parametrize("name", LAYOUTS)
@given(path=PATHS)
def test_what_is_nowhere_comes_from_nothing(con, name, path):
    layout = LAYOUTS[name]
    original = layout.original(path)
    assert in_sql(con, layout.original_sql("path"), path) == original
    assert original is None or layout.place(original) == path


def test_the_bucket_as_its_users_know_it():
    place = LAYOUTS["asdi"].place
    assert place("ar_index_global_prof.txt.gz") == "pub/idx/ar_index_global_prof.txt.gz"
    assert place("etc/argo-index/argo_aux-profile_index.txt.gz") == "pub/idx/argo_aux-profile_index.txt.gz"
    assert place("dac/aoml/13857/13857_meta.nc") == "pub/dac/aoml/13857/13857_meta.nc"
    assert place("aux/coriolis/1900722/x.nc") == "pub/aux/coriolis/1900722/x.nc"
