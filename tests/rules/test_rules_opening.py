"""Opening files, and the version of delayed-mode profiles."""

import struct

from gdac.check.context import Options
from gdac.check.file import check_here
from gdac.check.finding import Verdict
from tests.rules.cases import Case, checks, tables
from tests.rules.draft import Draft
from tests.rules.samples import sample


def whole(make):
    return lambda file: file.bytes(make(file.encode()))


def data_type(text):
    return lambda file: file.text("DATA_TYPE", text)


def auxiliary(file):
    """The text is longer than the STRING16 of the variable in a core file."""
    attrs = file.variables["DATA_TYPE"].attrs
    file.dim("STRING32", 32).no_variable("DATA_TYPE").add("DATA_TYPE", "char", ["STRING32"], attrs)
    file.text("DATA_TYPE", "Argo auxiliary meta-data")


def version(text):
    return lambda file: file.text("FORMAT_VERSION", text)


CASES = [
    Case("OPN-002", "core", bad=lambda file: file.bytes(b""), where="file"),
    Case("OPN-003", "core", bad=whole(lambda data: data[:5000]), where="file"),
    Case("OPN-004", "core", bad=lambda file: file.no_variable("DATA_TYPE"), where="DATA_TYPE"),
    Case("OPN-005", "bio", bad=data_type("argo profile"), where="DATA_TYPE"),
    Case("OPN-006", "tech", bad=data_type("ARGO technical data"), where="DATA_TYPE"),
    Case("OPN-007", "bio-traj", good=data_type("Argo trajectory"), bad=lambda file: file, where="DATA_TYPE"),
    Case("OPN-008", "meta", bad=auxiliary, where="DATA_TYPE"),
    Case("OPN-009", "traj", bad=lambda file: file.no_variable("FORMAT_VERSION"), where="FORMAT_VERSION"),
    Case("OPN-010", "core", bad=version("4.0"), where="FORMAT_VERSION"),
    Case("OPN-011", "tech", bad=version("2.4"), where="FORMAT_VERSION"),
    Case("OPN-012", "core-3.0", bad=lambda file: file.text("DATA_MODE", "D"), where="FORMAT_VERSION"),
    Case("CHK-007", "core", bad=version(" 3.1"), where="FORMAT_VERSION"),
    Case("CHK-007", "tech", bad=version(" 3.1"), where="FORMAT_VERSION", quirk=True),
    Case("OPN-013", "core", bad=lambda file: file.no_variable("DATA_MODE"), where="DATA_MODE"),
]
TESTED = ("OPN-001",)
test_cases = checks(CASES)


def test_cdf5_is_refused_although_we_could_read_it():
    empty = b"CDF\x05" + struct.pack(">q", 0) + struct.pack(">iq", 0, 0) * 3
    file = Draft("R6900001_001.nc", "coriolis", 0.0).bytes(empty)
    from tests.rules.cases import run

    (finding,) = run(file).findings
    assert (finding.rule, finding.found) == ("OPN-003", "CDF-5")


def test_opn_001_a_path_that_is_not_there(tmp_path):
    result = check_here(tmp_path / "R6900001_001.nc", tables(), Options(), dac="coriolis")
    assert [each.rule for each in result.findings] == ["OPN-001"]
    assert result.verdict is Verdict.REJECTED
    path = sample("core").write(tmp_path)
    assert not [each for each in check_here(path, tables(), Options()).findings if each.rule == "OPN-001"]
