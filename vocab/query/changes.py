"""What changed since an older version, as a graph beside the vocabulary, for the question that asks for it."""

from pathlib import Path

from vocab.changes.rdf import diff_triples
from vocab.changes.versions import VersionDiff, compare_versions
from vocab.folder import open_vocabulary, sorted_quads


def write_changes(older: Path, newer: Path, file: Path) -> VersionDiff:
    """Compare two built vocabularies and write the changes as N-Quads of one named graph."""
    new = open_vocabulary(newer)
    diff = compare_versions(open_vocabulary(older), new)
    graph = f"{new.names.base}graph/changes/{diff.old}/{diff.new}"
    file.write_bytes(sorted_quads({graph: diff_triples(diff, new.names)}))
    return diff
