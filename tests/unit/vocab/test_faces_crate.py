"""RO-Crates of a sealed tree: what is told of files, what is refused, and that others read them."""

import json
from hashlib import sha256

import pytest
from rocrate.rocrate import ROCrate
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest
from gdac.errors import RefusedError, UsageError
from gdac.manifest.local import need_head
from tests.unit.vocab.described_archives import described, snapshots
from vocab.cli.vocab import app
from vocab.faces.crate import METADATA_NAME, CrateFile, crate_metadata
from vocab.faces.crate_check import check_crate
from vocab.faces.crate_folder import choose_files, write_crate
from vocab.names import Names
from vocab.provenance.opening import described_tree

META = "dac/aoml/13857/13857_meta.nc"
PROFILE = "dac/aoml/13857/profiles/R13857_001.nc"
BYTES = {META: b"CDF meta", PROFILE: b"CDF profile", "dac/bodc/1900001/1900001_meta.nc": b"CDF other"}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "gdac"
    for path, data in BYTES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    sealed = CliRunner().invoke(manifest, ["build", str(root), "--seal", "--all", "--title", "Sample"])
    assert sealed.exit_code == 0, sealed.output
    return root


def run(*words):
    return CliRunner().invoke(app, ["crate", *map(str, words)])


def things(folder):
    document = json.loads((folder / METADATA_NAME).read_bytes())
    return {one["@id"]: one for one in document["@graph"]}


def test_a_crate_with_its_files(tree, tmp_path):
    folder = tmp_path / "out" / "crate"
    done = run(tree, "--path", "dac/aoml/*", "-o", folder, "--copy")
    assert done.exit_code == 0, done.output
    assert "2 files of serial 1" in done.output
    assert check_crate((folder / METADATA_NAME).read_bytes()) == []
    assert {file.relative_to(folder).as_posix() for file in folder.rglob("*.nc")} == {META, PROFILE}
    assert (folder / META).read_bytes() == BYTES[META]
    found = things(folder)
    assert found[META]["sha256"] == sha256(BYTES[META]).hexdigest()
    assert found[META]["contentSize"] == "8"
    assert found[META]["encodingFormat"] == "application/netcdf"
    assert found[PROFILE]["description"] == f"Core profile of float 13857: {PROFILE}"
    root = found["./"]
    assert root["hasPart"] == [{"@id": META}, {"@id": PROFILE}]
    assert root["name"].startswith("2 files of Sample, serial 1 of ")
    archive = need_head(tree).archive
    assert root["isBasedOn"] == {"@id": f"https://w3id.org/argo-gdac/archive/{archive}/serial/1"}
    assert list(tmp_path.glob("out/.*")) == [], "nothing half done is left"


def test_a_crate_without_files_names_them_by_iri_or_address(tree, tmp_path):
    assert run(tree, "--path", "*_meta.nc", "-o", tmp_path / "a").exit_code == 0
    archive = need_head(tree).archive
    assert f"https://w3id.org/argo-gdac/archive/{archive}/file/{META}" in things(tmp_path / "a")
    done = run(tree, "--path", "*_meta.nc", "-o", tmp_path / "b", "--address", "https://example.org/argo")
    assert done.exit_code == 0
    assert f"https://example.org/argo/{META}" in things(tmp_path / "b")
    assert [file.name for file in (tmp_path / "b").iterdir()] == [METADATA_NAME]
    for name in "ab":
        assert check_crate((tmp_path / name / METADATA_NAME).read_bytes()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--path", "nothing*"], "no path of serial 1 matches"),
        (["--path", "*", "--copy", "--most-bytes", "5"], "are allowed"),
        (["--path", "*", "--serial", "9"], "9"),
        (["--path", "*", "--address", "ftp://x/"], "no address"),
    ],
)
def test_what_is_refused(tree, tmp_path, words, told):
    done = run(tree, "-o", tmp_path / "x", *words)
    assert done.exit_code != 0
    assert told in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_a_crate_holds_no_restricted_file(tree, tmp_path):
    (tree / "etc").mkdir()
    (tree / "etc" / "ar_greylist.txt").write_text("x")
    assert CliRunner().invoke(manifest, ["build", str(tree), "--seal", "--all"]).exit_code == 0
    done = run(tree, "-o", tmp_path / "x", "--path", "etc/*", "--copy")
    assert "must not be published: [DIS-002]" in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_holds_something_is_left_alone(tree, tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine").write_text("keep", encoding="utf-8")
    assert "not empty" in str(run(tree, "--path", "*", "-o", tmp_path / "x").exception)
    (tmp_path / "x" / "mine").unlink()
    assert run(tree, "--path", "*", "-o", tmp_path / "x").exit_code == 0


@pytest.mark.parametrize("change", [b"CDF mets", b"CDF", b"CDF meta and more", None])
def test_bytes_that_are_not_the_sealed_ones_are_never_copied(tree, tmp_path, change):
    (tree / META).unlink()
    if change is not None:
        (tree / META).write_bytes(change)
    whole = described_tree(tree, Names())
    files = choose_files(tree, whole, 1, [META])
    with pytest.raises(RefusedError, match=r"other bytes|not there"):
        write_crate(tree, whole, 1, files, tmp_path / "x", copy=True)
    assert not (tmp_path / "x").exists()
    assert list(tmp_path.glob(".x*")) == []


def test_patterns_are_no_sql(tree):
    whole = described_tree(tree, Names())
    with pytest.raises(UsageError, match="matches"):
        choose_files(tree, whole, 1, ["' OR true --"])


def test_hostile_names_are_encoded():
    file = CrateFile('etc/a b"<x>%.txt', 3, "0" * 64, None)
    data = crate_metadata(described(snapshots=snapshots("equal")), 3, [file], inside=True)
    assert check_crate(data) == []
    assert "etc/a%20b%22%3Cx%3E%25.txt" in data.decode()
    assert "hold the same files" in data.decode()
    assert data == crate_metadata(described(snapshots=snapshots("equal")), 3, [file], inside=True)
    with pytest.raises(RefusedError):
        crate_metadata(described(), 3, [CrateFile("../x", 1, "0" * 64, None)], inside=True)
    with pytest.raises(KeyError):
        crate_metadata(described(), 9, [file], inside=True)


def _change(data, where, **changes):
    document = json.loads(data)
    thing = next(one for one in document["@graph"] if one["@id"] == where)
    for name, value in changes.items():
        thing.pop(name, None)
        if value is not None:
            thing[name] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("where", "name", "value", "words"),
    [
        ("./", "datePublished", "soon", "ISO 8601"),
        ("./", "license", None, "'license' is missing"),
        ("./", "@type", "Thing", "no root dataset"),
        ("./", "hasPart", [], "does not have it as a part"),
        ("./", "hasPart", [{"@id": META}, {"@id": "other.nc"}], "not described"),
        (METADATA_NAME, "conformsTo", None, "does not say"),
        (META, "@id", "../up.nc", "out of the crate"),
        (META, "contentSize", "big", "no number"),
        (META, "sha256", "ab", "64 hex"),
        (META, "encodingFormat", "netcdf", "no media type"),
        (META, "name", None, "no name"),
        (META, "author", {"@id": "#me"}, "not described"),
        (META, "author", {"@type": "Person", "name": "x"}, "nested"),
    ],
)
def test_a_broken_crate_is_found(where, name, value, words):
    good = crate_metadata(described(), 3, [CrateFile(META, 8, "0" * 64, None)], inside=True)
    assert check_crate(good) == []
    found = check_crate(_change(good, where, **{name: value}))
    assert any(words in one.text for one in found), found


def test_what_is_no_crate_at_all():
    for data in (b"{", b"[]", b'{"@graph": [{}]}', b'{"@graph": [{"@id": "./"}]}'):
        assert check_crate(data)


def test_rocrate_reads_it(tree, tmp_path):
    assert run(tree, "--path", "*", "-o", tmp_path / "x", "--copy").exit_code == 0
    crate = ROCrate(str(tmp_path / "x"))
    assert {one.id for one in crate.data_entities} == set(BYTES)
    assert crate.root_dataset["license"].id == "https://creativecommons.org/licenses/by/4.0/"
    assert crate.metadata.version == "1.3"


def test_a_tree_that_stores_no_pages_is_checked_by_pages_made_now(tree):
    done = CliRunner().invoke(app, ["check", str(tree)])
    assert done.exit_code == 0, done.output
    assert "0 errors" in done.output
    assert not (tree / "manifest" / "about").exists()


def test_the_command_checks_crates_and_the_files_in_them(tree, tmp_path):
    folder = tmp_path / "crate"
    run(tree, "--path", "dac/aoml/*", "-o", folder, "--copy")

    def checked(path):
        done = CliRunner().invoke(app, ["check", str(path)])
        return done.exit_code, done.output

    assert checked(folder) == (0, f"{folder}: 0 errors, 0 warnings\n")
    assert checked(folder / METADATA_NAME)[0] == 0
    (folder / META).write_bytes(b"CDF mete")
    (folder / PROFILE).unlink()
    code, told = checked(folder)
    assert code == 1
    assert f"{META}: it has other bytes than its sha256 says." in told
    assert f"{PROFILE}: it is not in the crate." in told
    metadata = json.loads((folder / METADATA_NAME).read_bytes())
    text = json.dumps(metadata).replace(META, "../outside.nc")
    (folder / METADATA_NAME).write_text(text)
    assert "../outside.nc: its @id leads out of the crate" in checked(folder)[1]
    (folder / METADATA_NAME).write_text(text.replace("conformsTo", "conforms"))
    assert checked(folder)[0] == 1
