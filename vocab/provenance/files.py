"""Files, their versions and their stays: on demand for one path, out of manifests and deltas; nothing is stored.

A file is its path, a file version its bytes (by SHA-256), a stay the time that bytes stood at a path. Every statement
is made here once; `vocab.provenance.dump` writes the same ones for millions of files without a triple in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from gdac.manifest.history import FileState
from gdac.paths import ArchivePath
from vocab.described import Described
from vocab.names import DCAT, DCT, PROV, Names, node, typed
from vocab.provenance.statements import Pair, moment, number, size, statements, types


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the changes of a serial come from.

    Attributes:
        run: IRI of the run that sealed it.
        source: IRI of its source; empty where it had several or none, because then nobody can tell which one it was.
    """

    run: str
    source: str


def origins(described: Described) -> Mapping[int, Origin]:
    """Run and source of every serial whose record is known."""
    names = described.names
    return {
        one.serial: Origin(
            names.run(one.about.run.id),
            names.source(one.archive, one.about.sources[0].name) if len(one.about.sources) == 1 else "",
        )
        for one in described.records
        if one.archive == described.head.archive
    }


def file_triples(
    names: Names, archive: str, states: Sequence[FileState], known: Mapping[int, Origin]
) -> list[ox.Triple]:
    """All that is known of files.

    Args:
        names: our IRIs.
        archive: id of the archive.
        states: stays, those of a path together with the ones it was renamed from.
        known: run and source by serial; see `origins`.
    """
    before = {(one.path, one.until): one for one in states if one.until is not None}
    first: dict[tuple[str, bytes], int] = {}
    for one in sorted(states, key=lambda state: state.serial):
        first.setdefault((one.path, one.sha256), one.serial)
    triples: list[ox.Triple] = []
    for path in sorted({one.path for one in states}):
        triples += path_triples(names, archive, path)
    for one in states:
        previous = before.get((one.from_path or one.path, one.serial)) if one.how in {"changed", "renamed"} else None
        new = first[one.path, one.sha256] == one.serial
        triples += _stay(names, archive, one, known.get(one.serial), previous, new=new)
    return triples


def path_triples(names: Names, archive: str, path: str) -> list[ox.Triple]:
    """A file as a name that lasts: its path, what it holds, whose it is."""
    parsed, own = ArchivePath.parse(path), names.own
    pairs: list[Pair] = [
        *types(own("File").value),
        (own("archivePath").value, ox.Literal(path)),
        (own("kindOfFile").value, ox.Literal(parsed.kind.value)),
        (DCT + "isPartOf", node(names.archive(archive))),
        (own("fileOf").value, node(names.wmo(parsed.wmo)) if parsed.wmo else None),
        (PROV + "wasAttributedTo", node(names.dac(parsed.dac)) if parsed.dac else None),
    ]
    return statements(names.file(archive, path), pairs)


def _stay(
    names: Names, archive: str, state: FileState, origin: Origin | None, previous: FileState | None, *, new: bool
) -> Iterable[ox.Triple]:
    own, sha256 = names.own, state.sha256.hex()
    file, version = names.file(archive, state.path), names.file_version(sha256)
    last = None if state.until is None else state.until - 1
    pairs: list[Pair] = [
        *types(own("Stay").value),
        (own("stayOf").value, node(file)),
        (own("stayOfVersion").value, node(version)),
        (own("fromSerial").value, number(state.serial)),
        (own("firstSnapshot").value, node(names.snapshot(archive, state.serial))),
        (own("arrival").value, ox.Literal(state.how)),
        (DCT + "modified", moment(state.modified)),
        (own("dateUpdate").value, moment(state.date_update)),
    ]
    if last is not None:
        pairs += [
            (own("toSerial").value, number(last)),
            (own("lastSnapshot").value, node(names.snapshot(archive, last))),
        ]
    if state.from_path is not None:
        pairs.append((own("renamedFrom").value, node(names.file(archive, state.from_path))))
    if previous is not None:
        pairs.append((PROV + "wasRevisionOf", node(names.stay(archive, previous.path, previous.serial))))
    if origin is not None:
        pairs.append((PROV + "wasGeneratedBy", node(origin.run)))
        pairs.append((PROV + "hadPrimarySource", node(origin.source) if origin.source else None))
    revised = None
    if previous is not None and new and previous.sha256 != state.sha256:
        revised = node(names.file_version(previous.sha256.hex()))
    about: list[Pair] = [
        *types(own("FileVersion").value),
        (own("fileVersionOf").value, node(file)),
        (own("sha256").value, typed(sha256, "hexBinary")),
        (DCAT + "byteSize", size(state.size)),
        (PROV + "wasRevisionOf", revised),
    ]
    return [*statements(names.stay(archive, state.path, state.serial), pairs), *statements(version, about)]
