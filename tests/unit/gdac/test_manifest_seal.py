"""Serials in a row: what is written, what the head says, and what an interruption leaves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from gdac.columns import connect
from gdac.errors import RefusedError, UsageError
from gdac.manifest import local
from gdac.manifest.files import load_delta, load_manifest, write_delta
from gdac.manifest.head import Advance, Head, check_successor, parse_head
from gdac.manifest.model import DeltaCounts
from gdac.manifest.names import HEAD_KEY
from gdac.manifest.seal import About, IndexFile, Seal, prepare_seal
from gdac.manifest.states import open_state
from tests.unit.gdac.manifest_rows import ARCHIVE, OTHER_ARCHIVE, Row, State, make, read

NOW = datetime(2026, 11, 2, 2, 0, 0, 999, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
FLOAT = "dac/aoml/13857"
META, R1, D1 = f"{FLOAT}/13857_meta.nc", f"{FLOAT}/profiles/R13857_001.nc", f"{FLOAT}/profiles/D13857_001.nc"
INDEX = "ar_index_global_meta.txt"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        yield opened


class Hub:
    """A tree that is sealed step by step, as `gdac manifest build --seal` does it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tree: Path) -> None:
        self.con, self.tree = con, tree

    def prepare(self, state: State, now: datetime = NOW, *, archive: str = ARCHIVE, about: About | None = None) -> Seal:
        base = local.read_head(self.tree)
        if base is not None:
            local.open_manifest(self.con, self.tree, base.manifest, base.archive, "base")
        make(self.con, "state", state, serial=1)
        indexes = []
        for path, row in state.items():
            if path.startswith("ar_index"):
                file = self.tree / path
                file.write_text(row if isinstance(row, str) else row.content)
                indexes.append(IndexFile(path, file, NOW.replace(microsecond=0)))
        return prepare_seal(
            self.con,
            base=base,
            base_table="base" if base else None,
            new_table="state",
            archive=archive,
            now=now,
            staging=local.make_staging(self.tree),
            expires_after=3 * DAY,
            indexes=indexes,
            about=about,
        )

    def before(self) -> bytes | None:
        head = self.tree / HEAD_KEY
        return head.read_bytes() if head.exists() else None

    def seal(self, state: State, now: datetime = NOW) -> Seal:
        made = self.prepare(state, now)
        local.publish(made, self.tree, before=self.before())
        return made

    def head(self) -> Head:
        return local.need_head(self.tree)


@pytest.fixture
def hub(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Hub:
    return Hub(con, tmp_path)


def test_the_first_serial_is_a_manifest_alone(hub: Hub) -> None:
    made = hub.seal({META: "m", R1: "r", INDEX: "# one\n"})
    assert (made.head.serial, made.head.deltas, made.head.manifests, made.counts) == (1, (), (), None)
    assert made.head.sealed == made.head.published == NOW.replace(microsecond=0)
    assert made.head.expires == made.head.sealed + 3 * DAY
    assert [file.key for file in made.files] == [made.head.indexes[0].key, made.head.manifest.key]
    assert hub.head() == made.head
    kept = hub.tree / made.head.indexes[0].key
    assert kept.read_text() == "# one\n"
    assert kept.name == f"000000001-{sha256(b'# one' + bytes([10])).hexdigest()[:16]}-{INDEX}"


def test_the_next_serial_has_a_delta_and_keeps_what_did_not_change(hub: Hub) -> None:
    first = hub.seal({META: "m", R1: "r", INDEX: "# one\n"})
    made = hub.seal({META: "m", D1: "dd", INDEX: "# one\n"}, NOW + DAY)
    assert made.counts == DeltaCounts(renamed=1, bytes=2)
    assert made.head.indexes == first.head.indexes
    assert [file.key for file in made.files] == [made.head.manifest.key, made.head.deltas[0].key]
    assert check_successor(first.head, made.head) is Advance.DELTAS
    info = load_manifest(
        hub.con,
        hub.tree / made.head.manifest.key,
        "two",
        expect_sha256=made.head.manifest.sha256,
        archive=ARCHIVE,
    )
    assert info.previous is not None
    assert info.previous.name == first.head.manifest.name
    assert [(row[0], row[-1]) for row in read(hub.con, "two")] == [(INDEX, 1), (META, 1), (D1, 2)]


def test_deltas_are_chained(hub: Hub) -> None:
    for day in range(4):
        hub.seal({META: f"{day}"}, NOW + day * DAY)
    head = hub.head()
    assert [entry.serial for entry in head.deltas] == [2, 3, 4]
    before = None
    for entry in head.deltas:
        info = load_delta(hub.con, hub.tree / entry.key, "d", expect_sha256=entry.sha256, archive=ARCHIVE)
        assert (info.previous.name if info.previous else None) == before
        before = entry.name
    assert [step.serial for step in local.walk_chain(hub.con, hub.tree, head)] == [4, 3, 2]
    assert all(step.info for step in local.walk_chain(hub.con, hub.tree, head))


def test_a_day_without_change_only_moves_the_expiry(hub: Hub) -> None:
    first = hub.seal({META: "m"})
    made = hub.seal({META: "m"}, NOW + DAY)
    assert not made.is_new
    assert (made.head.serial, made.head.sealed) == (1, first.head.sealed)
    assert made.head.published == first.head.published + DAY
    assert made.head.expires == first.head.expires + DAY
    assert check_successor(first.head, made.head) is Advance.REISSUED


def test_a_clock_that_was_set_back_does_not_age_the_head(hub: Hub) -> None:
    hub.seal({META: "m"})
    made = hub.seal({META: "n"}, NOW - 30 * DAY)
    assert made.head.sealed == NOW.replace(microsecond=0)


def test_the_first_manifest_of_each_week_is_kept(hub: Hub) -> None:
    for day in range(16):
        hub.seal({META: f"{day}"}, NOW + day * DAY)
    head = hub.head()
    assert [entry.serial for entry in head.manifests] == [1, 8, 15]
    assert head.manifest.serial == 16
    for serial in range(1, 17):
        open_state(hub.con, hub.tree, head, serial, "past")
        assert read(hub.con, "past")[0][2] == sha256(f"{serial - 1}".encode()).digest()
        assert read(hub.con, "past")[0][-1] == serial


def test_a_serial_out_of_reach_says_so(hub: Hub) -> None:
    hub.seal({META: "m"})
    with pytest.raises(UsageError, match="there is no serial 2"):
        open_state(hub.con, hub.tree, hub.head(), 2, "past")


def test_stopping_anywhere_before_the_head_leaves_the_old_archive(hub: Hub) -> None:
    hub.seal({META: "m", INDEX: "# one\n"})
    before, keys = hub.before(), []
    made = hub.prepare({META: "n", INDEX: "# two\n"}, NOW + DAY)
    for key in local.publish_steps(made, hub.tree, before=before):
        keys.append(key)
        if key != HEAD_KEY:  # as if the power went here
            assert hub.before() == before
            local.open_manifest(hub.con, hub.tree, hub.head().manifest, ARCHIVE, "old")
            assert (hub.tree / hub.head().indexes[0].key).read_text() == "# one\n"
    assert keys == [*(file.key for file in made.files), HEAD_KEY]
    assert hub.head() == made.head


def test_an_interrupted_seal_is_sealed_again_and_its_staging_removed(hub: Hub) -> None:
    hub.seal({META: "m"})
    steps = local.publish_steps(hub.prepare({META: "n"}, NOW + DAY), hub.tree, before=hub.before())
    next(steps)
    steps.close()
    made = hub.seal({META: "n"}, NOW + DAY)
    assert hub.head() == made.head
    assert len(list((hub.tree / "manifest").glob(".staging-*"))) == 1  # the newest one; its maker removes it


def test_a_head_that_moved_meanwhile_is_left_alone(hub: Hub) -> None:
    hub.seal({META: "m"})
    before = hub.before()
    mine, theirs = hub.prepare({META: "mine"}), hub.prepare({META: "theirs"})
    assert parse_head(theirs.head_raw).serial == 2
    (hub.tree / HEAD_KEY).write_bytes(theirs.head_raw)
    with pytest.raises((RefusedError, OSError)):
        local.publish(mine, hub.tree, before=before)
    assert hub.before() == theirs.head_raw


def test_an_index_that_changed_since_it_was_hashed_is_not_sealed(hub: Hub, con: duckdb.DuckDBPyConnection) -> None:
    make(con, "state", {INDEX: "# one\n"})
    file = hub.tree / INDEX
    file.write_text("# two\n")
    with pytest.raises(RefusedError, match="is not the one"):
        prepare_seal(
            con,
            base=None,
            base_table=None,
            new_table="state",
            archive=ARCHIVE,
            now=NOW,
            staging=local.make_staging(hub.tree),
            expires_after=DAY,
            indexes=[IndexFile(INDEX, file, None)],
        )


def test_the_base_must_be_of_the_same_archive(hub: Hub) -> None:
    hub.seal({META: "m"})
    with pytest.raises(RefusedError, match="is of archive"):
        hub.prepare({META: "n"}, archive=OTHER_ARCHIVE)


def test_texts_are_kept_until_they_are_changed(hub: Hub) -> None:
    about = About(title="Mine", doi=None)
    made = hub.prepare({META: "m"}, about=about)
    local.publish(made, hub.tree, before=None)
    assert hub.seal({META: "n"}, NOW + DAY).head.title == "Mine"
    assert hub.prepare({META: "n"}, NOW + DAY, about=About()).head.title != "Mine"


def test_rows_that_break_a_rule_are_not_sealed(hub: Hub) -> None:
    hub.seal({META: "m"})
    before = hub.before()
    with pytest.raises(RefusedError, match="climbs"):
        hub.prepare({META: "m", "dac/../x": Row("x")})
    assert hub.before() == before


@pytest.mark.parametrize("how", ["cut", "gone", "other"])
def test_a_broken_chain_is_found(hub: Hub, how: str) -> None:
    for day in range(4):
        hub.seal({META: f"{day}"}, NOW + day * DAY)
    head = hub.head()
    middle, last = (hub.tree / entry.key for entry in head.deltas[1:])
    if how == "cut":
        middle.write_bytes(middle.read_bytes()[:-1])
    elif how == "other":
        middle.write_bytes(last.read_bytes())
    else:
        middle.unlink()
        steps = list(local.walk_chain(hub.con, hub.tree, head))
        assert [(step.serial, step.info is None) for step in steps] == [(4, False), (3, True), (2, False)]
        return
    with pytest.raises(RefusedError):
        list(local.walk_chain(hub.con, hub.tree, head))


def test_a_chain_that_ends_before_serial_2_is_broken(hub: Hub) -> None:
    for day in range(3):
        hub.seal({META: f"{day}"}, NOW + day * DAY)
    head = hub.head()
    load_delta(hub.con, hub.tree / head.deltas[-1].key, "d", expect_sha256=None, archive=ARCHIVE)
    orphan = write_delta(hub.con, "d", hub.tree / "manifest", archive=ARCHIVE, from_serial=2, serial=3, previous=None)
    entry = replace(head.deltas[-1], name=orphan.name, sha256=orphan.sha256, size=orphan.size)
    with pytest.raises(RefusedError, match="names no delta before it"):
        list(local.walk_chain(hub.con, hub.tree, replace(head, deltas=(head.deltas[0], entry))))
