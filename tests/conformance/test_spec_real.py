"""The shipped specification is exactly what the converter makes of the official files."""

import pytest

from gdac.spec import FileType, Presence, UnsupportedError, document, load
from gdac.spec.convert import convert

USABLE = [
    (file_type, version)
    for file_type in FileType
    for version in document.versions(file_type)
    if "unusable" not in document.document(file_type, version)
]


def test_the_shipped_documents_are_the_converted_ones(shared):
    made = convert(shared / "format-spec").documents
    assert {path.name for path in document.SHIPPED.glob("*.json")} == set(made)
    for name, content in made.items():
        assert (document.SHIPPED / name).read_text(encoding="utf-8") == document.layout(content), (
            f"{name} is stale: gdac spec build <format-spec> --output gdac/spec/data"
        )


def test_every_type_and_version_of_the_official_specification(shared):
    structures = {path.name for path in (shared / "format-spec").glob("*.cdl")}
    ours = {f"argo-{each}-spec-v{version}.cdl" for each in FileType for version in document.versions(each)}
    assert ours == structures
    assert len(USABLE) == len(structures) - 2
    for version in ("2.2", "2.4"):
        with pytest.raises(UnsupportedError, match="unsupported version"):
            load(FileType.TECHNICAL, version)


@pytest.mark.parametrize(("file_type", "version"), USABLE)
def test_every_variable_of_a_version_has_its_rule(file_type, version):
    spec = load(file_type, version)
    axes = {name for rule in spec.variables.values() for names in rule.dimensions for name in names}
    assert axes <= set(spec.dimensions)
    for name in spec.required_variables():
        rule = spec.variable(name)
        assert rule is not None
        assert not rule.optional
        for group in filter(None, [spec.group_of(name)]):
            assert all(spec.variable(member) or member in spec.dimensions for member in group.members)
    for rule in spec.variables.values():
        for attribute in rule.attributes.values():
            assert attribute.value is None or attribute.presence is Presence.REQUIRED


def test_the_version_of_the_specification(shared):
    properties = (shared / "format-spec" / "VersionInfo.properties").read_text()
    assert properties.strip() == f"Version = {load(FileType.PROFILE, '3.1').spec_version}"
