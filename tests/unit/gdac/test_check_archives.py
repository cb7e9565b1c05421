"""Packed submissions: read member by member, nothing believed."""

import gzip
import io
import tarfile

import pytest

from gdac.check.archives import ArchiveError, Limits, is_archive, members
from gdac.check.finding import Verdict
from gdac.check.walk import tasks_of
from gdac.check.work import perform
from gdac.tables import load


def pack(path, entries, *, mode="w:gz", format=tarfile.PAX_FORMAT):  # noqa: A002 - tarfile's own word
    with tarfile.open(path, mode, format=format) as archive:
        for name, content, *changes in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_700_000_000
            for key, value in (changes[0] if changes else {}).items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return path


def read(path, **limits):
    return list(members(path, limits=Limits(**limits)))


LONG = "dac/coriolis/" + "x" * 150 + "/" + "y" * 120 + "/R1.nc"


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_layouts_of_tar(tmp_path, mode, layout):
    name = "a/R1.nc" if layout == tarfile.USTAR_FORMAT else LONG
    entries = [
        ("./dac", b"", {"type": tarfile.DIRTYPE}),
        (f"./{name}", b"1" * 1000),
        ("notes.txt", b"2" * 512),
        ("R2.nc", b"", {"mtime": 5}),
        ("R3.nc", b"3" * 513),
    ]
    found = read(pack(tmp_path / "a.tar.gz", entries, mode=mode, format=layout))
    assert [(each.name, each.size, each.data) for each in found] == [
        (name, 1000, b"1" * 1000),
        ("notes.txt", 512, None),
        ("R2.nc", 0, b""),
        ("R3.nc", 513, b"3" * 513),
    ]
    assert [each.modified for each in found] == [1_700_000_000, 1_700_000_000, 5, 1_700_000_000]


def test_times_to_the_fraction_and_names_of_any_alphabet(tmp_path):
    path = pack(tmp_path / "a.tar.gz", [("flotteur_é.nc", b"x", {"mtime": 1_700_000_000.25})])
    (member,) = read(path)
    assert member.name == "flotteur_é.nc"
    assert member.modified == 1_700_000_000.25


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (("../R1.nc", b"x"), "leads out of it"),
        (("a/../../R1.nc", b"x"), "leads out of it"),
        (("/etc/R1.nc", b"x"), "leads out of it"),
        (("C:/R1.nc", b"x"), "leads out of it"),
        (("a\\..\\R1.nc", b"x"), "leads out of it"),
        (("./", b"x"), "has no name"),
        (("R1.nc", b"", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}), "not a plain file"),
        (("R1.nc", b"", {"type": tarfile.LNKTYPE, "linkname": "R0.nc"}), "not a plain file"),
        (("R1.nc", b"", {"type": tarfile.FIFOTYPE}), "not a plain file"),
        (("R1.nc", b"", {"type": tarfile.CHRTYPE}), "not a plain file"),
        (("R1.nc", b"x", {"type": tarfile.GNUTYPE_SPARSE}), "sparse"),
        (("R1.nc", b"x", {"pax_headers": {"GNU.sparse.major": "1"}}), "sparse"),
        (("R1.nc", b"x", {"pax_headers": {"size": "-5"}}), "has no size"),
        (("R1.nc", b"x", {"pax_headers": {"path": "../../x.nc"}}), "leads out of it"),
        (("R1.nc", b"x", {"pax_headers": {"comment": "c" * (2 << 20)}}), "a header of it has"),
    ],
)
def test_what_no_submission_should_hold(tmp_path, entry, why):
    path = pack(tmp_path / "a.tar.gz", [("R0.nc", b"good"), entry, ("R9.nc", b"behind")])
    seen = []
    with pytest.raises(ArchiveError, match=why):
        seen.extend(member.name for member in members(path))
    assert seen == ["R0.nc"]


def test_caps(tmp_path):
    path = pack(tmp_path / "a.tar.gz", [(f"R{number}.nc", b"x" * 1000) for number in range(5)])
    assert len(read(path, members=5, member=1000, total=5000)) == 5
    with pytest.raises(ArchiveError, match="more than 4 entries"):
        read(path, members=4)
    with pytest.raises(ArchiveError, match="too large"):
        read(path, member=999)
    with pytest.raises(ArchiveError, match="too large"):
        read(path, total=4999)


def test_a_bomb_is_stopped_long_before_it_is_done(tmp_path):
    path = tmp_path / "bomb.tar.gz"
    info = tarfile.TarInfo("R1.nc")
    info.size = 200 << 20
    with gzip.open(path, "wb") as packed:
        packed.write(info.tobuf())
        for _ in range(200):
            packed.write(bytes(1 << 20))
    with pytest.raises(ArchiveError, match="swells to more than 250 times"):
        read(path)


@pytest.mark.parametrize("keep", [0, 1, 10, 100, 150, -9, -1])
def test_cut_off(tmp_path, keep):
    path = pack(tmp_path / "a.tar.gz", [("R1.nc", bytes(range(256)) * 10), ("R2.nc", b"y" * 5000)])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArchiveError):
        read(path)


def test_cut_off_without_compression(tmp_path):
    path = pack(tmp_path / "a.tar", [("R1.nc", b"x" * 5000)], mode="w")
    whole = path.read_bytes()
    path.write_bytes(whole[:3000])
    with pytest.raises(ArchiveError, match="in the middle of a member"):
        read(path)
    path.write_bytes(whole[: 512 + 5120])
    with pytest.raises(ArchiveError, match="has no end"):
        read(path)


@pytest.mark.parametrize("content", [b"hello" * 200, b"\x1f\x8bnonsense", b"\x00" * 100, bytes(range(256)) * 4])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ArchiveError):
        read(path)
    with pytest.raises(ArchiveError, match="cannot be read"):
        read(tmp_path / "absent.tar.gz")


def test_damaged_pax_records(tmp_path):
    path = tmp_path / "a.tar"
    for records in (b"x", b"99 path=a\n", b"3 \n", b"0 path=a\n", b"-4 path\n"):
        header = tarfile.TarInfo("pax")
        header.type, header.size = tarfile.XHDTYPE, len(records)
        path.write_bytes(header.tobuf() + records.ljust(512, b"\0") + tarfile.TarInfo("R1.nc").tobuf())
        with pytest.raises(ArchiveError, match="pax header of it is damaged"):
            read(path)


def test_names_of_archives():
    assert all(map(is_archive, ("a.tar.gz", "b.tgz", "c.tar")))
    assert not any(map(is_archive, ("a.nc", "a.nc.gz", "tar", "a.zip")))


def test_members_become_tasks_and_a_bad_archive_is_rejected_itself(tmp_path):
    folder = tmp_path / "submission"
    folder.mkdir()
    link = ("R2.nc", b"", {"type": tarfile.SYMTYPE, "linkname": "x"})
    pack(folder / "a.tar.gz", [("dac/bodc/1/R1.nc", b"CDF"), ("readme.txt", b"x"), link])
    (folder / "b.nc").write_bytes(b"CDF")
    tasks = list(tasks_of([folder]))
    archive = str(folder / "a.tar.gz")
    assert [(task.label, task.dac, task.received) for task in tasks] == [
        (f"{archive}/dac/bodc/1/R1.nc", "bodc", 1_700_000_000),
        (f"{archive}/readme.txt", None, 1_700_000_000),
        (archive, None, None),
        (str(folder / "b.nc"), None, None),
    ]
    results = [perform(task, load(), options()) for task in tasks]
    rejected, skipped = Verdict.REJECTED, Verdict.SKIPPED
    assert [result.verdict for result in results] == [rejected, skipped, rejected, rejected]
    assert [result.findings[0].rule for result in results] == ["OPN-003", "CHK-004", "CHK-005", "OPN-003"]
    assert "not a plain file" in results[2].findings[0].text
    assert [task.received for task in tasks_of([folder], received=7.0)] == [7.0] * 4


def options():
    from gdac.check.options import Options

    return Options()
