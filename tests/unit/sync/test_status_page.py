"""The page and the lines of a terminal: right with 0, 1 and 20 mirrors, whatever names hold, and no script."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from sync.status.chart import draw
from sync.status.facts import AuditStatus, Day, Delta, HubStatus, Missing, Status, Word
from sync.status.page import render_page
from sync.status.parts import Quarantine
from sync.status.render import render_text
from sync.status.wording import behind_text, day_word, headline, hours_text, share_text
from sync.status.words import aged
from tests.status_sample import HOLD, HOSTILE, HOUR, NOW, QUARANTINE, RUNS, deltas, full, hub, mirror, status

VOID = {"meta", "link", "br", "rect", "line", "path"}


class Outline(HTMLParser):
    """What a page is made of: tags that fit each other, ids, links, text; and every table row of mirrors."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.text, self.names = [], [], [], set(), [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.add(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.names += [name for name in found if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def told(self):
        return re.sub(r"\s+", " ", " ".join(self.text))


def page(found, **more):
    return Outline(render_page(found, **more).decode())


EMPTY = aged(Status(NOW, "argo-gdac", HubStatus(Word.NEVER, "source", "ifremer", title="Argo")), NOW)


@pytest.mark.parametrize(
    "found", [full(), status(0), status(1), status(20), EMPTY], ids=["full", "0", "1", "20", "empty"]
)
@pytest.mark.parametrize("live", [False, True])
def test_a_page_is_whole_and_alone(found, live):
    made = page(found, now=NOW if live else None)
    assert {"script", "img", "iframe", "object", "embed", "form", "base"} & made.tags == set()
    assert made.names == []
    assert len(made.ids) == len(set(made.ids))
    for link in made.links:
        assert link in {"status.json", "data:,"} or (link.startswith("#") and link[1:] in made.ids), link
    for one in found.mirrors:
        assert one.name in made.told
    assert "Legend" in made.told
    assert render_page(found) == render_page(found)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (status(0), "The hub shows serial 190"),
        (status(1), "The mirror is current"),
        (status(2), "Both mirrors are current"),
        (status(20), "All 20 mirrors are current"),
        (EMPTY, "Nothing is sealed yet"),
        (
            aged(status(3), NOW + timedelta(days=9)),
            "The hub's head has expired; mirror-1, mirror-2, mirror-3 are stale",
        ),
        (aged(status(4), NOW + timedelta(days=9)), "The hub's head has expired; 4 mirrors are stale"),
        (
            full(),
            "The hub's last run failed; disk is failing; held-back is held; google is stale; new shows nothing yet;",
        ),
    ],
)
def test_the_headline_says_how_it_is(found, told):
    assert headline(found).startswith(told)
    assert headline(found) in page(found).told.replace("\u2019", "'") + render_text(found)


def test_names_and_reasons_cannot_become_markup():
    evil = HOSTILE + "</style></title>"
    found = full()
    found = replace(
        found,
        generator=evil,
        hub=replace(found.hub, title=evil, source=evil, last_error=evil, stopped=evil),
        mirrors=(mirror(evil, view=evil, last_error=evil, missing_count=1, missing=(Missing(evil, evil, NOW),)),),
        holds=(replace(HOLD, store=evil, removed=(evil,), command=evil),),
        quarantine=Quarantine(1, NOW, {evil: 1}, {evil: 1}, (replace(QUARANTINE.first[0], path=evil, reason=evil),)),
        runs=(replace(RUNS[1], kind=evil, outcome=evil, error=evil, notes=(evil,), failed=(evil,)),),
        jobs=(replace(found.jobs[0], name=evil, schedule=evil, last_error=evil, last_outcome=evil),),
    )
    made = page(found, here=evil, trouble=evil)
    assert "script" not in made.tags
    assert made.names == []
    assert made.told.count("<script>alert(1)</script>") > 10
    assert "49" not in "".join(re.findall(r"&(\d+)", made.told))


def test_a_written_page_says_how_old_it_is_and_a_served_one_of_when_it_speaks():
    made = page(replace(status(1), until=NOW + HOUR), here="aws").told
    assert "As it was on 2026-11-22 06:00 UTC" in made
    assert "due 2026-11-22 07:00 UTC" in made
    assert "nobody is keeping this archive up to date" in made
    assert "This copy lies in aws" in made
    served = page(status(1), now=NOW + HOUR, trouble="no answer").told
    assert "of 2026-11-22 07:00 UTC" in served
    assert "No newer status could be read: no answer" in served


def test_everything_that_waits_for_a_person_is_told_with_its_command():
    made = page(full()).told
    for told in (
        "gdac sync approve 17",
        "aoml loses 5,200 of 41,000 files",
        "gdac sync audit disk --heal",
        "61 sealed files that it cannot hold just now",
        "and 60 more",
        "73 files could not be had",
        "70 absent, 3 broken",
        "no answer from ifremer",
        "9 ACC-003",
        "97.2 %",
        "daily 03:17",
    ):
        assert told in made, told
    stopped = page(aged(replace(status(0), hub=hub(stopped="serial 3 was sealed again")), NOW)).told
    assert "gdac sync revert --release" in stopped


def test_the_lines_of_a_terminal_tell_the_same():
    told = render_text(full())
    for words in (
        "gdac sync approve 17",
        "mirror disk failing: serial 184, behind by 6 serials, 6 days, 61 exceptions",
        "73 files (70 absent, 3 broken)",
        "aoml: 12 submissions in 30 days: 410 published, 12 refused; accepted 97.2 %",
        "sync: daily 03:17, last fine",
        "could not: disk",
    ):
        assert words in re.sub(r" +", " ", told), words
    assert "shows nothing yet" in render_text(EMPTY)


def test_bars_stand_on_each_other_and_none_leaves_the_drawing():
    for count in (1, 2, 90):
        chart = draw(deltas(count))
        assert len(chart.bars) == count
        assert chart.bars[-1].at + chart.bar <= chart.width
        for bar in chart.bars:
            assert all(part.top >= 0 for part in bar.parts)
            for lower, upper in zip(bar.parts, bar.parts[1:], strict=False):
                assert lower.top == pytest.approx(upper.top + upper.height, abs=0.02)
            assert bar.bytes_top + bar.bytes_height <= chart.height
    assert draw(()) is None


def test_a_serial_that_changed_nothing_but_names_is_drawn_too():
    empty = Delta(7, NOW, 0, 0, 0, 0, 0)
    chart = draw((empty,))
    assert chart.bars[0].parts == ()
    assert "no file" in chart.bars[0].text
    one = draw((replace(empty, renamed=3),))
    assert [part.word for part in one.bars[0].parts] == ["renamed"]


def test_numbers_are_not_rounded_to_what_is_not_true():
    assert share_text(0.9999) == "99.9 %"
    assert share_text(0.00001) == "0.1 %"
    assert (share_text(1), share_text(0), share_text(None)) == ("100 %", "0 %", "none decided")
    assert (hours_text(0.5), hours_text(26.4), hours_text(96)) == ("30 min", "26 h", "4 days")
    assert behind_text(mirror("new", None, behind_serials=None)) == "shows nothing"
    words = [day_word(Day(NOW.date(), *one)) for one in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 0, 0))]
    assert words == ["good", "failed", "held", "mixed", "none"]


def test_an_audit_that_left_something_is_seen():
    left = mirror("aws", audit=AuditStatus(30, 1.0, NOW, NOW, 10, 2, 2))
    assert "100 %, 2 differences left" in page(replace(status(0), mirrors=(left,))).told
