"""What differs between two versions of a file type, or between two whole specifications."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gdac.errors import RefusedError
from gdac.spec import document
from gdac.spec.convert import convert
from gdac.spec.model import FileType

#: Keys that say which document it is, not what is in it.
_IDENTITY: Final = frozenset({"format", "file_type", "version"})
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        document: the document it is in (``profile-3.1.json``), empty when two single ones are compared.
        place: what differs: ``variable TEMP``, ``TEMP:long_name``, ``dimension N_LEVELS``, ``optional``.
        old: what was there, None when it is new.
        new: what is there now, None when it is gone.
    """

    document: str
    place: str
    old: Any = None
    new: Any = None

    @property
    def sign(self) -> str:
        """``+`` new, ``-`` gone, ``~`` changed."""
        return "+" if self.old is None else "-" if self.new is None else "~"


def gather(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """All documents of a specification, official files or ours.

    Raises:
        RefusedError: the folder holds neither.
    """
    if not folder.is_dir():
        raise RefusedError(f"{folder} is not a folder.", hint="Name a type and version (profile-3.1), or a folder.")
    if not (folder / document.COMMON).is_file():
        return convert(folder).documents
    common = document.read(folder / document.COMMON)
    names = [document.name_of(each, version) for each in FileType for version in common["versions"].get(str(each), ())]
    return {document.COMMON: common, **{name: document.read(folder / name) for name in names}}


def compare_folders(old: Path, new: Path) -> list[Change]:
    """All differences between two specifications."""
    before, after = gather(old), gather(new)
    changes = [Change(name, "document", None if name in after else "gone", "new" if name in after else None)
               for name in sorted(before.keys() ^ after.keys())]  # fmt: skip
    for name in sorted(before.keys() & after.keys()):
        changes += compare(before[name], after[name], name)
    return changes


def compare(old: Mapping[str, Any], new: Mapping[str, Any], name: str = "") -> list[Change]:
    """All differences between two documents, in the order of the new one."""
    before, after = dict(_flat(old)), dict(_flat(new))
    changes = []
    for place in (*after, *(place for place in before if place not in after)):
        was, now = before.get(place, _MISSING), after.get(place, _MISSING)
        # JSON tells 1 from 1.0, and so does the specification.
        if was is _MISSING or now is _MISSING or json.dumps(was) != json.dumps(now):
            changes.append(Change(name, place, None if was is _MISSING else was, None if now is _MISSING else now))
    return _without_members(changes)


def _flat(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Places and what stands there."""
    for key, value in content.items():
        if key in _IDENTITY:
            continue
        if key == "variables":
            for name, variable in value.items():
                axes = ", ".join(variable["dimensions"])
                yield f"variable {name}", f"{_text(variable['type'])} ({axes})" if axes else _text(variable["type"])
                yield from ((f"{name}:{attribute}", told(rule)) for attribute, rule in variable["attributes"].items())
        elif key == "dimensions":
            yield from (
                (f"dimension {name}", "any length" if length is None else length) for name, length in value.items()
            )
        elif key == "global_attributes":
            yield from ((f"global attribute {name}", told(rule)) for name, rule in value.items())
        elif isinstance(value, dict):
            yield from ((f"{key.replace('_', ' ')} {name}", each) for name, each in value.items())
        else:
            yield key.replace("_", " "), value


def told(rule: Any) -> Any:
    """A document's attribute in words: ``any text``, ``not looked at``, ``forbidden``, or its one value."""
    if not isinstance(rule, dict):
        return rule
    word, kind = next(iter(rule.items()))
    return {"any": f"any {kind}", "free": "not looked at"}.get(word, word)


def _without_members(changes: list[Change]) -> list[Change]:
    """Attributes of a variable that is new or gone as a whole are not told apart."""
    whole = {change.place.removeprefix("variable ") for change in changes if change.place.startswith("variable ")
             and change.sign != "~"}  # fmt: skip
    return [change for change in changes if ":" not in change.place or change.place.partition(":")[0] not in whole]


def _text(element_type: str | list[str]) -> str:
    return element_type if isinstance(element_type, str) else " or ".join(element_type)
