"""The sealed side of an archive on a local disk: read its head and files, publish a seal, walk its chain."""

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import duckdb

from gdac.errors import GdacError, RefusedError
from gdac.manifest.files import load_delta, load_manifest, read_about
from gdac.manifest.head import DeltaEntry, Head, HeadError, ManifestEntry, parse_head
from gdac.manifest.model import MANIFEST_FORMAT, DeltaInfo, Link
from gdac.manifest.names import HEAD_KEY
from gdac.manifest.seal import Seal
from gdac.manifest.trust import check_sealed
from gdac.paths import MANIFEST_DIR

_STAGING: Final = ".staging-"


def read_head(tree: Path) -> Head | None:
    """The head of a sealed tree; None where there is none.

    Raises:
        HeadError: there is one, and it is not what it must be.
    """
    file = tree / HEAD_KEY
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GdacError(f"{file} cannot be read: {error.strerror or error}.") from error
    try:
        return parse_head(raw)
    except HeadError as error:
        raise type(error)(f"{file}: {error.what}", hint=error.hint) from error


def need_head(tree: Path) -> Head:
    """The head of a sealed tree.

    Raises:
        GdacError: the tree is not sealed.
    """
    head = read_head(tree)
    if head is None:
        raise GdacError(f"{tree} has no {HEAD_KEY}: it is not sealed.", hint="`gdac manifest build --seal` seals it.")
    return head


def open_manifest(con: duckdb.DuckDBPyConnection, tree: Path, entry: ManifestEntry, archive: str, table: str) -> None:
    """Open a manifest that the tree's head names, checked, as a view. Raises `ManifestError`."""
    load_manifest(con, tree / entry.key, table, expect_sha256=entry.sha256, archive=archive)


def make_staging(tree: Path) -> Path:
    """A fresh directory on the tree's own file system; what an interrupted seal left is removed first."""
    folder = tree / MANIFEST_DIR
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(old)
    staging = folder / f"{_STAGING}{uuid.uuid4().hex}"
    staging.mkdir()
    return staging


def publish(seal: Seal, tree: Path, *, before: bytes | None) -> None:
    """Publish a prepared seal in its own tree: files, then the head.

    Args:
        seal: whose files lie on the tree's file system.
        tree: the archive's root.
        before: bytes of the head that the seal follows; None for a first serial.

    Raises:
        RefusedError: the head is no longer that one: somebody else sealed. The files stay, named by no head.
    """
    for _ in publish_steps(seal, tree, before=before):
        pass


def publish_steps(seal: Seal, tree: Path, *, before: bytes | None) -> Iterator[str]:
    """`publish`, one key at a time: yields each key once it is in place. Stopping anywhere leaves a whole archive."""
    for file in seal.files:
        target = tree / file.key
        target.parent.mkdir(parents=True, exist_ok=True)
        _sync(file.path)
        file.path.replace(target)
        yield file.key
    for folder in {(tree / file.key).parent for file in seal.files}:
        _sync_directory(folder)
    head = tree / HEAD_KEY
    found = head.read_bytes() if head.exists() else None
    if found != before:
        raise RefusedError(
            f"{head} changed while serial {seal.head.serial} was prepared; it was left alone.",
            hint="Somebody else seals this tree: let one of you do it, then run again.",
        )
    part = head.with_name(f".head-{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(seal.head_raw)
        _sync(part)
        part.replace(head)
    finally:
        part.unlink(missing_ok=True)
    _sync_directory(head.parent)
    yield HEAD_KEY


@dataclass(frozen=True, slots=True)
class Step:
    """One serial of the chain, with its delta checked.

    Attributes:
        serial: where the delta leads.
        link: which file it is.
        entry: what the head says of it; None for a delta older than those the head lists.
        info: what the file says; None where it is not in the tree.
    """

    serial: int
    link: Link
    entry: DeltaEntry | None
    info: DeltaInfo | None


def count_rows(con: duckdb.DuckDBPyConnection, tree: Path, link: Link, archive: str) -> int:
    """How many files a full manifest says that it has. Raises `ManifestError`."""
    file = tree / MANIFEST_DIR / link.name
    check_sealed(file, link.sha256)
    return read_about(con, file, MANIFEST_FORMAT, archive).number("rows")


def walk_chain(
    con: duckdb.DuckDBPyConnection, tree: Path, head: Head, known: Mapping[int, Link] = MappingProxyType({})
) -> Iterator[Step]:
    """Walk the chain of deltas from the newest to the oldest, each checked against the link that names it.

    A delta that the tree does not hold ends the walk unless the head lists the one before it, or it is ``known`` from
    elsewhere: a mirror need not keep all of them.

    Raises:
        ManifestError: a delta is not the one its link names.
        RefusedError: the chain is broken: a link names another file than the head does.
    """
    listed = {entry.serial: entry for entry in head.deltas}
    newest = head.deltas[-1] if head.deltas else None
    link = None if newest is None else _link(newest)
    while link is not None:
        entry = listed.get(link.serial)
        if entry is not None and _link(entry) != link:
            raise RefusedError(
                f"the chain is broken: delta {link.serial + 1} names {link.name}, the head {entry.name}."
            )
        file = tree / MANIFEST_DIR / link.name
        info = None
        if file.is_file():
            info = load_delta(con, file, "chain_delta", expect_sha256=link.sha256, archive=head.archive)
            if (info.from_serial, info.serial) != (link.serial - 1, link.serial):
                raise RefusedError(f"the chain is broken: {file} leads from {info.from_serial} to {info.serial}.")
        yield Step(link.serial, link, entry, info)
        before = listed.get(link.serial - 1)
        if info is not None:
            if info.previous is None and link.serial > 2:
                raise RefusedError(f"the chain is broken: {file} names no delta before it, and serial 1 has none.")
            link = info.previous
        else:
            link = known.get(link.serial - 1) if before is None else _link(before)


def _link(entry: DeltaEntry) -> Link:
    return Link(entry.serial, entry.name, entry.sha256)


def _sync(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def _sync_directory(folder: Path) -> None:
    """Make renames survive a power cut; Windows has no such call and keeps them by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
