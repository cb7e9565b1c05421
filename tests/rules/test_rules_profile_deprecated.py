"""Codes that a reference table has deprecated: still legal, with a warning. Asked with tables where they are."""

import pytest

from gdac.check.context import Options
from gdac.check.file import check_bytes
from gdac.check.finding import Severity
from gdac.tables import Tables, snapshot
from gdac.tables.reference import SHIPPED
from tests.rules.samples import sample
from tests.rules.test_rules_profile_levels import level

TESTED = ("PRF-META-009", "PRF-VSS-003", "PRF-QC-003", "PRF-ADJ-002", "PRF-QCV-002", "PRF-QCV-004")


def with_deprecated(table, code):
    """The shipped tables with one more deprecated code."""
    digest, facts, rows = snapshot.read(SHIPPED)
    changed = []
    for row in rows:
        mine = row[0] == table and snapshot.concept(row).code == code
        changed.append([*row[:4], True, *row[5:]] if mine else row)
    assert changed != rows
    return Tables(facts, changed, digest, "test")


def unchanged(file):
    pass


@pytest.mark.parametrize(
    ("rule", "kind", "change", "table", "code", "where"),
    [
        ("PRF-META-009", "core", unchanged, "R08", "836", "WMO_INST_TYPE[1]"),
        ("PRF-VSS-003", "core", unchanged, "R16", "Primary sampling: averaged", "VERTICAL_SAMPLING_SCHEME[1]"),
        ("PRF-QC-003", "core", level("TEMP", flag="3", letter="B"), "RD2", "3", "TEMP_QC[1,8]"),
        (
            "PRF-ADJ-002",
            "core-delayed",
            level("TEMP", adjusted_flag="3", letter="B"),
            "RD2",
            "3",
            "TEMP_ADJUSTED_QC[1,8]",
        ),
        ("PRF-QCV-002", "core", lambda file: file.text("JULD_QC", "2"), "RD2", "2", "JULD_QC[1]"),
        ("PRF-QCV-004", "bio", lambda file: file.text("POSITION_QC", "2"), "RD2", "2", "POSITION_QC[1]"),
    ],
)
def test_a_deprecated_code_is_a_warning(rule, kind, change, table, code, where):
    file = sample(kind)
    change(file)
    for tables, expected in ((with_deprecated(table, code), [(rule, Severity.WARNING, where)]), (None, [])):
        from gdac.tables import load

        result = check_bytes(
            file.encode(), file.name, tables or load(), Options(), received=file.received, dac=file.dac
        )
        assert [(each.rule, each.severity, each.where) for each in result.findings] == expected
