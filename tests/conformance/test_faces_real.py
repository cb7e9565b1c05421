"""Two sealed days of the real sample archive: every face conforms, floats join to terms, crates are whole."""

import json
import shutil

import pyoxigraph as ox
import pytest
from datacite import schema45
from rocrate.rocrate import ROCrate
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest
from gdac.tables.reference import load
from vocab.cli.vocab import app
from vocab.faces import describe_archive, describe_serial
from vocab.faces.checks import check_faces
from vocab.faces.crate_check import check_crate
from vocab.fair.landing import assess_archive
from vocab.names import Names, concept
from vocab.preflight.facts import facts_of
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.provenance.opening import described_tree
from vocab.serve.archive import Archive
from vocab.serve.floats import float_rdf

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def tree(shared, tmp_path_factory):
    root = tmp_path_factory.mktemp("real") / "gdac"
    shutil.copytree(shared / "gdac", root)
    for day in (1, 2):
        if day == 2:
            shutil.copytree(shared / "gdac-next", root, dirs_exist_ok=True)
        sealed = CliRunner().invoke(manifest, ["build", str(root), "--seal"])
        assert sealed.exit_code in {0, 5}, sealed.output
    described = described_tree(root, Names())
    assert described.head.serial == 2
    made = {**describe_archive(described), **describe_serial(described, 1), **describe_serial(described, 2)}
    for name, data in made.items():
        file = root / "manifest" / "about" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


def test_every_face_conforms(tree):
    assert [one for one in check_faces(tree / "manifest" / "about", Names()) if one.severity.value == "error"] == []
    for name in ("datacite.json", "1/datacite.json", "2/datacite.json"):
        schema45.validator.validate(json.loads((tree / "manifest" / "about" / name).read_bytes()))


def test_the_pages_lose_no_point_that_can_be_won_here(tree):
    archive, serial = assess_archive(tree, Names())
    assert archive.over_assessed == 1
    assert serial.over_assessed > 0.95


def test_every_float_joins_its_words_to_terms(tree):
    archive, names, tables = Archive(tree, Names()), Names(), load()
    sensors = 0
    for wmo in sorted(one.name for one in (tree / "dac").glob("*/*")):
        read = archive.float(wmo)
        assert read.trouble == "", wmo
        triples = float_rdf(read)
        assert check_shapes(triples, names, provenance_shapes(names)) == [], wmo
        facts = facts_of(triples)
        measured = facts.iris(names.wmo(wmo), names.own("measuresParameter").value)
        assert concept("R03", tables.concept("R03", "TEMP").id) in measured
        sensors += len(read.facts.sensors)
        data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
        assert len({line for line in data.splitlines() if line}) == len(set(triples))
    assert sensors == 18


def test_a_crate_of_a_real_float(tree, tmp_path):
    done = CliRunner().invoke(app, ["crate", str(tree), "--path", "dac/*/13857/*", "-o", str(tmp_path / "x"), "--copy"])
    assert done.exit_code == 0, done.output
    assert check_crate((tmp_path / "x" / "ro-crate-metadata.json").read_bytes()) == []
    crate = ROCrate(str(tmp_path / "x"))
    files = list((tmp_path / "x").rglob("*.nc"))
    assert len(crate.data_entities) == len(files) > 100
