"""`gdac vocab crate`: an RO-Crate of some files of a sealed archive."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gdac.errors import UsageError


def crate(
    tree: Annotated[Path, typer.Argument(help="Root of a sealed archive on disk.", show_default=False)],
    path: Annotated[
        list[str], typer.Option("--path", metavar="PATTERN", help="Files to take; * crosses slashes; repeatable.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The crate; a new folder.")],
    copy: Annotated[
        bool, typer.Option("--copy", help="With the files themselves, each checked by its digest.")
    ] = False,
    serial: Annotated[
        int | None, typer.Option("--serial", metavar="N", min=1, help="As of this serial; the newest otherwise.")
    ] = None,
    address: Annotated[
        str, typer.Option("--address", metavar="URL", help="Where the archive lies, for files that are not copied.")
    ] = "",
    most_bytes: Annotated[
        int, typer.Option("--most-bytes", metavar="N", min=1, help="Refuse to copy more bytes.")
    ] = 2_000_000_000,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="IRI", help="Where IRIs of our own live; what the hub says otherwise."),
    ] = None,
) -> None:
    """Write an RO-Crate 1.3 of files of a sealed archive: sizes, digests, serial, licence, how to cite.

    Without --copy the crate is its metadata; files are named by --address or, without one, by IRI.
    """
    from vocab.faces.crate_folder import choose_files, write_crate
    from vocab.faces.wording import bytes_text
    from vocab.names import Names
    from vocab.provenance.opening import described_tree

    if address and not address.startswith(("http://", "https://")):
        raise UsageError(f"{address!a} is no address of a web server.")
    described = described_tree(tree, Names(base) if base else None)
    number = serial or described.head.serial
    files = choose_files(tree, described, number, path)
    where = address.rstrip("/") + "/" if address else ""
    write_crate(tree, described, number, files, output, copy=copy, address=where, most_bytes=most_bytes)
    total = bytes_text(sum(file.size for file in files))
    copied = "copied" if copy else "described, not copied"
    sys.stdout.write(f"{output}: {len(files):,} files of serial {number}, {total}, {copied}\n")
