"""A local tree, hashed: what is read, what is left out, what is told."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from gdac.columns import connect
from gdac.errors import GdacError, RefusedError
from gdac.manifest import hashing
from gdac.manifest.build import Built, Wanted, build
from gdac.manifest.verify import verify
from tests.unit.gdac.manifest_rows import read, utc

FLOAT = "dac/aoml/13857"
META, TECH, R1 = f"{FLOAT}/13857_meta.nc", f"{FLOAT}/13857_tech.nc", f"{FLOAT}/profiles/R13857_001.nc"
META_INDEX = """# Title : Metadata directory file of the Argo Global Data Assembly Center
# Description : The directory file describes all metadata files of the argo GDAC ftp site.
# Project : ARGO
# Format version : 2.0
# Date of update : 20261101000000
# FTP root number 1 : ftp://ftp.ifremer.fr/ifremer/argo/dac
# FTP root number 2 : ftp://usgodae.org/pub/outgoing/argo/dac
# GDAC node : CORIOLIS
file,profiler_type,institution,date_update
aoml/13857/13857_meta.nc,845,AO,20260220090000
"""
LONG_AGO = 1_700_000_000


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        yield opened


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path, content in {
        META: "meta",
        TECH: "tech",
        f"{FLOAT}/13857_prof.nc": "prof",
        "etc/readme.txt": "hello",
        "ar_index_global_meta.txt": META_INDEX,
        "manifest/000.parquet": "sealed",
        "manifest/deep/x": "sealed",
        ".snapshot/dac/x.nc": "hidden",
        "dac/.part": "hidden",
    }.items():
        put(root, path, content)
    return root


def put(root: Path, path: str, content: str, *, when: int = LONG_AGO) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    os.utime(file, (when, when))


def run(con: duckdb.DuckDBPyConnection, tree: Path, *, deep: bool = False, listed_only: bool = True) -> Built:
    work = tree.parent / "work"
    work.mkdir(exist_ok=True)
    wanted = Wanted(work, (LONG_AGO + 1000) * 10**9, tree.parent / "cache.parquet", deep, listed_only)
    built = build(con, tree, "state", wanted)
    assert list(work.iterdir()) == []
    return built


def paths(con: duckdb.DuckDBPyConnection) -> list[object]:
    return [row[0] for row in read(con, "state")]


def test_listed_and_derived_files_are_taken_and_unlisted_ones_reported(
    con: duckdb.DuckDBPyConnection, tree: Path
) -> None:
    built = run(con, tree)
    assert paths(con) == ["ar_index_global_meta.txt", META, f"{FLOAT}/13857_prof.nc", "etc/readme.txt"]
    assert (built.unlisted.count, built.unlisted.examples) == (1, [TECH])
    assert (built.rows, built.read, built.scan.hidden) == (4, 4, 2)
    meta = next(row for row in read(con, "state") if row[0] == META)
    assert meta[4:] == (utc("2023-11-14T22:13:20"), utc("2026-02-20T09:00:00"), 1)
    assert [(index.path, str(index.updated)) for index in built.indexes] == [
        ("ar_index_global_meta.txt", "2026-11-01 00:00:00+00:00")
    ]


def test_all_takes_the_unlisted_too(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    built = run(con, tree, listed_only=False)
    assert TECH in paths(con)
    assert built.unlisted.count == 1


def test_a_second_build_reads_nothing_and_a_third_only_what_changed(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    run(con, tree)
    first = read(con, "state")
    for path in paths(con):
        if str(path).endswith(".nc"):
            (tree / str(path)).chmod(0)  # whoever is not root cannot read them now
    again = run(con, tree)
    assert (again.rows, again.read) == (4, 0)
    assert read(con, "state") == first
    (tree / META).chmod(0o644)
    put(tree, META, "atem", when=LONG_AGO + 1)  # same size, other time
    third = run(con, tree)
    assert (third.read, third.read_bytes) == (1, 4)
    assert read(con, "state") != first


def test_only_changed_files_are_opened(
    con: duckdb.DuckDBPyConnection, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(con, tree)
    opened = []
    real = hashing.hash_file
    monkeypatch.setattr(hashing, "hash_file", lambda root, path: (opened.append(path), real(root, path))[1])
    run(con, tree)
    assert opened == []
    put(tree, META, "longer meta")
    replaced = tree / "etc/readme.new"
    put(tree, "etc/readme.new", "HELLO")  # same size and time: only the inode tells
    replaced.replace(tree / "etc/readme.txt")
    run(con, tree)
    assert opened == [META, "etc/readme.txt"]
    run(con, tree, deep=True)
    assert len(opened) == 2 + 4


def test_a_file_written_just_before_the_build_is_not_remembered(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    put(tree, META, "meta", when=LONG_AGO + 999)
    assert run(con, tree).read == 4
    assert run(con, tree).read == 1


def test_a_cache_that_is_no_cache_is_refused(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    (tree.parent / "cache.parquet").write_text("no")
    with pytest.raises(RefusedError, match="cache"):
        run(con, tree)


def test_links_special_files_and_bad_names_are_told_and_left_out(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    (tree / "dac/outside").symlink_to("/etc")
    (tree / "etc/link.txt").symlink_to("readme.txt")
    os.mkfifo(tree / "etc/pipe")
    put(tree, "etc/back\\slash", "x")
    put(tree, "etc/new\nline", "x")
    put(tree, "etc/ blank", "x")
    (tree / "etc" / os.fsdecode(b"latin\xe9")).write_text("x")
    built = run(con, tree)
    assert built.rows == 4
    assert (built.scan.links.count, built.scan.special.count, built.scan.refused.count) == (2, 1, 4)
    assert all(text.isprintable() and text.isascii() for text in built.scan.refused.examples)


def test_a_tree_without_indexes_is_not_taken_for_an_empty_archive(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    (tree / "ar_index_global_meta.txt").unlink()
    with pytest.raises(RefusedError, match="no index files"):
        run(con, tree)
    assert run(con, tree, listed_only=False).rows == 4


@pytest.mark.parametrize("text", ["<html>404</html>", META_INDEX[:-20], ""])
def test_a_damaged_index_stops_the_build(con: duckdb.DuckDBPyConnection, tree: Path, text: str) -> None:
    put(tree, "ar_index_global_meta.txt", text)
    with pytest.raises(RefusedError, match="ar_index_global_meta"):
        run(con, tree)


def test_a_packed_index_beside_the_plain_one_must_be_whole_too(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    put(tree, "ar_index_global_meta.txt.gz", "no gzip")
    with pytest.raises(RefusedError, match=r"meta.txt.gz"):
        run(con, tree)


def test_no_tree_is_an_error(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(GdacError, match="is no directory"):
        run(con, tmp_path / "nothing")


def test_a_file_that_is_written_to_while_it_is_read_is_not_settled(tmp_path: Path) -> None:
    put(tmp_path, "etc/log.txt", "x" * 50_000_000)
    stop = threading.Event()

    def write() -> None:
        with (tmp_path / "etc/log.txt").open("ab") as log:
            while not stop.is_set():
                log.write(b"more")
                log.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = hashing.hash_file(tmp_path, "etc/log.txt")
    finally:
        stop.set()
        writer.join()
    assert found.trouble == "it changed each time while it was read"
    assert hashing.hash_file(tmp_path, "etc/log.txt").trouble is None


def test_a_file_that_vanished_has_trouble_and_stops_nobody(tmp_path: Path) -> None:
    put(tmp_path, "etc/a", "a")
    found = list(hashing.hash_files(tmp_path, ["etc/gone", "etc/a"]))
    assert [entry.trouble is None for entry in found] == [False, True]
    assert found[1].sha256 == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert found[1].md5 == "0cc175b9c0f1b6a831c399e269772661"


def test_a_tree_that_holds_its_manifest_verifies(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    run(con, tree, listed_only=False)
    found = verify(con, tree, "state", workdir=tree.parent)
    assert (found.differences, found.rows, found.read) == (0, 5, 5)


def test_each_way_to_differ_is_told_apart(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    run(con, tree, listed_only=False)
    (tree / META).unlink()
    put(tree, TECH, "TECH")
    put(tree, "etc/readme.txt", "longer")
    put(tree, R1, "new")
    found = verify(con, tree, "state", workdir=tree.parent)
    assert found.missing.examples == [META]
    assert found.digest.examples == [TECH]
    assert found.size.examples == ["etc/readme.txt"]
    assert found.extra.examples == [R1]
    assert found.differences == 4


def test_parts_cover_every_file_once(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    for at in range(40):
        put(tree, f"etc/{at}.txt", f"{at}")
    run(con, tree, listed_only=False)
    read_in = [verify(con, tree, "state", workdir=tree.parent, part=part, parts=4).read for part in range(1, 5)]
    assert sum(read_in) == 45
    assert all(read_in)
