"""Reading official specification files: the CDL dialect, its companions, and whole folders."""

import json

import pytest

from gdac.errors import RefusedError
from gdac.spec import FileType, Kind, Presence, UnsupportedError, companions, document, load
from gdac.spec.cdl import parse_cdl
from gdac.spec.convert import MAX_BYTES, build, convert

CDL = """netcdf argo-profile-v9.9-spec {
//@ DATA_TYPE = "Argo profile"
//@ REFERENCE_DATE_TIME = "19500101000000"
nothing of this kind, before the sections
   :title = "A file" ;
   :history = "<+>";
   :references = "http://example.org/";
   :Conventions = "Argo-9.9" ;   /*REGEX = "Argo-9\\..*" */
dimensions:
   N_PROF = UNLIMITED;
   N_LEVELS = _unspecified_;
   STRING8 = 8; // eight
   STRING16 = 16;
   N_VALUES\\d+ = _extra_;
variables:
   char NAME (N_PROF, STRING8|STRING16);
     NAME:long_name = "A name";
     NAME:_FillValue = " ";
     NAME:comment = "<->";
   double JULD(N_PROF);
     JULD:resolution = "<+>DOUBLE:";
     JULD:_FillValue = 999999.;
     JULD:free = "<*>STRING:x";
   int COUNT(N_PROF);
     COUNT:_FillValue = 99999;
   float X(N_PROF);
     X:valid_min = -2.5f;
   float_or_double EITHER(N_PROF);
     EITHER:_FillValue = 99999.f;
   short LONE;
data:
   anything at all
}
"""


def test_every_part_of_the_dialect():
    parsed = parse_cdl(CDL)
    assert "unusable" not in parsed
    assert parsed["reference_date_time"] == "19500101000000"
    assert parsed["global_attributes"] == {
        "title": "A file",
        "history": {"any": "text"},
        "references": {"any": "text"},  # cut at its //, as the official reader does
        "Conventions": "Argo-9.9",
    }
    assert parsed["tolerances"] == {":Conventions": {"pattern": r"Argo-9\..*"}}
    assert parsed["dimensions"] == {"N_PROF": None, "N_LEVELS": None, "STRING8": 8, "STRING16": 16}
    assert parsed["extra_dimensions"] == [r"N_VALUES\d+"]
    variables = parsed["variables"]
    assert variables["NAME"]["dimensions"] == ["N_PROF", "STRING8|STRING16"]
    assert variables["NAME"]["attributes"]["comment"] == {"forbidden": "text"}
    assert variables["JULD"]["attributes"] == {
        "resolution": {"any": "real"},
        "_FillValue": 999999.0,
        "free": {"free": "text"},
    }
    assert repr(variables["COUNT"]["attributes"]["_FillValue"]) == "99999"
    assert repr(variables["X"]["attributes"]["valid_min"]) == "-2.5"
    assert variables["EITHER"]["type"] == ["float", "double"]
    assert variables["LONE"] == {"type": "short", "dimensions": [], "attributes": {}}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('NAME:_FillValue = " ";', 'NAME:_FillValue = " "', "line 18 of the official structure file does not end"),
        ("STRING16 = 16;", "STRING16 ==;", "line 13 of the official structure file is not a dimension"),
        ("short LONE;", "text LONE;", "has the unknown type 'text'"),
        ("double JULD(N_PROF);", "double JULD(N_CYCLE);", "uses the dimension 'N_CYCLE', which is not defined"),
        ('NAME:long_name = "A name";', 'OTHER:long_name = "A name";', "names the variable 'OTHER'"),
        ('NAME:long_name = "A name";', "NAME:long_name = 7;", "gives a number to 'long_name' of a character variable"),
        ("COUNT:_FillValue = 99999;", "COUNT:_FillValue = 99999.;", "line 25"),
        (r'"Argo-9\..*"', '"Argo-(9"', "broken regular expression"),
        (r"N_VALUES\d+", "N_VALUES(", "broken regular expression"),
        ("short LONE;", "what is this", "is neither a variable nor an attribute"),
    ],
)
def test_lines_that_the_official_reader_refuses(old, new, why):
    assert old in CDL
    assert why in parse_cdl(CDL.replace(old, new))["unusable"]


def test_a_line_without_semicolon_is_taken_as_it_was_meant():
    parsed = parse_cdl(CDL.replace('NAME:_FillValue = " ";', 'NAME:_FillValue = " "'))
    assert parsed["variables"]["NAME"]["attributes"]["_FillValue"] == " "


def test_options_settings_units_and_the_rest():
    options = companions.parse_options("// note\n\nSTRING16\nTEAM : ONE\nTEAM:TWO\n")
    assert options == {"optional": ["STRING16"], "groups": {"TEAM": ["ONE", "TWO"]}}
    tolerances = companions.parse_tolerances('A:b = "x;y"; WARN\n*:c = z; NOWARN\nA:d = <*>;\n')
    assert tolerances == {
        "tolerances": {"A:b": {"pattern": '"x;y"', "warn": True}, "*:c": {"pattern": "z"}},
        "overrides": {"A:d": "free"},
    }
    assert companions.parse_settings("PRES:axis | <-> |\nADJUSTED_ERROR:comment | Words.") == {
        "pres_axis": "<->",
        "error_comment": "Words.",
    }
    assert companions.parse_units("COUNT | integer | note\n cm/s| float\nold remark about units\nDD\n") == {
        "COUNT": "integer",
        "cm/s": "float",
        "DD": "",
    }
    assert companions.parse_juld_variables("100 | JULD_A\n70301 | JULD_B\n70302 | JULD_C") == [
        {"code": 100, "variable": "JULD_A", "which": "each"},
        {"code": 703, "variable": "JULD_B", "which": "first"},
        {"code": 703, "variable": "JULD_C", "which": "last"},
    ]
    assert companions.parse_deprecated("PRES | units | bar | warning | Use decibar. | [2.2,2.3] | 04/04/2018") == [
        {
            "parameter": "PRES",
            "key": "units",
            "value": "bar",
            "status": "warning",
            "message": "Use decibar.",
            "versions": ["2.2", "2.3"],
        }
    ]


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (companions.parse_options, "one two three"),
        (companions.parse_options, "TEAM : ONE\nONE"),
        (companions.parse_tolerances, "A:b = x"),
        (companions.parse_tolerances, "A:b = (x; WARN"),
        (companions.parse_settings, "PRES:colour | red"),
        (companions.parse_deprecated, "PRES | units | bar | perhaps | | [2.2]"),
        (companions.parse_deprecated, "PRES | units"),
        (companions.parse_juld_variables, "first | JULD_A"),
    ],
)
def test_companion_lines_that_are_wrong(parse, text):
    with pytest.raises(ValueError, match=r"line \d|broken regular expression"):
        parse(text)


@pytest.fixture
def official(tmp_path):
    """A small official specification: one profile version."""
    folder = tmp_path / "official"
    folder.mkdir()
    (folder / "argo-profile-spec-v9.9.cdl").write_text(CDL)
    (folder / "argo-profile-spec-v9.9.opt").write_text("STRING16\n")
    (folder / "argo-profile-spec-v9.9.attr_regexp").write_text("NAME:long_name = An? name; WARN\nPRES:axis = <*>;\n")
    (folder / "argo-physical_params-spec-v9.9.aux").write_text("ADJUSTED_ERROR:comment | <->\n")
    (folder / "argo-tech_units-spec-v9.9").write_text("COUNT | integer |\n")
    (folder / "argo-tech_units-spec-v9.8").write_text("COUNT | integer |\n")
    (folder / "argo-R03-deprecated-physical_params-spec").write_text("TEMP | valid_min | -2.f | pass | | [9.9] |\n")
    (folder / "measurement_code-juld_variables").write_text("100 | JULD_DESCENT_START\n")
    (folder / "VersionInfo.properties").write_text("Version = -r1\n")
    return folder


def test_a_folder_is_converted_and_loaded(official, tmp_path):
    target = tmp_path / "ours"
    target.mkdir()
    (target / "profile-0.1.json").write_text("{}")  # a version that is no more
    (target / "notes.json").write_text("{}")
    converted = build(official, target)
    assert converted.notes == ()
    assert sorted(path.name for path in target.iterdir()) == ["common.json", "notes.json", "profile-9.9.json"]
    assert document.common(target)["units"] == [{"versions": ["9.8", "9.9"], "units": {"COUNT": "integer"}}]
    spec = load(FileType.PROFILE, "9.9", folder=target)
    assert (spec.spec_version, spec.reference_date_time, spec.checks_data) == ("-r1", "19500101000000", True)
    assert spec.dimensions["STRING16"].optional
    assert spec.dimensions["STRING8"].length == 8
    assert spec.variables["NAME"].attributes["long_name"].tolerance.accepts("A name")
    assert spec.variables["NAME"].dimensions == (("N_PROF",), ("STRING8", "STRING16"))
    assert spec.variables["JULD"].attributes["_FillValue"].value == "999999.0"
    assert spec.variables["COUNT"].attributes["_FillValue"].kind is Kind.INTEGER
    assert spec.variable("PRES").attributes["axis"].presence is Presence.FREE
    assert spec.variable("PRES_ADJUSTED").attributes["axis"].value == "Z"
    assert spec.deprecated_value("TEMP", "valid_min", "-2.0") is not None
    assert spec.is_extra_dimension("N_VALUES41")
    assert not spec.is_extra_dimension("N_VALUES41x")


def test_what_an_unusable_version_says(official, tmp_path):
    (official / "argo-technical-spec-v9.7.cdl").write_text("dimensions:\nvariables:\n}\n")
    (official / "argo-physical_params-spec-v9.7.aux").write_text("")
    (official / "argo-metadata-spec-v9.6.cdl").write_text("dimensions:\nvariables:\n}\n")
    converted = build(official, tmp_path / "ours")
    assert converted.notes == (
        "metadata 9.6: the official specification lacks the parameter settings (.aux) of version 9.6",
        "technical 9.7: the official specification lacks the unit table of version 9.7",
    )
    with pytest.raises(UnsupportedError, match="lacks the unit table"):
        load(FileType.TECHNICAL, "9.7", folder=tmp_path / "ours")


def test_folders_that_are_no_specification(tmp_path, official):
    with pytest.raises(RefusedError, match="holds no format specification"):
        convert(tmp_path)
    with pytest.raises(RefusedError, match="cannot be read"):
        convert(tmp_path / "absent")
    (official / "argo-profile-spec-v9.9.opt").write_text("a b c")
    with pytest.raises(RefusedError, match=r"argo-profile-spec-v9.9.opt cannot be used: line 1"):
        convert(official)
    (official / "argo-profile-spec-v9.9.opt").write_bytes(b"\xff\xfe")
    with pytest.raises(RefusedError, match="cannot be used"):
        convert(official)
    (official / "argo-profile-spec-v9.9.opt").write_bytes(b"A\n" * MAX_BYTES)
    with pytest.raises(RefusedError, match="too large"):
        convert(official)


def test_damaged_documents(official, tmp_path):
    target = tmp_path / "ours"
    build(official, target)
    (target / "profile-9.9.json").write_text('{"format": 1, "dimensions"')
    with pytest.raises(RefusedError, match="is not a document"):
        load(FileType.PROFILE, "9.9", folder=target)
    content = json.loads(json.dumps({"format": 2}))
    (target / "profile-9.9.json").write_text(json.dumps(content))
    with pytest.raises(RefusedError, match="of format 2"):
        load(FileType.PROFILE, "9.9", folder=target)


@pytest.mark.parametrize("version", ["4.0", "", "../../etc/passwd", "3.1\0", "3.1/", "common"])
def test_versions_come_from_files_and_never_become_paths(version):
    with pytest.raises(UnsupportedError, match="unsupported version"):
        load(FileType.PROFILE, version)
