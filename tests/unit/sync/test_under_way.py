"""What is under way into a store: noted before it is written, looked at after a break, forgotten when published."""

from datetime import UTC, datetime, timedelta

import pytest

from gdac.columns import connect
from gdac.manifest.seal import prepare_seal
from sync.sealed.underway import UnderWay
from sync.state import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEPT, BROUGHT = "dac/aoml/1900001/1900001_meta.nc", "dac/aoml/1900002/1900002_meta.nc"


@pytest.fixture
def connection():
    with connect() as made:
        yield made


@pytest.fixture
def state(tmp_path):
    with State.open(tmp_path / "it's a state [1]") as opened:
        yield opened


@pytest.fixture
def head(connection, tmp_path):
    connection.execute(
        f"create table shown as select '{KEPT}' as path, 1::bigint as size, unhex(repeat('00', 32)) as sha256,"
        " unhex(repeat('00', 16)) as md5, null::timestamp as modified, null::timestamp as date_update"
    )
    (tmp_path / "staging").mkdir()
    return prepare_seal(
        connection,
        base=None,
        base_table=None,
        new_table="shown",
        archive="12345678-1234-4234-8234-123456789012",
        now=NOW,
        staging=tmp_path / "staging",
        expires_after=timedelta(days=1),
    ).head


def noted(connection, under_way):
    under_way.load("found")
    return {row[0] for row in connection.execute("select path from found").fetchall()}


def test_nothing_is_under_way_at_first(connection, state, head):
    under_way = UnderWay(connection, state, "near", 0)
    assert not under_way.is_open
    assert noted(connection, under_way) == set()
    under_way.settle(head, "shown", NOW, ())


def test_a_run_that_ends_leaves_nothing(connection, state, head):
    under_way = UnderWay(connection, state, "near", 0)
    under_way.begin("select path from shown", ["manifest/x"])
    under_way.settle(head, "shown", NOW, ())
    assert not under_way.is_open
    assert list(state.superseded("near")) == []


def test_a_run_that_broke_off_is_looked_at_and_what_belongs_nowhere_is_superseded(connection, state, head):
    UnderWay(connection, state, "near", 0).begin("select path from shown", [BROUGHT, head.manifest.key])
    again = UnderWay(connection, state, "near", 0)
    assert again.is_resumed
    assert noted(connection, again) == {KEPT, BROUGHT, head.manifest.key}
    again.begin(keys=["manifest/old"])  # what was noted before stays noted
    assert noted(connection, again) == {KEPT, BROUGHT, head.manifest.key, "manifest/old"}
    again.settle(head, "shown", NOW, ())
    assert {one.path for one in state.superseded("near")} == {BROUGHT, "manifest/old"}
    assert not UnderWay(connection, state, "near", 1).is_open


def test_a_break_after_the_head_was_published_puts_nothing_in_doubt(connection, state, head):
    UnderWay(connection, state, "near", 0).begin(keys=[KEPT, BROUGHT])
    later = UnderWay(connection, state, "near", 1)
    assert later.is_open
    assert not later.is_resumed
    assert noted(connection, later) == set()
    later.settle(head, "shown", NOW, ())
    assert [one.path for one in state.superseded("near")] == [BROUGHT]


def test_stores_do_not_see_each_other(connection, state):
    UnderWay(connection, state, "(hub)", 0).begin(keys=[KEPT])
    assert not UnderWay(connection, state, "hub", 0).is_open
