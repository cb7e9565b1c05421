"""SHACL shapes of everything we publish, for validators of any make."""

from importlib.resources import files
from typing import Final

#: Base of the IRIs in the shapes files as they are kept.
BASE: Final = "https://w3id.org/argo-gdac/"


def shapes_text(name: str, base: str | None = None) -> str:
    """The Turtle text of one shapes file.

    Args:
        name: such as ``"provenance"``: the file's name without ``.ttl``.
        base: what our IRIs begin with, where another base was chosen.

    Raises:
        KeyError: there is no such file.
    """
    file = files("policies.shapes") / f"{name}.ttl"
    if not name.isidentifier() or not file.is_file():
        raise KeyError(name)
    text = file.read_text(encoding="utf-8")
    return text if base in {None, BASE} else text.replace(BASE, str(base))
