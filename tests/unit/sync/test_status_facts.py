"""The status as a value: words that follow from facts and clock, JSON and back, its schema, what it may not tell."""

import json
from dataclasses import replace
from datetime import timedelta

import jsonschema
import pytest

from gdac.errors import RefusedError
from sync.status.facts import MAX_STATUS_BYTES, Word, parse_status, render_json
from sync.status.schema import status_schema
from sync.status.telling import told
from sync.status.words import aged, next_due
from tests.conftest import ROOT
from tests.status_sample import HOLD, HOUR, JOBS, NOW, RUNS, full, hub, mirror, status

DAY = timedelta(days=1)


def words(found):
    return {one.name: one.word for one in found.mirrors}


def test_there_and_back():
    for one in (full(), status(0), status(20)):
        assert parse_status(render_json(one)) == one
        assert json.loads(render_json(one)) == one.as_json()


def test_every_status_fits_the_published_schema():
    schema = json.loads((ROOT / "docs" / "schemas" / "status.json").read_text(encoding="utf-8"))
    assert schema == status_schema()
    checks = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    checks.check_schema(schema)
    for one in (full(), status(0), status(1), status(20)):
        checks.validate(one.as_json())
    broken = full().as_json()
    broken["mirrors"][0]["word"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        checks.validate(broken)


def test_every_field_is_explained():
    schema = status_schema()
    for name, one in {**schema["$defs"], "Status": schema}.items():
        assert one["description"], name
        for field, about in one.get("properties", {}).items():
            assert about.get("description") or about.get("const"), f"{name}.{field}"


def test_what_it_does_not_know_is_passed_over():
    document = full().as_json()
    document["weather"] = "fine"
    document["hub"]["depth"] = 2000
    assert parse_status(json.dumps(document).encode()) == full()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<html>404</html>", "no status"),
        (b"[]", "no status"),
        (b"{}", "no status: made"),
        (render_json(full()).replace(b"argo-gdac status 1", b"argo-gdac status 2"), "argo-gdac status 2"),
        (render_json(full()).replace(b'"failing"', b'"fabulous"'), "word"),
        (b" " * (MAX_STATUS_BYTES + 1), "no longer than"),
        (b"[" * 100_000, "no status"),
    ],
)
def test_what_is_no_status_is_refused(raw, words):
    with pytest.raises(RefusedError, match=words):
        parse_status(raw)


def test_each_word_has_its_reason():
    found = full()
    assert found.hub.word is Word.FAILING
    assert words(found) == {
        "aws": Word.CURRENT,
        "copernicus": Word.BEHIND,
        "disk": Word.FAILING,
        "google": Word.STALE,
        "new": Word.NEVER,
        "held-back": Word.HELD,
    }
    assert found.mirrors[1].behind_hours == 48


def test_what_was_current_yesterday_is_stale_when_nobody_came():
    found = status(2)
    assert set(words(found).values()) == {Word.CURRENT}
    later = aged(found, NOW + 3 * DAY)
    assert set(words(later).values()) == {Word.STALE}
    assert later.hub.word is Word.STALE
    assert later.made == found.made


def test_hours_behind_grow_with_the_clock():
    found = aged(replace(status(0), mirrors=(mirror("slow", 188),)), NOW + 5 * HOUR)
    assert (found.mirrors[0].behind_hours, found.mirrors[0].behind_serials) == (53.0, 2)


def test_a_run_under_way_moves_what_it_moves():
    running = replace(status(2), runs=RUNS)
    assert set(words(aged(running, NOW)).values()) == {Word.SYNCING}
    collecting = replace(JOBS[0], name="collect", running_since=NOW)
    found = aged(status(1), NOW, [collecting])
    assert (found.hub.word, found.mirrors[0].word) == (Word.SYNCING, Word.CURRENT)
    auditing = replace(JOBS[1], running_since=NOW)
    assert aged(status(1), NOW, [auditing]).hub.word is Word.CURRENT


def test_a_held_hub_and_an_approved_hold():
    held = replace(HOLD, store="hub")
    found = aged(replace(status(1), holds=(held,)), NOW)
    assert (found.hub.word, found.mirrors[0].word) == (Word.HELD, Word.CURRENT)
    approved = aged(replace(status(1), holds=(replace(held, approved=NOW),)), NOW)
    assert approved.hub.word is Word.HELD  # until a run has carried it out
    stopped = aged(replace(status(1), hub=hub(stopped="serial 3 was sealed again")), NOW)
    assert stopped.hub.word is Word.HELD


def test_the_next_run_is_the_next_that_writes_a_status():
    assert next_due(JOBS) == NOW + 21 * HOUR  # neither the audit nor what is off
    assert next_due(()) is None
    assert aged(status(1), NOW, JOBS).until == NOW + 21 * HOUR


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no answer from ftp://me:pa@ss@host/argo: refused.", "no answer from ftp://host/argo: refused."),
        ("https://u:p@h/x?X-Amz-Signature=abc&b=1 gave 403.", "https://h/x gave 403."),
        ("first line\nsecond line", "first line"),
        ("is it there? yes = no", "is it there? yes = no"),
        ("bell\x07 and \u202eturned", "bell\\x07 and \\u202eturned"),
        ("x" * 1000, "x" * 397 + "..."),
    ],
)
def test_what_a_sentence_may_tell(text, shown):
    assert told(text) == shown
