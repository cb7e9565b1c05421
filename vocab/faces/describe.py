"""All faces of an archive and of a serial, as files by name."""

import json
from collections.abc import Mapping
from typing import Any

from gdac.errors import UsageError
from vocab.described import Described
from vocab.faces import datacite, schema_org, signposts
from vocab.faces.facts import MOST_SERIALS, facts_of
from vocab.faces.pages import archive_page, serial_page
from vocab.faces.places import PAGE, Places
from vocab.faces.rdf import json_ld, turtle
from vocab.provenance.archive import archive_triples, snapshot_triples


def describe_archive(described: Described, *, public: str = "") -> Mapping[str, bytes]:
    """The page of an archive and its faces for programs.

    Args:
        described: head, records, DOI snapshots and names.
        public: address of the archive's root, with a slash at the end, where it is known; links are relative otherwise.

    Returns:
        Bytes by name, relative to ``manifest/about/``; the page last.
    """
    archive, places = facts_of(described), Places(None, public)
    links = signposts.archive_signposts(archive, places)
    triples = archive_triples(described)
    return {
        "archive.ttl": turtle(triples, archive.names, archive.iri),
        "archive.jsonld": json_ld(triples, archive.names, archive.iri),
        "datacite.json": _json(datacite.archive_record(archive)),
        signposts.LINKSET_NAME: _json(signposts.linkset(places.here, links)),
        PAGE: archive_page(archive, places, links, schema_org.archive_dataset(archive, places)),
    }


def describe_serial(described: Described, serial: int, *, public: str = "") -> Mapping[str, bytes]:
    """The page of a serial and its faces for programs.

    Raises:
        UsageError: nothing is known of the serial.
    """
    archive, places = facts_of(described), Places(serial, public)
    one = archive.find(serial)
    if one is None:
        raise UsageError(
            f"nothing is known of serial {serial}: neither a record nor the head names it.",
            hint=f"The newest one is {archive.head.serial}.",
        )
    links = signposts.serial_signposts(archive, one, places)
    triples = snapshot_triples(described, serial)
    made = {
        "snapshot.ttl": turtle(triples, archive.names, one.iri),
        "snapshot.jsonld": json_ld(triples, archive.names, one.iri),
        "datacite.json": _json(datacite.serial_record(archive, one)),
        signposts.LINKSET_NAME: _json(signposts.linkset(places.here, links)),
        PAGE: serial_page(archive, one, places, links, schema_org.serial_dataset(archive, one, places)),
    }
    return {f"{serial}/{name}": data for name, data in made.items()}


def serials_to_describe(described: Described, last: int | None) -> tuple[int, ...]:
    """Serials whose pages are to be written now, so that every link of the archive's page leads somewhere.

    Args:
        described: the archive as it is now.
        last: the newest serial that was described before; None where none was.

    Returns:
        Those that have a record and came since (the newest hundred at most), the one before them (which has a serial
        after it now, and perhaps a manifest no more), and those that a DOI snapshot was proven for.
    """
    archive = facts_of(described)
    told = {one.serial for one in archive.serials[:MOST_SERIALS] if one.about is not None} | {archive.head.serial}
    proofs = described.snapshots.proofs if described.snapshots else ()
    proven = {one.serial for one in proofs if archive.find(one.serial)}
    return tuple(sorted({one for one in told if last is None or one >= last} | proven))


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
