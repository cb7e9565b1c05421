"""The real index files: read whole, written back byte for byte, listed as `ArchivePath` sees them."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from gdac.index import BUILT, spec_of
from gdac.index.grammar import kind_of
from gdac.index.read import load_index, load_listing
from gdac.index.write import write_index
from gdac.paths import ArchivePath

DAYS = ("gdac", "gdac-next")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
def test_written_back_byte_for_byte(
    con: duckdb.DuckDBPyConnection, shared: Path, tmp_path: Path, day: str, name: str, suffix: str
) -> None:
    source = shared / day / f"{name}{suffix}"
    loaded = load_index(con, source, "t", workdir=tmp_path)
    assert (loaded.duplicates, loaded.notes) == (0, ())
    text = tmp_path / f"{name}.txt"
    write_index(con, "t", text, spec=loaded.spec, header=loaded.header, order="as loaded")
    assert text.read_bytes() == (shared / day / f"{name}.txt").read_bytes()
    packed = [tmp_path / "a.txt.gz", tmp_path / "b.txt.gz"]
    for file in packed:
        write_index(con, "t", file, spec=loaded.spec, header=loaded.header, order="as loaded")
    assert packed[0].read_bytes() == packed[1].read_bytes()
    assert gzip.decompress(packed[0].read_bytes()) == text.read_bytes()


def test_the_listing_agrees_with_the_grammar(con: duckdb.DuckDBPyConnection, shared: Path, tmp_path: Path) -> None:
    files = [shared / "gdac" / f"{name}.txt.gz" for name in BUILT]
    loaded = load_listing(con, files, "t", workdir=tmp_path)
    assert sum(one.rows for one in loaded) == 1051
    rows = con.execute(f"SELECT path, index_name::VARCHAR, {kind_of()} FROM t").fetchall()
    assert len(rows) == 1051
    for path, index_name, kind in rows:
        spec = spec_of(index_name)
        assert spec is not None
        assert ArchivePath.parse(path).kind == kind
        assert kind in spec.kinds
