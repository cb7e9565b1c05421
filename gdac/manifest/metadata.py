"""The JSON text that a manifest or delta carries in its Parquet metadata (docs/formats.md, "Metadata")."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from gdac.manifest.fields import Fields, is_newer_format, load_json
from gdac.manifest.model import Link, ManifestError

#: Longest metadata text that is looked at, in bytes.
MAX_BYTES: Final = 1 << 16


def read_metadata(raw: bytes, where: str, expect: str) -> Fields:
    """Read the metadata text of a file.

    Args:
        raw: the JSON text.
        where: names the file in messages.
        expect: the format line that this reader knows, such as ``argo-gdac manifest 1``.

    Raises:
        ManifestError: no JSON object, or another format; so does every wrong field when it is asked for.
    """
    if len(raw) > MAX_BYTES:
        raise ManifestError(f"{where}: its metadata are longer than {MAX_BYTES:,} bytes.")
    try:
        fields = Fields(load_json(raw), where, ManifestError)
    except ValueError as error:
        raise ManifestError(f"{where}: its metadata are no JSON ({error}).") from error
    found = fields.text("format")
    if is_newer_format(found, expect):
        raise ManifestError(f"{where} has format {found!r}; this gdac reads {expect!r}.", hint="Use one that knows it.")
    if found != expect:
        raise ManifestError(f"{where} has format {found!r}, not {expect!r}.")
    return fields


def render_metadata(fields: Mapping[str, object]) -> str:
    """The JSON text of metadata: keys sorted, no blanks, ASCII."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def link_fields(link: Link | None) -> dict[str, object] | None:
    """A link as JSON has it."""
    return None if link is None else asdict(link)
