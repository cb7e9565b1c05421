"""DATE_CREATION and DATE_UPDATE, in every type of file and in old ones."""

from gdac.check.context import Options
from tests.rules.cases import Case, checks

RECEIVED_2020 = 1_577_836_800


def written(variable, text):
    return lambda file: file.text(variable, text)


def update_before_creation(file):
    file.text("DATE_CREATION", "20200102030405").text("DATE_UPDATE", "20200102030404")


def same_moment(file):
    file.text("DATE_CREATION", "20200102030405").text("DATE_UPDATE", "20200102030405")


def after_receipt(variable, seconds):
    """Received at 2020-01-01; the date is a day and some seconds later."""

    def change(file):
        file.received = float(RECEIVED_2020)
        file.text("DATE_CREATION", "20190101000000").text("DATE_UPDATE", "20190101000000")
        file.text(variable, f"202001020000{seconds:02d}")

    return change


CASES = [
    Case("DAT-CRE-001", "core", bad=written("DATE_CREATION", ""), where="DATE_CREATION"),
    Case("DAT-CRE-002", "traj", bad=written("DATE_CREATION", "20130230120000"), where="DATE_CREATION"),
    Case("DAT-CRE-002", "meta", bad=written("DATE_CREATION", "20130228\0\0\0\0\0\0"), where="DATE_CREATION"),
    Case("DAT-CRE-003", "bio", bad=written("DATE_CREATION", "19961231235959"), where="DATE_CREATION"),
    Case(
        "DAT-CRE-003",
        "bio",
        good=written("DATE_CREATION", "19970101000000"),
        bad=written("DATE_CREATION", "00010101000000"),
    ),
    Case(
        "DAT-CRE-004",
        "core",
        good=after_receipt("DATE_CREATION", 0),
        bad=after_receipt("DATE_CREATION", 1),
        where="DATE_CREATION",
    ),
    Case("DAT-UPD-001", "tech", bad=written("DATE_UPDATE", " "), where="DATE_UPDATE"),
    Case("DAT-UPD-002", "bio-delayed", bad=written("DATE_UPDATE", " 2013010112000"), where="DATE_UPDATE"),
    Case("DAT-UPD-002", "core", bad=written("DATE_UPDATE", "20130101240000"), where="DATE_UPDATE"),
    Case("DAT-UPD-003", "meta", good=same_moment, bad=update_before_creation, where="DATE_UPDATE"),
    Case(
        "DAT-UPD-004",
        "core",
        good=after_receipt("DATE_UPDATE", 0),
        bad=after_receipt("DATE_UPDATE", 1),
        where="DATE_UPDATE",
    ),
    Case("RUD-CRE-001", "core-2.3", bad=written("DATE_CREATION", ""), where="DATE_CREATION"),
    Case("RUD-CRE-002", "core-3.0", bad=written("DATE_CREATION", "2013010100000 "), where="DATE_CREATION"),
    Case("RUD-UPD-001", "traj-2.2", bad=written("DATE_UPDATE", ""), where="DATE_UPDATE"),
    Case("RUD-UPD-002", "meta-2.2", bad=written("DATE_UPDATE", "00000000000000"), where="DATE_UPDATE"),
    Case("DAT-UPD-002", "core-3.0", bad=written("DATE_UPDATE", "x"), options=Options(all_versions=True)),
]
test_cases = checks(CASES)
