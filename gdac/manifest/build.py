"""The manifest of a local tree: scanned, hashed where it is new, joined with the tree's own index files."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import GdacError, RefusedError
from gdac.index.read import LoadedIndex, load_listing, open_index
from gdac.index.spec import spec_of
from gdac.manifest import files
from gdac.manifest.hashing import Progress, hash_files
from gdac.manifest.scan import Scan, Tally, scan_tree
from gdac.manifest.seal import IndexFile
from gdac.manifest.spill import spilling
from gdac.paths import Kind

CACHE_COLUMNS: Final = {
    "path": "VARCHAR",
    "size": "BIGINT",
    "mtime_ns": "BIGINT",
    "inode": "UBIGINT",
    "sha256": "VARCHAR",
    "md5": "VARCHAR",
}
#: A file younger than this when the scan began is not remembered: it could change again within one tick of its clock.
_RACY_NS: Final = 2_000_000_000
_BATCH: Final = 10_000
_LISTED: Final = ", ".join(f"'{kind.value}'" for kind in Kind if kind.is_listed)


@dataclass(slots=True)
class Built:
    """What a build found.

    Attributes:
        scan: what the walk met besides good files.
        rows: files in the manifest.
        bytes: their total size.
        read: files that were read and hashed; the others were known from the cache.
        read_bytes: their total size.
        unlisted: files that no index lists; left out unless all were asked for.
        unsettled: files that vanished, could not be read or changed while being read; left out.
        indexes: the tree's index files, for a seal.
        notes: what a reader should know of the index files; each names the file and is one sentence.
    """

    scan: Scan
    rows: int = 0
    bytes: int = 0
    read: int = 0
    read_bytes: int = 0
    unlisted: Tally = field(default_factory=Tally)
    unsettled: Tally = field(default_factory=Tally)
    indexes: tuple[IndexFile, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to build.

    Attributes:
        workdir: directory for temporary files.
        began_ns: when the build begins, nanoseconds since 1970.
        cache: Parquet file of an earlier build's digests, read if it is there and written anew; None for none.
        deep: read every file again, whatever the cache says.
        listed_only: leave out profile, meta, tech and trajectory files that no index lists.
        threads: that hash; None for one per processor.
        progress: told the bytes of each file that was read.
    """

    workdir: Path
    began_ns: int
    cache: Path | None = None
    deep: bool = False
    listed_only: bool = True
    threads: int | None = None
    progress: Progress | None = None


def build(con: duckdb.DuckDBPyConnection, tree: Path, table: str, wanted: Wanted) -> Built:
    """Make the manifest-shaped table of a local tree (``serial`` is 1 in every row: sealing sets it).

    Args:
        con: an open connection; tables whose names begin with ``build_`` are made and dropped.
        tree: the archive's root directory.
        table: name of the table to make, sorted by path.
        wanted: how.

    Raises:
        RefusedError: an index file is damaged, or there is none though only listed files are wanted.
        GdacError: the tree cannot be read.
    """
    built = Built(scan_tree(con, tree, "build_scan", workdir=wanted.workdir))
    _list(con, tree, built, wanted)
    _leave_unlisted(con, built, wanted)
    _recall(con, wanted)
    _hash(con, tree, built, wanted)
    con.execute(
        f"""CREATE OR REPLACE TABLE {table} AS
        SELECT s.path, s.size, unhex(s.sha256) AS sha256, unhex(s.md5) AS md5,
               make_timestamp(s.mtime_ns // 1000) AS modified, l.date_update, 1::INTEGER AS serial
        FROM build_digests s LEFT JOIN build_listing l USING (path) ORDER BY s.path"""
    )
    row = con.execute(f"SELECT count(*), coalesce(sum(size), 0)::BIGINT FROM {table}").fetchone()
    assert row is not None
    built.rows, built.bytes = row
    if wanted.cache is not None:
        _remember(con, wanted.cache, wanted.began_ns)
    for name in ("scan", "listing", "known", "digests"):
        con.execute(f"DROP TABLE IF EXISTS build_{name}")
    return built


def _list(con: duckdb.DuckDBPyConnection, tree: Path, built: Built, wanted: Wanted) -> None:
    """Read the tree's index files: each becomes part of the listing or is at least proved whole."""
    found = con.execute(
        "SELECT path FROM build_scan WHERE kind = 'index' OR path SIMILAR TO 'etc/argo-index/[^/]+[.]txt' ORDER BY path"
    ).fetchall()
    paths = [path for (path,) in found]
    listing = _listing_files(paths)
    if listing:
        loaded = load_listing(con, [tree / path for path in listing], "build_listing", workdir=wanted.workdir)
    else:
        loaded = ()
        con.execute("CREATE OR REPLACE TABLE build_listing (path VARCHAR, date_update TIMESTAMP)")
    if not loaded and wanted.listed_only and _count(con, f"build_scan WHERE kind IN ({_LISTED})"):
        raise RefusedError(
            f"{tree} holds no index files, so none of its profiles is listed.", hint="Take everything with --all."
        )
    read = zip(listing, loaded, strict=True)
    built.notes = tuple(f"{path}: {note}" for path, index in read for note in index.notes)
    roots = [path for path in paths if "/" not in path]
    built.indexes = tuple(_index_file(tree, path, listing, loaded, wanted.workdir) for path in roots)


def _listing_files(paths: list[str]) -> list[str]:
    """The files that say what is listed: of ``.txt`` and ``.txt.gz`` the plain one; this week's are parts of others."""
    chosen = []
    for path in paths:
        spec = spec_of(path.rpartition("/")[2])
        twice = path.endswith(".gz") and path.removesuffix(".gz") in paths
        if spec is not None and spec.lists_files and "this_week" not in path and not twice:
            chosen.append(path)
    return chosen


def _index_file(tree: Path, path: str, listing: list[str], loaded: tuple[LoadedIndex, ...], workdir: Path) -> IndexFile:
    if path in listing:
        return IndexFile(path, tree / path, loaded[listing.index(path)].header.updated)
    with open_index(tree / path, workdir) as opened:
        return IndexFile(path, tree / path, opened.header.updated)


def _leave_unlisted(con: duckdb.DuckDBPyConnection, built: Built, wanted: Wanted) -> None:
    where = f"kind IN ({_LISTED}) AND NOT EXISTS (FROM build_listing l WHERE l.path = build_scan.path)"
    for (path,) in _rows(con, f"SELECT path FROM build_scan WHERE {where} ORDER BY path"):
        built.unlisted.add(path)
    if wanted.listed_only:
        con.execute(f"DELETE FROM build_scan WHERE {where}")


def _recall(con: duckdb.DuckDBPyConnection, wanted: Wanted) -> None:
    """Make ``build_known`` of the cache, or empty. A cache that cannot be read is only a slower build."""
    kinds = ", ".join(f"{name} {kind}" for name, kind in CACHE_COLUMNS.items())
    con.execute(f"CREATE OR REPLACE TABLE build_known ({kinds})")
    if wanted.cache is None or wanted.deep or not wanted.cache.is_file():
        return
    try:
        con.execute(f"INSERT INTO build_known SELECT {', '.join(CACHE_COLUMNS)} FROM {files.scan_of(wanted.cache)}")
    except duckdb.Error as error:
        raise RefusedError(
            f"the cache {wanted.cache} cannot be read ({str(error).splitlines()[0]}).",
            hint="Remove it, or name another with --cache: the next build makes it anew.",
        ) from error


def _hash(con: duckdb.DuckDBPyConnection, tree: Path, built: Built, wanted: Wanted) -> None:
    """Make ``build_digests``: known where size, time and inode are the same, else read."""
    # A Windows directory listing knows no inodes and says 0.
    same = "k.path = s.path AND k.size = s.size AND k.mtime_ns = s.mtime_ns AND s.inode IN (k.inode, 0)"
    new = f"SELECT path FROM build_scan s WHERE NOT EXISTS (FROM build_known k WHERE {same}) ORDER BY path"
    with spilling(wanted.workdir, "build_digests", CACHE_COLUMNS) as spill:
        todo = (path for (path,) in _rows(con, new))
        for found in hash_files(tree, todo, threads=wanted.threads, progress=wanted.progress):
            if found.trouble is not None:
                built.unsettled.add(f"{found.path}: {found.trouble}")
                continue
            spill.add(found.path, found.size, found.mtime_ns, found.inode, found.sha256, found.md5)
            built.read += 1
            built.read_bytes += found.size
        spill.load(con, "build_digests")
    con.execute(
        f"""INSERT INTO build_digests SELECT {", ".join(f"k.{name}" for name in CACHE_COLUMNS)}
        FROM build_known k JOIN build_scan s ON {same}"""
    )


def _remember(con: duckdb.DuckDBPyConnection, cache: Path, began_ns: int) -> None:
    part = cache.with_name(f".{cache.name}.part")
    try:
        con.execute(
            f"COPY (FROM build_digests WHERE mtime_ns < {int(began_ns - _RACY_NS)} ORDER BY path) "
            f"TO {files.quoted(part)} (FORMAT parquet, COMPRESSION zstd)"
        )
        part.replace(cache)
    except duckdb.IOException as error:
        raise GdacError(f"the cache {cache} cannot be written ({str(error).splitlines()[0]}).") from error
    finally:
        part.unlink(missing_ok=True)


def _count(con: duckdb.DuckDBPyConnection, source: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {source}").fetchone()
    assert row is not None
    return int(row[0])


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[str]]:
    """Rows of a query, a batch at a time, on a cursor of their own: the connection stays free for other work."""
    cursor = con.cursor().execute(query)
    while batch := cursor.fetchmany(_BATCH):
        yield from batch
