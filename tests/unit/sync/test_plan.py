"""The plan: what has to move, from tables alone."""

from datetime import datetime

import pytest

from gdac.columns import connect
from gdac.paths import Kind
from sync.brakes.kinds import count_by_kind
from sync.hub import plan
from sync.spool import Spool
from sync.state import Ingested, KnownIndex, State

OLD, NEW = datetime(2020, 1, 1), datetime(2021, 1, 1)
FLOAT = "dac/aoml/13857"


def row(path, date_update=None, size=1, modified=OLD):
    return (path, size, b"\x01" * 32, b"\x02" * 16, modified, date_update)


@pytest.fixture
def tables(tmp_path):
    with connect() as connection, State.open(tmp_path / "state") as state:
        columns = ", ".join(f"{name} {kind}" for name, kind in plan.ROW.items())
        connection.execute(f"create table base ({columns}, serial integer)")
        connection.execute("create table wanted (path varchar, date_update timestamp, index_name varchar)")

        class Tables:
            def base(self, *rows):
                connection.executemany("insert into base values (?, ?, ?, ?, ?, ?, 1)", rows)

            def wanted(self, *rows):
                if rows:
                    connection.executemany("insert into wanted values (?, ?, 'x')", rows)
                plan.load_pending(connection, state, tmp_path)
                plan.overlay(connection)
                plan.compare_listed(connection)

            def seen(self, *rows):
                with Spool(tmp_path / "seen.tsv") as spool:
                    spool.extend(rows)
                    plan.add_seen(connection, spool)
                plan.compare_seen(connection)

            def all(self, table):
                return sorted(each[0] for each in connection.execute(f"select path from {table}").fetchall())

        made = Tables()
        made.connection, made.state, made.workdir = connection, state, tmp_path
        yield made


def test_new_changed_gone_and_unchanged(tables):
    tables.base(row("a", OLD), row("b", OLD), row("c", OLD), row("derived"))
    tables.wanted(("a", OLD), ("b", NEW), ("d", NEW))
    assert tables.all("todo") == ["b", "d"]
    assert tables.all("gone") == ["c"]


def test_what_is_journalled_is_not_fetched_again(tables):
    tables.base(row("a", OLD))
    tables.state.journal([Ingested("a", 1, b"\x03" * 32, b"\x04" * 16, None, NEW.astimezone())])
    tables.state.journal([Ingested("b", 1, b"\x03" * 32, b"\x04" * 16, None, None)])
    tables.wanted(("a", NEW))
    known = tables.connection.execute("select path, date_update from known order by path").fetchall()
    assert [path for path, _ in known] == ["a", "b"]


def test_a_kind_that_no_index_covered_stays(tables):
    tables.base(row(f"{FLOAT}/13857_meta.nc", OLD), row(f"{FLOAT}/13857_tech.nc", OLD))
    tables.wanted()
    assert plan.keep_uncovered(tables.connection, frozenset({Kind.META})) == 1
    assert tables.all("gone") == [f"{FLOAT}/13857_meta.nc"]
    assert count_by_kind(tables.connection, "known") == {Kind.TECH: 1, Kind.META: 1}


def test_derived_files_are_compared_to_the_second(tables):
    same, newer, sized, unknown = (f"{FLOAT}/13857_{name}.nc" for name in ("prof", "Sprof", "Mprof", "x"))
    tables.base(row(same, modified=datetime(2020, 1, 1, 0, 0, 0, 700)), row(newer), row(sized), row(unknown))
    tables.wanted()
    tables.seen(
        (same, 1, OLD, "multi-profile", FLOAT),
        (newer, 1, NEW, "synthetic-multi-profile", FLOAT),
        (sized, 2, OLD, "merged-multi-profile", FLOAT),
        (unknown, None, None, "other", FLOAT),
        (f"{FLOAT}/profiles/R13857_001.nc", 1, OLD, "profile", FLOAT),
    )
    assert tables.all("todo") == sorted([newer, sized, unknown])
    assert tables.all("unlisted") == [f"{FLOAT}/profiles/R13857_001.nc"]


def test_derived_files_go_when_the_listing_lacks_them_but_not_by_an_empty_listing(tables):
    other = "dac/aoml/13858"
    tables.base(row(f"{FLOAT}/13857_prof.nc"), row(f"{other}/13858_prof.nc"), row("ar_index_global_meta.txt"))
    tables.wanted((f"{FLOAT}/13857_meta.nc", NEW), (f"{other}/13858_meta.nc", NEW))
    tables.seen((f"{FLOAT}/13857_meta.nc", 1, OLD, "meta", FLOAT))
    plan.derived_gone(tables.connection, [FLOAT, other], listed=True)
    assert tables.all("gone") == [f"{FLOAT}/13857_prof.nc"]


def test_the_twin_of_a_file_that_failed_stays(tables):
    tables.base(row(f"{FLOAT}/profiles/R13857_001.nc", OLD), row(f"{FLOAT}/profiles/R13857_002.nc", OLD))
    tables.wanted((f"{FLOAT}/profiles/D13857_001.nc", NEW), (f"{FLOAT}/profiles/D13857_002.nc", NEW))
    assert plan.keep_twins(tables.connection, [f"{FLOAT}/profiles/D13857_001.nc"]) == 1
    assert tables.all("gone") == [f"{FLOAT}/profiles/R13857_002.nc"]


def test_the_new_state(tables):
    tables.base(row("dac/x", OLD), row("dac/y", OLD), row("index.txt"), row("missing.txt"), row("left.txt"))
    tables.wanted(("dac/x", OLD))
    known = KnownIndex("index.txt", None, 9, b"\x05" * 32, b"\x06" * 16, None)
    plan.new_state(tables.connection, [known], {"missing.txt"}, tables.workdir)
    found = tables.connection.execute("select path, size from new_state order by path").fetchall()
    assert found == [("dac/x", 1), ("index.txt", 9), ("missing.txt", 1)]


def test_floats_that_changed(tables):
    tables.base(row("dac/aoml/1/profiles/R1_001.nc", OLD), row("dac/aoml/3/3_meta.nc", OLD))
    tables.wanted(("dac/aoml/2/2_meta.nc", NEW), ("dac/aoml/3/3_meta.nc", OLD))
    assert plan.changed_floats(tables.connection) == ["dac/aoml/1", "dac/aoml/2"]
