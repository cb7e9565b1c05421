"""Tars of snapshots: read as tar reads them, in the shapes that there are, and harmless when they were made to harm."""

import asyncio
import gzip
import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdac.paths import PathError
from sync.doi.members import archive_path, members
from sync.doi.opening import Tar
from sync.tars.tar import entries
from sync.tars.unpack import Budget, TarError, unpacked
from tests.snapshot_tars import tar_of

LONG = "d/" * 60 + "\u00e9" * 90 + ".nc"
FILES = [("a/x.nc", b"x" * 1000), (LONG, b"y"), ("z" * 99, b""), ("e/" * 50 + "end.nc", b"k" * 513), ("last", b"1")]
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def tar_with(made_by: int, *infos: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=made_by) as tar:
        for info, body in infos:
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def opened(raw: bytes, step: int = 4096, size: int | None = None, budget: Budget | None = None) -> Tar:
    async def pieces():
        for at in range(0, len(raw), step):
            yield raw[at : at + step]

    return Tar(pieces(), "the tar", size, budget)


def listed(raw: bytes, step: int = 4096) -> list[tuple[str, bytes]]:
    async def read():
        tar = opened(raw, step)
        stream = await unpacked(tar.stream, tar.budget)
        found = [(one.name, await one.body.whole()) async for one in entries(stream, tar.budget)]
        await stream.drain()
        await tar.finish()
        return found

    return asyncio.run(read())


def found_in(raw: bytes, budget: Budget | None = None) -> list[tuple[str, str, bytes]]:
    """Path or refusal of every member, and its bytes."""

    async def read():
        tar = opened(raw, budget=budget)
        found = []
        async for one in members(tar.stream, tar.budget):
            body = b"".join([piece async for piece in one.body.chunks()])
            found.append((one.path.text if one.path else "", one.why, body))
        await tar.finish()
        return found

    return asyncio.run(read())


@pytest.mark.parametrize("made_by", FORMATS)
@pytest.mark.parametrize("step", [1, 511, 65536])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda raw: gzip.compress(raw[:700]) + gzip.compress(raw[700:])]
)
def test_members_come_as_tar_wrote_them(made_by, step, pack):
    files = [one for one in FILES if made_by != "ustar" or len(one[0]) < 100]
    raw = tar_with(FORMATS[made_by], *((tarfile.TarInfo(name), body) for name, body in files))
    assert listed(pack(raw), step) == files


def test_times_and_directories():
    info = tarfile.TarInfo("x")
    info.mtime = 1_740_787_200.75
    folder = tarfile.TarInfo("d/")
    folder.type = tarfile.DIRTYPE

    async def read():
        tar = opened(tar_with(tarfile.PAX_FORMAT, (info, b"1"), (folder, b"")))
        return [(one.name, one.is_folder, one.modified) async for one in entries(tar.stream, tar.budget)]

    (name, is_folder, modified), second = asyncio.run(read())
    assert (name, is_folder, modified.isoformat()) == ("x", False, "2025-03-01T00:00:00+00:00")
    assert second[1]


def test_a_size_in_base_256_is_understood():
    raw = bytearray(tar_with(tarfile.GNU_FORMAT, (tarfile.TarInfo("x"), b"abc")))
    raw[124:136] = b"\x80" + (3).to_bytes(11, "big")
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    assert listed(bytes(raw)) == [("x", b"abc")]


@settings(max_examples=60)
@given(cut=st.integers(min_value=0), packed=st.booleans())
def test_a_tar_cut_anywhere_before_its_end_marks_is_refused(cut, packed):
    raw = tar_of([("a.nc", b"x" * 700), ("b.nc", b"y" * 100)], packed=packed)
    marks = len(raw) if packed else 512 + 1024 + 512 + 512
    with pytest.raises(TarError):
        listed(raw[: cut % marks])


@settings(max_examples=150)
@given(at=st.integers(min_value=0), value=st.integers(0, 255))
def test_damage_never_breaks_the_reader(at, value):
    raw = bytearray(tar_of([("a.nc", b"x" * 700), (LONG, b"y" * 100)], packed=False))
    raw[at % 2048] = value
    with suppress(TarError):
        found_in(bytes(raw))


@pytest.mark.parametrize(
    ("name", "dac", "path"),
    [
        ("202309-ArgoData/dac/ar_index_global_prof.txt.gz", None, "ar_index_global_prof.txt.gz"),
        ("202309-ArgoData/dac/aoml/13857/13857_meta.nc", None, "dac/aoml/13857/13857_meta.nc"),
        ("202309-BgcArgoSprof/dac/aoml/1900722_Sprof.nc", None, "dac/aoml/1900722/1900722_Sprof.nc"),
        (
            "./202309-ArgoData/geo/atlantic_ocean/2023/09/20230901_prof.nc",
            None,
            "geo/atlantic_ocean/2023/09/20230901_prof.nc",
        ),
        ("dac/aoml/13857/13857_meta.nc", None, "dac/aoml/13857/13857_meta.nc"),
        ("argo/dac/aoml/13857/13857_meta.nc", None, "dac/aoml/13857/13857_meta.nc"),
        ("readme.txt", None, "readme.txt"),
        ("202309-ArgoData/readme.txt", None, "readme.txt"),
        ("doc/readme.txt", None, "doc/readme.txt"),
        ("aoml/13857/13857_meta.nc", "aoml", "dac/aoml/13857/13857_meta.nc"),
        ("./aoml/13857/13857_meta.nc", "aoml", "dac/aoml/13857/13857_meta.nc"),
        ("dac/aoml/13857/13857_meta.nc", "aoml", "dac/aoml/13857/13857_meta.nc"),
        ("13857/13857_meta.nc", "aoml", "dac/aoml/13857/13857_meta.nc"),
        ("202309-ArgoData/dac/aoml/13857/13857_meta.nc", "aoml", "dac/aoml/13857/13857_meta.nc"),
    ],
)
def test_archive_paths(name, dac, path):
    assert archive_path(name, dac).text == path


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../x", "202309-ArgoData/../../x", "dac/./x", "dac//x",
     "dac\\x", "dac/.x", "dac/a\tb", "dac/\udcff", "", "x" * 300],
)  # fmt: skip
@pytest.mark.parametrize("dac", [None, "aoml"])
def test_names_that_no_archive_may_hold(name, dac):
    with pytest.raises(PathError):
        print(archive_path(name, dac))


@pytest.mark.parametrize("name", ["manifest/head.json", "202309-ArgoData/manifest/head.json"])
def test_no_snapshot_writes_where_the_hub_seals(name):
    with pytest.raises(PathError, match="where the hub seals"):
        archive_path(name)
    assert archive_path(name, "aoml").text.startswith("dac/")


def test_a_tar_of_tars_gives_the_archive():
    core = tar_of([("aoml/13857/13857_meta.nc", b"1"), ("aoml/../../evil", b"2")])
    bgc = tar_of([("aoml/13857/13857_Sprof.nc", b"3")], packed=False)
    raw = tar_of(
        [
            ("202309-ArgoData/dac/aoml_core.tar.gz", core),
            ("202309-ArgoData/dac/ar_index_global_prof.txt.gz", b"4"),
            ("202309-ArgoData/dac/aoml_bgc.tar.gz", bgc),
            ("202309-ArgoData/aux/aoml/13857/more.tar.gz", b"5"),
        ]
    )
    found = found_in(raw)
    assert [one[0] for one in found if one[0]] == [
        "dac/aoml/13857/13857_meta.nc",
        "ar_index_global_prof.txt.gz",
        "dac/aoml/13857/13857_Sprof.nc",
        "aux/aoml/13857/more.tar.gz",  # a file of the archive, not one of the snapshot's tars
    ]
    assert [why for _, why, _ in found if why] == ["it climbs or stands still ('..' between slashes)"]


@pytest.mark.parametrize(
    ("kind", "word"),
    [(tarfile.SYMTYPE, "symbolic link"), (tarfile.LNKTYPE, "hard link"), (tarfile.CHRTYPE, "character device"),
     (tarfile.BLKTYPE, "block device"), (tarfile.FIFOTYPE, "FIFO"), (tarfile.CONTTYPE, "contiguous"), (b"S", "sparse")],
)  # fmt: skip
def test_what_is_no_plain_file_is_refused_and_the_rest_is_read(kind, word):
    odd = tarfile.TarInfo("dac/aoml/13857/13857_prof.nc")
    odd.type, odd.linkname = kind, "/etc/passwd"
    raw = tar_with(tarfile.GNU_FORMAT, (odd, b""), (tarfile.TarInfo("dac/aoml/13857/13857_meta.nc"), b"1"))
    first, second = found_in(raw)
    assert first[0] == ""
    assert word in first[1]
    assert second == ("dac/aoml/13857/13857_meta.nc", "", b"1")


def test_bombs_are_refused_by_ratio_and_by_count():
    zeros = gzip.compress(tar_of([("dac/x.nc", bytes(40 << 20))], packed=False))
    with pytest.raises(TarError, match="200 times"):
        found_in(zeros, Budget(grace=1 << 20))
    nested = tar_of([("dac/aoml_core.tar.gz", zeros)])
    with pytest.raises(TarError, match="200 times"):
        found_in(nested, Budget(grace=1 << 20))
    with pytest.raises(TarError, match="over 3 members"):
        found_in(tar_of([(f"dac/{number}", b"") for number in range(9)]), Budget(members=3))


def test_headers_made_to_fill_the_memory_are_refused():
    raw = bytearray(tar_of([("x", b"1")], packed=False))
    for kind in (b"x", b"L", b"g"):
        raw[156:157] = kind
        raw[124:136] = b"%011o\0" % (2 << 20)
        raw[148:156] = b" " * 8
        raw[148:156] = b"%06o\0 " % sum(raw[:512])
        with pytest.raises(TarError, match="none is that long"):
            found_in(bytes(raw))


@pytest.mark.parametrize("is_nested", [False, True])
def test_members_behind_the_end_marks_are_not_passed_over(is_nested):
    two = tar_of([("dac/aoml/1.nc", b"1")], packed=False) + tar_of([("dac/aoml/2.nc", b"2")], packed=False)
    raw = tar_of([("dac/aoml_core.tar", two)]) if is_nested else gzip.compress(two)
    with pytest.raises(TarError, match="behind its end marks"):
        found_in(raw)


def test_an_html_page_is_no_tar():
    with pytest.raises(TarError, match="is no tar"):
        found_in(b"<html>" + b" " * 1000)


@pytest.mark.parametrize("size", [-1, 1])
def test_a_size_other_than_the_records_is_refused(size):
    raw = tar_of([("x", b"1")])

    async def read():
        tar = opened(raw, size=len(raw) + size)
        async for _ in members(tar.stream, tar.budget):
            pass
        await tar.finish()

    with pytest.raises(TarError, match="record says"):
        asyncio.run(read())
