"""The grammar of archive paths: what each real form means, and what is refused."""

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.paths import MAX_PATH_BYTES, ArchivePath, Kind, PathError

DACS = st.sampled_from(["aoml", "bodc", "coriolis", "csio", "csiro", "incois", "jma", "kiost", "kma", "meds", "nmdis"])
WMOS = st.one_of(st.integers(10_000, 99_999), st.integers(1_000_000, 9_999_999)).map(str)
CYCLES = st.integers(0, 9999)
MODES = st.sampled_from("RD")


@pytest.mark.parametrize(
    ("text", "kind", "mode", "cycle", "direction"),
    [
        ("dac/aoml/13857/profiles/R13857_001.nc", Kind.PROFILE, "R", 1, "A"),
        ("dac/aoml/13857/profiles/D13857_000D.nc", Kind.PROFILE, "D", 0, "D"),
        ("dac/coriolis/3902131/profiles/BR3902131_001D.nc", Kind.BIO_PROFILE, "R", 1, "D"),
        ("dac/coriolis/3902131/profiles/SD3902131_1000.nc", Kind.SYNTHETIC_PROFILE, "D", 1000, "A"),
        ("dac/coriolis/3902131/profiles/MR3902131_012.nc", Kind.MERGED_PROFILE, "R", 12, "A"),
        ("dac/coriolis/3902131/3902131_meta.nc", Kind.META, None, None, None),
        ("dac/coriolis/3902131/3902131_tech.nc", Kind.TECH, None, None, None),
        ("dac/coriolis/3902131/3902131_Rtraj.nc", Kind.TRAJECTORY, "R", None, None),
        ("dac/coriolis/3902131/3902131_BDtraj.nc", Kind.BIO_TRAJECTORY, "D", None, None),
        ("dac/coriolis/3902131/3902131_prof.nc", Kind.MULTI_PROFILE, None, None, None),
        ("dac/coriolis/3902131/3902131_Sprof.nc", Kind.SYNTHETIC_MULTI_PROFILE, None, None, None),
        ("dac/coriolis/3902131/3902131_Mprof.nc", Kind.MERGED_MULTI_PROFILE, None, None, None),
        ("geo/atlantic_ocean/2024/02/20240229_prof.nc", Kind.GEO, None, None, None),
        ("latest_data/D20260101_prof_8.nc", Kind.LATEST, "D", None, None),
        ("aux/coriolis/6901472/6901472_Rtraj_aux.nc", Kind.AUX, None, None, None),
        ("etc/argo-index/argo_aux-profile_index.txt", Kind.ETC, None, None, None),
        ("ar_index_global_prof.txt.gz", Kind.INDEX, None, None, None),
        ("argo_synthetic-profile_index.txt", Kind.INDEX, None, None, None),
        ("ar_index_this_week_meta.txt", Kind.INDEX, None, None, None),
    ],
)
def test_real_forms(text, kind, mode, cycle, direction):
    found = ArchivePath.parse(text)
    assert (found.kind, found.mode, found.cycle, found.direction) == (kind, mode, cycle, direction)
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "dac/aoml/13857/profiles/R13858_001.nc",  # another float's file
        "dac/aoml/13857/profiles/R13857_0001.nc",  # four digits below 1000
        "dac/aoml/13857/profiles/R13857_01.nc",
        "dac/aoml/13857/R13857_001.nc",  # not under profiles/
        "dac/aoml/13857/13858_meta.nc",
        "dac/aoml/138571/138571_meta.nc",  # six digits
        "dac/AOML/13857/13857_meta.nc",
        "geo/atlantic_ocean/2023/02/20230229_prof.nc",  # no such day
        "geo/atlantic_ocean/2023/03/20230201_prof.nc",  # another month's directory
        "geo/arctic_ocean/2023/03/20230301_prof.nc",
        "latest_data/D20260101_prof.nc",
        "dac/ar_index_global_prof.txt",
        "index.html",
        "dac",
        "dac/aoml/13857/profiles/R13857_001.nc.gz",
        "été/données.nc",
        "dac/aoml/١٣٨٥٧/١٣٨٥٧_meta.nc",  # digits, but not those of the grammar
    ],
)
def test_safe_names_outside_the_grammar_are_other(text):
    assert ArchivePath.parse(text).kind is Kind.OTHER


def test_other_files_still_know_their_float():
    found = ArchivePath.parse("dac/aoml/13857/notes/readme.txt")
    assert (found.kind, found.dac, found.wmo) == (Kind.OTHER, "aoml", "13857")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/dac/aoml",
        "dac/../../etc/passwd",
        "..",
        "./dac",
        "dac//aoml",
        "dac/aoml/",
        "dac\\aoml",
        "dac/aoml/\n",
        "dac/a\x00b",
        "dac/a\x1b[31mb",
        "dac/a\u202eb",  # right-to-left override
        "dac/a\u2028b",
        "dac/e\u0301",  # not NFC
        "dac/\ud800",  # a lone surrogate: bytes that were no UTF-8
        "dac/.hidden",
        ".snapshot/dac",
        "dac/ aoml",
        "dac/aoml ",
        "dac/\u00a0",
        "a" * 256,
        "/".join(["abcdefghi"] * 91),
        "manifest/head.json",
        "manifest",
    ],
)
def test_unsafe_paths_are_refused(text):
    with pytest.raises(PathError) as caught:
        ArchivePath.parse(text)
    assert str(caught.value).isprintable()


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text):
    try:
        found = ArchivePath.parse(text)
    except PathError as error:
        refusal: PathError | None = error
    else:
        refusal = None
    if refusal:
        assert str(refusal).isprintable()
        return
    assert found.text == text
    assert not text.startswith("/")
    assert ".." not in text.split("/")
    assert len(text.encode()) <= MAX_PATH_BYTES


@given(DACS, WMOS, st.sampled_from(["", "B", "S", "M"]), MODES, CYCLES, st.booleans())
def test_profiles_are_understood_and_have_a_twin(dac, wmo, letter, mode, cycle, descending):
    text = f"dac/{dac}/{wmo}/profiles/{letter}{mode}{wmo}_{cycle:03d}{'D' * descending}.nc"
    found = ArchivePath.parse(text)
    assert (found.dac, found.wmo, found.mode, found.cycle, found.descending) == (dac, wmo, mode, cycle, descending)
    assert found.kind.is_single_profile
    twin = found.twin
    assert twin is not None
    assert twin.mode != mode
    assert (twin.kind, twin.cycle, twin.descending) == (found.kind, cycle, descending)
    assert twin.twin == found


@given(DACS, WMOS, st.sampled_from(["", "B"]), MODES)
def test_trajectories_have_a_twin(dac, wmo, bio, mode):
    found = ArchivePath.parse(f"dac/{dac}/{wmo}/{wmo}_{bio}{mode}traj.nc")
    assert found.twin is not None
    assert found.twin.twin == found


@pytest.mark.parametrize("text", ["dac/aoml/13857/13857_meta.nc", "latest_data/D20260101_prof_8.nc", "etc/R.nc"])
def test_names_without_a_mode_of_their_own_have_no_twin(text):
    assert ArchivePath.parse(text).twin is None


@given(st.text(alphabet=string.ascii_letters + string.digits + "_./-", max_size=80))
def test_parsing_is_stable(text):
    with suppress(PathError):
        assert ArchivePath.parse(text) == ArchivePath.parse(text)
