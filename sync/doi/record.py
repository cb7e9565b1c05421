"""What SEANOE says of the archive's DOI: which snapshots there are, parsed and believed nowhere.

The API gives one JSON document for a record, with all its files: ``https://www.seanoe.org/api/find-by-id/42182``, and
``find-by-fragment/42182?fragmentId=KEY`` for one snapshot. Fields as argopy reads them (doi_snapshot.py): ``files[]``
with ``id`` (the key), ``fileName``, ``fileUrl`` (absent where a file is sent on demand only), ``size``, ``openAccess``,
``fragment.date`` and ``fragment.title``; "BGC" in that title tells the family.
"""

import json
import re
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from gdac.errors import GdacError, RefusedError
from gdac.manifest.doi import DoiSnapshot, Family
from policies.citation import RESOLVER, snapshot_url

#: Largest answer that is read, in bytes; the record of Argo has some hundred kilobytes.
MAX_ANSWER: Final = 16 << 20
#: Most snapshots of one record: two a month for four centuries.
_MOST_FILES: Final = 10_000
_KEY: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)", re.ASCII)
_MOST_TEXT: Final = 500


class RecordAnswerError(GdacError):
    """The publisher's answer is not the record of a DOI."""


def parse_answer(raw: bytes, where: str, doi: str, host: str) -> tuple[tuple[DoiSnapshot, ...], int]:
    """The snapshots that a record offers, by date and key.

    Args:
        raw: the answer.
        where: its address, for messages.
        doi: of the record, without resolver.
        host: only files on this host are taken for addresses of the publisher's own.

    Returns:
        The snapshots, and how many of the record's files were left out because they are none: without key or day.

    Raises:
        RecordAnswerError: it is no such record.
    """
    try:
        document = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        shown = "an HTML page" if raw.lstrip()[:1] == b"<" else "no JSON"
        raise RecordAnswerError(
            f"{where} answered with {shown} instead of the DOI's record.", hint="Check --api, or try again later."
        ) from error
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list) or len(files) > _MOST_FILES:
        raise RecordAnswerError(f"{where} answered with something else than a DOI's record: it lists no files.")
    found: dict[str, DoiSnapshot] = {}
    for one in files:
        snapshot = _snapshot(one, doi, host)
        if snapshot is not None:
            found[snapshot.key] = snapshot
    if files and not found:
        raise RecordAnswerError(f"{where} lists {len(files):,} files, none of which has a key and a day.")
    return tuple(sorted(found.values(), key=lambda one: (one.date, one.key))), len(files) - len(found)


def is_offered(snapshot: DoiSnapshot) -> bool:
    """Whether its tar can be had by everybody; the address of others is their place on the DOI's page."""
    return not snapshot.url.startswith(RESOLVER)


def record_number(doi: str) -> str:
    """The number of a DOI's record at SEANOE.

    Raises:
        RefusedError: the DOI is not one of SEANOE's.
    """
    found = re.fullmatch(r"10\.17882/(\d{1,12})", doi, re.ASCII)
    if found is None:
        raise RefusedError(
            f"{doi[:100]!a} is no DOI of SEANOE's (10.17882/NUMBER), so its snapshots are not known.",
            hint="Set `doi` in the [archive] section of the configuration, or give --doi.",
        )
    return found[1]


def _snapshot(found: Any, doi: str, host: str) -> DoiSnapshot | None:
    if not isinstance(found, dict) or not isinstance(found.get("fragment"), dict):
        return None
    key = found.get("id")
    key = str(key) if isinstance(key, int) and not isinstance(key, bool) else key
    day = _day(found["fragment"].get("date"))
    if not isinstance(key, str) or not _KEY.fullmatch(key) or day is None:
        return None
    title = _text(found["fragment"].get("title")) or _text(found.get("label")) or f"Snapshot of {day.isoformat()}"
    size = found.get("size")
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 < size < 1 << 50
    return DoiSnapshot(
        key,
        title,
        day,
        _text(found.get("fileName")) or f"{key}.tar.gz",
        (found.get("openAccess", True) and _address(found.get("fileUrl"), host)) or snapshot_url(doi, key),
        size if is_size else None,
        Family.BGC if "BGC" in title else Family.FULL,
    )


def _day(found: Any) -> date | None:
    """The day of a date in ISO 8601, with or without a time."""
    said = _DAY.match(found) if isinstance(found, str) else None
    try:
        return date(*map(int, said.groups())) if said else None
    except ValueError:
        return None


def _text(found: Any) -> str:
    """A text on one line, cut to a length for people."""
    if isinstance(found, dict):
        found = found.get("en")
    if not isinstance(found, str):
        return ""
    plain = "".join(one if one.isprintable() else " " for one in found[:_MOST_TEXT])
    return " ".join(plain.split())


def _address(found: Any, host: str) -> str:
    """Where a tar can be had; empty where nobody says, or somebody sends us to another host."""
    if not isinstance(found, str) or len(found) > _MOST_TEXT:
        return ""
    try:
        parts = urlsplit(found)
    except ValueError:
        return ""
    return found if parts.scheme in {"http", "https"} and parts.netloc == host else ""
