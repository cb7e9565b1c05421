"""The run that sealed a serial as a PROV activity: when, with which program, from which sources, what it did."""

from collections.abc import Iterator

import pyoxigraph as ox

from gdac.manifest.record import Record, SourceFacts
from gdac.tables import Tables, load
from vocab.names import DCT, PROV, RDFS, Names, encoded, node, typed
from vocab.provenance.statements import Pair, day, link, moment, number, software, statements, types


def run_triples(names: Names, record: Record) -> list[ox.Triple]:
    """A run and all that it used, out of the record that was sealed with its serial."""
    about = record.about
    run = names.run(about.run.id)
    agent = names.software(about.software.name, about.software.version)
    pairs: list[Pair] = [
        *types(names.own("SyncRun").value, PROV + "Activity"),
        (RDFS + "label", ox.Literal(f"{about.run.kind.value} run that sealed serial {record.serial}")),
        (PROV + "startedAtTime", moment(about.run.started)),
        (PROV + "endedAtTime", moment(record.sealed)),
        (PROV + "wasAssociatedWith", node(agent)),
        (names.own("kindOfRun").value, ox.Literal(about.run.kind.value)),
        (names.own("runNumber").value, None if about.run.number is None else number(about.run.number)),
    ]
    if record.serial > 1:
        pairs.append((PROV + "used", node(names.snapshot(record.archive, record.serial - 1))))
    triples = software(names, about.software.name, about.software.version)
    for source in about.sources:
        used, described = _source(names, record.archive, source)
        pairs += [(PROV + "used", node(iri)) for iri in used]
        triples += described
    if about.vocabulary is not None:
        facts = about.vocabulary
        pairs.append((names.own("referenceTables").value, node(names.tables(facts.digest))))
        triples += tables_triples(names, facts.digest, newest=day(facts.newest), vocabulary=facts.iri)
    for name, value in sorted(about.counts.items()):
        count = f"{run}#count-{encoded(name)}"
        pairs.append((names.own("count").value, node(count)))
        triples += statements(
            count,
            [
                *types(names.own("Count").value),
                (names.own("countedThing").value, ox.Literal(name)),
                (names.own("countedNumber").value, number(value)),
            ],
        )
    return [*statements(run, pairs), *triples]


def tables_triples(
    names: Names, digest: str, *, newest: ox.Literal | None = None, vocabulary: str | None = None
) -> list[ox.Triple]:
    """The reference tables under a digest; which version of each they hold is said where we have them ourselves.

    Args:
        names: our IRIs.
        digest: of the snapshot of the tables, with or without ``sha256:``.
        newest: date of the newest table, as a literal.
        vocabulary: IRI of the version of the vocabulary that they were made from, where it is known.
    """
    iri = names.tables(digest)
    shipped = load()
    ours = shipped if names.tables(shipped.digest) == iri else None
    pairs: list[Pair] = [
        *types(names.own("ReferenceTables").value, PROV + "Entity"),
        (RDFS + "label", ox.Literal(f"reference tables {digest.removeprefix('sha256:')[:12]}")),
        (DCT + "identifier", ox.Literal(f"sha256:{digest.removeprefix('sha256:')}")),
        (DCT + "modified", newest if newest is not None or ours is None else _newest(ours)),
        (PROV + "wasDerivedFrom", link(vocabulary)),
    ]
    if ours is not None:
        graphs = [names.nvs_graph(table, version) for table, version in sorted(ours.versions.items())]
        pairs += [(PROV + "wasDerivedFrom", node(one)) for one in graphs]
    return statements(iri, pairs)


def _newest(tables: Tables) -> ox.Literal:
    return typed(tables.version.removeprefix("NVS "), "date")


def _source(names: Names, archive: str, source: SourceFacts) -> tuple[list[str], list[ox.Triple]]:
    """IRIs of what was used at a source, and what is said of them."""
    iri = names.source(archive, source.name)
    pairs: list[Pair] = [
        *types(names.own("Source").value, PROV + "Entity"),
        (RDFS + "label", ox.Literal(source.name)),
        (names.own("address").value, ox.Literal(source.url) if source.url else None),
        (names.own("wayOfObserving").value, ox.Literal(source.way)),
    ]
    versions = [names.file_version(one.sha256) for one in source.indexes]
    return [iri, *versions], [*statements(iri, pairs), *_indexes(names, iri, source)]


def _indexes(names: Names, source: str, facts: SourceFacts) -> Iterator[ox.Triple]:
    """The index files of a source as file versions of files of that source."""
    for one in facts.indexes:
        version, file = names.file_version(one.sha256), f"{source}/file/{encoded(one.path)}"
        pairs: list[Pair] = [
            *types(names.own("FileVersion").value),
            (names.own("sha256").value, typed(one.sha256, "hexBinary")),
            (names.own("fileVersionOf").value, node(file)),
            (DCT + "modified", moment(one.updated)),
        ]
        yield from statements(version, pairs)
        about: list[Pair] = [
            *types(names.own("File").value),
            (names.own("archivePath").value, ox.Literal(one.path)),
            (names.own("ofSource").value, node(source)),
        ]
        yield from statements(file, about)
