"""Submissions that were made to harm: refused with a report, while the disk and the next DAC do not notice (show 5)."""

import gzip
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from gdac.errors import ExitCode
from gdac.records import Outcome
from sync.collect.record import CollectRecord
from sync.state import State
from sync.state.collected import Item, Step, Verdict
from tests.collecting import Collecting, packed, sample, submitted

BLOCKS = 512
SECRET = b"CDF\x01 the secret of another\n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def here(tmp_path: Path) -> Collecting:
    found = Collecting(tmp_path)
    for dac in found.dacs:
        found.account(dac).mkdir(parents=True)
    return found


def links(*members: tuple[str, bytes, str]) -> bytes:
    """An archive of a good file and members of other types."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packing:
        good = tarfile.TarInfo("4980000_meta.nc")
        good.size = 3
        packing.addfile(good, io.BytesIO(b"CDF"))
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            packing.addfile(info)
    return out.getvalue()


def bomb() -> bytes:
    """A small archive that begins with good files and goes on with a gigabyte of zeros, or says so."""
    info = tarfile.TarInfo("R4980000_002.nc")
    info.size = 1 << 30
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as packing:
        good = tarfile.TarInfo("R4980000_001.nc")
        good.size = 1 << 20
        packing.addfile(good, io.BytesIO(bytes(good.size)))
        begun = plain.getvalue()[: packing.offset]
    return gzip.compress(begun + info.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 20), mtime=0)


def used(folder: Path) -> int:
    """Bytes that a tree takes on the disk."""
    return sum(each.lstat().st_blocks * BLOCKS for each in folder.rglob("*") if not each.is_symlink())


def items_of(here: Collecting, dac: str) -> dict[str, Item]:
    with State.open(here.state) as state:
        return {
            item.label: item
            for one in state.submissions(dac, most=1000)
            for item in state.items(one.number, most=1_000_000)
        }


def reports(here: Collecting, dac: str) -> str:
    return "\n".join(each.read_text() for each in sorted(here.account(dac, "report").glob("submission-*.txt")))


def the_next_dac_was_served(here: Collecting, record: CollectRecord, good: dict[str, bytes]) -> None:
    published = {Path(path).name: raw for path, raw in here.published().items()}
    assert {name: published.get(name) for name in good} == good
    assert {one.dac for one in record.submissions} >= {"coriolis"}
    assert record.seal is not None
    assert record.seal.new


def nothing_is_held(here: Collecting) -> None:
    held = here.state / "collect" / "held"
    assert not held.exists() or not [each for each in held.rglob("*") if each.is_file()]


def test_hostile_archives_are_refused_with_a_report(here, archive):
    good = submitted(archive, "coriolis")
    hostile = {
        "bomb.tar.gz": bomb(),
        "symlink.tar.gz": links(("R4980000_001.nc", tarfile.SYMTYPE, "/etc/passwd")),
        "hardlink.tar.gz": links(("R4980000_001.nc", tarfile.LNKTYPE, "/etc/passwd")),
        "device.tar.gz": links(("R4980000_001.nc", tarfile.CHRTYPE, "")),
        "fifo.tar.gz": links(("R4980000_001.nc", tarfile.FIFOTYPE, "")),
        "climb.tar.gz": packed({"../../../../4980000_meta.nc": b"CDF"}),
        "absolute.tar.gz": packed({f"{here.root}/planted.nc": b"CDF"}),
        "within.tar.gz": packed({"more.tar.gz": packed({"4980000_meta.nc": b"CDF"})}),
        "many.tar.gz": gzip.compress(tarfile.TarInfo("x.nc").tobuf(tarfile.USTAR_FORMAT) * 50_001 + bytes(1024), 1),
    }
    here.put("aoml", hostile)
    here.put("coriolis", good)
    record = here.run()
    assert (record.outcome, record.exit_code) == (Outcome.FINE, ExitCode.DIFFERENCES)
    the_next_dac_was_served(here, record, good)
    found = items_of(here, "aoml")
    assert {name: (one.verdict, one.step) for name, one in found.items()} == dict.fromkeys(
        hostile, (Verdict.REFUSED, Step.FILED)
    )
    told = reports(here, "aoml")
    for name, body in hostile.items():
        assert name in told
        assert (here.account("aoml", "reject") / name).read_bytes() == body
        assert b"ACC-008" in (here.account("aoml", "reject") / f"{name}.filecheck").read_bytes()
    assert not list(here.account("aoml").iterdir())
    assert not list(here.root.rglob("planted.nc"))
    assert not (here.hub / "dac" / "aoml").exists()
    nothing_is_held(here)
    assert used(here.state) < 20 << 20


def test_what_is_no_plain_file_is_never_read(here, archive):
    good = submitted(archive, "coriolis")
    (here.root / "secret").write_bytes(SECRET)
    inbox = here.account("aoml")
    with (inbox / "R4980000_001.nc").open("wb") as sparse:
        sparse.truncate(1 << 30)
    (inbox / "R4980000_002.nc").symlink_to(here.root / "secret")
    (inbox / "R4980000_003.nc").symlink_to(here.account("coriolis") / next(iter(good)))
    os.mkfifo(inbox / "R4980000_004.nc")
    (inbox / "R4980000_005.nc").mkdir()
    (inbox / "\x1b[31mred\n.nc").write_bytes(b"CDF")
    here.put("coriolis", good)
    record = here.run()
    the_next_dac_was_served(here, record, good)
    found = items_of(here, "aoml")
    assert len(found) == 6
    assert {one.verdict for one in found.values()} == {Verdict.REFUSED}
    told = reports(here, "aoml")
    assert "symbolic link" in told
    assert "\x1b" not in told
    assert (inbox / "R4980000_001.nc").exists()
    for each in here.root.rglob("*"):
        if each.is_file() and not each.is_symlink() and each != here.root / "secret":
            assert each.stat().st_size > 1 << 29 or SECRET not in each.read_bytes()
    nothing_is_held(here)
    assert used(here.root) < 50 << 20
    again = here.run()
    assert again.submissions == ()  # told once


def test_a_flood_of_empty_files_holds_up_nobody(here, archive):
    good = submitted(archive, "coriolis")
    mine = dict(list(submitted(archive, "aoml").items())[:2])
    here.options["most_files"] = 100
    inbox = here.account("aoml")
    for number in range(250):
        (inbox / f"R49{number:05}_001.nc").touch()
    here.put("aoml", mine)
    here.put("coriolis", good)
    record = here.run()
    assert record.outcome is Outcome.PARTIAL  # the others wait
    the_next_dac_was_served(here, record, {**good, **mine})
    assert len(list(inbox.iterdir())) == 152
    for left in (52, 0):
        here.run()
        assert len(list(inbox.iterdir())) == left
    found = items_of(here, "aoml")
    assert sum(one.verdict is Verdict.REFUSED for one in found.values()) == 250
    assert not list(here.account("aoml", "reject").glob("*"))
    nothing_is_held(here)


@pytest.mark.soak
def test_a_hundred_thousand_empty_files_at_once(here, archive):
    good = submitted(archive, "coriolis")
    inbox = here.account("aoml")
    for number in range(100_000):
        (inbox / f"R49{number:05}_001.nc").touch()
    here.put("coriolis", good)
    here.options["most_files"] = 100_000
    record = here.run()
    assert record.exit_code == ExitCode.DIFFERENCES
    the_next_dac_was_served(here, record, good)
    assert not list(inbox.iterdir())
    assert used(here.state) < 500 << 20


def test_files_in_the_wrong_account_are_refused(here, archive):
    mine, other = submitted(archive, "aoml"), submitted(archive, "coriolis")
    here.put("aoml", mine)
    here.run()
    here.put("coriolis", {**other, **mine, "aoml_removal.txt": "\n".join(mine).encode(), "aoml_greylist.csv": b"x\n"})
    record = here.run()
    the_next_dac_was_served(here, record, {**mine, **other})
    found = items_of(here, "coriolis")
    for name in (*mine, "aoml_removal.txt", "aoml_greylist.csv"):
        assert found[name].verdict is Verdict.REFUSED, name
        assert (here.account("coriolis", "reject") / name).exists()
    assert {Path(path).parts[1] for path in here.published() if Path(path).name in mine} == {"aoml"}


def test_an_account_that_is_not_there_holds_up_nobody(here, archive):
    good = submitted(archive, "coriolis")
    shutil.rmtree(here.root / "accounts" / "aoml")
    here.accounts["jma"] = {"store": "ftp://127.0.0.1:1/jma", "timeout": 1}
    here.put("coriolis", good)
    (here.root / "accounts" / "aoml").write_bytes(b"a file where a folder should be")
    record = here.run()
    the_next_dac_was_served(here, record, good)
    assert "jma" in record.failed
