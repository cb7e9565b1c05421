"""Sensor exclusion lists: every version kept beside the state, compared in counts, and said nothing of."""

import hashlib
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from gdac.errors import GdacError
from policies.submission import recognise
from sync.collect.exclusion import Changes, changes_of, compare, exclusion_file, why_no_list
from sync.collect.lists import carry_out_list, decide_list
from sync.loop import run as run_loop
from sync.state import State
from sync.state.collected import NewItem, Step, Verdict
from sync.stores.local import LocalStore

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
HEADER = b"PLATFORM_CODE,PARAMETER_NAME,START_DATE,END_DATE,QUALITY_CODE,COMMENT,DAC\n"
ONE = b"1900170,PSAL,20050101,,3,drifting,AO\n"
TWO = b"1900171,PSAL ,20060101,20070101,4,,AO\n"


def counts(found: Changes) -> tuple[int, int, int, int, int]:
    return found.rows, found.added, found.removed, found.changed, found.unread


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, HEADER + ONE + TWO, (2, 2, 0, 0, 0)),
        (HEADER + ONE, HEADER + ONE, (1, 0, 0, 0, 0)),
        (HEADER + ONE, HEADER + ONE + TWO, (2, 1, 0, 0, 0)),
        (HEADER + ONE + TWO, HEADER + TWO, (1, 0, 1, 0, 0)),
        (HEADER + ONE, HEADER + ONE.replace(b",3,", b",4,"), (1, 0, 0, 1, 0)),
        (HEADER + ONE, HEADER + ONE.replace(b"20050101", b"20050102"), (1, 1, 1, 0, 0)),
        (HEADER + ONE, HEADER.replace(b"\n", b"\r\n") + ONE.replace(b",", b" ,"), (1, 0, 0, 0, 0)),
        (HEADER + ONE, (HEADER + ONE).replace(b",", b";"), (1, 0, 0, 0, 0)),
        (HEADER + ONE, (HEADER + ONE).replace(b",", b"\t"), (1, 0, 0, 0, 0)),
        (HEADER + ONE, ONE + ONE, (1, 0, 0, 0, 0)),
        (HEADER + ONE, HEADER, (0, 0, 1, 0, 0)),
        (HEADER + ONE, HEADER + ONE + b"nonsense\n", (1, 0, 0, 0, 1)),
        (HEADER + ONE, b"\xef\xbb\xbf" + HEADER + ONE, (1, 0, 0, 0, 0)),
        (b"DAC,PLATFORM_CODE\n", HEADER + ONE, (1, 1, 0, 0, 0)),
        (None, HEADER + b'1900170,"PSAL,2005\n' + TWO, (2, 2, 0, 0, 0)),
        (None, HEADER + "1900170,PSAL,20050101,,3,d\u00e9rive,AO\n".encode("latin-1"), (1, 1, 0, 0, 0)),
        (None, b"1900170," + b"x" * 300_000 + b"\n", (1, 1, 0, 0, 0)),
    ],
)
def test_versions_are_compared_in_rows(before, after, expected):
    assert counts(compare(before, after, None)) == expected


def test_columns_in_another_order_are_the_same_row():
    turned = b"DAC,PARAMETER_NAME,PLATFORM_CODE,START_DATE,END_DATE,QUALITY_CODE,COMMENT\n"
    rows = turned + b"AO,PSAL,1900170,20050101,,3,drifting\n"
    assert compare(HEADER + ONE, rows, None).unread == 0
    assert counts(compare(HEADER + ONE, rows, None)) == (1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (HEADER, None),
        (ONE, None),
        (b"CDF\x01\0\0", "the list is no plain text"),
        (b"<html>404</html>\n", "no line of the list begins with the number of a float"),
        (b"\n  \n# nothing\n", "the list has neither rows nor the row of column names"),
    ],
)
def test_what_can_be_no_list_is_refused_without_saying_what_it_holds(raw, why):
    assert why_no_list(raw) == why


@pytest.fixture
def state(tmp_path):
    with State.open(tmp_path / "state") as opened:
        yield opened


def submit(state, root, raw, now):
    name = "aoml_greylist.csv"
    known = recognise(name)
    assert known is not None
    number = state.open_submission("aoml", None, now)
    new = NewItem(name, name, len(raw), hashlib.sha256(raw).digest(), known.kind, now, step=Step.CHECKED)
    (id_,) = state.add_items(number, [new])
    (file := root / f"list-{id_}").write_bytes(raw)
    told = decide_list(state, state.item(id_), "aoml", file, lambda _: pytest.fail("no float is asked for"))
    state.decided([told.decided])
    item = state.item(id_)
    run_loop(carry_out_list(state, root / "state", LocalStore(root / "hub"), item, "aoml", file, now))
    return state.item(id_), file


def test_every_version_is_kept_beside_the_state_and_nowhere_else(state, tmp_path):
    first, _ = submit(state, tmp_path, HEADER + ONE, NOW)
    second, _ = submit(state, tmp_path, HEADER + TWO, NOW + timedelta(days=1))
    assert (first.verdict, first.step) == (Verdict.KEPT, Step.DONE)
    directory = tmp_path / "state"
    for item, raw in ((first, HEADER + ONE), (second, HEADER + TWO)):
        kept = exclusion_file(directory, "aoml", item.sha256)
        assert kept.read_bytes() == raw
        if os.name == "posix":
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600
            assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert not (tmp_path / "hub").exists()
    assert changes_of(state, directory, first, "aoml") == Changes(None, 1, 1, 0, 0, 0)
    found = changes_of(state, directory, second, "aoml")
    assert found == Changes(NOW, 1, 1, 1, 0, 0)
    assert str(found) == "1 row; 1 added, 1 removed, 0 changed since the version of 2026-11-23"
    assert "1900170" not in str(found)


def test_a_version_that_is_gone_is_told_and_stops_nothing(state, tmp_path):
    first, _ = submit(state, tmp_path, HEADER + ONE, NOW)
    second, _ = submit(state, tmp_path, HEADER + TWO, NOW + timedelta(days=1))
    directory = tmp_path / "state"
    exclusion_file(directory, "aoml", first.sha256).unlink()
    found = changes_of(state, directory, second, "aoml")
    assert found == Changes(NOW, 1, 0, 0, 0, 0, is_comparable=False)
    assert str(found) == "1 row; the version of 2026-11-23 is not there any more to compare with"
    assert changes_of(state, directory, first, "aoml") is None
    kept = exclusion_file(directory, "aoml", second.sha256)
    kept.unlink()
    kept.mkdir()
    with pytest.raises(GdacError, match="cannot be read"):
        changes_of(state, directory, second, "aoml")


def test_the_same_list_again_is_a_version_without_changes(state, tmp_path):
    submit(state, tmp_path, HEADER + ONE, NOW)
    again, _ = submit(state, tmp_path, HEADER + ONE, NOW + timedelta(days=1))
    assert changes_of(state, tmp_path / "state", again, "aoml") == Changes(NOW, 1, 0, 0, 0, 0)
    assert len(list((tmp_path / "state/collect/exclusion/aoml").iterdir())) == 1


def test_kept_again_after_a_crash_is_kept_once(state, tmp_path):
    item, file = submit(state, tmp_path, HEADER + ONE, NOW)
    file.unlink()
    run_loop(carry_out_list(state, tmp_path / "state", LocalStore(tmp_path / "hub"), item, "aoml", file, NOW))
    assert len(state.exclusions("aoml")) == 1


def test_no_version_of_a_list_that_was_refused(state, tmp_path):
    item, _ = submit(state, tmp_path, b"<html>404</html>\n", NOW)
    assert item.verdict is Verdict.REFUSED
    assert [one.policy for one in item.reasons] == ["ACC-012"]
    assert changes_of(state, tmp_path / "state", item, "aoml") is None
    assert state.exclusions("aoml") == []
