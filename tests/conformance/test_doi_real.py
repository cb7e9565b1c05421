"""DOI snapshots made of the real sample archive: a hub seeded from one, and what is proven of it, or not."""

import pytest

from tests.deployment import Deployment
from tests.snapshot_tars import files_of, snapshot_tar, times_of
from tests.unit.sync.test_doi_prove import files_of as sealed_files_of
from tests.unit.sync.test_doi_prove import proofs, prove
from tests.unit.sync.test_doi_seed import seed


@pytest.fixture(scope="module")
def seeded(shared, tmp_path_factory):
    """A hub seeded from a tar of the real archive, and sealed after one run; the tar's own counts."""
    here = Deployment(tmp_path_factory.mktemp("real"), str(shared / "gdac"))
    raw = snapshot_tar(files_of(shared / "gdac"), times=times_of(shared / "gdac"))
    found = seed(here, raw)
    return here, raw, found, here.run()


def test_the_run_after_the_seed_has_nothing_to_fetch(seeded, shared):
    here, _, found, record = seeded
    data = {path: body for path, body in files_of(shared / "gdac") if "/" in path}
    assert (found.files, found.undated, found.refused.count) == (len(data), 0, 0)
    assert record.ingest.moved.files == 0
    assert all(data[path] == body for path, body in sealed_files_of(here.hub) if "/" in path)


def test_a_snapshot_with_unlisted_files_is_no_serial_and_one_without_is(seeded):
    here, raw, _, _ = seeded
    outcome = prove(here.hub, raw)
    assert outcome.proofs == ()
    assert {one.kind.value for one in outcome.lacks if one.absent} == {"profile", "bio-profile"}
    assert not any(one.other for one in outcome.lacks)
    prove(here.hub, snapshot_tar(sealed_files_of(here.hub)))
    assert proofs(here.hub) == [(1, "equal")]
