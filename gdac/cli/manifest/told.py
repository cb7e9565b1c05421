"""What the record of a serial says of the `gdac manifest build --seal` that sealed it."""

import uuid
from datetime import date, datetime
from pathlib import Path

import duckdb

from gdac import __version__
from gdac.manifest.build import Built
from gdac.manifest.head import Head
from gdac.manifest.record import (
    BASE,
    About,
    IndexFacts,
    RunFacts,
    RunKind,
    SoftwareFacts,
    SourceFacts,
    VocabularyFacts,
    parse_record,
)
from gdac.manifest.trust import check_sealed
from gdac.tables.reference import SHIPPED
from gdac.tables.snapshot import identity


def told_of_seal(
    con: duckdb.DuckDBPyConnection, tree: Path, built: Built, base: Head | None, started: datetime
) -> About:
    """The run, the tree as its source with its index files, the program and the reference tables that it knew.

    Args:
        con: holds the state to be sealed as ``new_state``.
        tree: root of the archive; where it lies is nobody else's business.
        built: what the build found.
        base: newest head; None for the first serial.
        started: when the build began, UTC.
    """
    paths = [one.path for one in built.indexes]
    rows = con.execute(
        "select path, lower(hex(sha256)) from new_state where path in (select unnest(?::varchar[]))", [paths]
    ).fetchall()
    digests = dict(rows)
    indexes = tuple(
        IndexFacts(one.path, digests[one.path], one.updated)
        for one in sorted(built.indexes, key=lambda index: index.path)
        if one.path in digests
    )
    digest, newest = identity(SHIPPED)
    return About(
        RunFacts(str(uuid.uuid4()), RunKind.SEAL, started.replace(microsecond=0)),
        SoftwareFacts("argo-gdac", __version__),
        (SourceFacts("tree", None, "tree", indexes),),
        {"refused": built.scan.refused.count, "unlisted": built.unlisted.count},
        VocabularyFacts(digest.removeprefix("sha256:"), date.fromisoformat(newest)),
        _base_iri(tree, base),
    )


def _base_iri(tree: Path, base: Head | None) -> str:
    """Where the archive minted IRIs before: they must not change with whoever seals."""
    if base is None or base.record is None or not (file := tree / base.record.key).is_file():
        return BASE
    check_sealed(file, base.record.sha256)
    return parse_record(file.read_bytes()).about.base
