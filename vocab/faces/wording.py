"""Sentences that several faces share."""

from typing import Final

from gdac.manifest.doi import Relation
from vocab.faces.facts import ArchiveFacts, SerialFacts

KEYWORDS: Final = (
    *("Argo", "profiling floats", "GDAC", "oceanography", "ocean temperature", "ocean salinity", "ocean pressure"),
    *("biogeochemistry", "dissolved oxygen", "trajectories", "in situ observations", "NetCDF"),
)


def bytes_text(number: int) -> str:
    """``271.3 GB``: decimal units, as disks and bills have them."""
    if number < 1000:
        return f"{number} bytes"
    units = ("kB", "MB", "GB", "TB", "PB")
    power = next((at for at in range(1, len(units)) if round(number / 1000**at, 1) < 1000), len(units))
    return f"{number / 1000**power:.1f} {units[power - 1]}"


def size_text(one: SerialFacts) -> str:
    """``4,312,345 files, 271.3 GB``; empty where it is not known."""
    if one.manifest is None:
        return ""
    files = one.manifest.rows
    return f"{files:,} {'file' if files == 1 else 'files'}, {bytes_text(one.manifest.bytes)}"


def serial_title(archive: ArchiveFacts, one: SerialFacts) -> str:
    """Title of a serial."""
    return f"{archive.head.title}, serial {one.serial} of {one.day}"


def archive_text(archive: ArchiveFacts) -> str:
    """What the archive is, in a paragraph."""
    newest = archive.newest
    part = "A view (a part, or another layout) of a sealed archive" if archive.head.view_of else "A sealed archive"
    return (
        f"{archive.head.title}. {part} of Argo profiling-float data in the layout of a Global Data Assembly Centre "
        "(GDAC): profiles, trajectories, metadata and technical data as NetCDF files. Every state is sealed as a "
        "serial: a manifest lists each file with its size and SHA-256 digest, and a delta says what changed since the "
        f"serial before. Newest serial: {newest.serial}, sealed {newest.day}, {size_text(newest)}."
    )


def serial_text(archive: ArchiveFacts, one: SerialFacts) -> str:
    """What a serial is, in a paragraph."""
    held = size_text(one)
    return (
        f"The state of {archive.head.title} that was sealed on {one.day} as serial {one.serial}"
        f"{f': {held}' if held else ''}. "
        "Its manifest lists every file with its size and SHA-256 digest; a serial never changes once it is sealed."
    )


def claim_text(archive: ArchiveFacts, one: SerialFacts) -> str:
    """What may be said of DOI snapshots, as a sentence; empty where nothing is known."""
    found, snapshots = archive.claim(one), archive.described.snapshots
    if snapshots is None:
        return ""
    if found.proof is not None:
        name = f"{snapshots.doi}#{found.proof.key} ({found.proof.title})"
        told = "this serial and the DOI snapshot {} hold the same files."
        if found.proof.relation is Relation.CONTAINED:
            told = "this serial holds every file of the DOI snapshot {}, byte for byte."
        return f"Proven by comparing {found.proof.rows:,} files: {told.format(name)}"
    if found.nearest is None or found.days is None:
        return ""
    days = abs(found.days)
    away = f"{days:,} {'day' if days == 1 else 'days'} {'before' if found.days > 0 else 'after'} this serial"
    return (
        f"The nearest DOI snapshot is {snapshots.doi}#{found.nearest.key} ({found.nearest.title}), "
        f"{away if days else 'of the same day'}. That it and this serial hold the same files is not proven, so its key "
        "is not part of the citation."
    )
