"""Floats from metadata files: every word joined to the term of its table, or said to be in none."""

import numpy as np
import pytest

from gdac.check.dataset import open_dataset
from gdac.netcdf import NetcdfError
from gdac.tables import load
from tests.rules.samples import sample
from vocab.names import Names, concept
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.provenance.floats import FloatError, float_triples, read_float

OWN = f"{Names().vocabulary}#"


def described(file):
    with open_dataset(file.encode(), label="x_meta.nc") as dataset:
        facts = read_float(dataset)
    return facts, float_triples(facts, load(), Names(), dac="aoml", version="0" * 64)


def values(triples, local):
    return sorted(one.object.value for one in triples if one.predicate.value == OWN + local)


def test_every_word_of_a_sound_file_is_a_term():
    facts, triples = described(sample("meta"))
    tables = load()
    assert values(triples, "wmoNumber") == [facts.wmo]
    assert values(triples, "unmatched") == []
    assert values(triples, "ofPlatformType") == [concept("R23", tables.concept("R23", facts.platform_type).id)]
    assert values(triples, "wmoInstrumentType") == [concept("R08", tables.concept("R08", facts.instrument_type).id)]
    assert values(triples, "sensorModel") == sorted(concept("R27", one.model) for one in facts.sensors)
    assert len(values(triples, "measuresParameter")) == len(facts.parameters) >= 3
    assert check_shapes(triples, Names(), provenance_shapes(Names())) == []


def test_a_word_that_no_table_has_stays_text_with_its_place():
    file = sample("meta")
    file.text("SENSOR_MODEL", "WON\x07DER", 0).text("PLATFORM_TYPE", "SUBMARINE").text("PARAMETER", "MAGIC", 0)
    facts, triples = described(file)
    assert values(triples, "unmatchedText") == ["MAGIC", "SUBMARINE", "WON�DER"]
    assert values(triples, "inVariable") == ["PARAMETER", "PLATFORM_TYPE", "SENSOR_MODEL"]
    assert values(triples, "ofPlatformType") == []
    assert len(values(triples, "sensorModel")) == len(facts.sensors) - 1
    assert values(triples, "expectedTable") == [
        f"http://vocab.nerc.ac.uk/collection/{table}/current/" for table in ("R03", "R23", "R27")
    ]
    assert check_shapes(triples, Names(), provenance_shapes(Names())) == []


def test_what_stands_for_nothing_is_not_said():
    file = sample("meta").text("FLOAT_SERIAL_NO", "n/a").text("LAUNCH_DATE", "20251399000000")
    file.set("LAUNCH_LATITUDE", 99999.0)
    facts, triples = described(file)
    assert (facts.launched, facts.latitude) == (None, None)
    assert [one for one in triples if one.subject.value.endswith("#deployment")] == []
    assert facts.serial == "n/a"
    about = {one.predicate.value for one in triples if one.subject.value.endswith(f"float/{facts.wmo}")}
    assert OWN + "serialNumber" not in about


@pytest.mark.parametrize("value", [np.nan, np.inf, -91.0, 1e30])
def test_a_position_that_is_none_is_not_said(value):
    facts, triples = described(sample("meta").set("LAUNCH_LATITUDE", value))
    assert facts.latitude is None
    assert not any(one.predicate.value.endswith("wgs84_pos#lat") for one in triples)


@pytest.mark.parametrize(
    "change",
    [lambda file: file.text("PLATFORM_NUMBER", "69X"), lambda file: file.no_variable("PLATFORM_NUMBER")],
)
def test_a_file_that_names_no_float_is_refused(change):
    file = sample("meta")
    change(file)
    with pytest.raises(FloatError, match="names no float"):
        described(file)


def test_variables_of_other_shapes_and_types_say_nothing():
    file = (
        sample("meta").no_variable("SENSOR_MAKER", "PARAMETER_SENSOR", "TRANS_SYSTEM").retype("LAUNCH_LATITUDE", "int")
    )
    facts, _ = described(file)
    assert all(one.maker == "" and one.parameters == () for one in facts.sensors)
    assert facts.latitude is None


def test_a_file_cut_short_is_no_float():
    raw = sample("meta").encode()
    with pytest.raises(NetcdfError), open_dataset(raw[: len(raw) // 3], label="x") as dataset:
        read_float(dataset)
