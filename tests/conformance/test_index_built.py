"""Index rows made from the real files are the real rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from gdac.index import BUILT
from gdac.index.build import Built, build_indexes
from gdac.index.compare import Comparison, compare_rows

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
#: The D files of the next day lie in the first day's tree already.
NOT_YET_LISTED = {"ar_index_global_prof": 57, "argo_bio-profile_index": 162}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


@pytest.fixture(scope="module")
def made(con: duckdb.DuckDBPyConnection, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    dest = tmp_path_factory.mktemp("built")
    return dest, build_indexes(con, shared / "gdac", dest, updated=WHEN)


def compared(con: duckdb.DuckDBPyConnection, made: tuple[Path, Built], day: Path, name: str) -> Comparison:
    return compare_rows(con, made[0] / f"{name}.txt", day / f"{name}.txt", workdir=made[0])


def test_every_file_has_a_row(made: tuple[Path, Built]) -> None:
    assert made[1].problems == ()
    assert sum(made[1].rows.values()) == 1051 + sum(NOT_YET_LISTED.values())


@pytest.mark.parametrize("name", BUILT)
def test_the_first_day_is_equal(
    con: duckdb.DuckDBPyConnection, shared: Path, made: tuple[Path, Built], name: str
) -> None:
    found = compared(con, made, shared / "gdac", name)
    assert (found.different, found.only_theirs, found.examples) == (0, 0, ())
    assert found.only_ours == NOT_YET_LISTED.get(name, 0)


@pytest.mark.parametrize("name", BUILT)
def test_the_next_day_is_equal_but_for_the_data_modes_that_it_never_had(
    con: duckdb.DuckDBPyConnection, shared: Path, made: tuple[Path, Built], name: str
) -> None:
    found = compared(con, made, shared / "gdac-next", name)
    assert found.only_theirs == 0
    assert found.only_ours == NOT_YET_LISTED.get(name, 0)
    if name == "argo_bio-profile_index":
        # that index was made from the R rows and the D files' dates: it says RRRRR where DOXY is D in the files
        assert found.different == 162
        assert all(ours.replace(",RRRRD,", ",RRRRR,") == theirs for ours, theirs in found.examples)
    else:
        assert found.different == 0
