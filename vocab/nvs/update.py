"""An import folder: brought up to date from NVS table by table, each judged before it takes the old one's place."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from gdac.errors import GdacError, RefusedError, UsageError
from policies.vocabulary import Limits, Reason, TableFacts, judge_table
from vocab.changes.compare import Kind, TermChange, compare_table
from vocab.folder import write_whole
from vocab.nvs.fetch import Answer, Known
from vocab.nvs.folder import RECORD, read_file, read_record
from vocab.nvs.formats import Verbatim, read_verbatim
from vocab.table import Table

#: Versions that were replaced; kept for comparisons.
PREVIOUS: Final = "previous"

_SUFFIX: Final = {
    ox.RdfFormat.JSON_LD: ".jsonld",
    ox.RdfFormat.TURTLE: ".ttl",
    ox.RdfFormat.RDF_XML: ".rdf",
    ox.RdfFormat.N_TRIPLES: ".nt",
}


@dataclass(frozen=True, slots=True)
class TableUpdate:
    """What became of one table.

    Attributes:
        table: its id.
        state: ``new``, ``updated``, ``unchanged``, ``held`` (a brake) or ``failed``.
        version: of the table that the folder now holds; empty when none.
        changes: drift, term by term; of a held table what would change.
        silent: terms differ although the version does not.
        reasons: why it is held.
        error: why it failed.
    """

    table: str
    state: str
    version: str = ""
    changes: tuple[TermChange, ...] = ()
    silent: bool = False
    reasons: tuple[Reason, ...] = ()
    error: str = ""


class ImportFolder:
    """A folder of imported tables with its record: which file holds which table, whence, and its digest."""

    def __init__(self, folder: Path) -> None:
        """Open a folder, made if missing.

        Raises:
            UsageError: it holds other things and no record.
            RefusedError: the record cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / RECORD).exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty and holds no import.", hint="Give a new folder.")
        self.folder = folder
        self._entries: dict[str, dict[str, Any]] = read_record(folder)

    def held(self, table: str) -> Verbatim | None:
        """The table as it is held; None when it is not, or when its file is not what the record says."""
        entry = self._entries.get(table)
        if entry is None:
            return None
        try:
            return read_file(self.folder / Path(str(entry["file"])).name, self._entries)
        except (GdacError, OSError, KeyError):
            return None  # asked for again as if it had never come

    def known(self, table: str) -> Known:
        """Validators for a conditional request; none where the copy held is not whole."""
        if self.held(table) is None:
            return Known()
        entry = self._entries[table]
        return Known(str(entry.get("etag", "")), str(entry.get("last_modified", "")))

    def take(
        self, answer: Answer | GdacError, table: str, now: str, limits: Limits, accepted: Collection[str]
    ) -> TableUpdate:
        """Judge what came for one table and write it where nothing speaks against it.

        Args:
            answer: what the server said.
            table: id of the table asked for.
            now: time of the answer (RFC 3339, UTC).
            limits: of the brake.
            accepted: tables that are taken whatever the brake says.
        """
        before = self.held(table)
        version = before.table.version if before else ""
        if isinstance(answer, GdacError):
            return TableUpdate(table, "failed", version, error=str(answer))
        if answer.unchanged:
            return TableUpdate(table, "unchanged", version)
        assert answer.syntax is not None  # an answer with bytes has one
        try:
            came = read_verbatim(answer.data, answer.syntax, origin=answer.url, expected=table, retrieved=now)
        except RefusedError as error:
            return TableUpdate(table, "failed", version, error=str(error))
        changes = compare_table(before.table, came.table) if before else ()
        silent = bool(before and before.table.version == came.table.version and before.digest != came.digest)
        reasons = judge_table(_facts(before.table if before else None, came.table, changes), limits)
        if reasons and table not in accepted:
            return TableUpdate(table, "held", version, changes, silent, reasons)
        self._write(came, answer, now)
        if before is None:
            return TableUpdate(table, "new", came.table.version)
        state = "unchanged" if before.digest == came.digest else "updated"
        return TableUpdate(table, state, came.table.version, changes, silent, reasons)

    def _write(self, came: Verbatim, answer: Answer, now: str) -> None:
        """File first, then the record, then the old file out of the way: a crash loses nothing."""
        assert answer.syntax is not None  # as above
        table = came.table.id
        name = f"{table}-{came.table.version}-{came.sha256[:8]}{_SUFFIX[answer.syntax]}"
        old = Path(str(self._entries.get(table, {}).get("file", ""))).name
        write_whole(self.folder / name, answer.data)
        self._entries[table] = {
            "file": name,
            "version": came.table.version,
            "terms": len(came.table.terms),
            "sha256": came.sha256,
            "digest": came.digest,
            "url": answer.url,
            "media_type": answer.media_type,
            "etag": answer.known.etag,
            "last_modified": answer.known.last_modified,
            "retrieved": now,
        }
        self._write_record()
        if old and old != name and (self.folder / old).is_file():
            (self.folder / PREVIOUS).mkdir(exist_ok=True)
            (self.folder / old).replace(self.folder / PREVIOUS / old)

    def _write_record(self) -> None:
        record = {"tables": {key: self._entries[key] for key in sorted(self._entries)}}
        write_whole(self.folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def take_all(
    folder: ImportFolder,
    tables: Sequence[str],
    answers: Mapping[str, Answer | GdacError],
    now: str,
    limits: Limits,
    accepted: Collection[str],
) -> tuple[TableUpdate, ...]:
    """What became of every table, in the order asked."""
    return tuple(folder.take(answers[table], table, now, limits, accepted) for table in tables)


def _facts(before: Table | None, came: Table, changes: Sequence[TermChange]) -> TableFacts:
    held = before.terms if before else {}
    return TableFacts(
        came.id,
        len(held),
        sum(not term.deprecated for term in held.values()),
        sum(one.kind is Kind.REMOVED for one in changes),
        sum(one.kind is Kind.DEPRECATED for one in changes),
        int(before.version) if before else 0,
        int(came.version),
    )
