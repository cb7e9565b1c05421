"""Time travel over sealed trees: any state, any path's stays, any digest's, whatever is at hand."""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from gdac.cli.manifest import app
from gdac.columns import connect
from gdac.errors import RefusedError, UsageError
from gdac.manifest import local, trust
from gdac.manifest import seal as sealing
from gdac.manifest.chain import survey
from gdac.manifest.files import load_delta, write_delta, write_manifest
from gdac.manifest.head import Head
from gdac.manifest.history import FileState, History, find_digest, history_of, state_at
from gdac.manifest.model import DeltaMismatch, ManifestError
from gdac.manifest.rebuild import rebuild
from gdac.manifest.seal import prepare_seal
from tests.unit.gdac.manifest_rows import ARCHIVE, Row, State, make, read

NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
FLOAT = "dac/aoml/13857"
META, R1, D1 = f"{FLOAT}/13857_meta.nc", f"{FLOAT}/profiles/R13857_001.nc", f"{FLOAT}/profiles/D13857_001.nc"
R2 = f"{FLOAT}/profiles/R13857_002.nc"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        yield opened


def seal(con: duckdb.DuckDBPyConnection, tree: Path, state: State, now: datetime) -> Head:
    """Seal a state, as `gdac manifest build --seal` does."""
    base = local.read_head(tree)
    if base is not None:
        local.open_manifest(con, tree, base.manifest, base.archive, "base")
    make(con, "state", state, serial=1)
    made = prepare_seal(
        con,
        base=base,
        base_table="base" if base else None,
        new_table="state",
        archive=ARCHIVE,
        now=now,
        staging=local.make_staging(tree),
        expires_after=3 * DAY,
    )
    before = (tree / "manifest" / "head.json").read_bytes() if base else None
    local.publish(made, tree, before=before)
    return made.head


def digest_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def told(states: tuple[FileState, ...]) -> list[tuple[str, int, int | None, str, str | None]]:
    return [(one.path, one.serial, one.until, one.how, one.from_path) for one in states]


LIFE: tuple[State, ...] = (
    {META: "m", R1: "r1"},
    {META: "m2", R1: "r1", R2: "r2"},
    {META: "m2", D1: "d1", R2: "r2"},  # renamed
    {META: Row("m2", modified=datetime(2026, 11, 9)), D1: "d1"},  # only a time; R2 leaves
    {META: "m", D1: "d1 again", R2: "r2"},  # old bytes come back
)


@pytest.fixture
def life(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> tuple[Path, Head]:
    for at, state in enumerate(LIFE):
        head = seal(con, tmp_path, state, NOW + at * DAY)
    return tmp_path, head


def test_the_stays_of_a_path(con, life):
    tree, head = life
    assert told(history_of(con, tree, head, META)) == [
        (META, 1, 2, "first", None),
        (META, 2, 5, "changed", None),
        (META, 5, None, "changed", None),
    ]
    first, second, _ = history_of(con, tree, head, META)
    assert (first.sha256, first.size, second.sha256) == (digest_of("m"), 1, digest_of("m2"))
    assert second.modified == datetime(2026, 11, 9, tzinfo=UTC)  # of the newest row of the stay
    assert told(history_of(con, tree, head, R2)) == [(R2, 2, 4, "added", None), (R2, 5, None, "added", None)]
    assert history_of(con, tree, head, f"{FLOAT}/13857_tech.nc") == ()


def test_a_rename_is_followed_back_and_not_forward(con, life):
    tree, head = life
    assert told(history_of(con, tree, head, D1)) == [
        (R1, 1, 3, "first", None),
        (D1, 3, 5, "renamed", R1),
        (D1, 5, None, "changed", None),
    ]
    assert told(history_of(con, tree, head, R1)) == [(R1, 1, 3, "first", None)]


def test_there_and_back_again(con, tmp_path):
    """A rename that is undone, and done once more, is no endless walk."""
    for at, (path, text) in enumerate(((R1, "r"), (D1, "d"), (R1, "r"), (D1, "d"))):
        head = seal(con, tmp_path, {META: "m", path: text}, NOW + at * DAY)
    assert told(history_of(con, tmp_path, head, D1)) == [
        (R1, 1, 2, "first", None),
        (D1, 2, 3, "renamed", R1),
        (R1, 3, 4, "renamed", D1),
        (D1, 4, None, "renamed", R1),
    ]


def test_the_stays_of_bytes(con, life):
    tree, head = life
    assert told(find_digest(con, tree, head, digest_of("m"))) == [
        (META, 1, 2, "first", None),
        (META, 5, None, "changed", None),
    ]
    assert told(find_digest(con, tree, head, digest_of("r2"))) == [
        (R2, 2, 4, "added", None),
        (R2, 5, None, "added", None),
    ]
    assert find_digest(con, tree, head, digest_of("never")) == ()


def test_a_path_that_no_delta_names(con, tmp_path):
    seal(con, tmp_path, {META: "m", R1: "r"}, NOW)
    head = seal(con, tmp_path, {META: "m", R1: "r2"}, NOW + DAY)
    assert told(history_of(con, tmp_path, head, META)) == [(META, 1, None, "first", None)]
    (only,) = find_digest(con, tmp_path, head, digest_of("m"))
    assert (only.path, only.serial, only.until) == (META, 1, None)


def test_an_archive_of_one_serial(con, tmp_path):
    head = seal(con, tmp_path, {META: "m"}, NOW)
    assert told(history_of(con, tmp_path, head, META)) == [(META, 1, None, "first", None)]
    assert told(find_digest(con, tmp_path, head, digest_of("m"))) == [(META, 1, None, "first", None)]
    assert find_digest(con, tmp_path, head, digest_of("n")) == ()


def test_sealed_files_are_hashed_once_and_again_when_they_change(con, life, monkeypatch):
    tree, head = life
    hashed: list[str] = []
    honest = trust.digest

    def counting(file: Path) -> str:
        hashed.append(file.name)
        return honest(file)

    monkeypatch.setattr(trust, "digest", counting)
    for _ in range(3):
        find_digest(con, tree, head, digest_of("m"))
    assert sorted(hashed) == sorted({*hashed})
    delta = tree / head.deltas[1].key
    delta.write_bytes(delta.read_bytes()[:-1] + b"!")
    with pytest.raises(ManifestError, match="expected"):
        history_of(con, tree, head, META)


def test_a_question_about_a_touched_path_needs_no_manifest(con, life):
    tree, head = life
    (tree / head.manifest.key).unlink()
    assert len(history_of(con, tree, head, META)) == 3
    with pytest.raises(ManifestError, match=r"manifest\.parquet"):
        find_digest(con, tree, head, digest_of("m"))


def test_the_known_past_ends_where_a_delta_is_missing(con, life):
    tree, head = life
    (tree / head.deltas[1].key).unlink()  # to serial 3
    past = survey(con, tree, head)
    assert (past.oldest, past.newest) == (3, 5)
    assert told(History(con, past).of_path(META)) == [(META, 2, 5, "first", None), (META, 5, None, "changed", None)]
    assert told(History(con, past).of_path(D1)) == [(D1, 3, 5, "first", None), (D1, 5, None, "changed", None)]


@pytest.mark.parametrize("serial", range(1, 6))
def test_any_state_forward_or_back(con, life, serial):
    tree, head = life
    assert [entry.serial for entry in head.manifests] == [1]
    assert state_at(con, tree, head, serial, "past") == serial
    make(con, "expected", LIFE[serial - 1])
    assert read(con, "past", serial=False) == read(con, "expected", serial=False)


def test_states_have_the_serials_of_their_manifests(con, tmp_path):
    """Forward from an older manifest and back from a newer one: row for row what was sealed."""
    seals = []
    for at, state in enumerate(LIFE):
        head = seal(con, tmp_path, state, NOW + at * DAY)
        local.open_manifest(con, tmp_path, head.manifest, ARCHIVE, f"sealed_{head.serial}")
        seals.append(read(con, f"sealed_{head.serial}"))
    past = survey(con, tmp_path, head)
    for start in past.manifests:
        for serial in range(1, 6):
            way = past._way(start, serial, past.has)
            assert way is not None
            rebuild(con, past, way, "again")
            assert read(con, "again") == seals[serial - 1]


def test_the_nearer_manifest_is_taken(con, tmp_path):
    for day in range(12):
        head = seal(con, tmp_path, {META: f"{day}"}, NOW + day * DAY)
    past = survey(con, tmp_path, head)
    assert sorted(past.manifests) == [1, 8, 12]
    found = {serial: past.way_to(serial) for serial in (2, 6, 8, 11, 12)}
    ways = {serial: (way.manifest.serial, len(way.deltas), way.forward) for serial, way in found.items() if way}
    assert ways == {2: (1, 1, True), 6: (8, 2, False), 8: (8, 0, True), 11: (12, 1, False), 12: (12, 0, True)}


def test_a_day_is_its_last_serial(con, tmp_path):
    for hours in (0, 10, 30, 80):
        head = seal(con, tmp_path, {META: f"{hours}"}, NOW + timedelta(hours=hours))
    expected = {date(2026, 11, 2): 2, date(2026, 11, 3): 3, date(2026, 11, 4): 3, date(2026, 11, 5): 4}
    for day, serial in expected.items():
        assert state_at(con, tmp_path, head, day, "past") == serial
    assert state_at(con, tmp_path, head, date(2027, 1, 1), "past") == 4
    with pytest.raises(UsageError, match="nothing was sealed by the end of 2026-11-01"):
        state_at(con, tmp_path, head, date(2026, 11, 1), "past")


def test_a_damaged_delta_is_no_obstacle_while_there_is_another_way(con, life):
    tree, head = life

    def damage(serial: int) -> None:
        file = tree / head.deltas[serial - 2].key
        file.write_bytes(file.read_bytes()[:-1] + b"!")

    damage(2)
    for serial in range(1, 6):
        assert state_at(con, tree, head, serial, "past") == serial
        make(con, "expected", LIFE[serial - 1])
        assert read(con, "past", serial=False) == read(con, "expected", serial=False)
    damage(5)
    for serial in (1, 5):
        assert state_at(con, tree, head, serial, "past") == serial
    for serial in (2, 3, 4):
        with pytest.raises(ManifestError, match="expected"):
            state_at(con, tree, head, serial, "past")
    with pytest.raises(ManifestError, match="expected"):
        history_of(con, tree, head, META)


def random_life(steps: int, seed: int) -> list[Mapping[str, str]]:
    chance = random.Random(seed)
    state: dict[str, str] = {META: "m", R1: "r"}
    states = [dict(state)]
    for step in range(steps):
        for cycle in range(1, 6):
            real, delayed = (f"{FLOAT}/profiles/{mode}13857_{cycle:03}.nc" for mode in "RD")
            what = chance.random()
            if what < 0.2 and real in state:
                del state[real]
                state[delayed] = f"{cycle} delayed"
            elif what < 0.3 and delayed in state:
                del state[delayed]
                state[real] = f"{cycle} real"
            elif what < 0.4:
                state.pop(real, None)
            elif what < 0.6:
                state[real] = f"{cycle} {chance.randrange(3)}"
        state[META] = f"m{step}"
        states.append(dict(state))
    return states


def gdac(*words: object, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [*(str(word) for word in words), "--json"], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_more_serials_than_a_head_lists(con, tmp_path, monkeypatch):
    """The chain goes on where the head's list of deltas ends; so do the questions."""
    monkeypatch.setattr(sealing, "MAX_DELTAS", 6)
    states = random_life(20, seed=3)
    for at, state in enumerate(states):
        head = seal(con, tmp_path, state, NOW + at * timedelta(hours=1))
    assert head.deltas[0].serial == 16
    past = survey(con, tmp_path, head)
    assert (past.oldest, past.wanted) == (1, ())
    shown: dict[str, set[int]] = {}
    for serial, state in enumerate(states, 1):
        for text in {state[path] for path in state if path != META}:
            shown.setdefault(text, set()).add(serial)
    for text, serials in shown.items():
        found = find_digest(con, tmp_path, head, digest_of(text))
        covered = {s for one in found for s in range(one.serial, one.until or head.serial + 1)}
        assert covered == serials, text
    for path in {path for state in states for path in state}:
        for one in history_of(con, tmp_path, head, path):
            held = states[one.serial - 1 : (one.until or len(states) + 1) - 1]
            assert {digest_of(state[one.path]) for state in held} == {one.sha256}
    for serial in (1, 3, 12, 20):
        assert state_at(con, tmp_path, head, serial, "past") == serial
        make(con, "expected", states[serial - 1])
        assert read(con, "past", serial=False) == read(con, "expected", serial=False)
    serials = gdac("log", tmp_path)["serials"]
    assert [entry["serial"] for entry in serials] == list(range(21, 0, -1))
    assert all(entry.get("chain", "verified") == "verified" for entry in serials)
    assert gdac("show", tmp_path, "--serial", 2)["rows"] == len(states[1])
    changes = gdac("diff", f"{tmp_path}@1", f"{tmp_path}@2", "--rows", 0, code=1)["changes"]
    assert {change["path"] for change in changes} >= {META}


def test_a_delta_that_does_not_fit_its_manifest_is_refused(con, life):
    tree, head = life
    make(con, "other", {META: "somebody else's", D1: "d1"})
    lied = write_manifest(con, "other", tree / "manifest", archive=ARCHIVE, serial=5)
    entry = replace(head.manifest, name=lied.name, sha256=lied.sha256, size=lied.size)
    for kept in head.manifests:
        (tree / kept.key).unlink()
    with pytest.raises(DeltaMismatch):
        state_at(con, tree, replace(head, manifest=entry), 4, "past")


def test_a_chain_that_names_another_past_is_refused(con, life):
    tree, head = life
    third = head.deltas[1]
    load_delta(con, tree / third.key, "third", expect_sha256=third.sha256, archive=ARCHIVE)
    orphan = write_delta(con, "third", tree / "manifest", archive=ARCHIVE, from_serial=2, serial=3, previous=None)
    entry = replace(third, name=orphan.name, sha256=orphan.sha256, size=orphan.size)
    with pytest.raises(RefusedError, match="chain is broken"):
        survey(con, tree, replace(head, deltas=(entry, *head.deltas[2:])))
