"""The level rules against a plain loop over levels that follows the official decision table, on random levels."""

import random

import numpy as np
import pytest

from tests.rules.cases import run
from tests.rules.samples import sample

FILL = np.float32(99999.0)
LEVELS = 6
FLAGS = "0123456789 X\0"
VALUES = [FILL, FILL, 1.0, 1.0, 2.0, float("nan"), float("inf")]
KNOWN = set("01234589")


def raw_rules(mode, values, flags, *, core, mandatory):
    del mode
    for value, flag in zip(values, flags, strict=True):
        there = value != FILL
        if flag in KNOWN:
            if there and flag > "4":
                yield "PRF-QC-002"
            if there and flag == "0" and mandatory:
                yield "PRF-QC-004"
            if not there and flag not in "90":
                yield "PRF-QC-005"
        elif flag != " ":
            yield "PRF-QC-001"
        elif there:
            yield "PRF-QC-006"
        if core and flag == "0":
            yield "PRF-QC-007"


def strays(values, nan, infinite):
    for value in values:
        if np.isnan(value):
            yield nan
        if np.isinf(value):
            yield infinite


def real_time_rules(adjusted, adjusted_flags, errors):
    for a, qa, e in zip(adjusted, adjusted_flags, errors, strict=True):
        if a != FILL:
            yield "PRF-ADJ-R01"
        if e != FILL:
            yield "PRF-ADJ-R02"
        if qa != " ":
            yield "PRF-ADJ-R03"


def changed_rules(mode, columns, *, core):
    for r, qr, a, qa, e in zip(*columns, strict=True):
        if qa not in KNOWN and qa != " ":
            yield "PRF-ADJ-001"
        if core and qa == "0":
            yield "PRF-ADJ-005"
        if mode == "D" and (a == FILL) != (e == FILL):
            yield "PRF-ADJ-013"
        if qr == " " or qa == " ":
            if qr != qa:
                yield "PRF-ADJ-003"
            elif a != FILL:
                yield "PRF-ADJ-004"
        elif r == FILL:
            if a != FILL:
                yield "PRF-ADJ-009"
            if e != FILL:
                yield "PRF-ADJ-011"
            if qa != "9":
                yield "PRF-ADJ-010"
        elif a == FILL:
            if qa not in "49":
                yield "PRF-ADJ-006"
            elif qa == "9" and qr != "9":
                yield "PRF-ADJ-007"
            if e != FILL:
                yield "PRF-ADJ-011"
        elif qa == "9" or (qa == "4" and mode == "D"):
            yield "PRF-ADJ-008"
        elif mode == "D" and qa != "4" and e == FILL:
            yield "PRF-ADJ-012"


def letter(flags):
    data = [flag for flag in flags if flag in KNOWN and flag != "9"]
    good = sum(flag in "1258" for flag in data)
    if data.count("0") == len(data):
        return " "
    if good == len(data):
        return "A"
    share = 100 * good / len(data)
    return "B" if share >= 75 else "C" if share >= 50 else "D" if share >= 25 else "E" if share else "F"


def expected(mode, columns, written, *, core, mandatory):
    values, flags, adjusted, adjusted_flags, errors = columns
    raw = list(raw_rules(mode, values, flags, core=core, mandatory=mandatory))
    found = raw + list(strays(values, "PRF-QC-008", "PRF-QC-009"))
    if raw:
        return [*found, "PRF-ADJ-000", "PRF-PQC-003"]
    if mode == "R":
        wrong = list(real_time_rules(adjusted, adjusted_flags, errors))
    else:
        wrong = list(changed_rules(mode, columns, core=core))
        found += strays(adjusted, "PRF-ADJ-014", "PRF-ADJ-016")
        found += strays(errors, "PRF-ADJ-015", "PRF-ADJ-017")
    found += wrong
    if wrong:
        return [*found, "PRF-PQC-003"]
    right = letter(flags if mode == "R" else adjusted_flags)
    return found if right == written else [*found, "PRF-PQC-004"]


def mostly(chance, usual, others, rng):
    return usual if rng.random() < chance else rng.choice(others)


def columns_of(rng, mode, core):
    """Levels that are right with some chance, so that all branches are reached."""
    wild_raw, wild_adjusted = rng.choice([(0.0, 0.05), (0.0, 0.1), (0.0, 0.3), (0.2, 0.0)])
    rows = []
    for _ in range(LEVELS):
        value = FILL if rng.random() < 0.3 else np.float32(1.0)
        flag = "9" if value == FILL else rng.choice("1134" if core else "01134")
        if value == FILL and rng.random() < 0.3:
            flag = " "
        if mode == "R":
            adjusted, adjusted_flag, error = FILL, " ", FILL
        elif value == FILL or (rng.random() < 0.2 and value != FILL):
            adjusted, error = FILL, FILL
            adjusted_flag = (" " if flag == " " else "9") if value == FILL else "4"
        else:
            adjusted, adjusted_flag, error = np.float32(1.1), rng.choice("11358"), np.float32(0.1)
        row = [value, flag, adjusted, adjusted_flag, error]
        wild = (wild_raw, wild_raw, wild_adjusted, wild_adjusted, wild_adjusted)
        others = [FLAGS if isinstance(each, str) else VALUES for each in row]
        rows.append([mostly(1 - chance, *each, rng) for chance, *each in zip(wild, row, others, strict=True)])
    return list(map(list, zip(*rows, strict=True)))


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(("kind", "name"), [("core", "TEMP"), ("core", "PSAL"), ("bio", "DOXY")])
def test_level_rules_agree_with_the_plain_loop(kind, name, seed):
    rng = random.Random(f"{kind}{name}{seed}")
    core = kind == "core"
    file = sample(kind).dim("N_LEVELS", LEVELS)
    mode, written = rng.choice("RAD"), rng.choice("AABCDEF ")
    columns = columns_of(rng, mode, core)
    suffixes = ("", "_QC", "_ADJUSTED", "_ADJUSTED_QC", "_ADJUSTED_ERROR")
    for suffix, column in zip(suffixes, columns, strict=True):
        for number, each in enumerate(column):
            file.set(f"{name}{suffix}", each.encode("latin-1") if isinstance(each, str) else each, 0, number)
    file.text(f"PROFILE_{name}_QC", written)
    if core:
        file.text("DATA_MODE", mode)
    else:
        file.text("PARAMETER_DATA_MODE", f"RRRR{mode}", 0)
    findings = [each for each in run(file).findings if name in each.where.partition("[")[0].split("_")]
    levels = [each for each in findings if each.rule[:7] in {"PRF-QC-", "PRF-ADJ", "PRF-PQC"}]
    said = sorted(each.rule for each in levels for _ in range(each.count))
    assert said == sorted(expected(mode, columns, written, core=core, mandatory=name == "TEMP"))
