"""An archive of three serials as its head and records tell it, for tests of what is said about archives."""

from datetime import UTC, date, datetime, timedelta

from gdac.manifest.doi import DoiSnapshot, Family, Proof, Relation, Snapshots
from gdac.manifest.head import DeltaEntry, Head, IndexEntry, Licence, ManifestEntry
from gdac.manifest.model import Link
from gdac.manifest.record import (
    About,
    DeltaFacts,
    IndexFacts,
    ManifestFacts,
    Record,
    RunFacts,
    RunKind,
    SoftwareFacts,
    SourceFacts,
    VocabularyFacts,
)
from gdac.tables import load
from vocab.described import Described
from vocab.names import Names

ARCHIVE = "5d1e7a9c-3b52-4c86-9f0a-2f4f7b1c6d3e"
BEGAN = datetime(2026, 11, 20, 6, tzinfo=UTC)
RUNS = [f"00000000-0000-4000-8000-00000000000{serial}" for serial in range(4)]


def sha(number: int) -> str:
    return f"{number:02x}" * 32


def name(serial: int, kind: str, number: int) -> str:
    return f"{serial:09d}-{sha(number)[:16]}.{kind}.{'json' if kind == 'record' else 'parquet'}"


def sealed(serial: int) -> datetime:
    return BEGAN + serial * timedelta(days=1)


def manifest(serial: int) -> ManifestEntry:
    number = 0x10 + serial
    return ManifestEntry(
        serial, name(serial, "manifest", number), sha(number), 9_000, 100 + serial, 5_000, sealed(serial)
    )


def delta(serial: int) -> DeltaEntry:
    number = 0x20 + serial
    return DeltaEntry(serial, name(serial, "delta", number), sha(number), 700, 4, 1, 1, 1, 1, 300, sealed(serial))


def head(serial: int = 3, **changes) -> Head:
    index = IndexEntry(
        "ar_index_global_prof.txt", f"index/{serial:09d}-{sha(9)[:16]}-ar_index_global_prof.txt", sha(9), 5, None
    )
    facts = {
        "archive": ARCHIVE, "serial": serial, "sealed": sealed(serial), "published": sealed(serial),
        "expires": sealed(serial) + timedelta(days=3), "manifest": manifest(serial), "manifests": (manifest(1),),
        "deltas": tuple(delta(one) for one in range(2, serial + 1)), "indexes": (index,),
        "title": "Argo float data and metadata", "licence": Licence("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        "doi": "10.17882/42182", "generator": "argo-gdac 0.1.0",
    }  # fmt: skip
    return Head(**{**facts, **changes})


def record(serial: int) -> Record:
    full, step = manifest(serial), delta(serial)
    counts = (step.rows, step.added, step.changed, step.removed, step.renamed, step.bytes)
    index = IndexFacts("ar_index_global_prof.txt.gz", sha(0x30 + serial), sealed(serial) - timedelta(hours=3))
    number = 0x40 + serial - 1
    return Record(
        ARCHIVE,
        serial,
        sealed(serial),
        Link(serial - 1, name(serial - 1, "record", number), sha(number)) if serial > 1 else None,
        ManifestFacts(full.name, full.sha256, full.size, full.rows, full.bytes),
        DeltaFacts(step.name, step.sha256, step.size, *counts) if serial > 1 else None,
        About(
            RunFacts(RUNS[serial], RunKind.SYNC, sealed(serial) - timedelta(minutes=9), serial),
            SoftwareFacts("argo-gdac", "0.1.0"),
            (SourceFacts("ifremer", "https://data-argo.ifremer.fr/", "index", (index,)),),
            {"listed": 100, "fetched": 3, "fetched_bytes": 300},
            VocabularyFacts(load().digest.removeprefix("sha256:"), date(2026, 4, 10)),
        ),
    )


def doi_snapshots(*, proven: int | None = None) -> Snapshots:
    known = (
        DoiSnapshot("118037", "Snapshot of Argo GDAC of November 10st 2026", date(2026, 11, 10), "a.tar.gz",
                    "https://www.seanoe.org/a.tar.gz", 9, Family.FULL),
    )  # fmt: skip
    proofs = ()
    if proven is not None:
        proofs = (Proof("118037", Relation.CONTAINED, proven, known[0].title, known[0].date, sha(1), 9, 90, sealed(3)),)
    return Snapshots("10.17882/42182", BEGAN, known, proofs)


def described(*, records=(3, 2, 1), snapshots: Snapshots | None = None, base: str = "", **changes) -> Described:
    names = Names(base) if base else Names()
    return Described(head(**changes), tuple(record(one) for one in records), snapshots, names)
