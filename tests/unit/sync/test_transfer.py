"""One file from a store to another: whole or not at all."""

import hashlib
from datetime import UTC, datetime

import pytest

from gdac.errors import StoreError
from gdac.store import NotFoundError
from sync.loop import run
from sync.stores.local import LocalStore
from sync.transfer import SMALL, BadTransferError, NotNetcdfError, StaleError, carry


@pytest.fixture
def places(tmp_path):
    (tmp_path / "from").mkdir()
    return tmp_path / "from", tmp_path / "to"


def carried(places, key, **options):
    async def work():
        async with LocalStore(places[0]) as source, LocalStore(places[1]) as target:
            return await carry(source, key, target, **options)

    return run(work())


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1])
def test_bytes_and_digests(places, size):
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    (places[0] / "x.nc").write_bytes(data)
    received = carried(places, "x.nc", target_key="y.nc")
    assert (places[1] / "y.nc").read_bytes() == data
    assert received.size == size
    assert received.sha256 == hashlib.sha256(data).digest()
    assert received.md5 == hashlib.md5(data).digest()


@pytest.mark.parametrize("size", [10, SMALL + 10])
def test_other_bytes_than_due_change_nothing(places, size):
    (places[0] / "x.nc").write_bytes(b"n" * size)
    places[1].mkdir()
    (places[1] / "x.nc").write_bytes(b"old")
    with pytest.raises(BadTransferError, match="other bytes than the manifest says"):
        carried(places, "x.nc", sha256=b"\x00" * 32)
    assert (places[1] / "x.nc").read_bytes() == b"old"
    assert [each.name for each in places[1].rglob("*") if each.is_file()] == ["x.nc"]


def test_missing(places):
    with pytest.raises(NotFoundError):
        carried(places, "x.nc")


def test_a_target_that_fails_is_not_the_senders_fault(places):
    (places[0] / "x.nc").write_bytes(b"x")
    places[1].write_text("a file where the mirror should be")
    with pytest.raises(StoreError) as caught:
        carried(places, "x.nc")
    assert not isinstance(caught.value, BadTransferError)


def test_a_file_older_than_its_index_row_is_stale(places, tmp_path):
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(places[0] / "x.nc", "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("DATE_TIME", 14)
        file.createVariable("DATE_UPDATE", "S1", ("DATE_TIME",))[:] = np.array(list("20200101000000"), "S1")
    with pytest.raises(StaleError, match="2020-01-01T00:00:00Z, older than its index row"):
        carried(places, "x.nc", not_older_than=datetime(2020, 1, 2))
    assert carried(places, "x.nc", not_older_than=datetime(2020, 1, 1)).size > 0


def test_bytes_that_are_no_netcdf_are_carried_as_they_are(places):
    (places[0] / "x.nc").write_bytes(b"CDF\x01 and then nonsense")
    assert carried(places, "x.nc", not_older_than=datetime(2030, 1, 1)).size == 22
    when = datetime(2020, 1, 1, tzinfo=UTC)
    carried(places, "x.nc", modified=when)
    assert (places[1] / "x.nc").stat().st_mtime == when.timestamp()


def test_what_is_no_netcdf_file_is_refused_unless_its_digest_is_known(places):
    """An error page under a file's name is not mirrored; a file that really is none, is."""
    page, file = b"<html>busy, come back later</html>", b"CDF\x01 the file itself"
    (places[0] / "x.nc").write_bytes(page)
    with pytest.raises(NotNetcdfError, match=rf"x\.nc from .* is no NetCDF file \({len(page)} bytes\)") as caught:
        carried(places, "x.nc", must_be_netcdf=True)
    assert not (places[1] / "x.nc").exists()
    assert carried(places, "x.nc", sha256=caught.value.sha256).size == len(page)
    (places[0] / "x.nc").write_bytes(file)
    with pytest.raises(BadTransferError):
        carried(places, "x.nc", sha256=caught.value.sha256)
    assert carried(places, "x.nc", must_be_netcdf=True).size == len(file)
