"""The real archive, sealed in place on two days: what the manifest and the delta must say of it."""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from gdac.columns import connect
from gdac.manifest import local
from gdac.manifest.build import Built, Wanted, build
from gdac.manifest.files import load_delta
from gdac.manifest.seal import Seal, prepare_seal
from gdac.manifest.states import count_kinds
from gdac.manifest.verify import verify
from gdac.paths import ArchivePath, Kind

pytestmark = pytest.mark.shared
ARCHIVE = "0b5a3c52-8a53-4a0e-9d5f-6c1f6f2f4c11"
NOW = datetime(2126, 11, 2, 2, 0, 0, tzinfo=UTC)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        yield opened


@pytest.fixture
def tree(shared: Path, tmp_path: Path) -> Path:
    """The real archive under another root: directories of our own, the files linked hard or copied."""
    root = tmp_path / "gdac"

    def place(source: str, target: str) -> None:
        try:
            Path(target).hardlink_to(source)
        except OSError:
            shutil.copy2(source, target)

    shutil.copytree(shared / "gdac", root, copy_function=place)
    return root


def seal(con: duckdb.DuckDBPyConnection, tree: Path, now: datetime) -> tuple[Built, Seal]:
    work = tree.parent / "work"
    work.mkdir(exist_ok=True)
    built = build(con, tree, "state", Wanted(work, int(now.timestamp() * 1e9), tree.parent / "cache.parquet"))
    base = local.read_head(tree)
    before = None if base is None else (tree / "manifest/head.json").read_bytes()
    if base is not None:
        local.open_manifest(con, tree, base.manifest, base.archive, "base")
    made = prepare_seal(
        con,
        base=base,
        base_table=None if base is None else "base",
        new_table="state",
        archive=ARCHIVE,
        now=now,
        staging=local.make_staging(tree),
        expires_after=timedelta(days=3),
        indexes=built.indexes,
    )
    local.publish(made, tree, before=before)
    return built, made


def kinds(con: duckdb.DuckDBPyConnection, table: str) -> dict[Kind, int]:
    found: Counter[Kind] = Counter()
    for entry in count_kinds(con, table):
        found[entry.kind] += entry.files
    return dict(found)


def test_two_real_days(con: duckdb.DuckDBPyConnection, tree: Path, shared: Path) -> None:
    built, first = seal(con, tree, NOW)
    # 1,051 listed files, 7 merged ones that no index lists, 14 index files; 219 D files wait for the next day.
    assert (built.rows, built.unlisted.count, built.scan.files) == (1072, 219, 1291)
    assert con.execute("SELECT count(date_update) FROM state").fetchone() == (1051,)
    assert kinds(con, "state") == {
        Kind.INDEX: 14,
        Kind.META: 6,
        Kind.TECH: 6,
        Kind.TRAJECTORY: 5,
        Kind.BIO_TRAJECTORY: 1,
        Kind.PROFILE: 709,
        Kind.BIO_PROFILE: 162,
        Kind.SYNTHETIC_PROFILE: 162,
        Kind.MULTI_PROFILE: 6,
        Kind.SYNTHETIC_MULTI_PROFILE: 1,
    }
    assert len(first.head.indexes) == 14
    assert all(entry.updated is not None for entry in first.head.indexes)

    for file in (shared / "gdac-next").iterdir():
        (tree / file.name).unlink()
        shutil.copy2(file, tree / file.name)
    built, second = seal(con, tree, NOW + timedelta(days=1))
    assert built.unlisted.count == 219  # now the R files, which leave
    assert second.counts is not None
    assert (second.counts.added, second.counts.removed, second.counts.renamed) == (0, 0, 219)
    assert built.read == 219 + 14
    entry = second.head.deltas[-1]
    load_delta(con, tree / entry.key, "delta", expect_sha256=entry.sha256, archive=ARCHIVE)
    renamed = con.execute("SELECT from_path, path, date_update FROM delta WHERE change = 'renamed'").fetchall()
    counted = Counter(ArchivePath.parse(path).kind for _, path, _ in renamed)
    assert counted == {Kind.PROFILE: 57, Kind.BIO_PROFILE: 162}
    assert all(str(ArchivePath.parse(before).twin) == path and when for before, path, when in renamed)
    touched = {path for (path,) in con.execute("SELECT path FROM delta WHERE change = 'changed'").fetchall()}
    assert touched == {file.name for file in (shared / "gdac-next").iterdir()}


def test_the_counts_by_dac_and_kind_are_those_of_the_grammar(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    build(con, tree, "state", Wanted(tree.parent, 0, listed_only=False))
    expected: Counter[tuple[str, Kind]] = Counter()
    for (path,) in con.execute("SELECT path FROM state").fetchall():
        parsed = ArchivePath.parse(path)
        expected[parsed.dac or "", parsed.kind] += 1
    assert {(entry.dac, entry.kind): entry.files for entry in count_kinds(con, "state")} == expected


def test_a_real_tree_verifies_and_one_flipped_bit_does_not(con: duckdb.DuckDBPyConnection, tree: Path) -> None:
    build(con, tree, "state", Wanted(tree.parent, 0, listed_only=False))
    assert verify(con, tree, "state", workdir=tree.parent).differences == 0
    victim = tree / "dac/aoml/13857/13857_meta.nc"
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.unlink()  # it may be linked to the shared one
    victim.write_bytes(raw)
    found = verify(con, tree, "state", workdir=tree.parent)
    assert (found.differences, found.digest.examples) == (1, ["dac/aoml/13857/13857_meta.nc"])
