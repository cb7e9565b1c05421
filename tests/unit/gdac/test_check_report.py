"""Reports of the checker: every format, hostile texts, sums, and what official tools make of it."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from gdac.check.finding import Finding, Phase, Result, Severity, Verdict, Versions, at
from gdac.check.plan import every_rule
from gdac.check.report import Format, open_report
from gdac.check.report.pages import documents, explained
from gdac.check.report.sarif import uri_of
from gdac.check.report.tally import Tally

VERSIONS = Versions("1.2.3", "-r9", "NVS 2026-01-02")
EVIL = "<script>alert('x')</script>&\x1b[31m\x00\u202e]]>\r\n::error::"


def flag(level, severity=Severity.ERROR, rule="PRF-QC-002", **more):
    return Finding(
        rule, severity, at("TEMP_QC", 1, level), "flag 8 where there is a value", "8", "0 to 4", "Use 4.", **more
    )


ACCEPTED = Result("in/R1900001_001.nc", "coriolis", Verdict.ACCEPTED, (), "profile", "3.1", Phase.NAME, None, VERSIONS)
REJECTED = replace(
    ACCEPTED,
    path="in/R1900001_002.nc",
    verdict=Verdict.REJECTED,
    findings=(
        *(flag(level) for level in range(1, 6)),
        flag(9, count=271),
        Finding("META-PI-001", Severity.WARNING, at("PI_NAME"), "'X' is not in reference table R40"),
        Finding("PRF-SP-004", Severity.ADVICE, at("STATION_PARAMETERS", 2), "a blank before a name"),
    ),
    failed_in=Phase.DATA,
    metadata=(("dac", "coriolis"), ("DATA_TYPE", "Argo profile"), ("FORMAT_VERSION", "3.1 "), ("PI_NAME", " A & B")),
)
HOSTILE = replace(
    REJECTED,
    path=f"in/{EVIL}/evil.nc",
    findings=(Finding("FMT-ATT-005", Severity.ERROR, at("TEMP", attribute=EVIL), EVIL, EVIL, EVIL * 30, EVIL),),
    metadata=(("dac", "coriolis"), ("PI_NAME", EVIL)),
)
CRASH = Result(
    "in/bad.nc", None, Verdict.CRASH, (Finding("CHK-002", Severity.ERROR, at(), "reading the file ended the process"),)
)
UNREADABLE = replace(
    CRASH, verdict=Verdict.REJECTED, findings=(Finding("OPN-003", Severity.ERROR, at(), "it is cut off"),), dac="aoml"
)
SKIPPED = Result("in/notes.txt", None, Verdict.SKIPPED, (Finding("CHK-004", Severity.WARNING, at(), "not named .nc"),))
ALL = (ACCEPTED, REJECTED, HOSTILE, CRASH, UNREADABLE, SKIPPED)


def report(style, results=ALL, **options):
    out = io.StringIO()
    with open_report(style, out, **options) as opened:
        for result in results:
            opened.add(result)
    return out.getvalue()


@pytest.mark.parametrize("style", Format)
def test_every_format_names_the_versions(style):
    text = report(style)
    for version in (VERSIONS.checker, VERSIONS.specification, *([VERSIONS.tables] if style != "filecheck" else [])):
        assert version in text


@pytest.mark.parametrize("style", Format)
def test_no_format_lets_control_characters_through(style):
    text = report(style)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


@pytest.mark.parametrize("style", Format)
def test_every_format_can_say_nothing(style):
    text = report(style, ())
    assert "\x00" not in text
    if style is Format.JUNIT:
        ET.fromstring(text)
    if style is Format.SARIF:
        assert json.loads(text)["runs"][0]["results"] == []


def test_text_groups_counts_and_tells_how_to_mend_once():
    text = report(Format.TEXT, (ACCEPTED, REJECTED, replace(REJECTED, path="in/other.nc")))
    assert "in/R1900001_001.nc" not in text
    assert "in/R1900001_002.nc: rejected  (profile 3.1, coriolis)" in text
    assert "  error     PRF-QC-002    TEMP_QC[1,1]: flag 8 where there is a value (expected 0 to 4)" in text
    assert "... and 273 more" in text
    assert text.count("mend: Use 4.") == 1
    assert "3 files: 1 accepted, 2 rejected" in text
    assert "  error     PRF-QC-002    in 2 files, 552 places" in text
    assert text.endswith("(gdac 1.2.3, format specification -r9, reference tables NVS 2026-01-02)\n")
    assert "\x1b" not in text


def test_text_of_one_file_and_of_every_file():
    assert report(Format.TEXT, (ACCEPTED,)).startswith("in/R1900001_001.nc: accepted  (profile 3.1, coriolis)\n(gdac")
    assert "in/R1900001_001.nc: accepted" in report(Format.TEXT, (ACCEPTED, REJECTED), every=True)
    assert "\x1b[1;31mrejected\x1b[0m" in report(Format.TEXT, (REJECTED,), colour=True)


def test_sums_of_several_data_centres():
    text = report(Format.TEXT, (ACCEPTED, REJECTED, replace(REJECTED, dac="bodc")))
    assert "  bodc      1 file: 1 rejected\n  coriolis  2 files: 1 accepted, 1 rejected\n" in text


def test_text_hides_what_a_baseline_knows():
    known = replace(REJECTED, findings=(), known=7)
    text = report(Format.TEXT, (ACCEPTED, known))
    assert "R1900001_002" not in text
    assert "1 rejected; 7 findings of the baseline left out" in text


def test_the_tally_tells_new_from_known():
    tally = Tally()
    for result in (ACCEPTED, REJECTED, CRASH, SKIPPED, replace(REJECTED, findings=(), known=7)):
        tally.add(result)
    assert (tally.files, tally.refused, tally.worse, tally.known) == (5, 3, 2, 7)
    assert tally.rules["PRF-QC-002"].findings == 276
    assert tally.most_often()[0][0] == "CHK-002"
    assert Tally().words() == "no files"


def test_json_lines():
    lines = [json.loads(line) for line in report(Format.JSONL).splitlines()]
    assert [line["verdict"] for line in lines] == [str(result.verdict) for result in ALL]
    assert all({"schema", "path", "dac", "verdict", "findings"} <= set(line) for line in lines)
    first = lines[1]["findings"][0]
    assert first["rule"] == "PRF-QC-002"
    assert first["severity"] == "error"
    assert first["where"] == "TEMP_QC[1,1]"
    assert first["index"] == [1, 1]
    assert lines[2]["findings"][0]["attribute"] == EVIL
    assert lines[3]["versions"] is None
    assert report(Format.JSONL).isascii()


def read_as_the_official_wrapper(text):
    """What the official Python wrapper takes from a result document."""
    root = ET.fromstring(text)
    found = {"version": root.attrib["filechecker_version"], "spec": root.attrib["spec_version"]}
    for tag in ("file", "status", "phase"):
        found[tag] = root.find(tag).text
    for tag in ("errors", "warnings"):
        element = root.find(tag)
        found[tag] = [each.text for each in element] if element is not None else None
        if element is not None:
            assert int(element.attrib["number"]) == len(element)
    metadata = root.find("metadata")
    found["metadata"] = {each.tag: each.text for each in metadata} if metadata is not None else None
    found["order"] = [child.tag for child in root]
    return found


def test_filecheck_documents(tmp_path):
    folder = tmp_path / "out"
    twice = replace(ACCEPTED, path="other/R1900001_001.nc")
    assert report(Format.FILECHECK, (*ALL, twice), folder=folder) == ""
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "R1900001_001.nc.filecheck",
        "R1900001_001.nc.2.filecheck",
        "R1900001_002.nc.filecheck",
        "evil.nc.filecheck",
        "bad.nc.filecheck",
        "bad.nc.2.filecheck",
    }
    read = {name: read_as_the_official_wrapper((folder / name).read_text()) for name in names}
    assert read["R1900001_001.nc.filecheck"]["status"] == "FILE-ACCEPTED"
    assert read["R1900001_001.nc.filecheck"]["phase"] == "FILE-NAME-CHECK"
    rejected = read["R1900001_002.nc.filecheck"]
    assert rejected["order"] == ["file", "status", "phase", "metadata", "errors", "warnings"]
    assert rejected["status"] == "FILE-REJECTED"
    assert len(rejected["errors"]) == 6
    assert rejected["errors"][0].startswith("PRF-QC-002: TEMP_QC[1,1]: flag 8")
    assert len(rejected["warnings"]) == 1  # advice is not the official program's
    assert rejected["metadata"]["PI_NAME"] == " A & B"
    crash, unreadable = read["bad.nc.filecheck"], read["bad.nc.2.filecheck"]
    assert (crash["status"], crash["phase"], crash["metadata"], crash["warnings"]) == ("ERROR", "OPEN-FILE", None, None)
    assert (unreadable["status"], unreadable["metadata"], unreadable["warnings"]) == (
        "FILE-REJECTED",
        {"dac": "aoml"},
        None,
    )


def test_filecheck_of_a_delayed_mode_file_that_is_too_old():
    too_old = Finding("OPN-012", Severity.ERROR, at("DATA_MODE"), "delayed mode of version 3.0")
    result = replace(REJECTED, phase=Phase.MODE, findings=(*REJECTED.findings, too_old))
    read = read_as_the_official_wrapper(report(Format.FILECHECK, (result,)))
    assert read["phase"] == "DMODE-VERSION-CHECK"
    assert list(read["metadata"]) == ["dac", "DATA_TYPE", "FORMAT_VERSION"]
    assert len(read["errors"]) == 1
    assert read["warnings"] == []
    assert read_as_the_official_wrapper(report(Format.FILECHECK, (replace(ACCEPTED, phase=Phase.DATES),)))["phase"] == (
        "FORMAT-VERIFICATION"
    )


def test_junit():
    suite = ET.fromstring(report(Format.JUNIT)).find("testsuite")
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "3", "errors": "1", "skipped": "1"}
    cases = suite.findall("testcase")
    assert [len(case) for case in cases] == [0, 2, 1, 1, 1, 2]
    failure = cases[1].find("failure")
    assert failure.attrib["message"].startswith("PRF-QC-002 TEMP_QC[1,1]: flag 8")
    assert len(failure.text.splitlines()) == 6
    assert "META-PI-001" in cases[1].find("system-out").text
    assert {each.attrib["name"] for each in suite.iter("property")} == {"checker", "specification", "tables"}


def test_what_a_baseline_holds_fails_no_case():
    known = replace(REJECTED, findings=REJECTED.findings[-2:], known=6)
    suite = ET.fromstring(report(Format.JUNIT, (known, REJECTED))).find("testsuite")
    assert suite.attrib["failures"] == "1"
    assert [case.find("failure") is None for case in suite.findall("testcase")] == [True, False]
    assert "R1900001_002" not in report(Format.HTML, (replace(REJECTED, findings=(), known=8),))


#: The parts of the SARIF 2.1.0 schema that are required of what we write.
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": {"type": "object", "required": ["text"]},
                                                "fullDescription": {"type": "object", "required": ["text"]},
                                                "help": {"type": "object", "required": ["text"]},
                                                "defaultConfiguration": {
                                                    "properties": {
                                                        "level": {"enum": ["none", "note", "warning", "error"]}
                                                    }
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "occurrenceCount": {"type": "integer", "minimum": 1},
                                "properties": {"type": "object"},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {
                                                            "uri": {"type": "string", "format": "uri-reference"}
                                                        }
                                                    }
                                                }
                                            },
                                            "logicalLocations": {"type": "array", "items": {"type": "object"}},
                                        }
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_sarif():
    content = json.loads(report(Format.SARIF))
    jsonschema.validate(content, SARIF)
    run = content["runs"][0]
    assert len(run["results"]) == 12
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {each["ruleId"] for each in run["results"]}
    assert run["results"][0]["level"] == "error"
    assert run["results"][7]["level"] == "note"
    assert run["properties"]["verdicts"] == {"accepted": 1, "crash": 1, "rejected": 3, "skipped": 1}
    uri = run["results"][8]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[\w/.%-]+", uri)


def test_paths_as_uris():
    assert uri_of("in/R 1#2.nc") == "in/R%201%232.nc"
    assert uri_of("/data/a.nc") == "file:///data/a.nc"
    assert uri_of("in/\udcff.nc") == "in/%FF.nc"


def test_github_annotations():
    lines = report(Format.GITHUB).splitlines()
    assert lines[0] == (
        "::error file=in/R1900001_002.nc,title=PRF-QC-002::TEMP_QC[1,1]: flag 8 where there is a value "
        "(expected 0 to 4) (and 275 more)"
    )
    assert [line.split(" ")[0] for line in lines] == [
        "::error",
        "::warning",
        "::notice",
        "::error",
        "::error",
        "::error",
        "::warning",
        "::notice",
    ]
    assert lines[-1].startswith("::notice title=gdac check::6 files: 1 accepted")


class Page(HTMLParser):
    """Checks that tags nest, and collects what could fetch or run something."""

    VOID = frozenset({"meta", "br"})

    def __init__(self):
        super().__init__()
        self.stack, self.suspect, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag in {"script", "link", "img", "iframe", "object"} or any(name.startswith("on") for name, _ in attrs):
            self.suspect.append(tag)
        self.suspect += [name for name, _ in attrs if name in {"src", "href", "style"}]
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_well_formed_and_self_contained():
    text = report(Format.HTML)
    page = Page()
    page.feed(text)
    assert page.stack == []
    assert page.suspect == []
    assert "url(" not in text
    assert 'name="viewport"' in text
    assert "Files that would be returned (4)" in text
    assert "Other files with findings (1)" in text
    assert "and 271 more" in text
    assert every_rule()["FMT-ATT-005"].title in "".join(page.text)


def test_html_of_a_huge_batch_stays_readable(monkeypatch):
    import gdac.check.report.html as module

    monkeypatch.setattr(module, "FILES", 3)
    text = report(Format.HTML, [replace(REJECTED, path=f"in/{number}.nc") for number in range(10)])
    assert text.count("in/") == 3
    assert "and 7 more; JSON Lines list all of them" in text


def test_pages_of_rules():
    rule = every_rule()["OPN-012"]
    text = explained(rule)
    assert text.startswith("OPN-012: ")
    assert "how to mend\n" in text
    pages = documents(every_rule().values())
    assert set(pages) >= {"README.md", "OPN.md", "FMT.md"}
    assert all(f"## {rule_id}\n" in "".join(pages.values()) for rule_id in every_rule())
