"""`gdac vocab export` and `check`: files for ontology portals, and what a portal will make of them."""

import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, UsageError
from vocab.cli.make import AsJson, Base
from vocab.cli.printing import dumps

if TYPE_CHECKING:
    from vocab.preflight.check import Report
    from vocab.preflight.portal import PortalView

BuiltVocabulary = Annotated[
    Path, typer.Option("--vocabulary", metavar="FOLDER", help="A built vocabulary; see gdac vocab build.")
]


def export(
    ontoportal: Annotated[
        Path, typer.Option("--ontoportal", metavar="FOLDER", help="Write files for OntoPortal; made if missing.")
    ],
    vocabulary: Annotated[
        Path, typer.Option("--vocabulary", metavar="FOLDER", help="A built vocabulary, an import, or tables.")
    ] = Path("vocabulary"),
    base: Base = "https://w3id.org/argo-gdac/",
    people: Annotated[
        bool, typer.Option("--people/--no-people", help="With table R40, a list of personal names, or without it.")
    ] = True,
    acronym: Annotated[
        str, typer.Option("--acronym", metavar="NAME", help="Acronym of the whole at the portal.")
    ] = "ARGO-VOCABULARY",
    table_acronym: Annotated[
        str, typer.Option("--table-acronym", metavar="START", help="What the acronyms of the tables start with.")
    ] = "ARGO_",
    contact: Annotated[
        str, typer.Option("--contact", metavar="NAME,EMAIL", help="Whom the portal asks; its API wants one.")
    ] = "",
    account: Annotated[
        str, typer.Option("--account", metavar="USER", help="The portal's user who administers the artefacts.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write the vocabulary for an ontology portal: one file, one per table, and the bodies of the API calls."""
    from vocab.export.ontoportal import ExportOptions, export_ontoportal
    from vocab.names import Names
    from vocab.opening import open_or_build

    options = ExportOptions(people, acronym, table_acronym, _contact(contact), account)
    done = export_ontoportal(open_or_build(vocabulary, Names(base)), ontoportal, options)
    tables = sum(name.startswith("tables/") for name in done.files)
    if as_json:
        sys.stdout.write(dumps({"folder": str(done.folder), "files": dict(done.files)}))
        return
    sys.stdout.write(
        f"{ontoportal}: argo.ttl, argo.rdf and argo.nt with {done.files['argo.ttl']:,} triples each, {tables} tables, "
        f"{tables + 1} payloads\nLook before you submit: gdac vocab check {ontoportal}\n"
    )


def _contact(text: str) -> Any:
    from vocab.export.payloads import Contact

    if not text:
        return None
    name, _, email = (part.strip() for part in text.rpartition(","))
    if not name or "@" not in email:
        raise UsageError(f"{text!a} is no contact.", hint="Give a name and an address: --contact 'A. Name,a@b.org'.")
    return Contact(name, email)


def check(
    path: Annotated[
        Path,
        typer.Argument(
            help="A built vocabulary, an export, a folder of tables, one RDF file, a sealed archive, or an RO-Crate."
        ),
    ],
    base: Base = "https://w3id.org/argo-gdac/",
    outside: Annotated[
        bool, typer.Option("--outside/--no-outside", help="Also run OWL API and rapper where they are installed.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Say what a portal will show of PATH, and what is wrong with it. Exit 1 when something is.

    SHACL, SKOS integrity, IRI syntax, the tree and the metadata as OntoPortal derives them; nothing is sent anywhere.
    Of an archive the landing pages in manifest/about: RDF, schema.org, signposts, DataCite. Of an RO-Crate its metadata
    and the files in it.
    """
    from vocab.cli.faces import about_folder, check_crate_at, check_pages, made_now, names_of, sealed_tree
    from vocab.names import Names
    from vocab.preflight.check import check_path

    if check_crate_at(path, as_json=as_json):
        return
    tree, folder = sealed_tree(path), about_folder(path)
    if folder is not None:
        check_pages(folder, names_of(tree, base), as_json=as_json)
        return
    if tree is not None:
        names = names_of(tree, base)
        with TemporaryDirectory(prefix="gdac-vocab-") as work:
            shown = f"{tree} stores no landing pages; made now"
            check_pages(made_now(tree, names, Path(work)), names, as_json=as_json, shown=shown)
        return
    report = check_path(path, Names(base), outside=outside)
    sys.stdout.write(dumps(_as_json(report)) if as_json else _as_text(report))
    if report.errors:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _as_json(report: "Report") -> dict[str, Any]:
    view = report.view
    return {
        "files": list(report.files),
        "portal": {
            "ontology": view.ontology,
            "main_scheme": view.main_scheme,
            "classes": view.classes,
            "obsolete": view.obsolete,
            "roots": [asdict(one) for one in view.roots],
            "unreachable": list(view.unreachable),
            "collections": [{"label": label, "members": members} for label, members in view.collections],
            "metadata": {name: list(values) for name, values in view.metadata.items()},
        },
        "findings": [
            {"check": one.check, "severity": one.severity.value, "subject": one.subject, "text": one.text}
            for one in report.findings
        ],
        "owlapi": [
            {"file": one.file.name, "ontology": one.ontology, "version": one.version, "annotations": one.annotations,
             "triples": one.triples, "lost": len(one.lost), "added": one.added}
            for one in report.owlapi
        ],
        "rapper": dict(report.rapper),
        "not_run": list(report.not_run),
    }  # fmt: skip


def _as_text(report: "Report") -> str:
    lines = [f"{report.files[0]}, as a portal will show it", *_view_lines(report.view)]
    lines += [
        f"OWL API: {one.file.name}: {one.triples:,} triples, {len(one.lost)} lost; ontology {one.ontology}, "
        f"{one.annotations} annotations"
        for one in report.owlapi
        if one.file.name == Path(report.files[0]).name or one.lost or one.ontology == "anonymous"
    ]
    if report.owlapi:
        lines.append(f"OWL API: {len(report.owlapi)} files, {sum(len(one.lost) for one in report.owlapi)} triples lost")
    lines += [f"rapper: {name}: {count:,} triples" for name, count in report.rapper if not name.startswith("tables/")]
    lines += report.not_run
    lines += _finding_lines(report)
    others = {kind: sum(one.severity.value == kind for one in report.findings) for kind in ("warning", "note")}
    lines.append(
        f"{len(report.files)} files: {report.errors} errors, {others['warning']} warnings, {others['note']} notes"
    )
    return "\n".join(line if line.isprintable() else ascii(line) for line in lines) + "\n"


def _finding_lines(report: "Report") -> list[str]:
    """Equal findings about many subjects as one line with an example."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in report.findings:
        groups.setdefault((one.severity.value, one.check, one.text), []).append(one.subject)
    lines = []
    for (severity, check_name, text), subjects in groups.items():
        many = f" ({len(subjects):,} times)" if len(subjects) > 1 else ""
        lines.append(f"{severity}: {check_name}: {subjects[0]}: {text}{many}")
    return lines


def _view_lines(view: "PortalView") -> list[str]:
    reach = (
        f"{len(view.unreachable):,} live classes in no branch" if view.unreachable else "every live class in the tree"
    )
    lines = [
        f"  ontology    {view.ontology or '(anonymous)'}",
        f"  classes     {view.classes:,}, {view.obsolete:,} obsolete; {len(view.roots):,} roots; {reach}",
        f"  collections {len(view.collections)}",
    ]
    shown = view.roots if len(view.roots) <= 60 else view.roots[:10]
    for one in shown:
        gone = f", {one.obsolete} obsolete" if one.obsolete else ""
        below = f"  {one.live:,} below{gone}" if one.live or one.obsolete else ""
        lines.append(f"    + {one.label}{below}")
    if len(shown) < len(view.roots):
        lines.append(f"    ... and {len(view.roots) - len(shown):,} more roots")
    for name, values in view.metadata.items():
        more = f" (and {len(values) - 1} more)" if len(values) > 1 else ""
        lines.append(f"  {name:<26}{values[0][:90]}{more}")
    return lines
