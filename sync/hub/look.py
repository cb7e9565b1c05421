"""One look at what lies in a source beside its index files: at the floats that changed, at everything, at a tree.

Which of them is the deployment's choice; all of them end in the same tables (`sync.hub.plan`): ``todo``, ``gone`` and
``unlisted``.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.paths import ArchivePath
from gdac.store import Store
from sync.config import Config
from sync.hub import plan, scan, whole
from sync.hub.listing import list_everything
from sync.hub.marks import Marks
from sync.hub.observe import visit_floats
from sync.hub.sweep import take_queue
from sync.places import local_path
from sync.progress import Reporter
from sync.state import State

#: Examples of each kind of thing that a run tells.
_EXAMPLES: Final = 5


class Way(StrEnum):
    """How an archive is observed; values are the words of the configuration."""

    INDEX = "index"
    LISTING = "listing"
    TREE = "tree"  # in place


@dataclass(slots=True)
class Looked:
    """What a look found, besides its tables.

    Attributes:
        refused: names and links that no archive may hold, or that must not be public.
        notes: sentences for the operator.
        swept: paths taken from the queue of the sweeps.
        missing: files that indexes list and a tree in place does not hold.
        kept: of those, the ones that stay in the manifest until their D twin is listed.
    """

    refused: int = 0
    notes: list[str] = field(default_factory=list)
    swept: list[str] = field(default_factory=list)
    missing: int = 0
    kept: int = 0


class Look:
    """Looks once; `sync.hub.plan.compare_listed` has been there before.

    Args:
        config: the deployment.
        source: its source, or the hub that is sealed in place; opened.
        state: its state.
        connection: holds ``wanted``, ``known``, ``todo`` and ``gone``.
        workdir: for temporary files.
        reporter: where progress goes.
        now: UTC.
    """

    def __init__(
        self,
        config: Config,
        source: Store,
        state: State,
        connection: duckdb.DuckDBPyConnection,
        workdir: Path,
        reporter: Reporter,
        now: datetime,
    ) -> None:
        self._config, self._source, self._state, self._connection = config, source, state, connection
        self._workdir, self._reporter, self._now = workdir, reporter, now

    async def at_floats(self) -> Looked:
        """List the directories of the floats of which an index row comes, changes or goes."""
        aside = {ArchivePath.parse(one.path): one.next_try <= self._now for one in self._state.all_set_aside()}
        again = {_folder(path) for path, due in aside.items() if due and path.wmo}
        folders = sorted({*plan.changed_floats(self._connection), *again})
        visit = await visit_floats(
            self._source,
            folders,
            self._connection,
            self._workdir,
            self._reporter,
            self._config.the_source.connections,
        )
        plan.compare_seen(self._connection)
        swept = self._take_queue()
        plan.derived_gone(self._connection, folders, listed=visit.listed)
        looked_at = {*folders}
        judged = [path.text for path, due in aside.items() if due or path.kind.is_listed or _folder(path) in looked_at]
        self._forget_unwanted(judged)
        notes = [*self._unlisted(), *(f"refused: {one}" for one in visit.refused[:_EXAMPLES])]
        return Looked(visit.refused_count, notes, swept)

    async def at_everything(self, roots: Collection[str]) -> Looked:
        """List the source's whole tree.

        Raises:
            RefusedError: it offers no listing.
        """
        with self._reporter.stage(f"list {self._source.name}") as stage:
            workers = self._config.the_source.connections
            found = await list_everything(self._source, roots, self._connection, self._workdir, stage, workers)
        Marks(self._state.directory).load(self._connection)
        whole.compare_listing(self._connection)
        return self._told(found)

    async def at_tree(self, roots: Collection[str], *, is_first: bool) -> Looked:
        """Scan the tree that is sealed in place.

        Raises:
            RefusedError: much of what the indexes list is not there, and there is no earlier state for the brake.
            GdacError: a directory cannot be read.
        """
        root = Path(local_path(self._config.hub.store) or "")
        with self._reporter.stage(f"scan {root}") as stage:
            workers = self._config.the_source.connections
            found = await scan.scan(root, roots, self._connection, self._workdir, stage, workers)
        missing, kept = whole.compare_tree(self._connection)
        if is_first:
            self._refuse_half_a_tree(missing, found)
        looked = self._told(found)
        looked.missing, looked.kept = missing, kept
        if missing:
            examples = plan.first_paths(self._connection, "missing", _EXAMPLES)
            looked.notes.insert(
                0, f"{missing:,} files that the indexes list are not in the tree, such as {', '.join(examples)}."
            )
        return looked

    def _told(self, found: scan.Scanned) -> Looked:
        swept = self._take_queue()
        self._forget_unwanted([one.path for one in self._state.all_set_aside()])
        refused = sum(tally.count for what, tally in found.odd.items() if what in {scan.Odd.REFUSED, scan.Odd.LINK})
        return Looked(refused, [*self._unlisted(), *scan.notes(found, _EXAMPLES)], swept)

    def _take_queue(self) -> list[str]:
        return take_queue(self._connection, self._state, self._config.sweep.most, self._workdir)

    def _forget_unwanted(self, paths: list[str]) -> None:
        self._state.forget_set_aside(plan.no_longer_wanted(self._connection, sorted(paths)))

    def _unlisted(self) -> list[str]:
        number = plan.count(self._connection, "unlisted")
        if not number:
            return []
        examples = ", ".join(plan.first_paths(self._connection, "unlisted", _EXAMPLES))
        told = f"{number:,} files at {self._source.name} are unlisted (no index lists them) and stay out"
        return [f"{told}, such as {examples}."]

    def _refuse_half_a_tree(self, missing: int, found: scan.Scanned) -> None:
        """A first seal has nothing that a brake could compare with; half a tree must not become its first state."""
        listed = plan.count(self._connection, "wanted")
        limit = self._config.limits_for().index_loss
        if not limit.is_exceeded(missing, listed):
            return
        links = found.odd.get(scan.Odd.LINK)
        behind = f" Links are not followed out of the tree or into directories: {links.examples[0]}." if links else ""
        raise RefusedError(
            f"{missing:,} of the {listed:,} files that the index files list are not in {self._source.name}; nothing was"
            f" sealed.{behind}",
            hint="Is everything mounted? If this is all there is: write indexes of it (gdac index build), or raise"
            " brake.index_loss.",
        )


def _folder(path: ArchivePath) -> str:
    return f"dac/{path.dac}/{path.wmo}"
