"""What is known of a path, or of an archive and all its serials, as triples and as N-Quads."""

from collections.abc import Iterable

import pyoxigraph as ox

from vocab.described import Described
from vocab.folder import sorted_quads
from vocab.provenance.archive import archive_triples, serials_known, snapshot_triples
from vocab.provenance.files import file_triples, origins
from vocab.provenance.floats import dac_triples
from vocab.provenance.story import Story


def story_triples(story: Story) -> list[ox.Triple]:
    """A file with its versions and stays, and every serial that began or ended one, with its run."""
    described, archive = story.described, story.described.head.archive
    triples = file_triples(described.names, archive, story.states, origins(described))
    triples += archive_triples(described)
    known = set(serials_known(described))
    ends = {one.serial for one in story.states} | {one.until - 1 for one in story.states if one.until is not None}
    for serial in sorted((ends | {described.head.serial}) & known):
        triples += snapshot_triples(described, serial)
    if story.path.dac:
        triples += dac_triples(described.names, story.path.dac)
    return triples


def story_quads(story: Story) -> bytes:
    """The same as N-Quads of one named graph."""
    return sorted_quads({story.described.names.provenance_graph("files"): _once(story_triples(story))})


def archive_quads(described: Described) -> bytes:
    """An archive, and every serial that can be described: two named graphs, no triple in both."""
    names = described.names
    archive = _once(archive_triples(described))
    said = set(archive)
    snapshots = [one for serial in serials_known(described) for one in snapshot_triples(described, serial)]
    others = [one for one in _once(snapshots) if one not in said]
    return sorted_quads({names.provenance_graph("archive"): archive, names.provenance_graph("snapshots"): others})


def _once(triples: Iterable[ox.Triple]) -> list[ox.Triple]:
    return list(dict.fromkeys(triples))
