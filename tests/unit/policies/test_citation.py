"""Citations: the archive's own wording, right for other archives too, and whole in every syntax."""

import json
import re
from dataclasses import dataclass, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gdac.manifest.head import Licence, ViewOf
from policies import citation as citing
from policies.citation import (
    ACKNOWLEDGEMENT,
    Citation,
    acknowledgement_for,
    as_bibtex,
    as_csl,
    as_csl_json,
    as_ris,
    as_text,
    cite_archive,
    identifier,
)
from tests.unit.gdac.test_manifest_head import head

LICENCE = Licence("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/")
#: The rules of the CSL 1.0.2 schema of input data for what we use of it: nothing else may stand there.
_DATE = {
    "type": "object",
    "properties": {
        "date-parts": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": ["string", "number"]}},
        }
    },
    "additionalProperties": False,
}
_TEXT = {"type": "string"}
CSL = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["type", "id"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": ["string", "number"]},
                "type": {"enum": ["dataset"]},
                "author": {
                    "type": "array",
                    "items": {"properties": {"literal": _TEXT}, "additionalProperties": False},
                },
                "issued": _DATE,
                "accessed": _DATE,
                **dict.fromkeys(["title", "publisher", "version", "DOI", "URL", "note"], _TEXT),
            },
        },
    }
)


@dataclass(frozen=True)
class Snapshot:
    key: str = "76230"
    title: str = "Snapshot of Argo GDAC of August 2020"
    date: date = date(2020, 8, 10)


def parse_bibtex(text: str) -> tuple[str, str, dict[str, str]]:
    """Kind, key and fields of an entry, read as BibTeX reads: a field ends where its braces close."""
    kind, key, rest = re.fullmatch(r"@(\w+)\{([^\s{}(),\"\\#%'=~]+),\n(.*)\}\n", text, re.DOTALL).groups()
    fields = {}
    while rest.strip():
        name, at = re.match(r"\s*(\w+)\s*= ", rest)[1], rest.index("{")
        depth, end = 0, at
        for end in range(at, len(rest)):
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            if depth == 0:
                break
        assert depth == 0, "braces are not balanced"
        fields[name] = rest[at + 1 : end]
        rest = rest[end + 1 :].removeprefix(",")
    return kind, key, fields


def untex(text: str) -> str:
    """What TeX would set."""
    spelt = {"textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}"}
    spelt |= {"textasciitilde": "~", "textasciicircum": "^"}
    inner = text.removeprefix("{").removesuffix("}") if text.startswith("{") else text
    found = re.sub(r"\\(?:([a-z]+)\{\}|([$&#_%]))", lambda said: spelt[said[1]] if said[1] else said[2], inner)
    assert not re.search(r"(?<!\\)[$&#_%~^{}]", re.sub(r"\\(?:[a-z]+\{\}|[$&#_%])", "", inner))
    return found


def parse_ris(text: str) -> list[tuple[str, str]]:
    """Tags and values; every line is a whole one."""
    lines = text.split("\r\n")
    assert lines.pop() == ""
    found = [re.fullmatch(r"([A-Z][A-Z0-9])  - (.*)", line).groups() for line in lines]
    assert found[0] == ("TY", "DATA")
    assert found[-1] == ("ER", "")
    return found[1:-1]


def test_the_archive_is_cited_as_it_asks():
    text = as_text(cite_archive(head(3)))
    assert text.startswith(
        "Argo (2000). Argo float data and metadata from Global Data Assembly Centre (Argo GDAC). SEA"
    )
    assert text.endswith("SEANOE. https://doi.org/10.17882/42182")


def test_a_proven_snapshot_is_cited_by_its_own_title_year_and_key():
    text = as_text(cite_archive(head(3), snapshot=Snapshot()))
    assert text == (
        "Argo (2020). Argo float data and metadata from Global Data Assembly Centre (Argo GDAC)"
        " \u2013 Snapshot of Argo GDAC of August 2020. SEANOE. https://doi.org/10.17882/42182#76230"
    )


def test_a_serial_is_cited_with_archive_and_day():
    cited = cite_archive(head(3), serial=3, accessed=date(2026, 11, 22))
    assert cited.version == f"serial 3 of archive {head(3).archive}, sealed 2026-11-04"
    assert as_text(cited).endswith("sealed 2026-11-04. SEANOE. Accessed 2026-11-22. https://doi.org/10.17882/42182")
    assert "sealed" not in cite_archive(head(3), serial=2).version  # the head does not say when that was
    assert "sealed 2026-11-03" in cite_archive(head(3), serial=2, sealed=date(2026, 11, 3)).version


def test_a_view_is_cited_by_the_serial_it_was_made_from_and_its_own_id():
    hub = head(3).archive
    view = replace(head(3), archive="11b01fc3-97fb-4e75-b351-f8c701d989a7", view_of=ViewOf(hub, 3, "a" * 64, "{}"))
    cited = cite_archive(view, serial=3)
    assert cited.version == f"serial 3 of archive {hub}, view {view.archive}, sealed 2026-11-04"
    assert identifier(cited) == identifier(cite_archive(head(3), serial=3))


def test_another_archive_is_cited_by_its_own_title_and_nobody_elses_publisher():
    other = replace(head(3), title="Drifting buoys", doi="10.5555/a_b")
    cited = cite_archive(other, snapshot=Snapshot())  # keys belong to the Argo DOI
    assert as_text(cited) == "Drifting buoys (2026). https://doi.org/10.5555/a_b"
    assert (cited.publisher, cited.key, acknowledgement_for(cited.doi)) == (None, None, None)
    without = cite_archive(replace(other, doi=None), serial=3)
    assert as_text(without) == f"Drifting buoys (2026). Serial 3 of archive {head(3).archive}, sealed 2026-11-04."
    assert "url" not in parse_bibtex(as_bibtex(without))[2]
    at = cite_archive(replace(other, doi=None), url="https://buoys.example.org/")
    assert as_text(at).endswith(" https://buoys.example.org/")


def test_a_doi_in_capitals_is_the_same():
    assert acknowledgement_for("10.17882/42182") == ACKNOWLEDGEMENT
    assert ACKNOWLEDGEMENT.startswith("These data were collected and made freely available by the International Argo")


@pytest.mark.parametrize("as_form", [as_bibtex, as_csl_json, as_ris])
def test_every_form_carries_the_same_facts(as_form):
    text = as_form(cite_archive(head(3), serial=3, snapshot=Snapshot(), accessed=date(2026, 11, 2)), note="Evidence: x")
    for fact in ("Argo", "2020", "SEANOE", "10.17882/42182", "42182#76230", "CC-BY-4.0", "Evidence: x", "serial 3"):
        assert fact in text


def test_csl_has_numbers_for_dates():
    item = as_csl(cite_archive(head(3), accessed=date(2026, 11, 2)))
    assert item["accessed"] == {"date-parts": [[2026, 11, 2]]}
    assert item["author"] == [{"literal": "Argo"}]
    broken = [{**item, "license": "x"}, {key: value for key, value in item.items() if key != "id"}]
    assert not any(CSL.is_valid([one]) for one in broken)


def test_identifiers_tell_citations_apart():
    cited = [cite_archive(head(3), serial=number) for number in (None, 2, 3)]
    cited += [cite_archive(head(3), snapshot=Snapshot(key)) for key in ("1", "2")]
    names = [identifier(one) for one in cited]
    assert names == ["argo-2000", "argo-2000-serial2", "argo-2000-serial3", "argo-2020-1", "argo-2020-2"]
    assert identifier(replace(cited[0], authors=("Ωκεανός",))) == "archive-2000"


HOSTILE = st.text(
    st.one_of(st.sampled_from("\\{}~^$&#_%\"'@,*\n\r\t -\u2013é\u2028\u202e\x00"), st.characters()), max_size=40
)


@given(title=HOSTILE, author=HOSTILE, address=HOSTILE, note=HOSTILE, key=HOSTILE)
def test_no_title_breaks_a_form(title, author, address, note, key):
    cited = Citation((author,), 2026, title, author, address, address, key, note, date(2026, 1, 2), LICENCE)
    seen = citing._one_line
    kind, _, fields = parse_bibtex(as_bibtex(cited, note))
    assert kind == "misc"
    assert untex(fields.get("title", "")) == seen(title)
    assert untex(fields.get("publisher", "")) == seen(author)
    assert untex(fields.get("note", "")) == seen(note)
    assert not set(fields.get("url", "")) & set(' {}\\\n"')
    document = json.loads(as_csl_json(cited, note))
    CSL.validate(document)
    assert document[0].get("title", "") == seen(title)
    values = dict(parse_ris(as_ris(cited, note)))
    assert values.get("TI", "") == seen(title)
    assert "*" not in values.get("AU", "")
    assert "\n" not in as_text(cited)
