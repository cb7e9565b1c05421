"""Archives become items, member by member; what was packed to harm is one refused item and leaves nothing behind."""

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from gdac.errors import GdacError
from policies.submission import recognise
from sync.collect.held import held_file, held_folder
from sync.collect.unpack import unpack
from sync.loop import run
from sync.state import State
from sync.state.collected import Item, NewItem, Step, Verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CAME = datetime(2026, 11, 23, 11, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state") as opened:
        yield opened


def tar(*members: tuple[str | tarfile.TarInfo, bytes], made_by: int = tarfile.PAX_FORMAT, level: int = 1) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=made_by, compresslevel=level) as packed:
        for name, body in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(body)
            packed.addfile(info, io.BytesIO(body))
    return out.getvalue()


def of_type(kind: bytes, name: str = "R4900001_001.nc", link: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def submitted(state: State, *archives: bytes) -> int:
    """A submission of archives that were claimed."""
    number = state.open_submission("aoml", 7, NOW)
    for count, body in enumerate(archives):
        name = f"nc_{count}.tar.gz"
        known = recognise(name)
        assert known is not None
        new = NewItem(name, name, len(body), sha256(body).digest(), known.kind, CAME, "v", step=Step.TAKEN)
        (entered,) = state.add_items(number, [new])
        item = state.item(entered)
        assert item is not None
        file = held_file(state.directory, item)
        file.parent.mkdir(parents=True)
        file.write_bytes(body)
    return number


def unpacked(state: State, number: int) -> list[Item]:
    submission = state.submission(number)
    assert submission is not None
    run(unpack(state, state.directory, submission, NOW))
    return state.items(number, most=100_000)


def told(item: Item) -> str:
    assert (item.step, item.verdict) == (Step.DECIDED, Verdict.REFUSED)
    assert item.rules.policies
    return item.reasons[0].told


def held(state: State, number: int) -> list[str]:
    return sorted(str(path.relative_to(held_folder(state.directory, number)))
                  for path in held_folder(state.directory, number).rglob("*") if path.is_file())  # fmt: skip


@pytest.mark.parametrize("made_by", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_become_items(state, made_by):
    large = os.urandom(2_500_000)
    members = [
        ("./4900001/4900001_meta.nc", b"CDF meta"),
        ("4900001/profiles/R4900001_001.nc", large),
        ("notes/README", b"hello"),
        ("._R4900001_001.nc", b"what a Mac adds"),
        (".hidden/R4900001_002.nc", b"CDF"),
    ]
    folder = of_type(tarfile.DIRTYPE, "4900001/profiles/")
    number = submitted(state, tar((folder, b""), *members, made_by=made_by))
    archive, meta, profile, other = unpacked(state, number)
    assert (archive.step, archive.verdict, archive.has_bytes) == (Step.DONE, Verdict.OPENED, False)
    assert [meta.name, profile.name, other.name] == ["4900001_meta.nc", "R4900001_001.nc", "README"]
    assert meta.label == "nc_0.tar.gz!4900001/4900001_meta.nc"
    assert other.kind is None
    for item, body in ((meta, b"CDF meta"), (profile, large), (other, b"hello")):
        assert (item.step, item.verdict, item.parent, item.arrived) == (Step.TAKEN, None, archive.id, CAME)
        assert (item.size, item.sha256) == (len(body), sha256(body).digest())
        assert held_file(state.directory, item).read_bytes() == body
    assert held(state, number) == [f"{meta.id}/{meta.name}", f"{profile.id}/{profile.name}", f"{other.id}/file"]
    assert len(unpacked(state, number)) == 4  # again: nothing happens


GOOD = ("4900001_meta.nc", b"CDF")
SPARSE = tarfile.TarInfo("R4900001_001.nc")
SPARSE.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1073741824"}
HOSTILE = {
    "climbs": (tar(GOOD, ("../../x.nc", b"1")), "climbs out"),
    "climbs inside": (tar(GOOD, ("a/../../../x.nc", b"1")), "climbs out"),
    "climbing folder": (tar(GOOD, (of_type(tarfile.DIRTYPE, "../up/"), b"")), "climbs out"),
    "absolute": (tar(GOOD, ("/etc/cron.d/x.nc", b"1")), "absolute"),
    "drive": (tar(GOOD, ("C:/x.nc", b"1")), "absolute"),
    "backslash": (tar(GOOD, ("..\\x.nc", b"1")), "backslash"),
    "control": (tar(GOOD, ("x\x1b[2J.nc", b"1")), "control character"),
    "newline": (tar(GOOD, ("x\n.nc", b"1")), "control character"),
    "turned around": (tar(GOOD, ("x\u202ecn.exe", b"1")), "control character"),
    "no text": (tar(GOOD, ("x\udcff.nc", b"1"), made_by=tarfile.GNU_FORMAT), "no text"),
    "too long": (tar(GOOD, ("x" * 300 + ".nc", b"1")), "too long"),
    "no name": (tar(GOOD, ("./", b"1")), ""),
    "symbolic link": (tar(GOOD, (of_type(tarfile.SYMTYPE), b"")), "is a symbolic link"),
    "hard link": (tar(GOOD, (of_type(tarfile.LNKTYPE), b"")), "is a hard link"),
    "character device": (tar(GOOD, (of_type(tarfile.CHRTYPE), b"")), "is a character device"),
    "block device": (tar(GOOD, (of_type(tarfile.BLKTYPE), b"")), "is a block device"),
    "FIFO": (tar(GOOD, (of_type(tarfile.FIFOTYPE), b"")), "is a FIFO"),
    "sparse": (tar(GOOD, (SPARSE, b"1")), "is a sparse file"),
    "archive within": (tar(GOOD, ("more.tar.gz", tar(GOOD))), "not opened within another"),
    "zip within": (tar(GOOD, ("more.ZIP", b"PK")), "not opened within another"),
    "no archive": (b"hello", "ends early"),
    "text": (b"hello, this is no archive at all. " * 40, "no tar"),
    "cut": (tar(GOOD, ("R4900001_001.nc", os.urandom(100_000)))[:50_000], "ends early"),
    "damaged": (tar(GOOD)[:20] + b"\0\0\0\0" + tar(GOOD)[24:], ""),
    "more behind": (tar(GOOD) + gzip.compress(b"x" * 3000), "behind its end marks"),
    "garbage behind": (tar(GOOD) + b"garbage", "behind its end marks"),
    "nothing": (b"", "ends early"),
    "no member": (tar(), "holds no file"),
    "only what is passed over": (tar((of_type(tarfile.DIRTYPE, "a/"), b""), ("a/.b", b"1")), "holds no file"),
}


@pytest.mark.parametrize("kind", [one for one in HOSTILE if one != "no name"])
def test_hostile_archives_are_one_refused_item(state, kind):
    body, why = HOSTILE[kind]
    number = submitted(state, body)
    (archive,) = unpacked(state, number)
    assert why in told(archive)
    assert told(archive).isprintable()
    assert archive.reasons[0].policy == "ACC-008"
    assert held(state, number) == [f"{archive.id}/nc_0.tar.gz"]  # for the reject folder


def test_one_bad_archive_does_not_hold_up_the_next(state):
    number = submitted(state, HOSTILE["climbs"][0], tar(GOOD), HOSTILE["cut"][0])
    first, second, third, member = unpacked(state, number)
    assert told(first)
    assert told(third)
    assert (second.verdict, member.parent, member.step) == (Verdict.OPENED, second.id, Step.TAKEN)


def test_a_bomb_of_one_large_member_is_not_written(state):
    header = tarfile.TarInfo("R4900001_001.nc")
    header.size = 1 << 30
    number = submitted(state, gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 20)))
    (archive,) = unpacked(state, number)
    assert "swells" in told(archive)
    assert held(state, number) == [f"{archive.id}/nc_0.tar.gz"]


@pytest.mark.soak
def test_a_bomb_of_many_members_is_stopped(state):
    number = submitted(state, tar(*((f"R{4900000 + count}_001.nc", bytes(30 << 20)) for count in range(12)), level=9))
    (archive,) = unpacked(state, number)
    assert "swells" in told(archive)
    assert held(state, number) == [f"{archive.id}/nc_0.tar.gz"]


def test_a_flood_of_empty_members_is_refused(state):
    header = tarfile.TarInfo("R4900001_001.nc").tobuf(tarfile.USTAR_FORMAT)
    number = submitted(state, gzip.compress(header * 50_001 + bytes(1024), 1))
    (archive,) = unpacked(state, number)
    assert "more than 50,000 members" in told(archive)


def test_headers_without_members_are_counted(state):
    extended = tarfile.TarInfo("x")
    extended.type, extended.size = tarfile.XHDTYPE, 0
    number = submitted(state, gzip.compress(extended.tobuf(tarfile.USTAR_FORMAT) * 200_004 + bytes(1024), 1))
    (archive,) = unpacked(state, number)
    assert "more than 50,000 members" in told(archive)


def test_empty_and_oversized_members_are_refused_alone(state):
    huge = bytes(257 << 20)
    number = submitted(state, tar(GOOD, ("R4900001_001.nc", b""), ("R4900001_002.nc", huge)))
    archive, meta, empty, large = unpacked(state, number)
    assert (archive.verdict, meta.step) == (Verdict.OPENED, Step.TAKEN)
    assert told(empty) == "the file is empty"
    assert "bytes are more than" in told(large)
    assert not empty.has_bytes
    assert not large.has_bytes
    assert len(held(state, number)) == 1


def test_the_last_of_a_name_counts(state):
    number = submitted(
        state,
        tar(("a/R4900001_001.nc", b"CDF 1"), ("b/R4900001_001.nc", b"CDF 2"), ("c/R4900001_001.nc", b"CDF 2"), GOOD),
    )
    _, first, second, meta = unpacked(state, number)
    assert "(b/R4900001_001.nc): the last one counts" in told(first)
    assert (first.has_bytes, first.sha256) == (False, sha256(b"CDF 1").digest())
    assert second.label.endswith("!b/R4900001_001.nc")
    assert held_file(state.directory, second).read_bytes() == b"CDF 2"
    assert held_file(state.directory, meta).read_bytes() == b"CDF"


def test_archives_of_one_submission_share_a_cap(state, monkeypatch):
    monkeypatch.setattr("sync.collect.unpack._MOST_MEMBERS", 5)
    packed = tar(*((f"R490000{count}_001.nc", b"CDF") for count in range(3)))
    number = submitted(state, packed, packed, tar(GOOD))
    first, second, third, *members = unpacked(state, number)
    assert (first.verdict, third.verdict) == (Verdict.OPENED, Verdict.OPENED)
    assert "hold together more than 5 members" in told(second)
    assert len(members) == 4


def test_a_full_disk_refuses_nobody(state, monkeypatch):
    number = submitted(state, tar(GOOD))
    monkeypatch.setattr("sync.collect.room._RESERVE", 1 << 60)
    with pytest.raises(GdacError, match="no room"):
        unpacked(state, number)
    (archive,) = state.items(number)
    assert archive.step is Step.TAKEN
    assert held(state, number) == [f"{archive.id}/nc_0.tar.gz"]
    monkeypatch.undo()
    assert len(unpacked(state, number)) == 2


def test_unpacking_that_broke_off_goes_on(state):
    """As kill -9 leaves it: entered and not yet moved; or written and not yet entered."""
    number = submitted(state, tar(GOOD, ("README", b"hi")), tar(("4900002_meta.nc", b"CDF")))
    first, second = state.items(number)
    folder = held_folder(state.directory, number)
    (folder / f"members-{first.id}").mkdir()
    (folder / f"members-{first.id}" / "0").write_bytes(b"CDF")
    (folder / f"members-{first.id}" / "1").write_bytes(b"hi")
    known = recognise(GOOD[0])
    assert known is not None
    new = NewItem(GOOD[0], "x", 3, sha256(b"CDF").digest(), known.kind, CAME, parent=first.id, step=Step.TAKEN)
    state.unpacked(first.id, [new, NewItem("README", "y", 2, b"", None, CAME, parent=first.id, step=Step.TAKEN)])
    (folder / f"members-{second.id}").mkdir()
    (folder / f"members-{second.id}" / "7").write_bytes(b"half of something")
    _, _, meta, other, last = unpacked(state, number)
    assert held_file(state.directory, meta).read_bytes() == b"CDF"
    assert held_file(state.directory, other).read_bytes() == b"hi"
    assert held_file(state.directory, last).read_bytes() == b"CDF"
    assert len(held(state, number)) == 3
