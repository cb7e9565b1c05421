"""All reports of a submission, written where they belong."""

import asyncio
import codecs
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from gdac.errors import GdacError
from gdac.manifest.local import read_head
from sync.collect.inbox import Inbox
from sync.collect.report.delivery import deliver
from sync.collect.report.facts import Facts, gather, items_of
from sync.collect.report.html import html_report
from sync.collect.report.page import LIST, collect_facts, dac_page, front_page, list_document
from sync.collect.report.rows import Document, Rows
from sync.collect.report.text import name_of, text_lines
from sync.config import Config
from sync.places import local_path
from sync.progress import Reporter
from sync.state import State
from sync.state.collected import Submission
from vocab.names import Names

#: Files after which other tasks get their turn.
_TURN: Final = 100
_REJECT: Final = "reject"


async def write_reports(
    config: Config,
    state: State,
    inbox: Inbox | None,
    submission: Submission,
    now: Callable[[], datetime],
    reporter: Reporter,
) -> tuple[str, ...]:
    """Write all reports of a submission, and its DAC's page; the same again when called again.

    Args:
        config: the deployment.
        state: where the submission is.
        inbox: account of the DAC, opened; None where it cannot be reached: it gets its reports the next time.
        submission: every item of it is filed.
        now: the clock (UTC).
        reporter: where progress goes.

    Returns:
        Notes for the record of the run: an account that could not be written to. It never stops a run.

    Raises:
        GdacError: the reports directory cannot be written.
    """
    directory = config.reports_directory
    folder = directory / submission.dac
    facts = gather(state, submission, now().replace(microsecond=0))
    with reporter.stage(f"reports of submission {submission.number} of {submission.dac}", facts.files) as stage:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = await _write_all(config, state, facts, folder)
            _write_pages(config, state, facts, directory)
            notes = await deliver(inbox, folder, names, ("index.html", LIST))
        except OSError as error:
            raise GdacError(
                f"reports cannot be written to {folder}: {error.strerror or error}.",
                hint="Mend that, or name another directory: collect.reports.",
            ) from error
        stage.advance(facts.files)
    return notes


async def _write_all(config: Config, state: State, facts: Facts, folder: Path) -> tuple[str, ...]:
    """Write the reports of one submission; returns their names."""
    title, reject = config.archive.title, _reject_folder(config, facts.dac)
    names = [name_of(facts, ending) for ending in ("txt", "html", "json", "csv")]
    _write(folder / names[0], (f"{line}\n" for line in text_lines(state, facts, title=title, reject=reject)))
    is_sealed = _write_decisions(config, state, facts, folder)
    names += [name_of(facts, "ttl")] * is_sealed
    endings = tuple(name.rpartition(".")[2] for name in names if not name.endswith("html"))
    _write(folder / names[1], html_report(state, facts, title=title, reject=reject, endings=endings))
    with _replacing(folder / names[2]) as json_out, _replacing(folder / names[3]) as csv_out:
        writers = (Document(_text(json_out), state, facts), Rows(_text(csv_out), state, facts))
        for number, item in enumerate(items_of(state, facts.number), start=1):
            for writer in writers:
                writer.add(item)
            if number % _TURN == 0:
                await asyncio.sleep(0)
        for writer in writers:
            writer.close()
    return tuple(names)


def _write_decisions(config: Config, state: State, facts: Facts, folder: Path) -> bool:
    """Write the audit trail; there is none before the archive has an id, which its first seal gives it."""
    hub = local_path(config.hub.store)
    head = None if hub is None else read_head(Path(hub))
    if head is None:
        return False
    from sync.collect.report.decisions import write_decisions  # noqa: PLC0415 - RDF only where it is written

    with _replacing(folder / name_of(facts, "ttl")) as out:
        write_decisions(out, state, facts, Names(config.archive.base), head.archive)
    return True


def _write_pages(config: Config, state: State, facts: Facts, directory: Path) -> None:
    title, folder = config.archive.title, directory / facts.dac
    found = collect_facts(state, facts.dac, folder, facts)
    _write(folder / "index.html", dac_page(facts.dac, found, title=title))
    _write(folder / LIST, (list_document(facts.dac, found),))
    dacs = sorted({facts.dac, *(config.collect.inbox if config.collect else ())})
    _write(directory / "index.html", front_page(directory, dacs, title=title))


def _reject_folder(config: Config, dac: str) -> str:
    inbox = config.collect.inbox.get(dac) if config.collect else None
    return inbox.reject if inbox else _REJECT


def _write(file: Path, pieces: Iterable[str]) -> None:
    with _replacing(file) as out:
        _text(out).writelines(pieces)


def _text(out: IO[bytes]) -> codecs.StreamWriter:
    """A file as one of text; names that are no Unicode are shown by their codes."""
    return codecs.getwriter("utf-8")(out, "backslashreplace")


@contextmanager
def _replacing(file: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of another when it is whole and on the disk, or not at all.

    What a run that was killed left of it is written over by the next.
    """
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as out:
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
        except BaseException:
            part.unlink()
            raise
    part.chmod(0o644)
    part.replace(file)
