"""Cite files, a float or a sealed day: text, BibTeX, CSL-JSON or RIS, with evidence."""

import re
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdac.errors import GdacError, UsageError
from sync.cli.care import DEFAULT_CONFIG, ConfigFile
from sync.sealed.absent import NotThereError

if TYPE_CHECKING:
    import duckdb

    from gdac.manifest.doi import Snapshots
    from gdac.manifest.head import Head
    from gdac.store import Store
    from sync.doi.evidence import Evidence
    from sync.sealed.known import Verdict
    from sync.sealed.past import PastFiles

app = typer.Typer(add_completion=False, help=__doc__)
_FORMATS = ("text", "bibtex", "csl-json", "ris")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be cited.

    Attributes:
        paths: archive paths.
        files: local files, known by their bytes.
        wmo: of a float, or None.
        when: a serial or a day, or None for the newest state.
    """

    paths: tuple[str, ...]
    files: tuple[Path, ...]
    wmo: str | None
    when: int | date | None


@app.command()
def cite(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Archive paths; or local files and folders, known by their bytes."),
    ] = None,
    wmo: Annotated[
        str | None, typer.Option("--float", metavar="WMO", help="All files of this float.", show_default=False)
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", metavar="DAY", help="As the archive stood at the end of that day (UTC).")
    ] = None,
    serial: Annotated[
        int | None, typer.Option("--manifest", metavar="SERIAL", min=1, help="As the archive stood at that serial.")
    ] = None,
    archive: Annotated[
        str, typer.Option("--archive", metavar="TREE|URL", help="A sealed archive: a folder, its URL, or its head's.")
    ] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="text, bibtex, csl-json or ris.")] = "text",
    accessed: Annotated[
        str | None, typer.Option("--accessed", metavar="DAY", help="When you took the data, for the citation.")
    ] = None,
) -> None:
    """Cite what you used: files, a float, a sealed day or serial, with the digests that prove which bytes it was.

    Without --archive it is the hub of the configuration. Exit 1: something was never in the archive, or not then.
    """
    if form not in _FORMATS:
        raise UsageError(f"{form!a} is no format here.", hint=f"One of: {', '.join(_FORMATS)}.")
    if day is not None and serial is not None:
        raise UsageError("--date and --manifest exclude each other.")
    if not paths and wmo is None and day is None and serial is None:
        raise UsageError("nothing to cite.", hint="Give paths, --float WMO, --date DAY or --manifest SERIAL.")
    asked = _asked(paths or [], wmo, serial if serial is not None else _day(day))
    sys.stdout.write(_rendered(*_gathered(asked, archive, config), form, _day(accessed)))


def _asked(paths: list[str], wmo: str | None, when: int | date | None) -> Asked:
    from gdac.paths import WMO, ArchivePath, PathError
    from sync.sealed.known import walk

    if wmo is not None and not WMO.fullmatch(wmo):
        raise UsageError(f"{wmo!a} is no WMO number: it has 5 or 7 digits.")
    files = tuple(walk([Path(one) for one in paths if Path(one).exists()]))
    others = [one for one in paths if not Path(one).exists()]
    try:
        named = tuple(ArchivePath.parse(one).text for one in others)
    except PathError as error:
        raise NotThereError(f"there is no such file here, and {error.what}") from error
    return Asked(named, files, wmo, when)


def _gathered(asked: Asked, archive: str, config: Path) -> "tuple[Evidence, str | None]":
    """The evidence, and where an archive on the web is shown."""
    from tempfile import TemporaryDirectory

    from gdac.columns import connect
    from gdac.manifest.names import HEAD_KEY
    from sync.doi.prove import read_known
    from sync.loop import run as run_loop
    from sync.sealed.copies import read_head
    from sync.sealed.past import PastFiles

    async def gathered(connection: "duckdb.DuckDBPyConnection", folder: Path) -> "tuple[Evidence, str | None]":
        async with _opened(archive, config) as store:
            shown = await read_head(store)
            if shown is None:
                raise GdacError(f"{store.name} shows no {HEAD_KEY}.", hint="Is it the root of a sealed archive?")
            head = shown.head
            files = PastFiles(connection, store, head, folder / head.archive)
            known, _ = await read_known(store)
            return await _evidence(connection, files, head, known, asked, folder), _web(store)

    with TemporaryDirectory(prefix="gdac-cite-") as folder, connect(temp_directory=folder) as connection:
        return run_loop(gathered(connection, Path(folder)))


async def _evidence(
    connection: "duckdb.DuckDBPyConnection",
    files: "PastFiles",
    head: "Head",
    known: "Snapshots | None",
    asked: Asked,
    folder: Path,
) -> "Evidence":
    from gdac.manifest.doi import claim
    from gdac.manifest.states import open_past
    from sync.doi.evidence import Evidence, choose_files, cited_set, common_serial

    when: int | date = asked.when if asked.when is not None else head.serial
    found: list[Verdict] = []
    if asked.files:
        from sync.sealed.known import verdicts

        past = await files.everything()
        found = list(verdicts(connection, past, asked.files, folder))
        _need_known(found, past.oldest)
        if asked.when is None:
            common = common_serial([one.stays for one in found], head.serial)
            if common is None:
                raise NotThereError(
                    "no serial held all of these files at once.",
                    hint="Cite them apart; `gdac verify` says when each was there.",
                )
            when = common
    _need_sealed(head, when)
    past, serial = await files.state(when, with_digest=True)
    open_past(connection, past, serial, "cited_state")
    paths = [*asked.paths, *(_path_then(one, serial) for one in found)]
    missing = choose_files(connection, "cited_state", paths, asked.wmo)
    if missing:
        raise NotThereError(
            f"{missing[0]!a}{_and_more(missing)} is not in serial {serial} of {head.title}.",
            hint="`gdac provenance PATH` says when a path was there; --date or --manifest cite an earlier state.",
        )
    is_whole = not paths and asked.wmo is None
    chosen = None if is_whole else cited_set(connection)
    if chosen is not None and not chosen.count:
        raise NotThereError(f"there are no files of float {asked.wmo} in serial {serial} of {head.title}.")
    sealed = past.times.get(serial)
    link = past.manifests.get(serial)
    row = connection.execute("select count(*) from cited_state").fetchone()
    assert row is not None
    if known is not None and (known.doi != head.doi or head.view_of is not None):
        known = None  # a view has the hub's serials, and holds less
    may_say = claim(known, serial, sealed or head.sealed)
    held = tuple(one for one in known.proofs if one.serial == serial and one != may_say.proof) if known else ()
    return Evidence(head, serial, sealed, link.sha256 if link else None, int(row[0]), chosen, may_say, held)


def _need_sealed(head: "Head", when: int | date) -> None:
    """Refuse a serial that is not there yet, and a day before the first."""
    if isinstance(when, int):
        if when > head.serial:
            raise UsageError(f"there is no serial {when} of {head.title}; the newest is {head.serial}.")
        return
    first = next(iter((*head.manifests, head.manifest)))
    if first.serial == 1 and when < first.sealed.date():
        raise UsageError(
            f"nothing of {head.title} was sealed by the end of {when}; the first serial is of {first.sealed:%Y-%m-%d}."
        )


def _need_known(found: "list[Verdict]", oldest: int) -> None:
    """Refuse files whose bytes were never in the archive."""
    for one in found:
        if one.trouble is not None:
            raise GdacError(f"{one.file} cannot be read: {one.trouble}.")
    unknown = [one for one in found if not one.is_known]
    if unknown:
        first = unknown[0]
        alike = f" {first.alike.path} has the same name and other bytes." if first.alike else ""
        reach = f" What left before serial {oldest} is not known here." if oldest > 1 else ""
        digest = first.sha256.hex() if first.sha256 else ""
        raise NotThereError(
            f"the bytes of {first.file} (sha256 {digest}){_and_more(unknown)} were never in this archive."
            f"{alike}{reach}",
            hint="It cannot be cited as a file of the archive.",
        )


def _path_then(one: "Verdict", serial: int) -> str:
    """The path under which the bytes of a local file stood at a serial."""
    from sync.doi.evidence import covers

    there = [stay.path for stay in one.stays if covers(stay, serial)]
    if not there:
        begin, end = one.stays[-1].serial, one.stays[-1].until
        until = "now" if end is None else f"serial {end}"
        raise NotThereError(f"the bytes of {one.file} were not in serial {serial}: from serial {begin} to {until}.")
    name = one.file.rpartition("/")[2]
    return next((path for path in there if path.endswith(f"/{name}")), there[0])


def _and_more(some: "list[str] | list[Verdict]") -> str:
    return f", like {len(some) - 1:,} more," if len(some) > 1 else ""


def _opened(archive: str, config: Path) -> "Store":
    if archive:
        from sync.sealed.past import open_archive

        return open_archive(archive)
    from sync.brakes.hold import HUB
    from sync.config import load_config
    from sync.run import opened

    return opened(HUB, load_config(config).hub)


def _web(store: "Store") -> str | None:
    return f"{store.name}/" if re.match(r"https?://", store.name) else None


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!a} is no day.", hint="Write 2026-11-22.") from error


def _rendered(evidence: "Evidence", web: str | None, form: str, accessed: date | None) -> str:
    from policies import citation as citing
    from sync.doi.evidence import evidence_lines

    head = evidence.head
    cited = citing.cite_archive(
        head,
        serial=evidence.serial,
        sealed=evidence.sealed.date() if evidence.sealed else None,
        snapshot=evidence.key_proof,
        url=web,
        accessed=accessed,
    )
    lines = evidence_lines(evidence)
    thanks = citing.acknowledgement_for(head.doi)
    if form == "text":
        told = [citing.as_text(cited), "", *(f"Evidence: {line}." for line in lines)]
        told.append(f"Licence: {head.licence.spdx}, {head.licence.url}")
        return "\n".join([*told, *([f"Acknowledgement: {thanks}"] if thanks else [])]) + "\n"
    note = " ".join([*(f"Evidence: {line}." for line in lines), *([f"Acknowledgement: {thanks}"] if thanks else [])])
    forms = {"bibtex": citing.as_bibtex, "csl-json": citing.as_csl_json, "ris": citing.as_ris}
    return forms[form](cited, note)
