"""Sample files against the official format specification (CDL) and the rules of the official checker.

Our own reading of ``format-spec`` and of the reference tables, for the rules that reject a file (ids as in the list of
the checker's rules: FMT format, NAM name, DAT dates, PRF profiles, TRJ trajectories, META metadata, TECH technical).
"""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gdac.netcdf import FileContent, read_variables, text, texts
from gdac.paths import ArchivePath, Kind
from gdac.sample import make_archive, next_day

pytestmark = pytest.mark.shared

SPECS = {
    Kind.PROFILE: "argo-profile-spec-v3.1",
    Kind.MULTI_PROFILE: "argo-profile-spec-v3.1",
    Kind.BIO_PROFILE: "argo-b_profile-spec-v3.1",
    Kind.META: "argo-metadata-spec-v3.1",
    Kind.TECH: "argo-technical-spec-v3.1",
    Kind.TRAJECTORY: "argo-trajectory-spec-v3.2",
}
TYPES = {"char": {"S1"}, "int": {"int32"}, "float": {"float32"}, "double": {"float64"}}
TYPES["float_or_double"] = TYPES["float"] | TYPES["double"]
CENTRES = {"aoml": "AO", "coriolis": "IF", "jma": "JA", "csiro": "CS", "bodc": "BO", "meds": "ME", "incois": "IN"}
CENTRES |= {"csio": "HZ", "kma": "KM", "kiost": "KO"}

Tables = dict[str, set[str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[ArchivePath, tuple[FileContent, float]]:
    root = tmp_path_factory.mktemp("sample") / "archive"
    make_archive(root, floats=12, cycles=6, seed=9, day=date(2025, 3, 1))
    for _ in range(3):
        next_day(root)
    return {
        ArchivePath.parse(path.relative_to(root).as_posix()): (read_variables(path, None), path.stat().st_mtime)
        for path in sorted((root / "dac").rglob("*.nc"))
    }


@pytest.fixture(scope="module")
def nvs(shared: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Concepts that are not deprecated, by table and by altLabel (prefLabel where there is none)."""
    tables = {}
    for path in (shared / "nvs").glob("*.jsonld"):
        concepts = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        tables[path.stem] = {
            label(each): each for each in concepts if str(each.get("owl:deprecated", "false")).lower() != "true"
        }
    return tables


def label(concept: dict[str, Any], key: str = "skos:altLabel") -> str:
    found = concept.get(key) or concept.get("skos:prefLabel")
    found = found[0] if isinstance(found, list) else found
    return str(found["@value"] if isinstance(found, dict) else found)


def linked(concept: dict[str, Any], key: str) -> set[str]:
    found = concept.get(key) or []
    return {each["@id"] if isinstance(each, dict) else each for each in (found if isinstance(found, list) else [found])}


@dataclass(frozen=True)
class Spec:
    """What a CDL says; variables as type, allowed dimensions and attributes as written."""

    dimensions: set[str]
    variables: dict[str, tuple[str, list[set[str]], dict[str, str]]]
    attributes: dict[str, str]
    optional: set[str]


def cdl(shared: Path, name: str) -> Spec:
    source = (shared / "format-spec" / f"{name}.cdl").read_text()
    optional_file = shared / "format-spec" / f"{name}.opt"
    optional = set(re.findall(r"\w+", optional_file.read_text())) if optional_file.exists() else set()
    dimensions = re.findall(r"^\s*(\w+)\s*=\s*(?:\d+|UNLIMITED|_unspecified_)\s*;", source, re.MULTILINE)
    general = dict(re.findall(r'^\s*:(\w+) = "(.*?)"\s*;', source, re.MULTILINE))
    variables: dict[str, tuple[str, list[set[str]], dict[str, str]]] = {}
    shape = r"^\s*(char|int|float|double|float_or_double)\s+(\w+)\s*(?:\(([^)]*)\))?\s*;"
    for kind, variable, names in re.findall(shape, source, re.MULTILINE):
        variables[variable] = (kind, [set(each.strip().split("|")) for each in names.split(",") if each.strip()], {})
    for variable, key, value in re.findall(r"^\s*(\w+):(\w+)\s*=\s*(.+?)\s*;\s*$", source, re.MULTILINE):
        variables[variable][2][key] = value
    return Spec(set(dimensions), variables, general, optional)


def same(written: str, found: Any) -> bool:
    if written.startswith('"<+>'):
        return found is not None
    if written.startswith('"'):
        return bool(written[1:-1] == found)
    return isinstance(found, np.generic) and float(written.rstrip("f")) == found


@pytest.mark.parametrize("kind", SPECS)
def test_structure_is_that_of_the_cdl(
    shared: Path, files: dict[ArchivePath, tuple[FileContent, float]], kind: Kind
) -> None:
    """FMT-DIM, FMT-VAR, FMT-ATT, FMT-GAT: nothing is missing, nothing differs; extra variables are parameters."""
    spec = cdl(shared, SPECS[kind])
    chosen = [content for path, (content, _) in files.items() if path.kind is kind]
    assert chosen
    for content in chosen:
        header = content.header
        assert spec.dimensions - spec.optional <= set(header.dimensions) <= spec.dimensions
        assert spec.variables.keys() - spec.optional <= header.variables.keys()
        for name, (type_, names, attributes) in spec.variables.items():
            if name not in header.variables:
                continue
            found = header.variables[name]
            assert str(found.dtype).replace("|", "") in TYPES[type_], name
            assert len(found.dimensions) == len(names), name
            assert all(each in allowed for each, allowed in zip(found.dimensions, names, strict=True)), name
            for key, written in attributes.items():
                assert same(written, found.attributes.get(key)), (name, key, written, found.attributes.get(key))
        extra = {name for name in header.variables if name not in spec.variables}
        assert {re.sub(r"^PROFILE_|(_ADJUSTED)?(_QC|_ERROR)?$", "", name) for name in extra} <= parameters(content)
        for key, written in spec.attributes.items():
            value = content.attributes[key]
            assert value == written or written.startswith("<+>") or key in {"history", "references"}, key


def parameters(content: FileContent) -> set[str]:
    names = content.variables.get("STATION_PARAMETERS", content.variables.get("TRAJECTORY_PARAMETERS"))
    return set() if names is None else {name for name in texts(names) if name}


def test_parameters_are_those_of_table_3(
    files: dict[ArchivePath, tuple[FileContent, float]], nvs: dict[str, dict[str, dict[str, Any]]]
) -> None:
    for content, _ in files.values():
        for name in parameters(content):
            facts = dict(
                pair.split(":", 1)
                for pair in re.findall(r"Local_Attributes:\{(.*?)\}", label(nvs["R03"][name], "skos:definition"))[
                    0
                ].split("; ")
            )
            attributes = content.header.variables[name].attributes
            for key in ("long_name", "standard_name", "units"):
                assert attributes.get(key, "-") == facts[key], (name, key)
            for key in ("valid_min", "valid_max"):
                assert attributes[key] == np.float32(facts[key].rstrip("f")), (name, key)


def moment(value: str) -> datetime:
    assert re.fullmatch(r"\d{14}", value), value
    return datetime.strptime(value, "%Y%m%d%H%M%S")


def julian(value: float) -> datetime:
    return datetime(1950, 1, 1) + np.timedelta64(round(value * 86400), "s").astype(object)


def test_names_and_dates(files: dict[ArchivePath, tuple[FileContent, float]]) -> None:
    """NAM-001, DAT-*, PRF-JULD, PRF-JLOC, PRF-HIST, PRF-CAL, PRF-META-001/005, TRJ-META, META-VAL-001."""
    for path, (content, mtime) in files.items():
        found = content.variables
        created, updated = (moment(text(found[name])) for name in ("DATE_CREATION", "DATE_UPDATE"))
        assert datetime(1997, 1, 1) < created <= updated, path
        assert updated.timestamp() <= mtime + 86400
        assert {text(row) for row in np.atleast_2d(found["PLATFORM_NUMBER"])} == {path.wmo}
        assert {text(row) for row in np.atleast_2d(found["DATA_CENTRE"])} == {CENTRES[path.dac or ""]}
        assert re.fullmatch(r"[1-9]\d{4}|[1-9]9\d{5}", path.wmo or "")
        for name in ("HISTORY_DATE", "SCIENTIFIC_CALIB_DATE"):
            dates = [each for each in texts(found[name]) if each] if name in found else []
            assert all((moment(each) - updated).total_seconds() <= 86400 for each in dates), (path, name)
        if path.kind.is_single_profile:
            check_profile_date(path, found, created)


def check_profile_date(path: ArchivePath, found: Any, created: datetime) -> None:
    assert found["CYCLE_NUMBER"][0] == path.cycle
    assert text(found["DIRECTION"]) == path.direction
    taken = julian(found["JULD"][0])
    assert text(found["JULD_QC"]) == "1"
    assert (taken - created).total_seconds() < 86400
    if found["LATITUDE"][0] < 99990:
        assert abs(found["JULD_LOCATION"][0] - found["JULD"][0]) < 2
        assert text(found["POSITION_QC"]) == "1"
    if path.kind is Kind.PROFILE:
        assert text(found["DATA_MODE"]) == path.mode


def test_flags_and_adjusted_values(files: dict[ArchivePath, tuple[FileContent, float]]) -> None:
    """PRF-QC, PRF-ADJ, PRF-PQC, PRF-PDM, PRF-DM, PRF-SP: each profile of each file, level by level."""
    for path, (content, _) in files.items():
        if path.kind not in {Kind.PROFILE, Kind.BIO_PROFILE, Kind.MULTI_PROFILE}:
            continue
        for number in range(content.dimensions["N_PROF"]):
            check_profile(path, content, number)


def check_profile(path: ArchivePath, content: FileContent, number: int) -> None:
    found = content.variables
    names = texts(found["STATION_PARAMETERS"][number])
    assert len(set(names)) == len(names)
    assert {"PRES"} <= set(names)
    whole = text(found["DATA_MODE"][number])
    modes = text(found["PARAMETER_DATA_MODE"][number]) if "PARAMETER_DATA_MODE" in found else whole * len(names)
    assert whole == ("D" if "D" in modes else "R")
    if path.kind is not Kind.BIO_PROFILE:
        assert text(found["DATA_STATE_INDICATOR"][number]).startswith("2C") == (whole == "D")
        assert whole != "D" or set(texts(found["PARAMETER"][number])) == set(names)
    elif "PRES" in names:
        assert modes[names.index("PRES")] == "R"
    assert path.kind is Kind.MULTI_PROFILE or content.dimensions["N_HISTORY"] > 0
    for name, mode in zip(names, modes, strict=True):
        if f"{name}_QC" not in found:
            assert (path.kind, name) == (Kind.BIO_PROFILE, "PRES")
            continue
        raw, flags = found[name][number], found[f"{name}_QC"][number]
        assert np.isfinite(raw).all()
        assert not (raw == np.float32(99999)).any()
        assert set(flags) <= {b"1", b"4"}
        judged = flags
        if f"{name}_ADJUSTED" in found:
            adjusted, judged_too, error = (found[f"{name}_ADJUSTED{tail}"][number] for tail in ("", "_QC", "_ERROR"))
            fill = np.float32(99999)
            if mode == "R":
                assert (adjusted == fill).all()
                assert (error == fill).all()
                assert set(judged_too) == {b" "}
            else:
                judged = judged_too
                assert np.array_equal(adjusted == fill, error == fill)
                assert np.array_equal(adjusted == fill, judged == b"4")
        good = 100 * np.count_nonzero(judged == b"1") / judged.size
        letter = "A" if good == 100 else "B" if good >= 75 else "C" if good >= 50 else "D" if good >= 25 else "E"
        assert text(found[f"PROFILE_{name}_QC"][number]) == letter


def test_values_are_in_the_reference_tables(
    files: dict[ArchivePath, tuple[FileContent, float]], nvs: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """PRF-META-003/006..008, PRF-VSS, PRF-HD-002, TRJ-META, TRJ-MC, TRJ-CYV, META-VAL, META-SEN, META-POS, META-TRS."""
    tables = {
        "DATA_STATE_INDICATOR": "R06",
        "WMO_INST_TYPE": "R08",
        "POSITIONING_SYSTEM": "R09",
        "TRANS_SYSTEM": "R10",
        "JULD_STATUS": "R19",
        "GROUNDED": "R20",
        "PLATFORM_FAMILY": "R22",
        "PLATFORM_TYPE": "R23",
        "PLATFORM_MAKER": "R24",
        "SENSOR": "R25",
        "SENSOR_MAKER": "R26",
        "SENSOR_MODEL": "R27",
        "POSITION_ACCURACY": "R05",
        "HISTORY_ACTION": "R07",
        "HISTORY_STEP": "R12",
    }
    schemes = {label(each, "skos:prefLabel") for each in nvs["R16"].values()}
    types = {label(each, "skos:prefLabel") for each in nvs["R01"].values()}
    for path, (content, _) in files.items():
        found = content.variables
        assert text(found["DATA_TYPE"]) in types
        for name, table in tables.items():
            if name in found:
                values = (
                    found[name] if content.header.variables[name].dimensions[-1][:2] != "N_" else found[name][:, None]
                )
                blank = {""} if name in {"JULD_STATUS", "POSITION_ACCURACY", "HISTORY_ACTION"} else set()
                assert set(texts(values)) <= nvs[table].keys() | blank, (path, name)
        if "VERTICAL_SAMPLING_SCHEME" in found:
            assert {re.sub(r"\s*\[.*\]\s*", "", each) for each in texts(found["VERTICAL_SAMPLING_SCHEME"])} <= schemes
        if "MEASUREMENT_CODE" in found:
            codes = {str(code) for code in found["MEASUREMENT_CODE"]}
            assert {code for code in codes if int(code) % 50 in range(1, 35)} <= nvs["R15"].keys()


def units(shared: Path) -> set[str]:
    lines = (shared / "format-spec" / "argo-tech_units-spec-v3.1").read_text().splitlines()
    return {line.split("|")[0].strip() for line in lines if "|" in line and not line.startswith("//")}


def test_metadata(
    shared: Path, files: dict[ArchivePath, tuple[FileContent, float]], nvs: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """META-DATE, META-SET, META-VAL-002..005, META-XRF, META-PRM, META-CFG, META-TRS-003; none warned about either."""
    names = {label(each, "skos:prefLabel") for each in nvs["R18"].values()}
    chosen = [content.variables for path, (content, _) in files.items() if path.kind is Kind.META]
    assert chosen
    for found in chosen:
        assert moment(text(found["LAUNCH_DATE"])) < moment(text(found["START_DATE"]))
        assert -90 <= found["LAUNCH_LATITUDE"] <= 90
        assert -180 <= found["LAUNCH_LONGITUDE"] <= 180
        assert (text(found["LAUNCH_QC"]), text(found["START_DATE_QC"])) == ("1", "1")
        for name in (
            "CONTROLLER_BOARD_SERIAL_NO_PRIMARY", "CONTROLLER_BOARD_TYPE_PRIMARY", "DAC_FORMAT_ID", "FIRMWARE_VERSION",
            "FLOAT_SERIAL_NO", "MANUAL_VERSION", "PI_NAME", "PTT", "STANDARD_FORMAT_ID",
        ):  # fmt: skip
            assert text(found[name]), name
        for name in ("PARAMETER_UNITS", "PARAMETER_SENSOR", "PREDEPLOYMENT_CALIB_EQUATION", "TRANS_SYSTEM_ID"):
            assert all(texts(found[name])), name
        kind = nvs["R23"][text(found["PLATFORM_TYPE"])]
        assert nvs["R24"][text(found["PLATFORM_MAKER"])]["@id"] in linked(kind, "skos:related")
        assert nvs["R08"][text(found["WMO_INST_TYPE"])]["@id"] in linked(kind, "skos:narrower")
        sensors = (texts(found[name]) for name in ("SENSOR", "SENSOR_MAKER", "SENSOR_MODEL"))
        for sensor, maker, model in zip(*sensors, strict=True):
            assert nvs["R26"][maker]["@id"] in linked(nvs["R27"][model], "skos:broader")
            assert nvs["R25"][sensor]["@id"] in linked(nvs["R27"][model], "skos:related")
        assert set(texts(found["PARAMETER_SENSOR"])) <= set(texts(found["SENSOR"]))
        assert set(texts(found["CONFIG_PARAMETER_NAME"])) <= names
        assert {name.rpartition("_")[2] for name in texts(found["CONFIG_PARAMETER_NAME"])} <= units(shared)


def test_technical(
    shared: Path, files: dict[ArchivePath, tuple[FileContent, float]], nvs: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """TECH-PRM: names that are in table 14 as they stand, units of the list."""
    names = {label(each, "skos:prefLabel") for each in nvs["R14"].values()}
    used = {
        name
        for path, (content, _) in files.items()
        if path.kind is Kind.TECH
        for name in texts(content.variables["TECHNICAL_PARAMETER_NAME"])
    }
    assert used <= names
    assert {name.rpartition("_")[2] for name in used} <= units(shared)


def test_trajectories(shared: Path, files: dict[ArchivePath, tuple[FileContent, float]]) -> None:
    """TRJ-CYC, TRJ-JLD, TRJ-JLA, TRJ-NCJ, TRJ-POS, TRJ-PAR, TRJ-ADJ, TRJ-CYV: also what the checker only tallies."""
    pairs = re.findall(
        r"^(\d+)\s*\|\s*(\w+)", (shared / "format-spec" / "measurement_code-juld_variables").read_text(), re.MULTILINE
    )
    chosen = [content.variables for path, (content, _) in files.items() if path.kind is Kind.TRAJECTORY]
    assert chosen
    for found in chosen:
        cycles, index = found["CYCLE_NUMBER"], found["CYCLE_NUMBER_INDEX"]
        assert cycles[0] == -1
        assert set(cycles[1:]) == set(index)
        assert set(found["CYCLE_NUMBER_ADJUSTED"]) == {99999} == set(found["CYCLE_NUMBER_INDEX_ADJUSTED"])
        assert np.array_equal(found["JULD"] == 999999, found["JULD_QC"] == b" ")
        assert np.array_equal(found["JULD"] == 999999, found["JULD_STATUS"] == b" ")
        assert set(found["JULD_ADJUSTED"]) == {999999}
        assert np.array_equal(found["LATITUDE"] == 99999, found["POSITION_QC"] == b" ")
        assert np.array_equal(found["LATITUDE"] == 99999, found["LONGITUDE"] == 99999)
        for name in texts(found["TRAJECTORY_PARAMETERS"]):
            assert np.array_equal(found[name] == np.float32(99999), found[f"{name}_QC"] == b" ")
            assert set(found[f"{name}_ADJUSTED"]) == {np.float32(99999)}
        for code, name in pairs:
            which = -1 if code == "70302" else 0
            for at, cycle in enumerate(index):
                rows = (found["MEASUREMENT_CODE"] == int(code[:3])) & (cycles == cycle)
                expected = found["JULD"][rows][which] if rows.any() else 999999
                assert abs(found[name][at] - expected) < 1e-6, (name, cycle)
                status = found["JULD_STATUS"][rows][which] if rows.any() else b" "
                assert found[f"{name}_STATUS"][at] in {status, b"9" if not rows.any() else status}
