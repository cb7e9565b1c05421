"""Sample files look like the real ones: the same dimensions, variables and attributes, and about the same size."""

from datetime import date
from pathlib import Path
from statistics import median

import pytest

from gdac.netcdf import Header, read_header
from gdac.sample import make_archive

pytestmark = pytest.mark.shared

#: Attributes that the format leaves to the DAC; some real files have them and others do not.
FREE = {"comment_on_resolution", "resolution", "comment", "comments", "C_format", "FORTRAN_format"}
#: Attributes that differ on purpose: optional ones, and texts of another version than that of the real file.
DIFFERENT = {
    ("PRES_ADJUSTED", "axis"),  # optional
    ("PROJECT_NAME", "long_name"),  # metadata: two texts are allowed, real files have either
    ("HISTORY_PARAMETER", "long_name"),  # trajectory 3.1 -> 3.2
    ("TRAJECTORY_PARAMETERS", "long_name"),  # trajectory 3.1 -> 3.2
    *((f"AXES_ERROR_ELLIPSE_{name}", "long_name") for name in ("MAJOR", "MINOR")),  # trajectory 3.1 -> 3.2
    ("JULD_LOCATION", "axis"),  # beyond the format, in files of some DACs
}
#: Variables of the newer trajectory format 3.2; all real trajectories at hand are of 3.1.
ADDED_BY_3_2 = (
    "TRAJECTORY_PARAMETER_DATA_MODE",
    "JULD_DATA_MODE",
    "SCIENTIFIC_CALIB_PARAMETER",
    "SCIENTIFIC_CALIB_EQUATION",
    "SCIENTIFIC_CALIB_COEFFICIENT",
    "SCIENTIFIC_CALIB_COMMENT",
    "SCIENTIFIC_CALIB_DATE",
    "JULD_CALIB_EQUATION",
    "JULD_CALIB_COEFFICIENT",
    "JULD_CALIB_COMMENT",
    "JULD_CALIB_DATE",
)
OXYGEN = "coriolis/3902131/"
PLAIN = "csio/2902696/"
#: Real file, sample file, what the size goes with, and how much of it real files of the kind have.
PAIRS = {
    "core R": ("aoml/13857/profiles/R13857_050.nc", "aoml/13990/profiles/R13990_020.nc"),
    "core D": (f"{PLAIN}profiles/D2902696_006.nc", "jma/2980002/profiles/D2980002_001.nc"),
    "core D of a float with oxygen": (f"{OXYGEN}profiles/D3902131_005.nc", "coriolis/6980001/profiles/D6980001_001.nc"),
    "bio R": (f"{OXYGEN}profiles/BR3902131_005.nc", "coriolis/6980001/profiles/BR6980001_020.nc"),
    "bio D": (f"{OXYGEN}profiles/BD3902131_005.nc", "coriolis/6980001/profiles/BD6980001_001.nc"),
    "synthetic": (f"{OXYGEN}profiles/SD3902131_005.nc", "coriolis/6980001/profiles/SD6980001_001.nc"),
    "meta": (f"{PLAIN}2902696_meta.nc", "jma/2980002/2980002_meta.nc"),
    "tech": (f"{PLAIN}2902696_tech.nc", "jma/2980002/2980002_tech.nc"),
    "trajectory": (f"{OXYGEN}3902131_Rtraj.nc", "jma/2980002/2980002_Rtraj.nc"),
    "multi-profile": (f"{PLAIN}2902696_prof.nc", "jma/2980002/2980002_prof.nc"),
    "synthetic multi-profile": (f"{OXYGEN}3902131_Sprof.nc", "coriolis/6980001/6980001_Sprof.nc"),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "archive"
    make_archive(root, floats=11, cycles=20, seed=3, day=date(2025, 3, 1))
    return root / "dac"


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest, shared: Path, root: Path) -> tuple[str, Header, Header]:
    real, sample = PAIRS[request.param]
    return request.param, read_header(shared / "gdac/dac" / real), read_header(root / sample)


def test_the_same_dimensions(pair: tuple[str, Header, Header]) -> None:
    kind, real, sample = pair
    added = {"N_CALIB_PARAM", "N_CALIB_JULD", "STRING256"} if kind == "trajectory" else set()
    assert set(sample.dimensions) - added == set(real.dimensions)
    for name in set(real.dimensions) & set(sample.dimensions):
        if not name.startswith("N_"):
            assert real.dimensions[name] == sample.dimensions[name]


def test_the_same_variables(pair: tuple[str, Header, Header]) -> None:
    kind, real, sample = pair
    added = set(ADDED_BY_3_2) if kind == "trajectory" else set()
    assert set(sample.variables) - added == set(real.variables)


def test_the_same_attributes_of_variables(pair: tuple[str, Header, Header]) -> None:
    _, real, sample = pair
    for name in set(real.variables) & set(sample.variables):
        ours, theirs = (
            {key: value for key, value in each.attributes.items() if key not in FREE and (name, key) not in DIFFERENT}
            for each in (sample.variables[name], real.variables[name])
        )
        assert ours == theirs, name


def test_about_the_same_size(shared: Path, root: Path) -> None:
    """Within a factor of two of the median of all real files of a kind; files that grow are counted per cycle."""

    def sizes(tree: Path, pattern: str, per_cycle: bool) -> list[float]:
        found = []
        for path in tree.glob(pattern):
            profiles = {name.name[-11:-3] for name in path.parent.glob("profiles/[RD]*.nc")} if per_cycle else {""}
            found.append(path.stat().st_size / len(profiles))
        return found

    wrong = {}
    for pattern in (
        "*/*/profiles/[RD]*.nc",
        "*/*/profiles/B*.nc",
        "*/*/profiles/S*.nc",
        "*/*/*_meta.nc",
        "*/*/*_tech.nc",
        "*/*/*_Rtraj.nc",
        "*/*/*_prof.nc",
        "*/*/*_Sprof.nc",
    ):
        per_cycle = pattern.startswith("*/*/*_") and "meta" not in pattern
        ours = median(sizes(root, pattern, per_cycle))
        theirs = median(sizes(shared / "gdac/dac", pattern, per_cycle))
        if not 0.5 < ours / theirs < 2:
            wrong[pattern] = (ours, theirs)
    assert wrong == {}
