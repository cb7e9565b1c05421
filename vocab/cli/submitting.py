"""`gdac vocab submit`: an export handed to an ontology portal; nothing is sent unless told to."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.errors import ExitCode, RefusedError, UsageError

if TYPE_CHECKING:
    from vocab.submit.plan import Artefact
    from vocab.submit.portal import Submitted

KEY = "ONTOPORTAL_API_KEY"


def submit(
    export: Annotated[Path, typer.Argument(help="What gdac vocab export wrote.")],
    portal: Annotated[str, typer.Option("--portal", metavar="URL", help="Address of the portal's API.")],
    artefacts: Annotated[
        str, typer.Option("--artefacts", metavar="NAMES", help="argo for the whole, or tables: argo,R03,R27.")
    ] = "argo",
    send: Annotated[bool, typer.Option("--send", help="Really send; without it, say what would be sent.")] = False,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", help="Ask so long what became of it.")] = 0.0,
    every: Annotated[float, typer.Option("--every", metavar="SECONDS", help="Between two such questions.")] = 30.0,
) -> None:
    """Create and submit artefacts at an OntoPortal. A dry run unless --send; the key from ONTOPORTAL_API_KEY.

    Exit 1 when the portal could not process a file.
    """
    import asyncio

    from vocab.submit.plan import read_export
    from vocab.submit.portal import check_portal

    url = check_portal(portal)
    chosen = [name.strip() for name in artefacts.split(",") if name.strip()]
    found = read_export(export, chosen)
    if not send:
        sys.stdout.write("".join(_plan(one, url) for one in found))
        sys.stdout.write("Nothing was sent. Send with --send.\n")
        return
    if problems := [f"{one.acronym} {problem}" for one in found for problem in one.problems()]:
        raise RefusedError("the portal would refuse this: " + "; ".join(problems) + ".", hint="Nothing was sent.")
    key = os.environ.get(KEY, "").strip()
    if not key or not key.isprintable() or not key.isascii():
        raise UsageError(f"the environment variable {KEY} holds no key.", hint="Keys are in your account's page.")
    done = asyncio.run(_send(found, url, key, wait, every))
    if any(one.failed for one in done):
        raise typer.Exit(ExitCode.DIFFERENCES)


def _plan(one: "Artefact", url: str) -> str:
    lines = [
        f"{one.acronym}: {one.ontology.get('name', '')}",
        f"  GET  {url}/ontologies/{one.acronym}",
        f"  PUT  {url}/ontologies/{one.acronym}   if it is not there",
        f"  POST {url}/ontologies/{one.acronym}/submissions",
        f"       {one.name}, {one.file.stat().st_size:,} bytes, sha256 {one.sha256}",
        f"       version {one.submission.get('version', '')}, fields {', '.join(sorted(one.submission))}",
        *(f"  the portal would refuse {problem}" for problem in one.problems()),
    ]
    return "\n".join(lines) + "\n"


async def _send(found: list["Artefact"], url: str, key: str, wait: float, every: float) -> list["Submitted"]:
    from vocab.submit.portal import portal

    done = []
    async with portal(url, key) as there:
        for artefact in found:
            one = await there.submit(artefact)
            new = "created, " if one.created else ""
            number = "" if one.number is None else f" {one.number}"
            sys.stdout.write(f"{one.acronym}: {new}submission{number} taken\n")
            if wait > 0:
                one = await there.poll(one, seconds=wait, every=max(every, 0.1))
                sys.stdout.write(f"{one.acronym}: {_words(one)}\n")
            done.append(one)
    return done


def _words(one: "Submitted") -> str:
    states = ", ".join(one.states) or "no state yet"
    if one.failed:
        return f"the portal could not process it: {states}"
    return f"read by the portal: {states}" if one.parsed else f"still to be processed: {states}"
