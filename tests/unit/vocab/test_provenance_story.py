"""What is said of one file, by value: runs, sources and DOI snapshots, proven, contained or only near."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from gdac.manifest.chain import Past
from gdac.manifest.doi import Proof, Relation
from gdac.manifest.history import FileState
from gdac.paths import ArchivePath
from tests.unit.vocab.sealed_archive import ARCHIVE, RUNS, described, doi_snapshots, sealed, sha
from vocab.provenance.story import Story, as_json, as_text_lines

R, D = (f"dac/aoml/13857/profiles/{mode}13857_001.nc" for mode in "RD")
KEY = "https://doi.org/10.17882/42182#118037"


def story(tmp_path, snapshots=None):
    times = {serial: sealed(serial) for serial in (1, 2, 3)}
    past = Past(tmp_path, ARCHIVE, 3, 1, {}, {}, {}, {}, times, ())
    when = datetime(2026, 11, 1, 2, 3, 4, tzinfo=UTC)
    states = (
        FileState(R, 10, bytes.fromhex(sha(7)), when, None, 1, 3, "first"),
        FileState(D, 11, bytes.fromhex(sha(8)), None, when, 3, None, "renamed", R),
    )
    return Story(described(snapshots=snapshots), past, ArchivePath.parse(D), states)


def lines_of(told):
    return [line.strip() for line in as_text_lines(told)]


def test_each_version_names_its_run_source_program_and_tables(tmp_path):
    told = as_json(story(tmp_path))
    assert [one["run"]["id"] for one in told["versions"]] == [RUNS[1], RUNS[3]]
    lines = lines_of(told)
    assert f"run     sync {RUNS[3]}, 2026-11-23T05:51:00Z to 2026-11-23T06:00:00Z" in lines
    assert "source  ifremer https://data-argo.ifremer.fr/ (by index)" in lines
    assert "program argo-gdac 0.1.0" in lines
    assert any(line.startswith("tables  sha256:") and line.endswith("newest of 2026-04-10") for line in lines)
    assert "since   serial 1 (2026-11-21), until serial 2 (2026-11-22): there in the oldest state known" in lines
    assert f"since   serial 3 (2026-11-23), still there: took the place of {R}" in lines
    assert "dates   modified 2026-11-01T02:03:04Z" in lines
    assert "dates   DATE_UPDATE 2026-11-01T02:03:04Z" in lines


@pytest.mark.parametrize(
    ("proven", "relation", "first", "second"),
    [
        (2, Relation.EQUAL, f"DOI     {KEY}: proven equal to serial 2", f"nearest snapshot {KEY}, 13 days earlier"),
        (3, Relation.CONTAINED, f"nearest snapshot {KEY}, 12 days earlier", "not proven that this file is part of it"),
        (None, None, f"nothing is proven; nearest snapshot {KEY}", f"nothing is proven; nearest snapshot {KEY}"),
    ],
)
def test_a_key_covers_a_file_only_where_a_snapshot_of_its_stay_is_equal(tmp_path, proven, relation, first, second):
    known = doi_snapshots()
    if proven is not None:
        proof = Proof("118037", relation, proven, "T", date(2026, 11, 10), "0" * 64, 1, 1, sealed(3))
        known = replace(known, proofs=(proof,))
    told = as_json(story(tmp_path, known))
    said = [line for line in lines_of(told) if line.startswith("DOI")]
    assert first in said[0]
    assert second in said[1]
    covered = [(one["doi"] or {}).get("covers_file", False) for one in told["versions"]]
    assert covered == [proven == 2, False]


@pytest.mark.parametrize("proven", [2, 3])
def test_a_file_that_left_is_cited_by_the_last_serial_that_held_it(tmp_path, proven):
    proof = Proof("118037", Relation.EQUAL, proven, "T", date(2026, 11, 10), "0" * 64, 1, 1, sealed(3))
    whole = story(tmp_path, replace(doi_snapshots(), proofs=(proof,)))
    left = replace(whole, path=ArchivePath.parse(R), states=whole.states[:1])
    for told, serial in ((as_json(left), 2), (as_json(whole), 3)):
        assert f"erial {serial} of archive {ARCHIVE}, sealed 2026-11-2{serial}" in told["citation"]
        assert told["citation"].endswith("#118037") is (serial == proven)
