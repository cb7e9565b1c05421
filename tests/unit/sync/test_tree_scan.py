"""The scan of a tree in place: what is seen, what is left out and told, what stops it."""

import asyncio
import os
import stat

import pytest

from gdac.columns import connect
from gdac.errors import GdacError
from sync.hub import scan
from sync.hub.scan import Odd
from sync.progress import Silent

FLOAT = "dac/coriolis/1900722"


def put(tree, path, body=b"x", when=1_600_000_000):
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    os.utime(file, ns=(when * 10**9 + 123_456_789,) * 2)
    return file


@pytest.fixture
def scanned(tmp_path):
    def look(tree, roots=(), workers=4):
        with connect() as connection, Silent().stage("scan") as stage:
            found = asyncio.run(scan.scan(tree, roots, connection, tmp_path, stage, workers))
            rows = connection.execute("select path, size, modified, kind, folder from seen order by path").fetchall()
        return found, rows

    return look


def test_files_of_an_archive_with_their_facts(tmp_path, scanned):
    tree = tmp_path / "tree"
    put(tree, f"{FLOAT}/profiles/R1900722_001.nc", b"abc")
    put(tree, f"{FLOAT}/1900722_prof.nc")
    put(tree, "geo/indian_ocean/2020/01/20200101_prof.nc")
    put(tree, "latest_data/D20200101_prof_0.nc")
    put(tree, "aux/coriolis/1900722/1900722_Rtraj_aux.nc")
    put(tree, "etc/argo-index/argo_aux-profile_index.txt")
    put(tree, "ar_index_global_prof.txt")
    put(tree, "manifest/head.json")
    found, rows = scanned(tree, {"ar_index_global_prof.txt"})
    assert not found.odd
    assert found.files == len(rows) == 6
    path, size, modified, kind, folder = rows[2]
    assert (path, size, kind, folder) == (f"{FLOAT}/profiles/R1900722_001.nc", 3, "profile", FLOAT)
    assert modified.isoformat() == "2020-09-13T12:26:40.123456"  # to the microsecond, cut, as the stores cut it
    assert {row[3]: row[4] for row in rows}["aux"] == ""


def test_what_nobody_meant_for_the_archive_is_told_and_left_out(tmp_path, scanned):
    tree = tmp_path / "tree"
    put(tree, f"{FLOAT}/1900722_meta.nc")
    put(tree, f"{FLOAT}/.1900722_meta.nc.Xy12")
    put(tree, ".snapshot/x")
    put(tree, f"{FLOAT}/profiles/R1900722_001.nc.filepart")
    put(tree, f"{FLOAT}/profiles/R1900722_001.nc.bak")
    put(tree, "dac/readme.txt")
    put(tree, "backup/dac/x.nc")
    put(tree, "ar_index_this_week_prof.txt")
    put(tree, "etc/greylist/ar_greylist.txt_20200101")
    put(tree, "dac/coriolis/submit/R1900722_001.nc")
    put(tree, f"{FLOAT}/bad\x1bname.nc")
    os.mkfifo(tree / FLOAT / "1900722_tech.nc")
    found, rows = scanned(tree)
    assert [row[0] for row in rows] == [f"{FLOAT}/1900722_meta.nc"]
    assert {what: tally.count for what, tally in found.odd.items()} == {
        Odd.HIDDEN: 2,
        Odd.TEMPORARY: 1,
        Odd.FOREIGN: 3,
        Odd.ROOT: 1,
        Odd.REFUSED: 3,
        Odd.SPECIAL: 1,
    }
    told = "\n".join(scan.notes(found, 5))
    assert "backup/" in told
    assert "\x1b" not in told
    assert "x1b" in told


def test_links_are_followed_within_the_tree_only(tmp_path, scanned):
    tree = tmp_path / "tree"
    real = put(tree, f"{FLOAT}/1900722_meta.nc", b"12345")
    put(tree, "etc/removed/secret.nc")
    outside = put(tmp_path, "elsewhere/x.nc")
    links = {
        "1900723_meta.nc": real,
        "1900723_tech.nc": outside,
        "1900723_prof.nc": tree / "etc/removed/secret.nc",
        "1900723_Rtraj.nc": tree / "nothing",
        "profiles": tree / FLOAT,
    }
    (tree / "dac/coriolis/1900723").mkdir()
    for name, target in links.items():
        (tree / "dac/coriolis/1900723" / name).symlink_to(target)
    (tree / "geo").symlink_to(tmp_path / "elsewhere")
    found, rows = scanned(tree)
    assert [(row[0], row[1]) for row in rows] == [
        (f"{FLOAT}/1900722_meta.nc", 5),
        ("dac/coriolis/1900723/1900723_meta.nc", 5),
    ]
    assert found.odd[Odd.LINK].count == 5
    assert any("elsewhere" in one for one in found.odd[Odd.LINK].examples)


@pytest.mark.parametrize("workers", [1, 16])
def test_many_directories(tmp_path, scanned, workers):
    tree = tmp_path / "tree"
    for number in range(300):
        wmo = f"{1900000 + number}"
        put(tree, f"dac/aoml/{wmo}/{wmo}_meta.nc")
        put(tree, f"dac/aoml/{wmo}/profiles/R{wmo}_001.nc")
    found, rows = scanned(tree, workers=workers)
    assert found.files == len({row[0] for row in rows}) == 600


def test_a_tree_that_is_not_there_or_cannot_be_read_stops_the_run(tmp_path, scanned):
    with pytest.raises(GdacError, match="is not there"):
        scanned(tmp_path / "tree")
    tree = tmp_path / "tree"
    put(tree, f"{FLOAT}/profiles/R1900722_001.nc")
    closed = tree / FLOAT / "profiles"
    closed.chmod(0)
    try:
        if os.access(closed, os.R_OK):
            pytest.skip("this user may read everything")
        with pytest.raises(GdacError, match="cannot read the directory"):
            scanned(tree)
    finally:
        closed.chmod(stat.S_IRWXU)


def test_only_directories_of_an_archive_are_entered(tmp_path, scanned):
    tree = tmp_path / "tree"
    put(tree, f"{FLOAT}/1900722_meta.nc")
    put(tree, "lost+found/x")
    found, rows = scanned(tree)
    assert len(rows) == 1
    assert found.odd[Odd.FOREIGN].examples == ["'lost+found/'"]
