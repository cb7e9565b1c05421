"""Our side of `benchmarks.transfers`, a process of its own: files from one store to another.

    python -m benchmarks.carrier SOURCE TARGET CONNECTIONS [S3_ENDPOINT MANIFEST]

The source is listed, then every file is carried, written whole or not at all. Without a manifest as ingest does it:
with SHA-256 and MD5 made on the way. With one (lines of name, SHA-256, MD5) as replicate does it: held against the
SHA-256, with the MD5 at hand.
"""

import sys
from pathlib import Path

from benchmarks.servers import KEY, SECRET
from gdac.store import Store
from sync.loop import run
from sync.stores.open import open_store
from sync.stores.retry import RetryingStore
from sync.stores.settings import FtpSettings, HttpSettings, S3Settings, StoreSettings
from sync.tasks import work_side_by_side
from sync.transfer import carry


def opened(url: str, connections: int, endpoint: str) -> Store:
    settings = StoreSettings(
        ftp=FtpSettings(connections=connections),
        http=HttpSettings(connections=connections),
        s3=S3Settings(endpoint=endpoint, access_key=KEY, secret_key=SECRET),
    )
    store = open_store(url, settings)
    return RetryingStore(store) if "://" in url else store


async def carry_all(source_url: str, target_url: str, connections: int, endpoint: str, manifest: str) -> None:
    lines = Path(manifest).read_text().splitlines() if manifest else []
    known = {name: (bytes.fromhex(sha256), bytes.fromhex(md5)) for name, sha256, md5 in map(str.split, lines)}
    async with (
        opened(source_url, connections, endpoint) as source,
        opened(target_url, connections, endpoint) as target,
    ):
        waiting = iter([info.path async for info in source.list("", recursive=True)])

        async def work() -> None:
            for path in waiting:
                sha256, md5 = known.get(path, (None, None))
                await carry(source, path, target, sha256=sha256, md5=md5)

        await work_side_by_side(connections, work)


if __name__ == "__main__":
    source, target, connections, *rest = sys.argv[1:]
    run(carry_all(source, target, int(connections), *(rest or ("", ""))))
