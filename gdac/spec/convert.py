"""From a folder of official specification files to ours: a document per type and version, one of what they share."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from gdac.errors import RefusedError
from gdac.spec import companions
from gdac.spec.cdl import parse_cdl
from gdac.spec.document import COMMON, FORMAT, name_of, write
from gdac.spec.model import FileType

_CDL: Final = re.compile(r"argo-(\w+)-spec-v(\d+\.\d+)\.cdl")
_UNITS: Final = re.compile(r"argo-tech_units-spec-v(\d+\.\d+)(\.deprecated)?")
_SETTINGS: Final = re.compile(r"argo-physical_params-spec-v(\d+\.\d+)\.aux")
#: Largest file of a specification (the largest today has 25 kB).
MAX_BYTES: Final = 4 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Converted:
    """What was made of a folder.

    Attributes:
        documents: by file name: one per type and version, and what they share.
        notes: types and versions that cannot be used as they are, and why.
    """

    documents: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...]


def build(source: Path, target: Path) -> Converted:
    """Convert ``source`` and write the documents into ``target``; documents of before are replaced or removed.

    Raises:
        RefusedError: see `convert`.
    """
    converted = convert(source)
    write(target, converted.documents)
    return converted


def convert(source: Path) -> Converted:
    """All types and versions of a folder of official files.

    Raises:
        RefusedError: the folder holds no specification, or a file of it cannot be read.
    """
    try:
        names = sorted(path.name for path in source.iterdir())
    except OSError as error:
        raise RefusedError(
            f"{source} cannot be read: {error}.", hint="Name the folder of the official files."
        ) from error
    found = [(match, FileType(match.group(1))) for name in names if (match := _CDL.fullmatch(name)) and _known(match)]
    if not found:
        raise RefusedError(
            f"{source} holds no format specification.", hint="Its files are named argo-profile-spec-v3.1.cdl and so on."
        )
    common = _common(source, names)
    documents: dict[str, Mapping[str, Any]] = {COMMON: common}
    notes = []
    for match, file_type in found:
        document = _document(source, match.group(0), file_type, match.group(2), common)
        documents[name_of(file_type, match.group(2))] = document
        if "unusable" in document:
            notes.append(f"{file_type} {match.group(2)}: {document['unusable']}")
    common["versions"] = {
        str(each): sorted(match.group(2) for match, file_type in found if file_type is each) for each in FileType
    }
    return Converted(documents, tuple(notes))


def _known(match: re.Match[str]) -> bool:
    return match.group(1) in set(FileType)


def _document(source: Path, name: str, file_type: FileType, version: str, common: Mapping[str, Any]) -> dict[str, Any]:
    stem = name.removesuffix(".cdl")
    parsed = _read(source / name, parse_cdl)
    options = _optional(source / f"{stem}.opt", companions.parse_options) or {}
    tolerances = _optional(source / f"{stem}.attr_regexp", companions.parse_tolerances) or {}
    missing = _missing(file_type, version, common)
    unusable = parsed.pop("unusable", missing)
    document = {
        "format": FORMAT,
        "file_type": str(file_type),
        "version": version,
        **({"unusable": unusable} if unusable else {}),
        **parsed,
        **options,
        "tolerances": parsed["tolerances"] | tolerances.get("tolerances", {}),
        "overrides": tolerances.get("overrides", {}),
    }
    return {key: value for key, value in document.items() if value or key in {"dimensions", "variables"}}


def _missing(file_type: FileType, version: str, common: Mapping[str, Any]) -> str:
    """What the official checker would not find, and so cannot use this type and version."""
    if version not in common["parameter_settings"]:
        return f"the official specification lacks the parameter settings (.aux) of version {version}"
    needs_units = file_type is FileType.TECHNICAL or (file_type is FileType.METADATA and version.startswith("3"))
    if needs_units and not any(version in table["versions"] for table in common["units"]):
        return f"the official specification lacks the unit table of version {version}"
    return ""


def _common(source: Path, names: list[str]) -> dict[str, Any]:
    info = _optional(source / "VersionInfo.properties", str) or ""
    spec_version = re.search(r"^\s*Version\s*=\s*(\S+)", info, re.MULTILINE)
    units = [match for name in names if (match := _UNITS.fullmatch(name))]
    tables = {
        bool(match.group(2)): _by_version(source, [m for m in units if m.group(2) == match.group(2)]) for match in units
    }
    settings = {
        match.group(1): _read(source / name, companions.parse_settings)
        for name in names
        if (match := _SETTINGS.fullmatch(name))
    }
    return {
        "format": FORMAT,
        "spec_version": spec_version.group(1) if spec_version else "",
        "versions": {},
        "parameter_settings": settings,
        "juld_variables": _read(source / "measurement_code-juld_variables", companions.parse_juld_variables),
        "units": tables.get(False, []),
        "deprecated_units": tables.get(True, []),
        "deprecated_values": _read(source / "argo-R03-deprecated-physical_params-spec", companions.parse_deprecated),
    }


def _by_version(source: Path, matches: list[re.Match[str]]) -> list[dict[str, Any]]:
    """Unit tables; versions with the same units share one."""
    tables: list[dict[str, Any]] = []
    for match in matches:
        units = _read(source / match.group(0), companions.parse_units)
        same = next((table for table in tables if table["units"] == units), None)
        if same:
            same["versions"].append(match.group(1))
        else:
            tables.append({"versions": [match.group(1)], "units": units})
    return tables


def _optional(path: Path, parse: Callable[[str], T]) -> T | None:
    return _read(path, parse) if path.is_file() else None


def _read(path: Path, parse: Callable[[str], T]) -> T:
    hint = "Fetch the format specification again."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RefusedError(f"{path} is too large for a specification file (over {MAX_BYTES >> 20} MB).", hint=hint)
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RefusedError(f"{path} cannot be used: {error}.", hint=hint) from error
