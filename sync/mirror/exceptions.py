"""Exceptions of a mirror: sealed paths that it cannot hold just now, published beside its head and tried again.

``manifest/mirror.json`` (docs/formats.md, "Exceptions of a mirror") is written before the head that it belongs to. A
mirror's state is its serial and these.
"""

import json
from collections.abc import Sequence
from typing import Final

from gdac.errors import RefusedError
from gdac.manifest.fields import Fields, is_newer_format, load_json
from gdac.manifest.head import Head
from gdac.paths import MANIFEST_DIR, ArchivePath
from gdac.store import Declared, Store
from sync.sealed.copies import read_small
from sync.state import MirrorException
from sync.transfer import BadTransferError

MIRROR_KEY: Final = f"{MANIFEST_DIR}/mirror.json"
MIRROR_FORMAT: Final = "argo-gdac mirror 1"
#: More paths than this that the origin lacks are no exceptions but a broken origin.
MOST: Final = 1000
_MOST_BYTES: Final = 1 << 26


def render_exceptions(head: Head, exceptions: Sequence[MirrorException]) -> bytes:
    """The canonical bytes of ``manifest/mirror.json``.

    Args:
        head: what the mirror shows, or is about to show.
        exceptions: its exceptions.
    """
    fields = {
        "format": MIRROR_FORMAT,
        "archive": head.archive,
        "serial": head.serial,
        "exceptions": [
            {"path": one.path, "reason": one.reason, "since": f"{one.since:%Y-%m-%dT%H:%M:%SZ}"}
            for one in sorted(exceptions, key=lambda one: one.path)
        ],
    }
    return (json.dumps(fields, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def parse_exceptions(raw: bytes, archive: str) -> list[MirrorException]:
    """Read ``manifest/mirror.json``, strictly; unknown fields are passed over.

    Raises:
        RefusedError: it is none, or of another archive.
    """
    try:
        found = Fields(load_json(raw), MIRROR_KEY, RefusedError)
    except ValueError as error:
        raise RefusedError(f"{MIRROR_KEY} is no JSON document ({error}).") from error
    stated = found.text("format")
    if stated != MIRROR_FORMAT:
        newer = is_newer_format(stated, MIRROR_FORMAT)
        raise RefusedError(
            f"{MIRROR_KEY} has format {stated!r}, not {MIRROR_FORMAT!r}.",
            hint="Use a gdac that knows it." if newer else "",
        )
    if found.archive() != archive:
        raise RefusedError(f"{MIRROR_KEY} is of archive {found.archive()}, not {archive}.")
    return [
        MirrorException(ArchivePath.parse(one.text("path")).text, one.text("reason"), one.time("since"))
        for one in found.objects("exceptions")
    ]


async def read_exceptions(store: Store, head: Head) -> list[MirrorException]:
    """The exceptions that a mirror publishes; none where it publishes none, or those of another archive.

    Raises:
        RefusedError: something else stands in their place.
    """
    try:
        raw = await read_small(store, MIRROR_KEY, _MOST_BYTES)
    except BadTransferError as error:
        raise RefusedError(error.what) from error
    return [] if raw is None else parse_exceptions(raw, head.archive)


async def write_exceptions(store: Store, head: Head, exceptions: Sequence[MirrorException]) -> None:
    """Publish the exceptions of a mirror."""
    raw = render_exceptions(head, exceptions)
    await store.write(MIRROR_KEY, raw, Declared(len(raw), content_type="application/json"))
