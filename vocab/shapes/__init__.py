"""SHACL shapes of the vocabulary, for validators of any make."""

from importlib.resources import files

from vocab.names import BASE, Names


def shapes_text(names: Names) -> str:
    """The shapes, under another base where one was chosen."""
    text = (files("vocab.shapes") / "vocabulary.ttl").read_text(encoding="utf-8")
    return text if names.base == BASE else text.replace(BASE, names.base)
