"""What `gdac vocab check` says of the landing pages of an archive, and of an RO-Crate."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gdac.errors import ExitCode
from vocab.cli.printing import dumps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vocab.names import Names
    from vocab.preflight.finding import Finding


def about_folder(path: Path) -> Path | None:
    """The folder of landing pages that a path names: itself, or that of an archive; None for anything else."""
    from vocab.faces.checks import looks_like_faces
    from vocab.faces.places import ABOUT

    return next((one for one in (path, path / ABOUT) if looks_like_faces(one)), None)


def sealed_tree(path: Path) -> Path | None:
    """The root of the sealed archive that a path names: itself, or that of its landing pages; None for others."""
    from gdac.manifest.names import HEAD_KEY
    from vocab.faces.places import ABOUT

    places = [path]
    if path.absolute().as_posix().endswith(f"/{ABOUT}"):
        places.append(path.absolute().parent.parent)
    return next((one for one in places if (one / HEAD_KEY).is_file()), None)


def names_of(tree: Path | None, base: str) -> "Names":
    """IRIs of an archive: under the base that was asked for, else under the one that its hub names."""
    from vocab.names import BASE, Names
    from vocab.provenance.opening import described_tree

    return Names(base) if tree is None or base != BASE else described_tree(tree).names


def made_now(tree: Path, names: "Names", folder: Path) -> Path:
    """The landing pages of an archive that stores none, and of its newest serial, made into a folder."""
    from vocab.faces import describe_archive, describe_serial
    from vocab.provenance.opening import described_tree

    described = described_tree(tree, names)
    for name, data in {**describe_archive(described), **describe_serial(described, described.head.serial)}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def check_pages(folder: Path, names: "Names", *, as_json: bool, shown: str = "") -> None:
    """Check them and print the findings; exit 1 when there is an error."""
    from vocab.faces.checks import check_faces

    _tell(check_faces(folder, names), shown or str(folder), as_json=as_json)


def check_crate_at(path: Path, *, as_json: bool) -> bool:
    """Check an RO-Crate, given as its folder or its metadata file, and print the findings; False for anything else."""
    from vocab.faces.crate import METADATA_NAME
    from vocab.faces.crate_folder import check_crate_folder

    folder = path.parent if path.name == METADATA_NAME else path
    if not (folder / METADATA_NAME).is_file():
        return False
    _tell(check_crate_folder(folder), str(folder), as_json=as_json)
    return True


def _tell(findings: "Sequence[Finding]", shown: str, *, as_json: bool) -> None:
    from vocab.preflight.finding import Severity

    errors = sum(one.severity is Severity.ERROR for one in findings)
    if as_json:
        sys.stdout.write(dumps({"folder": shown, "findings": [asdict(one) for one in findings]}))
    else:
        lines = [f"{one.severity}: {one.check}: {one.subject}: {one.text}" for one in findings]
        lines.append(f"{shown}: {errors} errors, {len(findings) - errors} warnings")
        sys.stdout.write("\n".join(line if line.isprintable() else ascii(line) for line in lines) + "\n")
    if errors:
        raise typer.Exit(ExitCode.DIFFERENCES)
