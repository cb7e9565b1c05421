"""Put a new head before readers: everything it names first, the head itself last and only over the one it follows."""

from gdac.errors import GdacError
from gdac.manifest.head import Head, check_successor
from gdac.manifest.names import HEAD_KEY
from gdac.store import ChangedError, Declared, Expect, Store
from sync.sealed.copies import Shown, read_head


async def publish_head(store: Store, raw: bytes, head: Head, over: Shown | None, *, adopt: bool = False) -> None:
    """Write the head of a store: by compare-and-swap where the store was seen to do that, else after a look.

    The look, and another one afterwards, find out another writer but for a moment; who may write where that is all
    there is, `sync.sealed.writers` decides.

    Args:
        store: where.
        raw: the head's bytes.
        head: the same, parsed.
        over: the head that the store showed when the work began; None when it had none.
        adopt: ``over`` may be of another archive.

    Raises:
        HeadError: the head does not follow the one that is there.
        GdacError: another writer was there meanwhile; nothing was changed, or what we wrote was replaced at once.
    """
    follows = over is not None and not (adopt and over.head.archive != head.archive)
    check_successor(over.head if over and follows else None, head)
    await store.flush()
    declared = Declared(len(raw), modified=head.published, content_type="application/json")
    expect: Expect | str = Expect.NOTHING if over is None else (over.validator or Expect.ANYTHING)
    if store.capabilities.compare_and_swap and expect is not Expect.ANYTHING:
        try:
            await store.write(HEAD_KEY, raw, declared, expect=expect)
        except ChangedError as error:
            raise _another_writer(store) from error
        return
    if await _shown(store) != (over.raw if over else None):
        raise _another_writer(store)
    await store.write(HEAD_KEY, raw, declared)
    if await _shown(store) != raw:
        raise _another_writer(store)


async def _shown(store: Store) -> bytes | None:
    now = await read_head(store)
    return now.raw if now else None


def _another_writer(store: Store) -> GdacError:
    return GdacError(
        f"the head of {store.name} changed while this run worked: another writer is there. Its head was left as it is.",
        hint="Make sure that one hub only seals this archive, then run again.",
    )
