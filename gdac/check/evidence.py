"""What ties a verdict to bytes: the digest of the file, and which run judged it under which tables."""

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """What every line of a report carries when it is asked for.

    Attributes:
        run: UUID of the run.
        started: when it began, by the clock that stamps files.
        tables: digest of the reference tables, ``sha256:...``.
    """

    run: str
    started: datetime
    tables: str

    def of(self, path: str) -> dict[str, Any]:
        """The fields for one file that has been judged.

        ``sha256`` is null for what is no file on its own (a member of an archive), cannot be read, or was written to
        since the run began: then nobody can say which bytes were judged.
        """
        return {
            "run": self.run,
            "started": self.started.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "tables_digest": self.tables,
            "sha256": self._digest(Path(path)),
        }

    def _digest(self, file: Path) -> str | None:
        try:
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                facts = os.fstat(stream.fileno())
        except (OSError, ValueError):  # ValueError: a name with a NUL
            return None
        # A change of name or rights counts as well: what the system stamps cannot be set back like a modification time.
        return digest if max(facts.st_mtime, facts.st_ctime) < self.started.timestamp() else None
