"""The descriptions of a sealed archive, in every store that holds it: landing pages and their faces for programs.

They lie under ``manifest/about/`` and follow from head, records and what is known of DOI snapshots alone, so a store
describes itself without us. They are no part of the seal: written after the head, and again when anything they are made
from is another than what the state remembers to have described.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gdac import __version__
from gdac.errors import GdacError
from gdac.manifest.doi import MAX_SNAPSHOTS_BYTES, SNAPSHOTS_KEY, Snapshots, parse_snapshots
from gdac.manifest.head import Head
from gdac.manifest.record import BASE
from gdac.paths import MANIFEST_DIR
from gdac.store import Declared, Store
from sync.brakes.hold import HUB
from sync.sealed.copies import Copies, read_small
from sync.sealed.records import Kept, records_of
from sync.state import State

#: Where they lie.
ABOUT: Final = f"{MANIFEST_DIR}/about"
_MEDIA: Final = {
    "html": "text/html; charset=utf-8",
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "json": "application/json",
    "linkset.json": "application/linkset+json",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What descriptions are made from, beside the head.

    Attributes:
        records: newest first.
        snapshots: what is known of DOI snapshots, as bytes; None for nothing.
        notes: what of it is damaged, and left out.
    """

    records: tuple[Kept, ...]
    snapshots: bytes | None
    notes: tuple[str, ...] = ()


async def description_sources(copies: Copies, hub: Store, head: Head) -> Sources:
    """Read what descriptions are made from, out of the hub or a mirror of it.

    Raises:
        GdacError: it failed, or shows something else than it must be.
    """
    records, damage = await records_of(copies, hub, head)
    snapshots = await read_small(hub, SNAPSHOTS_KEY, MAX_SNAPSHOTS_BYTES)
    return Sources(records, snapshots, (damage,) if damage else ())


async def describe(store: Store, name: str, head: Head, sources: Sources, state: State, *, is_hub: bool) -> bool:
    """Write what is to be said of the archive that a store shows; True when something was written.

    Args:
        store: where.
        name: the store's name in the state.
        head: what it shows.
        sources: what else is told.
        state: remembers what was described.
        is_hub: the list of DOI snapshots is its own, and not written again.

    Raises:
        GdacError: the store failed, or the DOI snapshots cannot be read.
    """
    fingerprint = _fingerprint(head, sources)
    before = state.described(name)
    if before is not None and before[1] == fingerprint:
        return False
    last = before[0] if before and before[0] <= head.serial else None  # a lower serial: an archive founded anew
    known = parse_snapshots(sources.snapshots) if sources.snapshots is not None else None
    if sources.snapshots is not None and not is_hub:
        await _put(store, SNAPSHOTS_KEY, sources.snapshots)
    for key, body in _made(head, sources, known, last):
        await _put(store, f"{ABOUT}/{key}", body)
    state.remember_described(name, head.serial, fingerprint)
    return True


async def describe_hub(copies: Copies, hub: Store, head: Head, state: State) -> tuple[str, ...]:
    """Write what is to be said of the archive beside the hub's manifests; returns what went wrong, as notes."""
    try:
        sources = await description_sources(copies, hub, head)
        await describe(hub, HUB, head, sources, state, is_hub=True)
    except GdacError as error:
        return (not_described(error),)
    return sources.notes


def not_described(error: GdacError) -> str:
    """What a run notes when the descriptions could not be written."""
    return f"the descriptions under {ABOUT}/ are not up to date ({error}); the next run tries again."


def _made(head: Head, sources: Sources, known: Snapshots | None, last: int | None) -> Iterator[tuple[str, bytes]]:
    """Descriptions by key, those of serials before that of the archive; ``last`` is the last serial described."""
    # Templates and RDF weigh, and a quiet day needs none of them.
    from vocab.described import Described  # noqa: PLC0415
    from vocab.faces import describe_archive, describe_serial, serials_to_describe  # noqa: PLC0415
    from vocab.names import Names  # noqa: PLC0415

    records = tuple(one.record for one in sources.records)
    names = Names(records[0].about.base if records else BASE)
    described = Described(head, records, known, names)
    for serial in serials_to_describe(described, last):
        yield from describe_serial(described, serial).items()
    yield from describe_archive(described).items()


def _fingerprint(head: Head, sources: Sources) -> str:
    """Of everything that the descriptions are made from; the head's own times of publication are not told there."""
    told = (
        __version__,
        head.archive,
        head.serial,
        head.manifest.sha256,
        head.record.sha256 if head.record else None,
        head.title,
        head.licence,
        head.doi,
        head.view_of,
        len(sources.records),
        hashlib.sha256(sources.snapshots or b"").hexdigest(),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()


async def _put(store: Store, key: str, body: bytes) -> None:
    name = key.rpartition("/")[2]
    media = _MEDIA.get(name) or _MEDIA[name.rpartition(".")[2]]
    await store.write(key, body, Declared(len(body), hashlib.sha256(body).hexdigest(), content_type=media))
