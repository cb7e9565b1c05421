"""Only what changed since a manifest: files that it lists with the same size and digest are left out."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Final

from gdac.check.task import Task
from gdac.columns import connect
from gdac.manifest.files import load_manifest

#: Path of a file in an archive begins with this folder.
_ROOT: Final = "dac"


class Since:
    """A manifest to compare with; a context manager.

    One float's rows are held at a time: files come in the order of their folders, and a manifest is sorted by path.

    Args:
        manifest: a manifest file (Parquet).
    """

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        self._folder = ""
        self._rows: dict[str, tuple[int, bytes]] = {}

    def __enter__(self) -> "Since":
        self._open = connect()
        self._con = self._open.__enter__()
        load_manifest(self._con, self._manifest, "since", expect_sha256=None, archive=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def changed(self, task: Task) -> bool:
        """Whether a file is not, byte for byte, the one that the manifest lists at its path.

        The path in the archive is found by its folder ``dac``; a file elsewhere, or one that cannot be read, counts as
        changed.
        """
        path = archive_path(task.label)
        known = self._row(path) if path else None
        if known is None:
            return True
        size, sha256 = known
        try:
            if task.data is not None:
                return len(task.data) != size or hashlib.sha256(task.data).digest() != sha256
            file = Path(task.path)
            if file.stat().st_size != size:
                return True
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").digest() != sha256
        except OSError:
            return True

    def _row(self, path: str) -> tuple[int, bytes] | None:
        folder = "/".join(path.split("/")[:3]) + "/"
        if folder != self._folder:
            rows = self._con.execute(
                "SELECT path, size, sha256 FROM since WHERE path >= ? AND path < ?", [folder, folder[:-1] + "0"]
            ).fetchall()
            self._rows = {name: (size, bytes(sha256)) for name, size, sha256 in rows}
            self._folder = folder
        return self._rows.get(path)


def archive_path(path: str) -> str | None:
    """The path in an archive, from its last folder ``dac`` on; None when there is no such folder."""
    parts = path.replace("\\", "/").split("/")
    if _ROOT not in parts[:-1]:
        return None
    start = len(parts) - 1 - parts[::-1].index(_ROOT, 1)
    return "/".join(parts[start:])
