"""Acceptance: every policy with a submission that it keeps out, and those that pass."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.check.dacs import CENTRES
from policies.acceptance import (
    CODES,
    Candidate,
    Keep,
    Open,
    Packed,
    Publish,
    Published,
    Refuse,
    Unchanged,
    decide,
    judge_archive,
    judge_quota,
)
from policies.distribution import judge
from policies.removal import MOST_REASONS, Held, RefuseList, Remove, decide_removals, floats_of, read_lines
from policies.submission import Submission, place, recognise

DAY = datetime(2026, 11, 22, tzinfo=UTC)
PROFILE = Candidate("aoml", "R1900722_001.nc", 20_000, b"new", "AO", "1900722", DAY, is_accepted=True)
THERE = Published(owner="aoml", sha256=b"old", date_update=DAY - timedelta(days=1))


def policies_of(decision):
    assert isinstance(decision, Refuse)
    return [one.policy for one in decision.reasons]


def test_the_codes_are_those_of_the_checker():
    assert {dac: frozenset(codes) for dac, codes in CODES.items()} == {
        dac: frozenset(codes) for dac, codes in CENTRES.items()
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("R1900722_001.nc", Submission.PROFILE),
        ("BD1900722_1234D.nc", Submission.PROFILE),
        ("13857_Rtraj.nc", Submission.TRAJECTORY),
        ("1900722_BDtraj.nc", Submission.TRAJECTORY),
        ("1900722_tech.nc", Submission.TECHNICAL),
        ("1900722_meta.nc", Submission.METADATA),
        ("nc_2026.11.22_06.30.tar.gz", Submission.ARCHIVE),
        ("aoml_removal.txt", Submission.REMOVAL_LIST),
        ("aoml_greylist.csv", Submission.EXCLUSION_LIST),
        ("coriolis_sensor_exclusion_list.txt", Submission.EXCLUSION_LIST),
        ("1900722_prof.nc", None),
        ("1900722_Sprof.nc", None),
        ("SR1900722_001.nc", None),
        ("MD1900722_001.nc", None),
        ("R1900722_01.nc", None),
        ("R1900722_0001.nc", None),
        ("r1900722_001.nc", None),
        ("R1900722_001.nc.gz", None),
        ("../R1900722_001.nc", None),
        (".tar.gz", None),
        ("a/b.tar.gz", None),
        ("ar_index_global_prof.txt", None),
        ("", None),
    ],
)
def test_the_seven_kinds(name, kind):
    found = recognise(name)
    assert (found.kind if found else None) is kind


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("1900722_prof.nc", "1900722_prof.nc is a kind of file that the GDAC makes itself"),
        ("my files+2.tar.gz", "'my files+2.tar.gz' is no name for an archive: letters, digits, dots"),
        ("readme.txt", "'readme.txt' is no name that a DAC submits"),
    ],
)
def test_why_a_name_is_not_taken(name, told):
    decision = decide(Candidate("aoml", name, 100), Published())
    assert isinstance(decision, Refuse)
    assert decision.reasons[0].text.startswith(told)


def test_a_new_file_a_newer_one_and_the_same_again():
    new = decide(PROFILE, Published())
    assert isinstance(new, Publish)
    assert (new.path.text, new.replaces, new.is_new) == ("dac/aoml/1900722/profiles/R1900722_001.nc", None, True)
    newer = decide(PROFILE, THERE)
    assert isinstance(newer, Publish)
    assert not newer.is_new
    same = decide(replace(PROFILE, sha256=b"old", date_update=DAY - timedelta(days=9)), THERE)
    assert isinstance(same, Unchanged)


def test_a_d_profile_replaces_its_r_twin():
    delayed = replace(PROFILE, name="D1900722_001.nc")
    decision = decide(delayed, Published(owner="aoml", has_twin=True))
    assert isinstance(decision, Publish)
    assert decision.replaces is not None
    assert decision.replaces.text == "dac/aoml/1900722/profiles/R1900722_001.nc"


@pytest.mark.parametrize("forced", [False, True])
def test_a_late_r_never_replaces_a_d(forced):
    assert policies_of(decide(PROFILE, Published(owner="aoml", has_twin=True), forced=forced)) == ["ACC-007"]


@pytest.mark.parametrize("name", ["1900722_Rtraj.nc", "1900722_Dtraj.nc"])
def test_trajectories_of_both_modes_stand_side_by_side(name):
    decision = decide(replace(PROFILE, name=name), Published(owner="aoml", has_twin=True))
    assert isinstance(decision, Publish)
    assert decision.replaces is None


def test_an_older_file_needs_force():
    older = replace(PROFILE, date_update=DAY - timedelta(days=2))
    assert policies_of(decide(older, THERE)) == ["ACC-006"]
    assert isinstance(decide(older, THERE, forced=True), Publish)
    assert isinstance(decide(replace(PROFILE, date_update=THERE.date_update), THERE), Publish)
    assert policies_of(decide(replace(PROFILE, date_update=None), THERE)) == ["ACC-006"]
    unreadable = replace(PROFILE, date_update=None, is_accepted=False)
    assert policies_of(decide(unreadable, THERE)) == ["ACC-003"]


@pytest.mark.parametrize(
    ("change", "policy"),
    [
        ({"account": "nodac"}, "ACC-001"),
        ({"account": "../aoml"}, "ACC-001"),
        ({"centre": "IF"}, "ACC-001"),
        ({"centre": "A"}, "ACC-001"),  # part of a code is none
        ({"centre": ""}, "ACC-001"),
        ({"name": "1900722_prof.nc"}, "ACC-002"),
        ({"is_accepted": False}, "ACC-003"),
        ({"platform": "1900723"}, "ACC-005"),
        ({"size": 0}, "ACC-008"),
        ({"size": 1 << 30}, "ACC-008"),
        ({"name": "coriolis_removal.txt"}, "ACC-010"),
        ({"name": "coriolis_greylist.csv"}, "ACC-012"),
    ],
)
def test_each_policy_keeps_out_what_it_says(change, policy):
    assert policies_of(decide(replace(PROFILE, **change), Published())) == [policy]


def test_a_float_of_another_dac_and_one_that_moved():
    assert policies_of(decide(PROFILE, Published(owner="coriolis"))) == ["ACC-004"]
    moved = decide(replace(PROFILE, account="kordi", centre="KO"), Published())
    assert policies_of(moved) == ["ACC-001"]
    assert "kiost" in str(moved.reasons[0])


def test_every_reason_is_told_at_once():
    bad = replace(PROFILE, centre="IF", platform="1", size=0, is_accepted=False)
    assert policies_of(decide(bad, THERE)) == ["ACC-001", "ACC-003", "ACC-005", "ACC-008"]


def test_lists_and_archives():
    assert decide(replace(PROFILE, name="aoml_removal.txt"), Published()) == Open(Submission.REMOVAL_LIST)
    assert decide(replace(PROFILE, name="a.tar.gz", size=1 << 30), Published()) == Open(Submission.ARCHIVE)
    kept = decide(replace(PROFILE, name="aoml_greylist.csv"), Published())
    assert kept == Keep("aoml")


@given(name=st.from_regex(r"[BSM]?[RD](\d{5}|\d{7})_\d{3,4}D?\.nc", fullmatch=True))
def test_whatever_is_published_is_public_and_in_its_dacs_directory(name):
    path = place("aoml", name)
    if path is not None:
        assert judge(path) is None
        assert path.text.startswith(f"dac/aoml/{path.wmo}/profiles/")


def test_archives_and_quotas_are_bounded():
    assert judge_archive(Packed(size=10**6, members=50_000, total=10**8)) is None
    assert judge_archive(Packed(size=10**6, members=50_001, total=0)).policy == "ACC-008"
    assert judge_archive(Packed(size=10**6, members=1, total=10**9)).policy == "ACC-008"  # a bomb
    assert judge_archive(Packed(size=10**10, members=1, total=10**11)).policy == "ACC-008"
    assert judge_quota(150_000, 10**9) is None
    assert judge_quota(150_001, 10**9).policy == "ACC-009"
    assert judge_quota(1, 10**12).policy == "ACC-009"


HELD = {
    "1900722": Held(
        "aoml",
        frozenset({"1900722_meta.nc", "1900722_tech.nc", "1900722_prof.nc", "R1900722_001.nc", "R1900722_002.nc"}),
    ),
    "6900001": Held("coriolis", frozenset({"6900001_meta.nc"})),
}


def removals(text, account="aoml"):
    return decide_removals(account, read_lines(text), HELD)


def test_a_list_as_they_come():
    found = removals("\ufeffR1900722_001.nc  \r\n\r\nR1900722_002.nc\r\nR1900722_001.nc\r\n")
    assert isinstance(found, Remove)
    assert [path.name for path in found.paths] == ["R1900722_001.nc", "R1900722_002.nc"]
    assert found.emptied == ()
    assert floats_of(read_lines("R1900722_001.nc \nx\n6900001_meta.nc")) == {"1900722", "6900001"}


@pytest.mark.parametrize(
    "line",
    [
        "R1900722_003.nc",  # not there
        "dac/aoml/1900722/profiles/R1900722_002.nc",  # no bare name
        "../R1900722_002.nc",
        "6900001_meta.nc",  # another DAC's
        "1900722_prof.nc",  # the GDAC's own
        "R9999999_001.nc",
        "* .nc",
        "\x1b[2J",
    ],
)
def test_one_bad_line_refuses_the_whole_list(line):
    found = removals(f"R1900722_001.nc\n{line}\n")
    assert isinstance(found, RefuseList)
    assert [one.policy for one in found.reasons] == ["ACC-010"]
    assert found.reasons[0].text.startswith("line 2: ")
    assert found.reasons[0].text.isprintable()


def test_metadata_go_last():
    kept = removals("1900722_meta.nc\nR1900722_001.nc\n")
    assert isinstance(kept, RefuseList)
    assert [one.policy for one in kept.reasons] == ["ACC-011"]
    whole = removals("1900722_meta.nc\nR1900722_001.nc\nR1900722_002.nc\n1900722_tech.nc\n")
    assert isinstance(whole, Remove)
    assert whole.emptied == ("1900722",)


def test_lists_of_rubbish_are_bounded():
    assert isinstance(removals(""), RefuseList)
    rubbish = removals("x\n" * 1_000)
    assert isinstance(rubbish, RefuseList)
    assert (len(rubbish.reasons), rubbish.bad) == (MOST_REASONS, 1_000)
    assert isinstance(removals("R1900722_001.nc\n" * 200_001), RefuseList)
    assert isinstance(removals("R1900722_001.nc", account="../x"), RefuseList)


def test_a_list_with_the_shape_of_a_real_one():
    """29 lines with CRLF and blanks at their ends, as the prototype of the US GDAC keeps one."""
    lines = "".join(f"R1900722_{number:03}.nc   \r\n" for number in range(1, 30))
    held = {"1900722": Held("aoml", frozenset(f"R1900722_{number:03}.nc" for number in range(1, 40)))}
    found = decide_removals("aoml", read_lines(lines), held)
    assert isinstance(found, Remove)
    assert len(found.paths) == 29
