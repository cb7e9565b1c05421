"""What a mirror shall show: the hub's own head, or that of a view derived from it; and what leads there.

Tables, by the hub's paths: ``goal`` (what the mirror shall hold), ``changes`` (delta-shaped, from what it holds) and
``to_copy`` (what has to travel). By the mirror's paths: ``changes_there``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.manifest.delta import diff, fold
from gdac.manifest.files import load_manifest
from gdac.manifest.head import (
    Advance,
    ForkError,
    Head,
    OtherArchiveError,
    RollbackError,
    check_successor,
    render_head,
)
from gdac.manifest.model import MANIFEST_COLUMNS
from gdac.store import Store
from sync.mirror.adopt import list_held
from sync.sealed.copies import Copies, Shown, fetch_file
from sync.sealed.grace import Grace, sealed_keys
from sync.sealed.underway import UnderWay
from sync.spool import Spool
from sync.state import State
from sync.views.definition import Definition
from sync.views.derive import derive, issue_again
from sync.views.layout import LAYOUTS, Layout

_CURRENT: Final = (Advance.SAME, Advance.REISSUED)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a mirror shall show.

    Attributes:
        head: the head.
        raw: its bytes.
        advance: how it follows what the mirror shows; ``SNAPSHOT`` too where another archive is adopted.
        before: the head that the mirror shows of the same archive, or None.
        copies: local copies of its manifests and deltas.
        layout: where the hub's paths lie.
        sealed: keys at the origin under which index files lie for good, by the hub's paths.
        made: local files, by their keys in the mirror, that were made for it.
        is_view: it is a view.
        elsewhere: where the origin has the bytes of files that it changed or took out since, by their paths; None:
            not under their own path at least.
    """

    head: Head
    raw: bytes
    advance: Advance
    before: Head | None
    copies: Copies
    layout: Layout
    sealed: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, Path] = field(default_factory=dict)
    is_view: bool = False
    elsewhere: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_there(self) -> bool:
        """The mirror shows this serial already."""
        return self.advance in _CURRENT


def aim_at_hub(hub: Shown, there: Shown | None, copies: Copies, *, adopt: bool) -> Aim:
    """An ordinary mirror shows the hub's head itself.

    Raises:
        HeadError: the hub's head does not follow the mirror's.
    """
    before = of_archive(there, hub.head.archive, adopt=adopt)
    advance = check_successor(before, hub.head)
    sealed = {entry.path: entry.key for entry in hub.head.indexes}
    if there is not None and before is None:
        advance = Advance.SNAPSHOT
    return Aim(hub.head, hub.raw, advance, before, copies, LAYOUTS["gdac"], sealed)


async def aim_at_view(
    connection: duckdb.DuckDBPyConnection,
    definition: Definition,
    origin: Store,
    hub: Shown,
    there: Shown | None,
    hub_copies: Copies,
    copies: Copies,
    workdir: Path,
    *,
    adopt: bool,
) -> Aim:
    """A view's mirror shows a head derived from the hub's; makes ``goal`` unless the mirror is there already.

    Args:
        connection: an open connection.
        definition: which view.
        origin: where the hub's sealed files are read.
        hub: the hub's head.
        there: the head that the mirror shows.
        hub_copies: local copies of the hub's sealed files.
        copies: those of the view.
        workdir: for temporary files.
        adopt: another archive there is taken over.

    Raises:
        HeadError: the hub's head does not follow the one from which the mirror's was derived.
        GdacError: the origin failed.
    """
    before = of_archive(there, definition.archive_id(hub.head.archive), adopt=adopt)
    if before is not None:
        _check_origin(before, hub.head)
        if before.serial == hub.head.serial:
            head = issue_again(before, hub.head)
            return Aim(
                head, render_head(head), check_successor(before, head), before, copies, definition.how, is_view=True
            )
    await hub_copies.load_manifest(connection, origin, hub.head, "hub_rows")
    originals = {}
    for entry in hub.head.indexes:
        file = workdir / "originals" / entry.path
        file.parent.mkdir(parents=True, exist_ok=True)
        await fetch_file(origin, entry.key, file, entry.sha256, entry.size)
        originals[entry.path] = file
    made = workdir / "view"
    made.mkdir()
    derived = derive(connection, definition, hub.head, "hub_rows", originals, "goal", made, before)
    advance = check_successor(before, derived.head)
    if there is not None and before is None:
        advance = Advance.SNAPSHOT
    keep_manifest(derived.made[derived.head.manifest.key], copies)
    sealed = {entry.path: entry.key for entry in hub.head.indexes}
    return Aim(derived.head, derived.raw, advance, before, copies, definition.how, sealed, derived.made, is_view=True)


def keep_manifest(manifest: Path, copies: Copies) -> None:
    """Have a manifest that was made for a mirror among the copies of its sealed files."""
    copy = manifest.with_name(f"{manifest.name}.copy")
    copyfile(manifest, copy)
    copies.keep(copy, manifest.name)


def of_archive(there: Shown | None, archive: str, *, adopt: bool) -> Head | None:
    """The head that a mirror shows, where it is of the due archive; None where it shows none, or is taken over.

    Raises:
        OtherArchiveError: it shows another archive.
    """
    if there is None or there.head.archive == archive:
        return there.head if there else None
    if adopt:
        return None
    raise OtherArchiveError(
        f"the mirror shows archive {there.head.archive}, but shall show {archive}.",
        hint="Another hub, layout, filter or pinned serial makes another archive. If that is meant: gdac sync replicate"
        " --adopt.",
    )


def _check_origin(before: Head, hub: Head) -> None:
    """The refusal rules 6 and 7 of docs/formats.md, for the hub behind a view."""
    seen = before.view_of
    if seen is None or seen.archive != hub.archive:
        raise OtherArchiveError("the mirror's head has the id of this view, but does not say that this is its hub.")
    if hub.serial < seen.serial:
        raise RollbackError(
            f"the hub shows serial {hub.serial}, but the view was derived from serial {seen.serial}.",
            hint="An old copy is being served, or the hub was restored from a backup: ask its operator.",
        )
    for entry in (*hub.manifests, hub.manifest):
        if entry.serial == seen.serial and entry.sha256 != seen.sha256:
            raise ForkError(
                f"the hub's manifest of serial {entry.serial} has SHA-256 {entry.sha256}, but the view was derived from"
                f" {seen.sha256}.",
                hint="A sealed serial never changes: ask the hub's operator before you follow either.",
            )


async def catch_up(
    connection: duckdb.DuckDBPyConnection, aim: Aim, grace: Grace, origin: Store, store: Store, state: State, name: str
) -> None:
    """Remember what a run that died between publishing and remembering could not.

    Args:
        connection: an open connection.
        aim: of the mirror.
        grace: of the mirror.
        origin: holds the hub's deltas.
        store: the mirror, which holds its own manifest.
        state: remembers.
        name: the mirror's name in the state.
    """
    if aim.before is None:
        return
    if not aim.is_view:
        await grace.catch_up(origin, aim.before)
        return
    known = state.published(name)
    if known is not None and known[0] >= aim.before.serial:
        return
    old = aim.copies.of_serial(known[0]) if known else None
    if old is not None:
        load_manifest(connection, old, "missed_old", expect_sha256=None, archive=aim.before.archive)
        await aim.copies.load_manifest(connection, store, aim.before, "missed_new")
        diff(connection, "missed_old", "missed_new", "missed")
    grace.record(aim.before, "missed" if old else None, ())


async def make_changes(
    connection: duckdb.DuckDBPyConnection,
    aim: Aim,
    origin: Store,
    store: Store,
    there: Shown | None,
    workdir: Path,
) -> tuple[str, tuple[str, ...]]:
    """Make ``changes``, ``changes_there`` and ``to_copy``; nothing of it for a mirror that is there already.

    Deltas that do not fit their place, or each other, send the mirror back to a full manifest (rules 9 and 10).

    Args:
        connection: an open connection.
        aim: of the mirror.
        origin: holds the hub's sealed files.
        store: the mirror.
        there: the head that it shows.
        workdir: for temporary files.

    Returns:
        The way (``current``, ``delta`` or ``snapshot``), and notes for the operator.
    """
    if aim.is_there:
        return "current", ()
    doubtful = connection.execute("select 1 from under_way limit 1").fetchone() is not None
    way = "snapshot"
    notes: tuple[str, ...] = ()
    if aim.advance is Advance.DELTAS:
        try:
            await _fold_deltas(connection, aim, origin)
            way = "delta"
        except RefusedError as error:
            notes = (f"the deltas of {origin.name} could not be used, so full manifests were compared: {error.what}",)
    if (way != "delta" or doubtful) and not aim.is_view:
        await aim.copies.load_manifest(connection, origin, aim.head, "goal")
    if way != "delta":
        if there is None:
            _all_added(connection)
        else:
            await _compare(connection, aim, store, there)
            way = "delta" if aim.is_view and aim.before is not None else way
    if there is None:
        await list_held(store, connection, "held_there", workdir)
    else:
        connection.execute("create temp table held_there (path varchar, size bigint, md5 blob)")
    _make_to_copy(connection, aim, doubtful=doubtful)
    return way, notes


async def _fold_deltas(connection: duckdb.DuckDBPyConnection, aim: Aim, origin: Store) -> None:
    assert aim.before is not None
    entries = aim.head.deltas_after(aim.before.serial)
    assert entries is not None
    fold(connection, await aim.copies.load_deltas(connection, origin, aim.head, entries), "changes")


def _all_added(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create view changes as select 'added' as change, path, null::varchar as from_path, size, sha256, md5,"
        " modified, null::blob as old_sha256 from goal"
    )


async def _compare(connection: duckdb.DuckDBPyConnection, aim: Aim, store: Store, there: Shown) -> None:
    await aim.copies.load_manifest(connection, store, there.head, "held_rows")
    values = ", ".join(name for name in MANIFEST_COLUMNS if name != "path")
    connection.execute(
        f"create temp view held as select {aim.layout.original_sql('path')} as path, {values} from held_rows"
        f" where {aim.layout.original_sql('path')} is not null"
    )
    diff(connection, "held", "goal", "changes")


def begin_copies(
    connection: duckdb.DuckDBPyConnection,
    aim: Aim,
    there: Shown | None,
    under_way: UnderWay,
    state: State,
    name: str,
    workdir: Path,
) -> None:
    """Note what is about to be written into a mirror, before the first byte; see `sync.sealed.underway`.

    Entries of the journal that will be good no longer go: those over another head than the mirror shows, and those
    whose files are to be replaced.

    Args:
        connection: holds ``to_copy``.
        aim: of the mirror.
        there: the head that it shows.
        under_way: of the mirror.
        state: keeps the journal.
        name: the mirror's name in the state.
        workdir: for a temporary file.
    """
    place = aim.layout.place_sql("path")
    if not under_way.is_resumed:
        state.forget_copied(name)
    else:
        with Spool(workdir / "copied.tsv") as spool:
            spool.extend((path, sha256.hex()) for path, sha256 in state.copied(name))
            spool.load(connection, "copied", {"path": "VARCHAR", "sha256": "HEX"})
        query = (
            "select c.path from copied c join to_copy t"
            f" on c.path = {aim.layout.place_sql('t.path')} and c.sha256 <> t.sha256"
        )
        state.forget_copied(name, [row[0] for row in connection.execute(query).fetchall()])
    before = sealed_keys(there.head).keys() if there else set()
    keys = [key for key in sealed_keys(aim.head) if key not in before]
    dropped = [there.head.manifest.key, *(entry.key for entry in there.head.indexes)] if there else []
    under_way.begin(f"select {place} as path from to_copy", [*keys, *dropped])


def _make_to_copy(connection: duckdb.DuckDBPyConnection, aim: Aim, *, doubtful: bool) -> None:
    place = aim.layout.place_sql
    connection.execute(
        f"create temp view changes_there as select change, {place('path')} as path,"
        f" case when from_path is not null then {place('from_path')} end as from_path from changes"
    )
    connection.execute("create temp table index_files as select unnest(?::varchar[]) as path", [list(aim.sealed)])
    unsure = (
        " union all select path, sha256, md5, modified,"
        " not contains(path, '/') or path in (select path from index_files), 'perhaps'"
        f" from goal where {place('path')} in (select path from under_way)"
        " and path not in (select path from changes where change <> 'removed' and sha256 is distinct from old_sha256)"
    )
    connection.execute(
        "create temp view to_copy as select c.path, c.sha256, c.md5, c.modified,"
        " not contains(c.path, '/') or c.path in (select path from index_files) as is_index,"
        " case when h.path is null then 'no' when h.md5 is null then 'perhaps' when h.md5 = c.md5 then 'yes'"
        " else 'no' end as held"
        f" from changes c left join held_there h on h.path = {place('c.path')} and h.size = c.size"
        " where c.change <> 'removed' and c.sha256 is distinct from c.old_sha256" + (unsure if doubtful else "")
    )
