"""Our own files of the specification: JSON laid out for people, one document per type and version.

``profile-3.1.json`` holds dimensions, variables, attributes and options; ``common.json`` what types share. An attribute
is its one legal value, or ``{"any": kind}`` (required, any value), ``{"free": kind}`` (not looked at) or
``{"forbidden": kind}``; ``docs/formats.md`` describes all keys.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from gdac.errors import RefusedError
from gdac.spec.model import FileType, UnsupportedError

#: Version of the layout; a reader refuses any other.
FORMAT: Final = 1
#: The document of what types share.
COMMON: Final = "common.json"
#: The specification that the package brings.
SHIPPED: Final = Path(__file__).parent / "data"
_WIDTH: Final = 118
_HINT = "Make it again with `gdac spec build`."


def name_of(file_type: FileType, version: str) -> str:
    """File name of the document of a type and version."""
    return f"{file_type}-{version}.json"


@lru_cache(maxsize=8)
def common(folder: Path = SHIPPED) -> Mapping[str, Any]:
    """What all types share.

    Raises:
        RefusedError: it is not there, or of another format.
    """
    return read(folder / COMMON)


def versions(file_type: FileType, folder: Path = SHIPPED) -> tuple[str, ...]:
    """Versions that the specification has of a type, oldest first; unusable ones too."""
    return tuple(common(folder)["versions"].get(str(file_type), ()))


def document(file_type: FileType, version: str, folder: Path = SHIPPED) -> Mapping[str, Any]:
    """The document of a type and version.

    Raises:
        UnsupportedError: there is no such version. (``version`` comes from files: only listed ones become a path.)
        RefusedError: the document is damaged.
    """
    known = versions(file_type, folder)
    if version not in known:
        raise UnsupportedError(file_type, version, f"the specification has {', '.join(known) or 'none'}")
    return read(folder / name_of(file_type, version))


def write(folder: Path, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Write documents into a folder, ours of before removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        if path.name not in documents and path.name.partition("-")[0] in set(FileType):
            path.unlink()
    for name, content in documents.items():
        (folder / name).write_bytes(layout(content).encode())


def layout(content: Any) -> str:
    """JSON as people like to read and compare it: what fits on a line stands on one."""
    return _lines(content, 0, 0) + "\n"


def _lines(content: Any, indent: int, used: int) -> str:
    """``content`` as text whose later lines stand at ``indent``; its first line has ``used`` characters before it."""
    short = json.dumps(content, ensure_ascii=False)
    if not isinstance(content, dict | list) or (indent and used + len(short) <= _WIDTH) or not content:
        return short
    pad = " " * (indent + 2)
    if isinstance(content, dict):
        keys = [f"{pad}{json.dumps(key)}: " for key in content]
        values = zip(keys, content.values(), strict=True)
        parts = [key + _lines(value, indent + 2, len(key)) for key, value in values]
        return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
    return (
        "[\n" + ",\n".join(pad + _lines(value, indent + 2, len(pad)) for value in content) + "\n" + " " * indent + "]"
    )


def read(path: Path) -> Mapping[str, Any]:
    """Any document. Raises `RefusedError` when it is damaged or of another format."""
    try:
        content = json.loads(path.read_bytes())
        number = content["format"]
    except (OSError, ValueError, RecursionError, TypeError, KeyError) as error:
        raise RefusedError(f"{path} is not a document of the format specification ({error}).", hint=_HINT) from error
    if number != FORMAT or not isinstance(content, dict):
        raise RefusedError(f"{path} is of format {number}; this program reads format {FORMAT}.", hint=_HINT)
    return content
