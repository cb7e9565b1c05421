"""Does a local tree hold what a manifest says: nothing missing, nothing extra, every byte the sealed one."""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from gdac.manifest.hashing import Progress, hash_files
from gdac.manifest.scan import EXAMPLES, Scan, Tally, scan_tree
from gdac.manifest.spill import spilling

_BATCH = 10_000


@dataclass(slots=True)
class Verified:
    """What a comparison found.

    Attributes:
        scan: what the walk met besides good files.
        rows: files in the manifest.
        read: files that were read and hashed.
        read_bytes: their total size.
        missing: in the manifest, not in the tree.
        extra: in the tree, not in the manifest, and not superseded.
        superseded: in the tree, but left the manifest with a delta that the head lists; readable until its grace ends,
            and no difference.
        size: of another size.
        digest: of the same size with other bytes.
        unreadable: could not be read, or changed while being read.
    """

    scan: Scan
    rows: int = 0
    read: int = 0
    read_bytes: int = 0
    missing: Tally = field(default_factory=Tally)
    extra: Tally = field(default_factory=Tally)
    superseded: Tally = field(default_factory=Tally)
    size: Tally = field(default_factory=Tally)
    digest: Tally = field(default_factory=Tally)
    unreadable: Tally = field(default_factory=Tally)

    @property
    def differences(self) -> int:
        """How many paths differ; links, special files and refused names are extra files."""
        tallies = (self.missing, self.extra, self.size, self.digest, self.unreadable)
        odd = (self.scan.refused, self.scan.links, self.scan.special)
        return sum(tally.count for tally in (*tallies, *odd))


def verify(
    con: duckdb.DuckDBPyConnection,
    tree: Path,
    manifest: str,
    *,
    workdir: Path,
    superseded: str | None = None,
    part: int = 1,
    parts: int = 1,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Compare a tree with a manifest.

    Args:
        con: an open connection; tables whose names begin with ``verify_`` are made and dropped.
        tree: the archive's root directory.
        manifest: manifest-shaped table or view.
        workdir: a directory for temporary files.
        superseded: table of paths that left the manifest lately (see `gdac.manifest.states.list_superseded`), or None.
        part: which part of the files to read, from 1; names and sizes are always compared for all.
        parts: in how many parts the files are divided, by a hash of their paths, so that after ``parts`` runs with
            ``part`` = 1 to ``parts`` every file has been read once.
        threads: that hash; None for one per processor.
        progress: told the bytes of each file that was read.

    Raises:
        GdacError: the tree cannot be read.
    """
    found = Verified(scan_tree(con, tree, "verify_scan", workdir=workdir))
    con.execute(
        f"""CREATE OR REPLACE TABLE verify_pairs AS
        SELECT coalesce(m.path, s.path) AS path, m.size AS size, s.size AS there, m.sha256, m.md5
        FROM {manifest} m FULL JOIN verify_scan s ON m.path = s.path"""
    )
    row = con.execute("SELECT count(size) FROM verify_pairs").fetchone()
    assert row is not None
    found.rows = row[0]
    left = f"path IN (SELECT path FROM {superseded})" if superseded else "false"
    for tally, where in (
        (found.missing, "there IS NULL"),
        (found.extra, f"size IS NULL AND NOT {left}"),
        (found.superseded, f"size IS NULL AND {left}"),
        (found.size, "there <> size"),
    ):
        _tally(con, tally, f"verify_pairs WHERE {where}")
    todo = f"verify_pairs WHERE there = size AND md5_number_upper(path) % {int(parts)} = {int(part) - 1}"
    _compare_bytes(con, tree, found, todo, workdir, threads, progress)
    for name in ("scan", "pairs", "hashed"):
        con.execute(f"DROP TABLE IF EXISTS verify_{name}")
    return found


def _compare_bytes(
    con: duckdb.DuckDBPyConnection,
    tree: Path,
    found: Verified,
    todo: str,
    workdir: Path,
    threads: int | None,
    progress: Progress | None,
) -> None:
    columns = {"path": "VARCHAR", "sha256": "VARCHAR", "md5": "VARCHAR"}
    cursor = con.cursor().execute(f"SELECT path FROM {todo} ORDER BY path")
    paths = (path for batch in iter(lambda: cursor.fetchmany(_BATCH), []) for (path,) in batch)
    with spilling(workdir, "verify_hashed", columns) as spill:
        for hashed in hash_files(tree, paths, threads=threads, progress=progress):
            if hashed.trouble is not None:
                found.unreadable.add(f"{hashed.path}: {hashed.trouble}")
                continue
            spill.add(hashed.path, hashed.sha256, hashed.md5)
            found.read += 1
            found.read_bytes += hashed.size
        spill.load(con, "verify_hashed")
    _tally(
        con,
        found.digest,
        "verify_pairs p JOIN verify_hashed h USING (path) WHERE unhex(h.sha256) <> p.sha256 OR unhex(h.md5) <> p.md5",
    )


def _tally(con: duckdb.DuckDBPyConnection, tally: Tally, source: str) -> None:
    row = con.execute(f"SELECT count(*) FROM {source}").fetchone()
    assert row is not None
    tally.count = row[0]
    tally.examples = [p for (p,) in con.execute(f"SELECT path FROM {source} ORDER BY path LIMIT {EXAMPLES}").fetchall()]
