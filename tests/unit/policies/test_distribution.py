"""What must never be public, and that the fast road agrees with the policy."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.columns import connect
from gdac.paths import ArchivePath, PathError
from policies.distribution import PUBLIC_ETC, SURELY_PUBLIC, judge_text, judge_wishes, why_private
from sync.hub import plan


@pytest.mark.parametrize(
    "path",
    [
        "etc/removed/aoml/R13857_001.nc",
        "etc/notes.txt",
        "etc/argo-index.bak",
        "ETC/notes.txt",
        "pub/etc/notes.txt",
        "etc/argo_sprof_index.txt.private",
    ],
)
def test_etc_goes_by_allow_list(path):
    assert "etc/" in (why_private(ArchivePath.parse(path)) or "")


@pytest.mark.parametrize("path", PUBLIC_ETC)
def test_what_of_etc_is_public(path):
    assert why_private(ArchivePath.parse(path + "x.txt" if path.endswith("/") else path)) is None


NAMES = (
    "dac aoml submit reject 13857 1900722 profiles etc aux ar_greylist argo_greylist.csv R13857_001.nc"
    " BD1900722_012D.nc 13857_Sprof.nc 13857_greylist.nc ar_greylist.nc a_greylist_1.nc pub greylist Submit removed"
    " Sensor_Exclusion_List.TXT 13857_submit.nc"
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
    assert not any(judge_text(path) for path in usual)


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("ar_greylist.txt", "DIS-002"),
        ("AR_GREYLIST.TXT.gz", "DIS-002"),
        ("ar_greylist_20250701.txt", "DIS-002"),
        ("etc/greylist/anything.txt", "DIS-002"),
        ("etc/argo-index/ar_greylist.txt", "DIS-002"),  # in a folder that is public otherwise
        ("pub/idx/ar_greylist.txt", "DIS-002"),
        ("dac/aoml/aoml_greylist.csv", "DIS-002"),
        ("argo_sensor_exclusion_list.txt", "DIS-001"),
        ("aux/coriolis/sensor-exclusion-list.csv", "DIS-001"),
        ("aux/coriolis/\uff47reylist.csv", "DIS-002"),  # a full-width letter
        ("dac/aoml/submit/R13857_001.nc", "DIS-003"),
        ("dac/aoml/Reject/R13857_001.nc", "DIS-003"),
        ("pub/dac/submit/13857/13857_meta.nc", "DIS-003"),
        ("etc/removed/R13857_001.nc", "DIS-004"),
        ("pub/etc/Removed/R13857_001.nc", "DIS-004"),
        ("etc/notes.txt", "DIS-005"),
        ("../ar_index_global_prof.txt", "DIS-006"),
        ("manifest/head.json", "DIS-006"),
    ],
)
def test_each_refusal_names_its_policy(path, policy):
    refusal = judge_text(path)
    assert refusal is not None
    assert refusal.policy == policy
    assert str(refusal).startswith(f"[{policy}] ")


@pytest.mark.parametrize(
    "path", ["aux/aoml/1900722/submit.txt", "pub/idx/ar_index_global_prof.txt", "etc/wis2/a/b.json"]
)
def test_what_only_looks_like_it_passes(path):
    assert judge_text(path) is None


def test_what_a_configuration_must_not_ask_for():
    asked = judge_wishes(["aoml", "submit"], ["ar_index_global_prof", "ar_greylist"])
    assert [(word, refusal.policy) for word, refusal in asked] == [("submit", "DIS-003"), ("ar_greylist", "DIS-002")]
