"""What lies in a store, read with nothing of the engine's own code: `json`, DuckDB's Parquet reader, SHA-256."""

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb

Rows = dict[str, str]  # path -> sha256, as a manifest says


class BrokenError(AssertionError):
    """An invariant does not hold."""


class Reader:
    """Reads stores in directories; what never changes is read once."""

    def __init__(self) -> None:
        self._tables: dict[str, Any] = {}
        self._sealed: dict[tuple[str, int, int, int], str] = {}
        self._connection = duckdb.connect(":memory:", config={"threads": 1})

    def digest(self, file: Path) -> str:
        return hashlib.sha256(file.read_bytes()).hexdigest()

    def files(self, root: Path) -> Rows:
        """Files of an archive by path, with their digests."""
        found = {}
        for file in root.rglob("*") if root.is_dir() else ():
            name = file.relative_to(root).as_posix()
            if not name.startswith(("manifest/", ".gdac-tmp")) and file.is_file():
                found[name] = self.digest(file)
        return found

    def head(self, root: Path) -> dict[str, Any] | None:
        file = root / "manifest" / "head.json"
        return json.loads(file.read_bytes()) if file.is_file() else None

    def sealed(self, root: Path, entry: dict[str, Any]) -> Path:
        """A file that a head names; it must be there with the bytes that the head says."""
        file = root / "manifest" / entry["name"]
        if not file.is_file():
            raise BrokenError(f"the head names {entry['name']}, which is not there")
        found = file.stat()
        known = (str(file), found.st_ino, found.st_mtime_ns, found.st_size)
        if self._sealed.get(known) == entry["sha256"]:
            return file
        self._sealed[known] = self.digest(file)
        if found.st_size != entry["size"] or self._sealed[known] != entry["sha256"]:
            raise BrokenError(f"{entry['name']} has other bytes than the head says")
        return file

    def manifest(self, root: Path, entry: dict[str, Any]) -> Rows:
        file = self.sealed(root, entry)
        if entry["sha256"] not in self._tables:
            rows = self._ask("select path, lower(hex(sha256)) from read_parquet(?)", file)
            paths = [row[0] for row in rows]
            if paths != sorted(paths, key=str.encode) or len(set(paths)) != len(paths):
                raise BrokenError(f"{entry['name']} is out of order, or names a path twice")
            self._tables[entry["sha256"]] = dict(rows)
        found: Rows = self._tables[entry["sha256"]]
        return found

    def delta(self, root: Path, entry: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
        file = self.sealed(root, entry)
        if entry["sha256"] not in self._tables:
            rows = self._ask(
                "select change, path, from_path, lower(hex(sha256)), lower(hex(old_sha256)) from read_parquet(?)", file
            )
            ((raw,),) = self._ask("select value from parquet_kv_metadata(?) where key = 'argo-gdac'::blob", file)
            self._tables[entry["sha256"]] = (json.loads(bytes(raw)), rows)
        found: tuple[dict[str, Any], list[tuple[Any, ...]]] = self._tables[entry["sha256"]]
        return found

    def _ask(self, query: str, file: Path) -> list[Any]:
        return self._connection.execute(query, [str(file)]).fetchall()
