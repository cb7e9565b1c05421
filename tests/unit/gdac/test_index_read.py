"""Reading index files: what real ones do wrong is tolerated, what cannot be an index is refused by file and line."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from gdac.errors import GdacError, RefusedError
from gdac.index.read import load_index, load_listing

PROF = """\
# Title : Profile directory file of the Argo Global Data Assembly Center
# Description : The directory file describes all individual profile files of the argo GDAC ftp site.
# Project : ARGO
# Format version : 2.0
# Date of update : 20230427112425
# FTP root number 1 : ftp://ftp.ifremer.fr/ifremer/argo/dac
# FTP root number 2 : ftp://usgodae.org/pub/outgoing/argo/dac
# GDAC node : CORIOLIS
file,date,latitude,longitude,ocean,profiler_type,institution,date_update
"""
ROW = "aoml/13857/profiles/R13857_001.nc,19970729200300,0.267,-16.032,A,845,AO,20181011180520\n"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[arg-type, misc]


def prof(tmp_path: Path, rows: str, head: str = PROF, name: str = "ar_index_global_prof.txt") -> Path:
    file = tmp_path / name
    file.write_bytes((head + rows).encode("utf-8", "surrogateescape"))
    return file


def tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]


def test_a_row_becomes_typed_columns_below_the_archive_root(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    loaded = load_index(con, prof(tmp_path, ROW), "t", workdir=tmp_path)
    assert (loaded.rows, loaded.duplicates, loaded.notes) == (1, 0, ())
    assert loaded.header.updated == datetime(2023, 4, 27, 11, 24, 25, tzinfo=UTC)
    assert con.execute("FROM t").fetchall() == [
        (
            "dac/aoml/13857/profiles/R13857_001.nc",
            utc(1997, 7, 29, 20, 3),
            0.267,
            -16.032,
            "A",
            "845",
            "AO",
            utc(2018, 10, 11, 18, 5, 20),
            None,
        )
    ]


@pytest.mark.parametrize(
    "row",
    [
        "jma/29035/profiles/R29035_000D.nc,,,,,0846,JM,20181011180520",
        "jma/29035/profiles/R29035_1001.nc,19970729200300,-99.999,-999.999,,999,,20181011180520",
        "aoml/1901818/profiles/D1901818_001.nc,,0.0300,277.464,P,null,AO,20181011180520",
        "aoml/1901818/profiles/D1901818_001.nc,19979999999999,-0.000,nan,'',,AO,20181011180520",
        'aoml/1901818/profiles/D1901818_001.nc,1997,1e3,"1,A,846,AO,20181011180520',
    ],
)
def test_what_real_rows_do_is_tolerated(con: duckdb.DuckDBPyConnection, tmp_path: Path, row: str) -> None:
    loaded = load_index(con, prof(tmp_path, row + "\n"), "t", workdir=tmp_path)
    assert (loaded.rows, loaded.notes) == (1, ())


@pytest.mark.parametrize("count", [0, 1, 8, 10, 13])
def test_the_header_ends_where_the_hash_lines_end(con: duckdb.DuckDBPyConnection, tmp_path: Path, count: int) -> None:
    *lines, columns = PROF.splitlines(keepends=True)
    head = "".join((lines + ["# one more\n"] * 9)[:count]) + columns
    loaded = load_index(con, prof(tmp_path, ROW, head), "t", workdir=tmp_path)
    assert (loaded.rows, len(loaded.header.lines), loaded.header.encode()) == (1, count, head.encode())


def test_a_row_of_1338_characters_is_a_row(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    parameters = " ".join(["DOWN_IRRADIANCE443"] * 62)
    row = f"coriolis/3902131/profiles/BR3902131_001.nc,,,,,838,IF,{parameters},{'R' * 62},20210421083652\n"
    head = PROF.replace("institution,", "institution,parameters,parameter_data_mode,")
    loaded = load_index(con, prof(tmp_path, row, head, "argo_bio-profile_index.txt"), "t", workdir=tmp_path)
    assert len(row) > 1290
    assert loaded.rows == 1


def test_a_merge_index_has_fewer_names_than_columns(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    head = PROF.replace("date_update\n", "date_update,\n")
    row = "aoml/1900722/profiles/MD1900722_001.nc,20061022021624,-40.316,73.389,I,846,AO,PRES DOXY,DR,20161021233045\n"
    load_index(con, prof(tmp_path, row, head, "argo_merge-profile_index.txt"), "t", workdir=tmp_path)
    found = con.execute("SELECT parameters, parameter_data_mode, date_update FROM t").fetchall()
    assert found == [("PRES DOXY", "DR", utc(2016, 10, 21, 23, 30, 45))]


def test_a_detailed_index_says_its_own_columns(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    head = PROF.replace("date_update\n", "date_update,profile_temp_qc,gdac_date_update,n_levels\n")
    row = ROW.replace("\n", ",A,20181012000000,71\n")
    file = prof(tmp_path, row, head, "argo_profile_detailled_index.txt")
    load_index(con, file, "t", workdir=tmp_path)
    found = con.execute("SELECT profile_temp_qc, gdac_date_update, n_levels FROM t").fetchall()
    assert found == [("A", utc(2018, 10, 12), 71.0)]


def test_a_greylist_has_no_paths(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "ar_greylist.txt"
    rows = (
        "4900228,TEMP,20030909,,3,;bad;,AO\n4900228,PSAL ,20030909,20040909,4,,AO\n4900228,TEMP,20030909,,3,;bad;,AO\n"
    )
    file.write_text("PLATFORM_CODE,PARAMETER_NAME,START_DATE,END_DATE,QUALITY_CODE,COMMENT,DAC\n" + rows)
    loaded = load_index(con, file, "t", workdir=tmp_path)
    assert (loaded.rows, loaded.duplicates) == (2, 1)
    with pytest.raises(RefusedError, match="lists no files"):
        load_listing(con, [file], "u", workdir=tmp_path)


def test_equal_rows_collapse_and_of_conflicting_ones_the_newer_counts(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    newer = ROW.replace("20181011180520", "20190101000000")
    other = ROW.replace("_001", "_002")
    file = prof(tmp_path, other + ROW + newer + other)
    for listing_only in (False, True):
        loaded = load_index(con, file, "t", workdir=tmp_path, listing_only=listing_only)
        assert (loaded.rows, loaded.duplicates) == (2, 2)
        assert "R13857_001" in loaded.notes[1]
        found = con.execute("SELECT right(path, 6), date_update FROM t").fetchall()
        assert found == [("002.nc", utc(2018, 10, 11, 18, 5, 20)), ("001.nc", utc(2019, 1, 1))]


def test_an_index_without_rows_is_loaded_and_said(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    loaded = load_index(con, prof(tmp_path, ""), "t", workdir=tmp_path)
    assert loaded.rows == 0
    assert "0 rows" in loaded.notes[0]


def test_rows_of_another_kind_are_noted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    odd = "".join(
        f"{path},,,,,,,20181011180520\n"
        for path in (
            "aoml/13857/13857_meta.nc",
            "aoml/13858/profiles/R13857_001.nc",
            "aoml/13857/profiles/BR13857_001.nc",
        )
    )
    loaded = load_index(con, prof(tmp_path, ROW + odd), "t", workdir=tmp_path)
    assert loaded.rows == 4
    assert loaded.notes[0].startswith("3 rows name paths of a kind")


BAD_ROWS = {
    "line 11 has 7 fields": "aoml/13857/profiles/R13857_002.nc,19970729200300,0.267,-16.032,A,845,AO\n",
    "line 11 has 9 fields": ROW.replace("\n", ",\n"),
    "line 11 has the date_update ''": ROW.replace("20181011180520", ""),
    "line 11 has the date_update '2018101118052'": ROW.replace("20181011180520", "2018101118052"),
    "line 11 has the date_update '20181311180520'": ROW.replace("20181011180520", "20181311180520"),
    "line 11 has the date_update '2018-10-11'": ROW.replace("20181011180520", "2018-10-11"),
    "line 11 has no end": ROW[:-20],
    "CR LF": ROW.replace("\n", "\r\n"),
    "NUL": ROW.replace("A", "\0"),
    "empty line": "\n" + ROW,
    "line 11 is not UTF-8": ROW.replace("aoml/", "ao\udce9ml/"),
    "line longer": "a" * 3_000_000 + "\n",
    "it climbs": ROW.replace("aoml/", "../aoml/"),
    "climbs": ROW.replace("aoml/", "aoml/../../etc/"),
    "backslash": ROW.replace("aoml/", "aoml\\"),
    "empty segment": ROW.replace("aoml/", "/aoml/"),
    "control character": ROW.replace("aoml/", "ao\x1bml/"),
}


@pytest.mark.parametrize(("said", "row"), BAD_ROWS.items(), ids=BAD_ROWS)
@pytest.mark.parametrize("listing_only", [False, True])
def test_a_bad_row_loads_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, said: str, row: str, listing_only: bool
) -> None:
    file = prof(tmp_path, ROW + row)
    with pytest.raises(RefusedError, match=said):
        load_index(con, file, "t", workdir=tmp_path / "w", listing_only=listing_only)
    assert tables(con) == []


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("starts with '<!DOCTYPE html>", "<!DOCTYPE html><html><body>503</body></html>\n"),
        ("starts with 'Not found'", "Not found"),
        ("is empty", ""),
        ("ends inside its header", PROF[:300].rpartition("\n")[0] + "\n"),
        ("has the columns 'file,profiler_type", PROF.replace("date,latitude,longitude,ocean,", "") + ROW),
    ],
)
def test_what_is_no_index_is_said_to_be_none(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, said: str, text: str
) -> None:
    with pytest.raises(RefusedError, match=said):
        load_index(con, prof(tmp_path, "", text), "t", workdir=tmp_path)
    assert tables(con) == []


def test_an_unknown_name_is_known_by_its_title(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert (
        load_index(con, prof(tmp_path, ROW, name="old.txt"), "t", workdir=tmp_path).spec.name == "ar_index_global_prof"
    )
    with pytest.raises(RefusedError, match="is not an index file"):
        load_index(con, prof(tmp_path, ROW, PROF.replace("Profile", "Other"), "old.txt"), "t", workdir=tmp_path)


PACKED = gzip.compress((PROF + ROW).encode(), mtime=0)  # the time would be in the test names, which must not change


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ("is cut: its gzip data end early", PACKED[:-1]),
        ("is cut: its gzip data end early", PACKED[:40]),
        ("is damaged", PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:]),
        ("is damaged", PACKED[:60] + b"\xff\xff" + PACKED[62:]),
        ("has other bytes after", PACKED + b"\0"),
        ("has other bytes after", PACKED + b"garbage"),
        ("is not gzip", PROF.encode()),
    ],
)
def test_a_bad_gzip_file_loads_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path, said: str, data: bytes) -> None:
    file = tmp_path / "ar_index_global_prof.txt.gz"
    file.write_bytes(data)
    work = tmp_path / "work"
    with pytest.raises(RefusedError, match=said):
        load_index(con, file, "t", workdir=work)
    assert tables(con) == []
    assert not work.exists() or list(work.iterdir()) == []


def test_a_gzip_bomb_stops_early(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "ar_index_global_prof.txt.gz"
    with gzip.open(file, "wb") as packed:
        packed.write(PROF.encode())
        for _ in range(40):
            packed.write(b"a" * (1 << 20))
    with pytest.raises(RefusedError, match="unpacks to more"):
        load_index(con, file, "t", workdir=tmp_path)


def test_gzip_and_members_are_read_like_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "ar_index_global_prof.txt.gz"
    file.write_bytes(gzip.compress(PROF.encode()) + gzip.compress(ROW.encode()))
    assert load_index(con, file, "t", workdir=tmp_path).rows == 1


def test_a_missing_file_is_said_in_one_sentence(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(GdacError, match="cannot be read: No such file"):
        load_index(con, tmp_path / "ar_index_global_prof.txt", "t", workdir=tmp_path)


def test_a_listing_has_every_path_once(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    newer = ROW.replace("20181011180520", "20190101000000")
    full = prof(tmp_path, ROW + ROW.replace("_001", "_002"))
    week = prof(tmp_path, newer + ROW.replace("_001", "_002"), name="ar_index_this_week_prof.txt")
    loaded = load_listing(con, [full, week], "t", workdir=tmp_path)
    assert [one.rows for one in loaded] == [2, 2]
    assert con.execute(
        "SELECT right(path, 6), date_update::VARCHAR, index_name::VARCHAR FROM t ORDER BY 1"
    ).fetchall() == [
        ("001.nc", "2019-01-01 00:00:00", "ar_index_this_week_prof"),
        ("002.nc", "2018-10-11 18:05:20", "ar_index_global_prof"),
    ]
    assert tables(con) == ["t"]


def test_one_bad_index_spoils_the_listing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    full = prof(tmp_path, ROW)
    week = prof(tmp_path, ROW[:-3], name="ar_index_this_week_prof.txt")
    with pytest.raises(RefusedError, match="this_week"):
        load_listing(con, [full, week], "t", workdir=tmp_path)
    assert tables(con) == []
