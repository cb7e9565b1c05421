"""The pure decisions of `policies`."""

from datetime import UTC, datetime, timedelta

import pytest

from gdac.paths import ArchivePath
from policies.distribution import why_private
from policies.licence import ARGO
from policies.retention import DEFAULT_GRACE, Superseded, may_delete

PUBLISHED = datetime(2026, 11, 22, 6, tzinfo=UTC)
ITEM = Superseded("dac/aoml/13857/profiles/R13857_001.nc", PUBLISHED, 2)


@pytest.mark.parametrize(
    ("after", "in_current", "expected"),
    [
        (timedelta(hours=71, minutes=59), False, False),
        (timedelta(hours=72), False, True),
        (timedelta(days=30), False, True),
        (timedelta(days=30), True, False),  # it came back
        (timedelta(hours=-1), False, False),  # the clock was set back
    ],
)
def test_superseded_files_go_after_their_grace_and_not_when_they_came_back(after, in_current, expected):
    decision = may_delete(ITEM, now=PUBLISHED + after, grace=DEFAULT_GRACE, in_current_manifest=in_current)
    assert decision is expected


@pytest.mark.parametrize(
    "path",
    [
        "ar_greylist.txt",
        "etc/greylist/ar_greylist.txt_20250701",
        "etc/argo_sensor_exclusion_list.txt",
        "dac/aoml/submit/R13857_001.nc",
        "dac/aoml/reject/R13857_001.nc",
        "coriolis_greylist.csv",
    ],
)
def test_what_must_not_be_public(path):
    assert why_private(ArchivePath.parse(path))


@pytest.mark.parametrize(
    "path", ["dac/aoml/13857/13857_meta.nc", "ar_index_global_prof.txt", "etc/argo-index/argo_aux-profile_index.txt"]
)
def test_what_may_be_public(path):
    assert why_private(ArchivePath.parse(path)) is None


def test_the_licence_of_argo():
    assert (ARGO.spdx, ARGO.doi) == ("CC-BY-4.0", "10.17882/42182")
