"""The whole pre-flight: of a build, an export or a single file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gdac.errors import RefusedError, UsageError
from vocab.export.ontoportal import RECORD as EXPORT_RECORD
from vocab.export.ontoportal import ExportOptions, export_ontoportal
from vocab.folder import RECORD as BUILD_RECORD
from vocab.names import Names
from vocab.nvs.folder import table_like
from vocab.opening import open_or_build
from vocab.preflight.facts import read_facts
from vocab.preflight.finding import Finding, Severity
from vocab.preflight.outside import (
    OwlReading,
    owlapi_missing,
    rapper_missing,
    read_with_owlapi,
    read_with_rapper,
    readable_by_rapper,
)
from vocab.preflight.portal import PortalView, portal_view
from vocab.preflight.shacl import check_shapes
from vocab.preflight.skos import check_iris, check_skos, check_source

#: The file that stands for an export: what a portal gets.
WHOLE: Final = "argo.ttl"


@dataclass(frozen=True, slots=True)
class Report:
    """What a pre-flight found.

    Attributes:
        files: names of the files looked at, the first one in full.
        view: what a portal will show of the first file.
        findings: of all files.
        owlapi: what OWL API read; empty when it did not run.
        rapper: triples that rapper counted, by file; empty when it did not run.
        not_run: what was not run, and why.
    """

    files: tuple[str, ...]
    view: PortalView
    findings: tuple[Finding, ...]
    owlapi: tuple[OwlReading, ...]
    rapper: tuple[tuple[str, int], ...]
    not_run: tuple[str, ...]

    @property
    def errors(self) -> int:
        """Findings that forbid a submission."""
        return sum(one.severity is Severity.ERROR for one in self.findings)


def check_path(path: Path, names: Names, *, outside: bool = True) -> Report:
    """Check a build or tables (their export is made on the way), an export, or one file.

    Args:
        path: a folder with a build, an export or tables, or a file.
        names: our IRIs, for tables and single files; builds and exports say theirs.
        outside: also run OWL API and rapper where they are installed.

    Raises:
        UsageError: nothing of the kind is there.
    """
    if (path / EXPORT_RECORD).is_file():
        return _check_export(path, outside)
    if path.is_dir():
        if not (path / BUILD_RECORD).is_file() and not table_like(path):
            raise UsageError(f"{path} holds no vocabulary, no export and no tables.", hint="Give one, or a file.")
        vocabulary = open_or_build(path, names)
        with TemporaryDirectory(prefix="gdac-vocab-") as work:
            export_ontoportal(vocabulary, Path(work), ExportOptions())
            report = _check_export(Path(work), outside)
        catalogue = vocabulary.graphs[vocabulary.names.catalogue_graph]
        more = check_shapes(catalogue, vocabulary.names)
        return _with(report, more)
    return _check_files([path], names, path.parent, outside)


def _with(report: Report, more: Sequence[Finding]) -> Report:
    return replace(report, findings=(*report.findings, *more))


def _check_export(folder: Path, outside: bool) -> Report:
    record = folder / EXPORT_RECORD
    try:
        stated = json.loads(record.read_text(encoding="utf-8"))
        digests = {str(name): str(entry["sha256"]) for name, entry in stated["files"].items()}
        names = Names(str(stated["base"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RefusedError(f"{record} is not the record of an export.", hint="Export again.") from error
    readable = [name for name in sorted(digests) if not name.endswith(".json")]
    if WHOLE not in readable:
        raise RefusedError(f"{record} names no {WHOLE}.", hint="Export again.")
    changed = [name for name in digests if _digest(folder / name) != digests[name]]
    order = [WHOLE, *(name for name in readable if name.endswith(".ttl") and name != WHOLE)]
    report = _check_files([folder / name for name in order], names, folder, outside)
    if outside and not rapper_missing():
        others = [folder / name for name in readable if not name.endswith(".ttl")]
        more = [(file, *read_with_rapper(file)) for file in others]
        report = replace(report, rapper=(*report.rapper, *((file.name, count) for file, count, _ in more)))
        report = _with(report, [finding for *_, found in more for finding in found])
    text = "is missing or is not what the export wrote: its sha256 differs."
    return _with(report, [Finding("export", Severity.ERROR, name, text) for name in changed])


def _check_files(files: Sequence[Path], names: Names, folder: Path, outside: bool) -> Report:
    views: list[PortalView] = []
    findings: list[Finding] = []
    for number, file in enumerate(files):
        facts = read_facts(file)
        view = portal_view(facts)
        views.append(view)
        found = [*view.findings, *check_shapes(facts.triples, names), *check_skos(facts), *check_iris(facts)]
        if number == 0:  # the tables say the same again
            found += check_source(facts)
        shown = file.relative_to(folder).as_posix()
        findings += [one if one.subject else Finding(one.check, one.severity, shown, one.text) for one in found]
    owlapi, rapper, not_run = _outside(files, folder, findings) if outside else ((), (), ())
    names_shown = tuple(file.relative_to(folder).as_posix() for file in files)
    return Report(names_shown, views[0], tuple(findings), owlapi, rapper, not_run)


def _outside(
    files: Sequence[Path], folder: Path, findings: list[Finding]
) -> tuple[tuple[OwlReading, ...], tuple[tuple[str, int], ...], tuple[str, ...]]:
    not_run = []
    readings: list[OwlReading] = []
    counts = []
    if missing := owlapi_missing():
        not_run.append(f"OWL API was not run: it needs {missing}.")
    else:
        readings, found = read_with_owlapi(files)
        findings += found
    if missing := rapper_missing():
        not_run.append(f"rapper was not run: it needs {missing}.")
    else:
        for file in files if readable_by_rapper(files[0]) else ():
            count, found = read_with_rapper(file)
            counts.append((file.relative_to(folder).as_posix(), count))
            findings += found
    return tuple(readings), tuple(counts), tuple(not_run)


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
