"""Index files brought up to date: the same bytes as a rebuild, whatever changed, and nothing half done."""

import gzip
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree

import duckdb
import pytest

from gdac.errors import RefusedError, UsageError
from gdac.index import BUILT, SPECS, new_header
from gdac.index.build import build_indexes
from gdac.index.update import Altered, alter_index, apply_changes, update_indexes
from gdac.paths import ArchivePath
from gdac.sample import make_archive, next_day

FIRST, THEN = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
META = SPECS["ar_index_global_meta"]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


def written(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
def test_days_of_an_archive_give_what_a_rebuild_gives(con, tmp_path, suffix):
    tree = tmp_path / "tree"
    make_archive(tree, floats=4, cycles=3, seed=3, day=date(2026, 1, 15))
    build_indexes(con, tree, tmp_path / "kept", updated=FIRST, suffix=suffix)
    paths = {each.relative_to(tree).as_posix(): each.read_bytes() for each in (tree / "dac").rglob("*.nc")}
    for day in range(2):
        next_day(tree)
        now = {each.relative_to(tree).as_posix(): each.read_bytes() for each in (tree / "dac").rglob("*.nc")}
        changed = [ArchivePath.parse(path) for path in paths.keys() | now.keys() if paths.get(path) != now.get(path)]
        assert changed
        stamp = THEN.replace(day=2 + day)
        ours = update_indexes(con, tree, tmp_path / "kept", changed, updated=stamp, suffix=suffix)
        whole = build_indexes(con, tree, tmp_path / "whole", updated=stamp, suffix=suffix)
        assert written(tmp_path / "kept") == written(tmp_path / "whole")
        assert ours == whole
        paths = now


def test_files_that_came_went_or_cannot_be_listed(con, tmp_path):
    tree = tmp_path / "tree"
    make_archive(tree, floats=2, cycles=3, seed=5, day=date(2026, 1, 15))
    build_indexes(con, tree, tmp_path / "kept", updated=FIRST)
    profiles = sorted((tree / "dac").glob("*/*/profiles/[RD]*.nc"))
    gone, bad, odd = profiles[0], profiles[1], profiles[2].with_name("nothing.nc")
    whole_float = profiles[-1].parents[1]
    new_float = tree / "dac" / "zzz" / whole_float.name
    copytree(whole_float, new_float)  # comes behind all others
    gone.unlink()
    bad.write_bytes(b"CDF\x01")
    odd.touch()
    touched = [gone, bad, odd, *new_float.rglob("*.nc")]
    changed = [ArchivePath.parse(each.relative_to(tree).as_posix()) for each in touched]
    ours = update_indexes(con, tree, tmp_path / "kept", changed, updated=THEN)
    assert ours == build_indexes(con, tree, tmp_path / "whole", updated=THEN)
    assert written(tmp_path / "kept") == written(tmp_path / "whole")
    assert len(ours.problems) == 1


def index(folder: Path, paths: list[str], stamp: datetime = FIRST) -> Path:
    file = folder / "ar_index_global_meta.txt"
    lines = "".join(f"{path},846,AO,20200101000000\n" for path in paths)
    file.write_bytes(new_header(META, updated=stamp).encode() + lines.encode())
    return file


def test_random_changes_to_an_index_in_order_and_in_disorder(con, tmp_path):
    rng = random.Random(1)
    for turn in range(30):
        names = sorted(
            {f"aoml/x{rng.choice('-+.19a')}{rng.randrange(400)}{'x' * rng.choice((0, 0, 200))}" for _ in range(40)}
        )
        old = rng.sample(names, rng.randrange(len(names) + 1))
        if turn % 3:
            old.sort()
        touched = rng.sample(names, rng.randrange(8))
        changes = {name: None if rng.random() < 0.4 else f"{name},999,JA,20210101000000" for name in touched}
        rows = {name: f"{name},846,AO,20200101000000" for name in old} | changes
        left = [row for _, row in sorted(rows.items(), key=lambda each: each[0].encode()) if row is not None]
        header = new_header(META, updated=THEN)
        file = index(tmp_path, old)
        assert apply_changes(con, file, file, changes, header=header) == len(left)
        assert file.read_bytes() == header.encode() + "".join(f"{row}\n" for row in left).encode()
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_a_repeated_row_is_collapsed_as_a_rebuild_would(con, tmp_path):
    file = index(tmp_path, ["aoml/1/1_meta.nc", "aoml/1/1_meta.nc", "aoml/2/2_meta.nc"])
    assert apply_changes(con, file, file, {}, header=new_header(META, updated=THEN)) == 2
    assert file.read_bytes() == index(tmp_path, ["aoml/1/1_meta.nc", "aoml/2/2_meta.nc"], THEN).read_bytes()


@pytest.mark.parametrize(
    "tail", [b"aoml/9/9_meta.nc,846,AO", b"aoml/9/9_meta.nc,846,AO\n", b"a,846,AO,2020010100000x\n"]
)
def test_a_damaged_index_is_refused_and_stays(con, tmp_path, tail):
    file = index(tmp_path, ["aoml/1/1_meta.nc"])
    damaged = file.read_bytes() + tail
    file.write_bytes(damaged)
    with pytest.raises(RefusedError):
        apply_changes(con, file, file, {"aoml/1/1_meta.nc": None}, header=new_header(META, updated=THEN))
    assert file.read_bytes() == damaged
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_a_cut_gzip_index_is_refused_and_stays(con, tmp_path):
    plain = index(tmp_path, [f"aoml/{at:04d}" for at in range(2000)])
    packed = tmp_path / f"{plain.name}.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes())[:-9])
    plain.unlink()
    with pytest.raises(RefusedError, match="cut"):
        apply_changes(con, packed, packed, {}, header=new_header(META, updated=THEN))
    assert [each.name for each in tmp_path.iterdir()] == [packed.name]


def test_without_indexes_to_begin_with_it_says_what_to_do(con, tmp_path):
    (tmp_path / "dac").mkdir()
    build_indexes(con, tmp_path, tmp_path / "kept", updated=FIRST)
    (tmp_path / "kept" / f"{BUILT[3]}.txt").unlink()
    before = written(tmp_path / "kept")
    with pytest.raises(UsageError, match="gdac index build"):
        update_indexes(con, tmp_path, tmp_path / "kept", [], updated=THEN)
    assert written(tmp_path / "kept") == before


def test_a_file_that_left_has_no_row_though_its_bytes_still_lie_there(con, tmp_path):
    tree = tmp_path / "tree"
    make_archive(tree, floats=2, cycles=3, seed=5, day=date(2026, 1, 15))
    build_indexes(con, tree, tmp_path / "kept", updated=FIRST)
    profiles = sorted((tree / "dac").glob("*/*/profiles/R*.nc"))
    left = [ArchivePath.parse(each.relative_to(tree).as_posix()) for each in profiles[:2]]
    ours = update_indexes(con, tree, tmp_path / "kept", [], gone=left, updated=THEN)
    for each in profiles[:2]:
        each.unlink()
    assert ours == build_indexes(con, tree, tmp_path / "whole", updated=THEN)
    assert written(tmp_path / "kept") == written(tmp_path / "whole")


@pytest.mark.parametrize("paths", [["aoml/1/1_meta.nc", "aoml/2/2_meta.nc"], ["aoml/2/2_meta.nc", "aoml/1/1_meta.nc"]])
def test_changes_that_make_no_difference_write_nothing(con, tmp_path, paths):
    file, dest = index(tmp_path, paths), tmp_path / "new.txt"
    same = {paths[0]: f"{paths[0]},846,AO,20200101000000", "aoml/3/3_meta.nc": None}
    header = new_header(META, updated=THEN)
    assert alter_index(con, file, dest, same, header=header) == Altered(2, 0)
    assert alter_index(con, file, dest, {}, header=header) == Altered(2, 0)
    assert not dest.exists()
    change = same | {
        paths[1]: f"{paths[1]},846,AO,20210101000000",
        "aoml/4/4_meta.nc": "aoml/4/4_meta.nc,846,AO,20210101000000",
    }
    assert alter_index(con, file, dest, change, header=header) == Altered(3, 2)
    assert alter_index(con, file, dest, {paths[0]: None}, header=header) == Altered(1, 1)


def test_an_index_without_rows_gets_its_first(con, tmp_path):
    file = index(tmp_path, [])
    row = "aoml/13857/13857_meta.nc,846,AO,20200101000000"
    assert apply_changes(con, file, file, {row.partition(",")[0]: row}, header=new_header(META, updated=THEN)) == 1
    assert file.read_text().splitlines()[-1] == row
