"""What is due when: timetables, catching up, trying again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.config import check_config
from sync.daemon.jobs import NAMES, jobs_of
from sync.daemon.schedule import (
    Ending,
    Job,
    JobFacts,
    Pace,
    agenda,
    distance,
    ended,
    forgiven,
    found_again,
    started,
)
from sync.daemon.timetable import Timetable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PACE = Pace(timedelta(minutes=2), timedelta(minutes=5), "here")
SHARP = Pace(timedelta(0), timedelta(minutes=5))
RUN = Job("sync", ("sync", "run"), Timetable.parse("daily 03:17"), at_once=True)
LOOK = Job("index_check", ("sync", "run"), Timetable.parse("hourly"), at_once=True)
AUDIT = Job("audit", ("sync", "audit"), Timetable.parse("daily 05:40"))
SWEEP = Job("sweep", ("sync", "sweep"), Timetable.parse("daily 08:20"))
JOBS = (RUN, LOOK, SWEEP, AUDIT)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))
texts = st.one_of(
    st.just("hourly"),
    st.builds("daily {:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)),
    st.builds("every {}{}".format, st.integers(1, 28), st.sampled_from("smhd")),
)
facts = st.builds(
    JobFacts,
    started=st.one_of(st.none(), moments),
    ended=st.one_of(st.none(), moments),
    ending=st.one_of(st.none(), st.sampled_from(Ending)),
    good=st.one_of(st.none(), moments),
    failures=st.integers(0, 100),
    again=st.one_of(st.none(), moments),
)


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        ("daily 03:17", "2026-11-23T03:17:00", "2026-11-24T03:17:00"),
        ("daily 03:17", "2026-11-23T03:16:59.999999", "2026-11-23T03:17:00"),
        ("hourly", "2026-11-23T12:00:00", "2026-11-23T13:00:00"),
        ("every 30m", "2026-11-23T12:29:59", "2026-11-23T12:30:00"),
        ("every 1d", "2026-11-23T12:00:00", "2026-11-24T00:00:00"),
        ("  every   5 s ", "2026-11-23T12:00:01", "2026-11-23T12:00:05"),
    ],
)
def test_the_next_moment(text, now, then):
    found = Timetable.parse(text).after(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(then).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "daily", "daily 24:00", "daily 3:17", "every", "every 0m", "every 30", "every 32d", "weekly", "EVERY 5m"],
)
def test_what_is_no_timetable_is_refused(text):
    with pytest.raises(ValueError, match=r"every 30m|31 days"):
        Timetable.parse(text)


@given(texts, moments)
def test_the_next_moment_is_the_first_one_after(text, now):
    table = Timetable.parse(text)
    found = table.after(now)
    assert found is not None
    assert table.period is not None
    assert now < found <= now + table.period
    assert table.after(found) == found + table.period


def first(book, now=NOW, pace=SHARP, jobs=JOBS, since=NOW):
    return agenda(jobs, book, now, since, pace)[0]


def test_a_new_daemon_runs_at_once_and_looks_only_later():
    due = agenda(JOBS, {}, NOW, NOW, SHARP)
    assert (due[0].job.name, due[0].when) == ("sync", NOW)
    book = started({}, RUN, JOBS, "r", NOW)
    book = ended(book, RUN, JOBS, Ending.FINE, "", NOW + timedelta(minutes=9), SHARP)
    due = agenda(JOBS, book, NOW + timedelta(minutes=9), NOW, SHARP)
    assert [(one.job.name, f"{one.when:%d %H:%M}") for one in due] == [
        ("index_check", "23 13:00"),
        ("sync", "24 03:17"),
        ("audit", "24 05:40"),
        ("sweep", "24 08:20"),
    ]


def test_after_downtime_each_job_runs_once_the_one_due_longest_first():
    long_ago = NOW - timedelta(days=9)
    fine = JobFacts(long_ago, long_ago, Ending.FINE, long_ago)
    book = {job.name: fine for job in JOBS}
    ran = []
    now = NOW
    for _ in range(20):
        due = first(book, now)
        if due.when > now:
            break
        ran.append(due.job.name)
        book = ended(started(book, due.job, JOBS, "r", now), due.job, JOBS, Ending.FINE, "", now, SHARP)
        now += timedelta(minutes=2)
    assert sorted(ran) == ["audit", "index_check", "sweep", "sync"]
    assert ran[0] == "index_check"  # hourly: due longest


def test_a_run_counts_for_the_look_in_between_and_not_the_other_way_round():
    at = NOW.replace(hour=3, minute=17)
    book = ended(started({}, RUN, JOBS, "r", at), RUN, JOBS, Ending.FINE, "", at, SHARP)
    due = {one.job.name: one.when for one in agenda(JOBS, book, at, at, SHARP)}
    assert due["index_check"] == at.replace(hour=4, minute=0)
    later = at.replace(hour=23, minute=0)
    book = ended(started(book, LOOK, JOBS, "r", later), LOOK, JOBS, Ending.FINE, "", later, SHARP)
    due = {one.job.name: one.when for one in agenda(JOBS, book, later, at, SHARP)}
    assert due["sync"] == at + timedelta(days=1)
    assert book["sync"].good == later


def test_failures_are_tried_again_with_growing_distance_until_the_planned_moment():
    now, book, tries = NOW.replace(hour=3, minute=17), {}, []
    end = now + timedelta(hours=20)
    while now < end:
        book = ended(started(book, AUDIT, (AUDIT,), "r", now), AUDIT, (AUDIT,), Ending.FAILED, "no", now, SHARP)
        tries.append(now)
        now = first(book, now, jobs=(AUDIT,)).when
    minutes = [(b - a).total_seconds() / 60 for a, b in pairwise(tries)]
    assert minutes[:4] == [5, 10, 20, 40]
    assert book["audit"].failures == len(tries)
    planned = tries[0].replace(hour=5, minute=40)
    assert planned in tries  # a planned moment is kept, whatever the distance


def test_a_good_run_of_the_same_work_ends_the_tries():
    book = ended(started({}, RUN, JOBS, "r", NOW), RUN, JOBS, Ending.FAILED, "no", NOW, SHARP)
    assert book["sync"].again == NOW + timedelta(minutes=5)
    book = ended(started(book, LOOK, JOBS, "r", NOW), LOOK, JOBS, Ending.PARTIAL, "", NOW, SHARP)
    assert (book["sync"].again, book["sync"].failures) == (None, 0)


def test_what_is_held_comes_again_as_planned():
    book = ended(started({}, RUN, JOBS, "r", NOW), RUN, JOBS, Ending.HELD, "", NOW, SHARP)
    assert (book["sync"].again, book["sync"].failures, book["sync"].good) == (None, 0, None)
    assert first(book).when == NOW + timedelta(hours=1)


def test_what_was_stopped_goes_on_at_once_when_the_daemon_is_back():
    book = ended(started({}, RUN, JOBS, "r", NOW), RUN, JOBS, Ending.STOPPED, "", NOW, SHARP)
    due = first(book, NOW + timedelta(seconds=3))
    assert (due.job.name, due.when) == ("sync", NOW)


def test_what_was_on_when_the_daemon_was_lost_is_tried_at_once_but_not_for_ever():
    now, book, tries = NOW, {}, []
    for _ in range(4):
        book = started(book, RUN, (RUN,), "r", now)
        book = found_again(book, now + timedelta(seconds=20), SHARP)
        tries.append((first(book, now, jobs=(RUN,)).when - now).total_seconds() / 60)
        now = first(book, now, jobs=(RUN,)).when
    assert tries == [0, 5, 10, 20]
    assert book["sync"].ending is Ending.LOST


def test_mending_the_configuration_tries_failed_jobs_now():
    book = ended(started({}, RUN, JOBS, "r", NOW), RUN, JOBS, Ending.USAGE, "no", NOW, SHARP)
    book = ended(started(book, AUDIT, JOBS, "r", NOW), AUDIT, JOBS, Ending.HELD, "", NOW, SHARP)
    later = NOW + timedelta(minutes=1)
    book = forgiven(book, later)
    assert (book["sync"].again, book["audit"].again) == (later, None)


def test_off_is_never():
    off = replace(RUN, timetable=Timetable.parse("off"))
    failed = {"sync": JobFacts(NOW, NOW, Ending.FAILED, again=NOW)}
    assert agenda((off,), {}, NOW, NOW, SHARP) == []
    assert agenda((off,), failed, NOW, NOW, SHARP) == []


def test_a_clock_that_was_set_back_stops_nothing():
    ahead = NOW + timedelta(days=900)
    book = {"audit": JobFacts(ahead, ahead, Ending.FINE, ahead)}
    assert first(book, jobs=(AUDIT,)).when <= NOW


@given(st.dictionaries(st.sampled_from([job.name for job in JOBS]), facts), moments, moments)
def test_whatever_the_book_says_every_job_comes_within_its_period(book, now, since):
    due = agenda(JOBS, book, now, since, PACE)
    assert sorted(one.job.name for one in due) == sorted(job.name for job in JOBS)
    assert [one.when for one in due] == sorted(one.when for one in due)
    for one in due:
        assert one.job.timetable.period is not None
        assert one.when <= now + one.job.timetable.period + PACE.jitter


@given(st.lists(st.tuples(st.sampled_from(Ending), st.integers(1, 7200)), min_size=1, max_size=40), moments)
def test_a_daemon_that_follows_its_agenda_does_not_hammer(endings, now):
    """Whatever happens: between a failure and the next try lies the retry, or a planned moment has come."""
    book, last = {}, {}
    for ending, seconds in endings:
        due = agenda(JOBS, book, now, now, PACE)[0]
        now = max(now, due.when)
        name = due.job.name
        if name in last:
            began, stopped = last[name]
            planned = due.job.timetable.after(began)
            assert planned is not None
            assert now >= min(stopped + PACE.retry, planned)
        book = started(book, due.job, JOBS, "r", now)
        began, now = now, now + timedelta(seconds=seconds)
        book = ended(book, due.job, JOBS, ending, "", now, PACE)
        last.pop(name, None)
        if ending.is_failure:
            last[name] = began, now


@given(moments, st.text(max_size=20))
def test_jitter_is_the_same_each_time_and_bounded(now, key):
    pace = Pace(timedelta(minutes=2), timedelta(minutes=5), key)
    book = {"audit": JobFacts(now, now, Ending.FINE)}
    one, two = (agenda((AUDIT,), book, now, now, pace)[0].when for _ in range(2))
    planned = AUDIT.timetable.after(now)
    assert planned is not None
    assert one == two
    assert planned <= one <= planned + timedelta(minutes=2)


def test_jitter_never_eats_a_short_period():
    quick = Job("look", ("x",), Timetable.parse("every 8s"))
    due = agenda((quick,), {"look": JobFacts(NOW, NOW, Ending.FINE)}, NOW, NOW, PACE)[0].when
    assert due <= NOW + timedelta(seconds=10)


def test_distances_are_bounded():
    assert [distance(count, SHARP) for count in (0, 1, 2, 1000)] == [
        timedelta(0),
        timedelta(minutes=5),
        timedelta(minutes=10),
        timedelta(days=1),
    ]


def configured(**more):
    raw = {"hub": {"store": "/srv/hub"}, "source": {"a": {"store": "/srv/source"}}, **more}
    if raw["source"] is None:
        del raw["source"]
    return {job.name: job for job in jobs_of(check_config(raw, where="test"))}


def test_jobs_that_make_sense_for_a_deployment():
    mirror = {"one": {"store": "/srv/mirror"}}
    alone = configured()
    assert set(alone) == {"sync", "index_check", "sweep", "audit"}
    assert alone["audit"].command == ("sync", "audit", "hub")
    jobs = configured(mirror=mirror)
    assert jobs["audit"].command == ("sync", "audit", "--heal")
    assert str(jobs["index_check"].timetable) == "hourly"
    assert configured(mirror=mirror, daemon={"heal": False})["audit"].command == ("sync", "audit")
    collecting = configured(source=None, collect={"inbox": {"aoml": {"store": "/srv/inbox"}}})
    assert set(collecting) == {"sync", "index_check", "collect", "clean", "audit"}
    assert set(configured(mirror=mirror)) | set(collecting) == set(NAMES)


def test_looks_in_between_only_where_they_are_cheap():
    listing = {"a": {"store": "/srv/source", "observe": "listing"}}
    assert configured(source=listing)["index_check"].timetable.is_off
    assert configured(source=None)["index_check"].timetable.is_off
    assert not configured(source=listing, daemon={"index_check": "every 6h"})["index_check"].timetable.is_off
