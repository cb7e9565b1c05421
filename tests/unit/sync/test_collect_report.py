"""Reports of submissions: what happened to each file, why, and what to do; safe whatever files are called."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gdac.check.report.style import STYLE
from gdac.errors import GdacError
from gdac.sample.archive import make_archive
from sync.collect.report.facts import gather
from sync.collect.report.page import most_often, rate
from sync.collect.report.rows import COLUMNS
from sync.state.collected import Step, Verdict
from sync.state.removed import Removal
from tests.unit.sync.reported import BEGAN, Reported

PROFILES = "dac/coriolis/6901234/profiles"
HOSTILE = [
    '<script>alert("1")</script>.nc',
    "a\x1b[31mred\x07\x00\u202egnp.nc",
    "=cmd|' /C calc'!A0.nc",
    "@SUM(1+1)*cmd.nc",
    'line\r\nbreak,and "quotes".nc',
    "../../etc/passwd",
    "&amp;' onmouseover='x.nc",
    "x" * 255,
]


class Page(HTMLParser):
    """What a page consists of; fails where tags do not match."""

    EMPTY = ("meta", "link", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *one) for one in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Profiles of a sample float by name."""
    from datetime import date

    root = tmp_path_factory.mktemp("sample")
    make_archive(root, floats=2, cycles=3, seed=5, day=date(2025, 3, 1))
    return {file.name: (file.parts[-4], file.read_bytes()) for file in sorted(root.glob("dac/*/*/profiles/*.nc"))}


@pytest.fixture(scope="module")
def made(tmp_path_factory, sample):
    """A submission of one file of every fate."""
    with Reported(tmp_path_factory.mktemp("reported")) as made:
        files = [(name, *rest) for name, rest in sample.items()]
        number = made.open()
        archive = made.add(number, "nc_2026.11.22.tar.gz", b"tar", Verdict.OPENED)
        (good, dac, raw), (old, _, other), (same, _, third) = files[:3]
        result = made.checked(good, raw, dac)
        assert result["verdict"] == "accepted", result
        made.add(number, good, raw, Verdict.PUBLISHED, path=f"{PROFILES}/{good}", result=result, archive=archive)
        delayed = "D6901234_009.nc"
        replaced = f"{PROFILES}/R6901234_009.nc"
        made.add(
            number, delayed, raw, Verdict.PUBLISHED, path=f"{PROFILES}/{delayed}", replaces=replaced, result=result
        )
        made.add(number, same, third, Verdict.UNCHANGED, path=f"{PROFILES}/{same}", result=result)
        cut = other[: len(other) // 2]
        broken = made.checked(old, cut, dac)
        assert broken["verdict"] == "rejected"
        refusal = ("ACC-003", "the checker does not accept the file")
        made.add(number, old, cut, Verdict.REFUSED, refusal, result=broken, archive=archive)
        twice = (("ACC-004", "float 6901234 belongs to bodc"), ("ACC-006", "DATE_UPDATE is before"))
        made.add(number, "R6901234_002.nc", raw, Verdict.REFUSED, *twice, result=result)
        made.add(number, "empty.nc", None, Verdict.REFUSED, ("ACC-008", "the file is empty"))
        bad = made.add(number, "coriolis_removal.txt", b"1", Verdict.REMOVED)
        made.state.plan_removals(
            bad.id, [Removal(bad.id, f"{PROFILES}/R6901234_00{at}.nc", f"etc/{at}", True) for at in range(3)]
        )
        made.state.note_submission(number, ["12 files wait until tomorrow (ACC-009)"])
        made.write(number)
        yield made


def rows(made, number):
    return list(csv.DictReader(made.read(number, "csv").splitlines(keepends=True)))


def test_the_text_says_per_file_what_happened_why_and_what_to_do(made):
    text = made.read(1, "txt")
    lines = text.splitlines()
    assert lines[0] == "Argo Global Data Assembly Centre: submission 1 of coriolis"
    assert "7 files: 2 published, 1 unchanged, 1 removed, 3 refused" in lines
    assert "12 files wait until tomorrow (ACC-009)" in lines
    at = lines.index("R6901234_002.nc")
    assert lines[at + 1 : at + 5] == [
        "  ACC-004  float 6901234 belongs to bodc",
        "    do: Ask the other DAC, or the GDAC when the float shall move.",
        "  ACC-006  DATE_UPDATE is before",
        "    do: Send the newer file, or ask the operator to force this one.",
    ]
    at = lines.index(
        next(
            line for line in lines if line.startswith("nc_2026.11.22.tar.gz!") and "OPN" in lines[lines.index(line) + 1]
        )
    )
    assert "ends here" in lines[at + 1]
    assert any(line.startswith("    do: ") for line in lines[at + 1 : at + 4])
    assert lines[lines.index("empty.nc") + 1] == "  (not read, and so not in that folder)"
    assert f"  as {PROFILES}/D6901234_009.nc, in place of" in lines
    assert f"  {PROFILES}/R6901234_001.nc" in lines
    assert "the folder reject of your account" in text
    assert max(map(len, lines)) <= 78


def test_what_should_be_mended_of_accepted_files_is_told_too(tmp_path):
    finding = {"rule": "OPN-007", "severity": "advice", "text": "old", "where": "DATA_TYPE", "variable": "DATA_TYPE"}
    with Reported(tmp_path) as made:
        number = made.open()
        result = {"verdict": "accepted", "findings": [finding]}
        made.add(number, "R6901234_001.nc", b"x", Verdict.PUBLISHED, path=f"{PROFILES}/R6901234_001.nc", result=result)
        made.write(number)
        lines = made.read(number, "txt").splitlines()
        at = lines.index("TO BE MENDED, though it keeps no file out today")
        assert lines[at + 2] == "      1 file  OPN-007  DATA_TYPE is not deprecated."
        assert "REFUSED" not in made.read(number, "txt")
        assert "<h2>What did not keep a file out, and should be mended</h2>" in made.read(number, "html")


def test_what_the_checker_found_is_told_instead_of_that_it_found_something(made):
    assert "the checker does not accept" not in made.read(1, "txt")
    (row,) = [one for one in rows(made, 1) if "OPN-003" in one["reasons"]]
    assert row["reasons"] == "ACC-003 OPN-003"
    assert row["why"].startswith("OPN-003: file: the header ends here")
    assert int(row["errors"]) >= 1


def test_json_holds_everything_and_csv_a_row_for_each_file_and_removed_file(made):
    whole = json.loads(made.read(1, "json"))
    assert (whole["schema"], whole["dac"], whole["files"], whole["accepted"]) == (1, "coriolis", 7, 4)
    assert len(whole["items"]) == 8
    refused = next(one for one in whole["items"] if one["name"] == "R6901234_002.nc")
    assert [one["id"] for one in refused["reasons"]] == ["ACC-004", "ACC-006"]
    assert refused["reasons"][0]["mend"].startswith("Ask the other DAC")
    member = next(one for one in whole["items"] if one["archive"])
    assert member["archive"] == "nc_2026.11.22.tar.gz"
    assert member["check"]["verdict"] == "accepted"
    listed = next(one for one in whole["items"] if one["verdict"] == "removed")
    assert listed["removed"] == [f"{PROFILES}/R6901234_00{at}.nc" for at in range(3)]
    found = rows(made, 1)
    assert tuple(found[0]) == COLUMNS
    assert [one["verdict"] for one in found].count("removed") == 4
    assert {one["path"] for one in found if one["kind"] == "removed-file"} == set(listed["removed"])


def test_what_the_hdf5_library_says_comes_without_the_place_of_the_file(tmp_path):
    with Reported(tmp_path) as made:
        raw = b"\x89HDF\r\n\x1a\n" + bytes(2000)
        result = made.checked("R6901234_001.nc", raw)
        number = made.open()
        made.add(number, "R6901234_001.nc", raw, Verdict.REFUSED, ("ACC-003", "no"), result=result)
        made.write(number)
        assert "the HDF5 library says: NetCDF: HDF error" in " ".join(made.read(number, "txt").split())
        assert not [file for file in made.folder.iterdir() if str(tmp_path) in file.read_text()]


def test_no_report_tells_where_this_machine_keeps_files(made):
    reports = [file.read_text() for file in made.folder.iterdir()]
    assert len(reports) >= 6
    assert not [text for text in reports if str(made.root) in text or "held" in text]


def test_pages_are_whole_without_scripts_and_ask_nobody_for_anything(made):
    for file in (*made.folder.glob("*.html"), made.folder.parent / "index.html"):
        page = Page(file.read_text())
        assert not {"script", "img", "iframe", "object"} & set(page.tags)
        assert ("html", "lang", "en") in page.attributes
        links = [value for _, name, value in page.attributes if name in {"href", "src"}]
        local = [link for link in links if link != "data:,"]
        assert all((file.parent / link).is_file() for link in local), (file, local)
        assert page.tags.count("h1") == 1
        assert page.tags.count("th") == len([1 for tag, name, _ in page.attributes if (tag, name) == ("th", "scope")])


def test_colours_can_be_read():
    """WCAG 2: 4.5 to 1 for text, on paper and on tint, in light and in dark."""
    light, dark = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", part)) for part in STYLE.split("@media (prefers"))
    for colours in (light, dark):
        for ink in ("ink", "soft", "error", "warning", "advice", "accepted"):
            for ground in ("paper", "tint"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def contrast(one, other):
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        r, g, b = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_names_made_to_harm_harm_nobody(tmp_path):
    with Reported(tmp_path) as made:
        number = made.open()
        for name in HOSTILE:
            made.add(number, name, None, Verdict.REFUSED, ("ACC-002", f"{name!a} is no name that a DAC submits"))
        made.state.note_submission(number, [f"{name} stays in the inbox" for name in HOSTILE])
        made.write(number)
        page = Page(made.read(number, "html"))
        assert "script" not in page.tags
        assert not [name for _, name, _ in page.attributes if name.startswith("on")]
        assert '<script>alert("1")</script>.nc' in page.text
        control = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
        for ending in ("txt", "html", "json"):
            assert not control.search(made.read(number, ending)), ending
        cells = [cell for row in csv.reader(made.read(number, "csv").splitlines(keepends=True)) for cell in row]
        assert len(cells) == len(COLUMNS) * (1 + len(HOSTILE))
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert [one["file"] for one in json.loads(made.read(number, "json"))["items"]] == HOSTILE


def test_a_large_submission_is_bounded_for_people_and_whole_for_programs(tmp_path):
    finding = {"rule": "OPN-003", "severity": "error", "text": "no NetCDF", "where": "file", "count": 1}
    result = {"verdict": "rejected", "findings": [finding] * 30}
    with Reported(tmp_path) as made:
        number = made.open()
        many = {"verdict": "rejected", "findings": [{**finding, "text": f"byte {at}"} for at in range(5000)]}
        made.add(number, "R6901234_999.nc", b"y", Verdict.REFUSED, ("ACC-003", "no"), result=many)
        made.add_many(number, 1200, result)
        made.write(number)
        html, text = made.read(number, "html"), made.read(number, "txt")
        assert "and 101 more: <a" in html  # refused
        assert "and 100 more: <a" in html  # published
        assert html.count("<details") < 600
        assert "and 401 more: submission-1.csv lists all of them" in text
        assert "and 400 more: submission-1.csv lists all of them" in text
        assert "and 28 more" in text
        assert len(html) < 600_000
        assert len(text) < 100_000
        items = json.loads(made.read(number, "json"))["items"]
        assert len(rows(made, number)) == len(items) == 1201
        assert (len(items[0]["check"]["findings"]), items[0]["check"]["more_findings"]) == (200, 4800)


def test_the_same_again_is_the_same(made):
    before = {file.name: file.read_bytes() for file in made.folder.iterdir()}
    made.write(1)
    assert {file.name: file.read_bytes() for file in made.folder.iterdir()} == before


def test_a_submission_under_way_can_be_told_too(tmp_path):
    with Reported(tmp_path) as made:
        number = made.open()
        made.add(number, "R6901234_001.nc", b"x", None)
        facts = gather(made.state, made.submission(number), BEGAN)
        assert facts.words() == "1 file: 1 waiting"
        assert (facts.files, facts.taken, facts.refused) == (1, 0, 0)


def test_the_page_of_a_dac_has_its_last_submissions_their_rate_and_top_findings(tmp_path):
    finding = {"rule": "OPN-003", "severity": "error", "text": "no NetCDF", "where": "file", "count": 1}
    result = {"verdict": "rejected", "findings": [finding]}
    with Reported(tmp_path) as made:
        for at in range(3):
            number = made.open()
            made.add(number, "R6901234_001.nc", b"x", Verdict.PUBLISHED, path=f"{PROFILES}/R6901234_001.nc")
            for _ in range(at):
                made.add(number, "R6901234_002.nc", b"x", Verdict.REFUSED, ("ACC-003", "no"), result=result)
            made.write(number)
        page = (made.folder / "index.html").read_text()
        assert "<b>50.0 %</b>accepted, of 6 files in 3 submissions" in page
        assert [page.index(f'<a href="submission-{at}.html">{at}</a>') for at in (3, 2, 1)] == sorted(
            page.index(f'<a href="submission-{at}.html">{at}</a>') for at in (1, 2, 3)
        )
        assert "<code>OPN-003</code> The file is NetCDF classic" in page
        assert "3 files" in page
        assert "write the file again with a current NetCDF library" in page
        front = (made.folder.parent / "index.html").read_text()
        assert '<a href="coriolis/index.html">coriolis</a>' in front
        assert "50.0 %" in front


def test_what_is_rejected_once_in_a_thousand_is_not_told_as_a_hundred_percent(made):
    facts = gather(made.state, made.submission(1), BEGAN)
    many = type(facts)(
        **{name: getattr(facts, name) for name in facts.__dataclass_fields__}
        | {"verdicts": {"published": 99_999, "refused": 1}}
    )
    assert rate([many]) == "99.9 %"
    assert rate([]) == "-"


def test_a_page_is_made_again_when_its_list_is_lost_or_damaged_or_of_another_state(tmp_path):
    with Reported(tmp_path) as made:
        for _ in range(2):
            number = made.open()
            made.add(number, "empty.nc", None, Verdict.REFUSED, ("ACC-008", "the file is empty"))
            made.write(number)
        listed = made.folder / "submissions.json"
        whole = listed.read_text()
        other = whole.replace(f"{BEGAN:%Y-%m-%d}", "2020-01-01").replace('"refused": 1', '"refused": 77')
        for damage in ("", "{", "[]", '{"submissions": [{"schema": 1}]}', '{"schema": 1, "submissions": 3}', other):
            listed.write_text(damage)
            made.write(2)
            assert listed.read_text() == whole, damage
        listed.unlink()
        made.write(2)
        assert listed.read_text() == whole


def test_top_findings_are_those_of_most_files(made):
    facts = gather(made.state, made.submission(1), BEGAN)
    refusing = most_often([facts, facts], refuses=True)
    assert {one.id: one.files for one in refusing}["ACC-004"] == 2
    assert all(one.refuses for one in refusing)


def test_of_an_exclusion_list_only_numbers_are_told(tmp_path):
    from sync.collect.exclusion import keep_exclusion

    header = b"PLATFORM_CODE,PARAMETER_NAME,START_DATE,END_DATE,QUALITY_CODE,COMMENT,DAC\n"
    with Reported(tmp_path) as made:
        for comments in ([b"drifting secret"], [b"drifting secret", b"fouled secret"]):
            number = made.open()
            lines = [b"690%04d,PSAL,20200101,,3,%s,coriolis\n" % (at, told) for at, told in enumerate(comments)]
            raw = header + b"".join(lines)
            item = made.add(number, "coriolis_greylist.csv", raw, Verdict.KEPT)
            keep_exclusion(made.state, made.state.directory, item, "coriolis", raw, made.now)
            made.state.move_items([item.id], Step.FILED)
            made.write(number)
        assert "2 rows; 1 added, 0 removed, 0 changed since the version of 2026-11-22" in " ".join(
            made.read(2, "txt").split()
        )
        assert json.loads(made.read(2, "json"))["items"][0]["changes"]["added"] == 1
        reports = [file.read_text() for file in made.folder.iterdir()]
        assert not [text for text in reports if "secret" in text or "6900000" in text]


def test_a_reports_directory_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with Reported(tmp_path, {"reports": str(tmp_path / "taken" / "reports")}) as made:
        number = made.open()
        with pytest.raises(GdacError, match="reports cannot be written to"):
            made.write(number)
    assert not list(Path(tmp_path).rglob(".submission*"))


def test_what_a_killed_run_left_half_written_does_not_stay(tmp_path):
    with Reported(tmp_path) as made:
        number = made.open()
        made.folder.mkdir(parents=True, exist_ok=True)
        for ending in ("txt", "html", "json", "csv"):
            (made.folder / f".submission-{number}.{ending}.part").write_text("half")
        made.write(number)
        assert not list(made.folder.glob(".*.part"))
