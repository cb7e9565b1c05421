"""What the record of a serial says of the run that sealed it."""

from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from gdac import __version__
from gdac.manifest.record import About, IndexFacts, RunFacts, SoftwareFacts, SourceFacts, VocabularyFacts
from gdac.records import IngestRecord
from gdac.tables.reference import SHIPPED
from gdac.tables.snapshot import identity
from sync.config import Config
from sync.files import index_stamp
from sync.hub.indexes import IndexVisit

_SOFTWARE: Final = SoftwareFacts("argo-gdac", __version__)


def told_of_run(config: Config, run: RunFacts, *sources: SourceFacts, **counts: int) -> About:
    """What a run tells of itself: its sources, its counts, the software and the reference tables that it knew."""
    digest, newest = identity(SHIPPED)
    vocabulary = VocabularyFacts(
        digest.removeprefix("sha256:"), date.fromisoformat(newest), config.archive.vocabulary or None
    )
    return About(run, _SOFTWARE, sources, counts, vocabulary, config.archive.base)


def source_of(config: Config, visit: IndexVisit) -> SourceFacts:
    """The source as a run saw it, with the index files that it went by."""
    indexes = tuple(
        IndexFacts(one.key, one.known.sha256.hex(), index_stamp(one.file))
        for one in sorted(visit.files, key=lambda file: file.key)
    )
    way = "tree" if config.in_place else config.the_source.observe
    return SourceFacts(config.source_name, public_address(config.the_source.store), way, indexes)


def counts_of(done: IngestRecord) -> Mapping[str, int]:
    """What an ingest did, as a record has it."""
    names = ("listed", "planned", "gone", "kept", "unlisted", "refused", "set_aside")
    return {"fetched": done.moved.files, "fetched_bytes": done.moved.bytes} | {
        name: getattr(done, name) for name in names
    }


def public_address(store: str) -> str | None:
    """The address of a store without user and query; None for a directory of this machine."""
    parts = urlsplit(store)
    if "://" not in store or parts.scheme == "file":
        return None
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
