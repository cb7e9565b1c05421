"""Every float of an archive, out of the metadata files of its newest state; what cannot be used is a finding."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyoxigraph as ox

from gdac.check.dataset import open_dataset
from gdac.columns import stream
from gdac.errors import RefusedError
from gdac.manifest.states import state_at
from gdac.paths import ArchivePath, Kind
from gdac.tables import Tables
from vocab.described import Described
from vocab.provenance.floats import FloatFacts, float_triples, read_float

#: Findings that are kept as sentences; all are counted.
_KEPT = 100


class Fleet:
    """Reads one metadata file after the other.

    Attributes:
        floats: how many are described so far.
        unusable: how many files could not be used.
        findings: of these, the first hundred: path and reason.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, tree: Path, described: Described, tables: Tables) -> None:
        self._con, self._tree, self._described, self._tables = con, tree, described, tables
        self._seen: set[str] = set()
        self.floats = 0
        self.unusable = 0
        self.findings: list[str] = []

    def triples(self) -> Iterator[ox.Triple]:
        """Every float, in the order of the paths. The connection is in use until the last one."""
        head = self._described.head
        state_at(self._con, self._tree, head, head.serial, "fleet_state")
        rows = stream(
            self._con,
            "select path, sha256 from fleet_state where path like 'dac/%\\_meta.nc' escape '\\' order by path",
        )
        for path, sha256 in rows:
            parsed = ArchivePath.parse(path)
            if parsed.kind is not Kind.META:
                continue
            try:
                facts = self._read(parsed, sha256.hex())
            except RefusedError as error:
                self._add(f"{path}: {error.what}")
                continue
            self.floats += 1
            yield from float_triples(
                facts, self._tables, self._described.names, dac=parsed.dac or "", version=sha256.hex()
            )

    def _read(self, path: ArchivePath, sha256: str) -> FloatFacts:
        try:
            data = (self._tree / path.text).read_bytes()
        except OSError as error:
            raise RefusedError(f"it cannot be read ({error.strerror or error})") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise RefusedError("its bytes are not those that were sealed")
        with open_dataset(data, label=path.text, hdf5=False) as dataset:
            facts = read_float(dataset)
        if facts.wmo != path.wmo:
            raise RefusedError(f"it says that it is of float {facts.wmo}")
        if facts.wmo in self._seen:
            raise RefusedError(f"float {facts.wmo} has been described by a file of another data centre")
        self._seen.add(facts.wmo)
        return facts

    def _add(self, finding: str) -> None:
        self.unusable += 1
        if self.unusable <= _KEPT:
            self.findings.append(finding)
        elif self.unusable == _KEPT + 1:
            self.findings.append("further metadata files could not be used either")
