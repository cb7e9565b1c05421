"""A sealed archive of three serials as its descriptions are made from: head, records, DOI snapshots."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from gdac.manifest.doi import DoiSnapshot, Family, Proof, Relation, Snapshots
from gdac.manifest.head import DeltaEntry, Head, Licence, ManifestEntry, RecordEntry, ViewOf
from gdac.manifest.model import Link
from gdac.manifest.names import delta_key, manifest_key, record_key
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
    render_record,
)
from vocab.described import Described
from vocab.names import Names

ARCHIVE = "0f0e0d0c-1b1a-4191-8181-726354453627"
HUB = "12345678-1b1a-4191-8181-726354453627"
FIRST = datetime(2026, 11, 20, 3, 0, 5, tzinfo=UTC)
EVIL = """</script><script>alert("1")</script><b>'&"""


def digest(text):
    return sha256(text.encode()).hexdigest()


def _name(key):
    return key.partition("/")[2]


def manifest_facts(serial, mark=""):
    found = digest(f"manifest {serial}{mark}")
    return ManifestFacts(_name(manifest_key(serial, found)), found, 1234 + serial, 1000 + serial, 123_456_789 * serial)


def delta_facts(serial):
    found = digest(f"delta {serial}")
    return DeltaFacts(_name(delta_key(serial, found)), found, 777, 9, 4, 3, 1, 1, 98_765)


def about(serial):
    return About(
        run=RunFacts(
            f"00000000-0000-4000-8000-00000000000{serial}", RunKind.SYNC, sealed(serial) - timedelta(hours=1), serial
        ),
        software=SoftwareFacts("argo-gdac", "0.1.0"),
        sources=(
            SourceFacts(
                "coriolis",
                "https://data-argo.ifremer.fr",
                "index",
                (
                    IndexFacts(
                        "ar_index_global_prof.txt.gz", digest(f"index {serial}"), sealed(serial) - timedelta(hours=2)
                    ),
                ),
            ),
        ),
        counts={"fetched": 8, "fetched_bytes": 98_765},
        vocabulary=VocabularyFacts(digest("tables"), date(2026, 4, 10)),
    )


def sealed(serial):
    return FIRST + timedelta(days=serial - 1)


def records(newest=3):
    """Newest first."""
    found, previous = [], None
    for serial in range(1, newest + 1):
        record = Record(
            archive=ARCHIVE,
            serial=serial,
            sealed=sealed(serial),
            previous=previous,
            manifest=manifest_facts(serial),
            delta=delta_facts(serial) if serial > 1 else None,
            about=about(serial),
        )
        raw = sha256(render_record(record)).hexdigest()
        previous = Link(serial, _name(record_key(serial, raw)), raw)
        found.insert(0, record)
    return tuple(found), previous


def _entry(serial, mark=""):
    one = manifest_facts(serial, mark)
    return ManifestEntry(serial, one.name, one.sha256, one.size, one.rows, one.bytes, sealed(serial))


def _delta_entry(serial):
    one = delta_facts(serial)
    return DeltaEntry(
        serial, one.name, one.sha256, one.size, one.rows, one.added, one.changed, one.removed, one.renamed, one.bytes,
        sealed(serial),
    )  # fmt: skip


def described(*, title="Argo Global Data Assembly Centre", doi="10.17882/42182", snapshots=None, names=None):
    """Three serials with records; manifests of the first and the newest are kept."""
    kept, newest = records()
    head = Head(
        archive=ARCHIVE,
        serial=3,
        sealed=sealed(3),
        published=sealed(3),
        expires=sealed(3) + timedelta(days=2),
        manifest=_entry(3),
        manifests=(_entry(1),),
        deltas=(_delta_entry(2), _delta_entry(3)),
        indexes=(),
        title=title,
        licence=Licence("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        doi=doi,
        generator="argo-gdac 0.1.0",
        record=RecordEntry(3, newest.name, newest.sha256, 900),
    )
    return Described(head, kept, snapshots, names or Names())


def snapshots(relation=None, serial=3):
    """One DOI snapshot, ten days before the third serial; proven where a relation is given."""
    day = date(2026, 11, 12)
    known = DoiSnapshot(
        "118037", "Snapshot of November 2026", day, "118037.tar.gz", "https://www.seanoe.org/x", 9, Family.FULL
    )
    proofs = ()
    if relation is not None:
        proofs = (Proof("118037", Relation(relation), serial, known.title, day, digest("tar"), 9, 1003, sealed(3)),)
    return Snapshots("10.17882/42182", sealed(3), (known,), proofs)


def view(definition=None):
    """A view of the archive: an archive of its own, no deltas, the hub's records."""
    whole = described(snapshots=snapshots("equal"))
    text = json.dumps(
        definition or {"filter": {"area": {"south": 30, "north": 46, "west": -6, "east": 37}, "since": "2015-01-01"},
                       "layout": "gdac", "rules": 1},
        sort_keys=True, separators=(",", ":"),
    )  # fmt: skip
    own = "87654321-1b1a-4191-8181-726354453627"
    head = replace(
        whole.head, archive=own, manifest=_entry(3, "view"), manifests=(), deltas=(),
        view_of=ViewOf(ARCHIVE, 3, manifest_facts(3).sha256, text),
    )  # fmt: skip
    return replace(whole, head=head)
