"""Plans where the whole tree was seen, from tables alone."""

from datetime import datetime

import pytest

from gdac.columns import connect
from gdac.paths import ArchivePath
from sync.hub import plan, whole
from sync.hub.marks import MARK, Marks
from sync.state import State

OLD, NEW = datetime(2020, 1, 1), datetime(2021, 1, 1, 0, 0, 0, 250)
FLOAT = "dac/aoml/13857"
R1, D1, META, PROF = (
    f"{FLOAT}/{name}" for name in ("profiles/R13857_001.nc", "profiles/D13857_001.nc", "13857_meta.nc", "13857_prof.nc")
)
GEO = "geo/indian_ocean/2020/01/20200101_prof.nc"
MD5, OTHER_MD5 = b"\x02" * 16, b"\x07" * 16


def row(path, date_update=None, size=1, modified=OLD, sha256=b"\x01" * 32):
    return (path, size, sha256, MD5, modified, date_update)


@pytest.fixture
def tables(tmp_path):
    with connect() as connection, State.open(tmp_path / "state") as state:
        columns = ", ".join(f"{name} {kind}" for name, kind in plan.ROW.items())
        connection.execute(f"create table base ({columns}, serial integer)")
        connection.execute("create table wanted (path varchar, date_update timestamp, index_name varchar)")

        class Tables:
            marks = Marks(tmp_path)

            def given(self, base, wanted):
                connection.executemany("insert into base values (?, ?, ?, ?, ?, ?, 1)", base)
                if wanted:
                    connection.executemany("insert into wanted values (?, ?, 'x')", wanted)
                plan.load_pending(connection, state, tmp_path)
                plan.overlay(connection)
                plan.compare_listed(connection)

            def seen(self, *rows):
                """Rows are (path, size, modified, validator)."""
                connection.execute(
                    "create or replace table raw (path varchar, size bigint, modified timestamp, kind varchar,"
                    " folder varchar, validator varchar)"
                )
                for path, size, modified, validator in rows:
                    parsed = ArchivePath.parse(path)
                    folder = f"dac/{parsed.dac}/{parsed.wmo}" if parsed.wmo else ""
                    connection.execute(
                        "insert into raw values (?, ?, ?, ?, ?, ?)",
                        [path, size, modified, parsed.kind.value, folder, validator],
                    )
                from sync.hub.listing import _ETAG

                connection.execute(
                    f"create or replace table seen as select *, {_ETAG} as etag, {MARK} as mark from raw"
                )

            def listing(self, *rows):
                self.seen(*rows)
                self.marks.load(connection)
                whole.compare_listing(connection)
                return self.all("todo"), self.all("gone")

            def tree(self, *rows):
                self.seen(*((path, size, modified, None) for path, size, modified in rows))
                found = whole.compare_tree(connection)
                return self.all("todo"), self.all("gone"), found

            def all(self, table):
                return sorted(each[0] for each in connection.execute(f"select path from {table}").fetchall())

            def again(self):
                connection.execute("drop table todo; drop table gone")
                plan.compare_listed(connection)

        made = Tables()
        made.connection = connection
        yield made


# --- by listing


def test_files_of_no_index_come_change_and_go_by_the_listing(tables):
    tables.given([row(META, OLD), row(PROF), row(GEO), row("aux/a")], [(META, OLD)])
    assert tables.listing(
        (META, 1, OLD, None),
        (PROF, 2, OLD, None),
        (GEO, 1, NEW, None),
        ("latest_data/R20200101_prof_0.nc", 1, OLD, None),
    ) == (sorted([PROF, GEO, "latest_data/R20200101_prof_0.nc"]), ["aux/a"])


def test_indexed_files_come_and_go_by_the_index_alone(tables):
    tables.given([row(META, OLD), row(R1, OLD)], [(META, OLD), (R1, OLD)])
    todo, gone = tables.listing((D1, 1, OLD, None))
    assert (todo, gone) == ([], [])
    assert tables.all("unlisted") == [D1]


def test_a_file_replaced_under_an_unchanged_date_is_seen(tables):
    tables.given([row(META, OLD), row(R1, OLD)], [(META, OLD), (R1, OLD)])
    assert tables.listing((META, 1, NEW, None), (R1, 1, OLD, None)) == ([META], [])
    assert tables.connection.execute("select date_update from todo").fetchall() == [(OLD,)]


def test_times_are_compared_as_exactly_as_both_sides_know_them(tables):
    fine = datetime(2020, 1, 1, 0, 0, 0, 700)
    tables.given([row(META, OLD, modified=fine), row(R1, OLD, modified=fine), row(D1, OLD)], [])
    tables.connection.execute("insert into wanted select path, date_update, 'x' from base")
    tables.connection.execute("delete from gone")
    other = datetime(2020, 1, 1, 0, 0, 0, 900)
    assert tables.listing((META, 1, OLD, None), (R1, 1, other, None), (D1, 1, fine, None))[0] == [R1]


def test_an_etag_that_is_the_md5_proves_and_disproves(tables):
    tables.given([row(META, OLD), row(PROF), row(GEO)], [(META, OLD)])
    same, other = f'"{MD5.hex()}"', f'"{OTHER_MD5.hex().upper()}"'
    assert tables.listing((META, 1, None, same), (PROF, 1, None, same), (GEO, 1, None, other))[0] == [GEO]


def test_etags_of_that_form_that_are_no_md5_disprove_nothing_of_what_indexes_date(tables):
    """Encrypted buckets give 32 random hex digits."""
    tables.given([row(META, OLD), row(R1, OLD), row(PROF)], [(META, OLD), (R1, OLD)])
    rows = [(path, 1, None, f'"{OTHER_MD5.hex()}"') for path in (META, R1, PROF)]
    assert tables.listing(*rows)[0] == [PROF]  # once: nothing else tells whether it changed


def test_marks_make_other_etags_speak(tables):
    tables.given([row(META, OLD), row(PROF), row(GEO)], [(META, OLD)])
    rows = [(META, 1, None, '"a-2"'), (PROF, 1, None, '"b-2"'), (GEO, 1, None, '"c-3"')]
    assert tables.listing(*rows)[0] == sorted([PROF, GEO])
    tables.connection.execute("insert into pending select path, size, sha256, md5, modified, null from base"
                              " where path = ?", [PROF])  # fmt: skip
    tables.marks.save(tables.connection, [])  # PROF was fetched, GEO was not
    tables.again()
    assert tables.listing(*rows)[0] == [GEO]
    tables.again()
    rows[:2] = [(META, 1, None, '"new-2"'), (PROF, 1, None, '"new-2"')]
    assert tables.listing(*rows)[0] == sorted([GEO, META, PROF])


def test_a_mark_is_void_for_other_bytes(tables):
    tables.given([row(PROF)], [])
    tables.listing((PROF, 1, None, '"b-2"'))
    tables.connection.execute("delete from todo")
    tables.marks.save(tables.connection, [])
    tables.connection.execute("update base set sha256 = ?", [b"\x09" * 32])  # a revert
    tables.again()
    assert tables.listing((PROF, 1, None, '"b-2"'))[0] == [PROF]


def test_a_damaged_file_of_marks_costs_requests_and_no_more(tables, tmp_path):
    (tmp_path / "listed.parquet").write_bytes(b"PAR1 nonsense")
    tables.given([row(PROF)], [])
    assert tables.listing((PROF, 1, None, '"b-2"'))[0] == [PROF]


def test_a_float_of_which_nothing_is_shown_loses_nothing(tables):
    tables.given([row(META, OLD), row(PROF), row("dac/aoml/13858/13858_prof.nc")], [(META, OLD)])
    assert tables.listing((GEO, 1, OLD, None)) == ([GEO], ["dac/aoml/13858/13858_prof.nc"])


# --- in place


def test_a_tree_is_read_where_size_time_or_date_changed(tables):
    tables.given(
        [row(META, OLD), row(R1, OLD), row(PROF), row(GEO)],
        [(META, OLD), (R1, NEW), (D1, NEW), (f"{FLOAT}/13857_tech.nc", OLD)],
    )
    finer = datetime(2020, 1, 1, 0, 0, 0, 1)
    todo, gone, found = tables.tree((META, 1, finer), (R1, 1, OLD), (D1, 1, OLD), (PROF, 1, OLD), (GEO, 2, OLD))
    assert todo == sorted([META, R1, D1, GEO])
    assert gone == []
    assert found == (1, 0)  # the tech file is listed and not there: never sealed, told


def test_what_left_the_tree_leaves_the_manifest(tables):
    tables.given([row(META, OLD), row(PROF), row(GEO)], [(META, OLD)])
    assert tables.tree((PROF, 1, OLD)) == ([], sorted([GEO, META]), (1, 0))


def test_an_r_file_stays_until_the_index_knows_its_d_twin(tables):
    tables.given([row(R1, OLD)], [(R1, OLD)])
    assert tables.tree((D1, 1, NEW)) == ([], [], (1, 1))
    assert tables.all("unlisted") == [D1]


def test_a_row_whose_index_is_missing_is_still_read_anew_when_it_changed(tables):
    tables.given([row(META, OLD)], [])
    tables.connection.execute("delete from gone")  # as `keep_uncovered` does for a missing index
    todo, gone, _ = tables.tree((META, 2, OLD))
    assert (todo, gone) == ([META], [])
    assert tables.connection.execute("select date_update from todo").fetchone() == (OLD,)
