"""Show, compare and convert the format specification of Argo files."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gdac.spec import AttributeRule, FileType, Specification, VariableRule

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

_JSON = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
_Folder = Annotated[
    Path | None, typer.Option("--from", metavar="FOLDER", help="A specification made by `gdac spec build`.")
]


@app.command()
def show(
    file_type: Annotated[str, typer.Argument(metavar="TYPE", help="profile, b_profile, trajectory, ...")] = "",
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Such as 3.1; the newest when left out.")] = "",
    variable: Annotated[
        str, typer.Option("--variable", metavar="NAME", help="Only this one, e.g. of a parameter: DOXY_2_ADJUSTED.")
    ] = "",
    folder: _Folder = None,
    as_json: _JSON = False,
) -> None:
    """Print what files of TYPE and VERSION must look like; without arguments, which there are."""
    from gdac.spec import document, load

    where = folder or document.SHIPPED
    if not file_type:
        _show_types(where, as_json)
        return
    kind = _type(file_type)
    spec = load(kind, version or _newest(kind, where), folder=where)
    if variable:
        rule = spec.variable(variable)
        if rule is None:
            raise UsageError(f"{spec.file_type} {spec.version} has no variable {variable!r}.")
        sys.stdout.write(
            _dump(_variable_facts(spec, rule)) if as_json else "\n".join(_variable_lines(spec, rule)) + "\n"
        )
    elif as_json:
        content = document.document(kind, spec.version, where)
        parameters = [each.name for each in spec.parameters() if each.name == each.base]
        sys.stdout.write(_dump({**content, "spec_version": spec.spec_version, "parameters": parameters}))
    else:
        sys.stdout.write("\n".join(_lines(spec)) + "\n")


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A type and version (profile-3.0), or a folder.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another version, or another folder.")],
    third: Annotated[str, typer.Argument(metavar="NEW", help="For TYPE OLD NEW.")] = "",
    folder: _Folder = None,
    as_json: _JSON = False,
) -> None:
    """Say what differs between two versions of a type, or between two specifications. Exit code 1 when anything does.

    A folder holds official files or what `gdac spec build` made of them.
    """
    from gdac.spec import document
    from gdac.spec.compare import compare, compare_folders

    if third:
        old, new = f"{old}-{new}", f"{old}-{third}"
    sides = [_named(text) for text in (old, new)]
    if all(sides):
        where = folder or document.SHIPPED
        first, second = (document.document(*side, where) for side in sides if side)
        changes = compare(first, second)
    elif any(sides):
        raise UsageError("one side is a version and the other a folder.", hint="Name two of the same sort.")
    else:
        changes = compare_folders(Path(old), Path(new))
    if as_json:
        facts = [{"document": each.document, "place": each.place, "old": each.old, "new": each.new} for each in changes]
        sys.stdout.write(_dump({"old": old, "new": new, "changes": facts}))
    else:
        for each in changes:
            before = f"{each.document.removesuffix('.json')} " if each.document else ""
            sys.stdout.write(f"{each.sign} {before}{each.place}: {_change(each.old, each.new)}\n")
        sys.stdout.write(f"{len(changes)} differences\n" if changes else "no difference\n")
    if changes:
        raise typer.Exit(ExitCode.DIFFERENCES)


@app.command()
def build(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The official files (argo-profile-spec-v3.1.cdl ...).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the documents go.")],
) -> None:
    """Convert the official specification into readable documents: one per type and version, and what they share."""
    from gdac.spec.convert import build as convert_and_write

    converted = convert_and_write(source, output)
    sys.stdout.write(f"{len(converted.documents)} documents written to {output}\n")
    for note in converted.notes:
        sys.stdout.write(f"cannot be used: {note}\n")


def _show_types(where: Path, as_json: bool) -> None:
    from gdac.spec import FileType, document

    shared = document.common(where)
    known = {
        file_type: {
            version: str(document.document(file_type, version, where).get("unusable", ""))
            for version in document.versions(file_type, where)
        }
        for file_type in FileType
    }
    if as_json:
        sys.stdout.write(_dump({"spec_version": shared["spec_version"], "types": known}))
        return
    sys.stdout.write(f"format specification {shared['spec_version']}\n")
    for file_type, versions in known.items():
        sys.stdout.write(f"  {file_type:<14}{'  '.join(version for version, why in versions.items() if not why)}\n")
    for file_type, versions in known.items():
        for version, why in versions.items():
            if why:
                sys.stdout.write(f"not usable: {file_type} {version}: {why}\n")


def _type(text: str) -> "FileType":
    from gdac.spec import FileType

    plain = text.lower().replace("-", "").replace("_", "").replace(" ", "").replace("bio", "b")
    for file_type in FileType:
        full = file_type.value.replace("_", "")
        # Whole, cut short as in file names (prof, traj, meta, tech), or the letter of the rules' tables.
        if plain in {full, file_type.letter.lower()} or (len(plain) > 3 and full.startswith(plain)):
            return file_type
    raise UsageError(f"{text!r} is no file type.", hint=f"There are {', '.join(FileType)}.")


def _newest(file_type: "FileType", where: Path) -> str:
    from gdac.spec import document

    return max(
        document.versions(file_type, where), default="none", key=lambda version: [int(n) for n in version.split(".")]
    )


def _named(text: str) -> "tuple[FileType, str] | None":
    """A type and version such as ``profile-3.1``, or None when the text is something else."""
    file_type, dash, version = text.rpartition("-")
    if not dash or Path(text).exists() or not version.replace(".", "").isdecimal():
        return None
    return _type(file_type), version


def _lines(spec: "Specification") -> Iterator[str]:
    yield f"{spec.file_type} {spec.version}  (format specification {spec.spec_version})"
    if spec.global_attributes:
        yield "\nglobal attributes"
        for attribute in spec.global_attributes.values():
            yield f"  {attribute.name:<24}{_told(attribute)}"
    yield "\ndimensions"
    for dimension in spec.dimensions.values():
        length = "any length" if dimension.length is None else str(dimension.length)
        yield f"  {dimension.name:<24}{length}{'  (optional)' if dimension.optional else ''}"
    for pattern in spec.extra_dimensions:
        yield f"  {pattern:<24}extra dimensions of parameters"
    yield "\nvariables"
    for rule in spec.variables.values():
        yield f"  {_declared(rule)}"
    names = [each.name for each in spec.parameters() if each.name == each.base]
    yield f"\nparameters ({len(names)}; each also with _1 to _4, and then _STD or _MED)"
    yield f"  {', '.join(names)}"
    if spec.mandatory_parameters():
        yield f"  mandatory: {', '.join(spec.mandatory_parameters())}"
    yield "\n(--variable NAME shows the attributes of one variable)"


def _declared(rule: "VariableRule") -> str:
    axes = ", ".join("|".join(names) for names in rule.dimensions) + (", ..." if rule.extra_dimensions else "")
    return f"{rule.name:<40}{' or '.join(rule.types)} ({axes}){'  optional' if rule.optional else ''}"


def _variable_lines(spec: "Specification", rule: "VariableRule") -> Iterator[str]:
    yield _declared(rule)
    for attribute in rule.attributes.values():
        yield f"  {attribute.name:<24}{_told(attribute)}"
    group = spec.group_of(rule.name)
    if group is not None:
        yield f"  comes with              {', '.join(group.members)}"


def _told(rule: "AttributeRule") -> str:
    from gdac.spec import Kind, Presence

    if rule.presence is Presence.FORBIDDEN:
        text = "must not be there"
    elif rule.presence is Presence.FREE:
        text = "not looked at"
    elif rule.value is None:
        text = "any text" if rule.kind is Kind.TEXT else "any number"
    else:
        text = f'"{rule.value}"' if rule.kind is Kind.TEXT else rule.value
    if rule.tolerance is None:
        return text
    return f"{text}  or, {'with a warning' if rule.tolerance.warn else 'silently'}, /{rule.tolerance.pattern}/"


def _variable_facts(spec: "Specification", rule: "VariableRule") -> dict[str, Any]:
    group = spec.group_of(rule.name)
    return {
        "name": rule.name,
        "types": list(rule.types),
        "dimensions": [list(names) for names in rule.dimensions],
        "optional": rule.optional,
        "extra_dimensions": rule.extra_dimensions,
        "parameter": rule.parameter,
        "attributes": {
            each.name: {
                "presence": each.presence.value,
                "kind": each.kind.value,
                "value": each.value,
                "tolerates": each.tolerance.pattern if each.tolerance else None,
            }
            for each in rule.attributes.values()
        },
        "comes_with": list(group.members) if group else [],
    }


def _change(old: Any, new: Any) -> str:
    texts = [json.dumps(side, ensure_ascii=False) for side in (old, new) if side is not None]
    return " -> ".join(texts)


def _dump(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
