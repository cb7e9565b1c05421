"""The sealed side of any archive as a local folder: the archive's own, or copies of what a store still has of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gdac.columns import connect
from gdac.errors import StoreError
from gdac.manifest.doi import MAX_SNAPSHOTS_BYTES, SNAPSHOTS_KEY
from gdac.manifest.names import HEAD_KEY
from gdac.store import Store
from sync.loop import run as run_loop
from sync.sealed.copies import read_head, read_small
from sync.sealed.past import PastFiles, open_archive


@contextmanager
def sealed_folder(place: str, store: Store | None = None) -> Iterator[Path]:
    """A folder that holds ``manifest/`` of an archive, as long as the context is open.

    Args:
        place: a folder, the URL of an archive, or that of its head.
        store: its store, where that is known better than from the URL: a configuration gives it limits and secrets.

    Raises:
        StoreError: the store shows no head, or lacks what its head names.
        RefusedError: what it shows is not what it must be.
    """
    root = place.removesuffix(f"/{HEAD_KEY}")
    if (Path(root) / HEAD_KEY).is_file():
        yield Path(root)
        return
    with TemporaryDirectory(prefix="gdac-sealed-") as scratch:
        run_loop(_copy(store or open_archive(root), Path(scratch)))
        yield Path(scratch)


async def _copy(store: Store, tree: Path) -> None:
    """Head, newest manifest, every delta and record that there still is, what is known of DOI snapshots."""
    async with store:
        shown = await read_head(store)
        if shown is None:
            raise StoreError(f"{store.name} shows no {HEAD_KEY}.", hint="Is it the root of a sealed archive?")
        with connect() as connection:
            await PastFiles(connection, store, shown.head, tree).everything()
        (tree / HEAD_KEY).write_bytes(shown.raw)
        known = await read_small(store, SNAPSHOTS_KEY, MAX_SNAPSHOTS_BYTES)
        if known is not None:
            (tree / SNAPSHOTS_KEY).parent.mkdir(parents=True, exist_ok=True)
            (tree / SNAPSHOTS_KEY).write_bytes(known)
