"""What is read out of definitions: every way they are written, and any text at all without a crash."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vocab.nvs_tables import Word, small_tables, write_tables
from vocab.build import build
from vocab.enrich.parameters import attributes, block, number, slots
from vocab.enrich.typed import date_time
from vocab.export.flatten import flat_vocabulary
from vocab.folder import open_vocabulary, write_vocabulary
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.preflight.facts import facts_of
from vocab.preflight.skos import check_iris
from vocab.table import Term


def term(definition):
    return Term("http://x/", "R18", "X", "X", "X", definition, False, "", "1", {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-5.f", "-5"), ("600.f", "600"), ("8.5f", "8.5"), ("-0.2f", "-0.2"), ("-2.5f", "-2.5"), ("3", "3"),
        ("99999.f", "99999"), ("0.d", "0"), ("NC_FILL_SHORT", "-32767"), ("1e30f", "1e30"),
    ],
)  # fmt: skip
def test_numbers_as_r03_writes_them(text, value):
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "-", "f", "many", "nan", "inf", "1e999999", "1e-999999", "NC_FILL_NOTHING"])
def test_what_is_no_number(text):
    assert number(text) is None


def test_blocks_keep_colons_in_values_and_leave_prose_alone():
    text = (
        "Counts {not: this}. Local_Attributes:{long_name:Raw: a, b; standard_name:-; units: count }. Properties:{x:y}"
    )
    assert block(text, "Local_Attributes") == {"long_name": "Raw: a, b", "standard_name": "-", "units": "count"}
    assert block(text, "Properties") == {"x": "y"}
    assert block(text, "Template_Values") is None
    assert attributes(term(text)) == {"long_name": "Raw: a, b", "units": "count", "x": "y"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Template_Values:{unit:[dbar, COUNT]}.", {"unit": ("dbar", "COUNT")}),
        (
            "Template_Values:{PARAM:[PRES,PSAL,TEMP];unit:[COUNT]}.",
            {"PARAM": ("PRES", "PSAL", "TEMP"), "unit": ("COUNT",)},
        ),
        ("Template_Values:{unit:[mA];I=[1..5]}.", {"unit": ("mA",), "I": ("1..5",)}),
        ("Template_Values:{N:[1..5]}", {"N": ("1..5",)}),
        ("Template_Values:{}", {}),
        ("nothing", {}),
    ],
)
def test_slots_in_every_spelling(text, expected):
    assert slots(term(text)) == expected


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_crash(text):
    for name in ("Local_Attributes", "Template_Values"):
        wrapped = term(f"{name}:{{{text}}}")
        attributes(wrapped)
        slots(wrapped)
    number(text)
    date_time(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-10 02:00:00.0", "2026-03-10T02:00:00"),
        ("2026-03-10", "2026-03-10T00:00:00"),
        ("2026-03-10T02:00:00Z", "2026-03-10T02:00:00+00:00"),
    ],
)
def test_dates_as_nvs_writes_them(text, value):
    assert date_time(text).value == value


def test_wild_names_make_iris_that_stores_take_and_controls_are_found(tmp_path):
    words = small_tables()
    words["R18"].append(Word("WILD", definition='Template_Values:{a b<>"{|}^` é/#?:[x];unit:[m]}'))
    words["R18"].append(Word("WILD2", definition='Template_Values:{a b<>" é/#?%:[x, 1..2];unit:[m]}'))
    words["R10"] = [Word("BELL", label="A bell \x07 rings")]
    vocabulary = build(read_folder(write_tables(tmp_path / "nvs", words)), Names())
    write_vocabulary(vocabulary, tmp_path / "v")
    assert open_vocabulary(tmp_path / "v").graphs == vocabulary.graphs
    found = check_iris(facts_of(flat_vocabulary(vocabulary)))
    assert [(one.check, one.subject.rpartition("current/")[2]) for one in found] == [("text", "BELL/")]
