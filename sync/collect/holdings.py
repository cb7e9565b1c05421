"""What the archive holds now, as far as submissions are concerned: asked in columns, answered for one file at a time.

"Now" is the sealed manifest, the journal over it (files that came since, paths that left), and what was decided of the
submission in hand but not done yet. Rows of a float are taken out of the manifest once in a run, however many
submissions speak of it; nothing is kept of the rest of the archive.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import duckdb

from gdac.paths import ArchivePath
from gdac.store import NotFoundError, Store
from policies.acceptance import Published
from policies.removal import Held
from sync.hub import plan
from sync.sealed.copies import Copies, Shown
from sync.spool import Spool
from sync.state import State
from sync.transfer import own_date

#: A published file without a date in the manifest is read for its own when it has no more bytes.
_MOST_READ: Final = 16 << 20
#: Names of files that a GDAC makes itself: they do not make a float a DAC's.
_MADE: Final = r"_(prof|[SM]prof)\.nc$"


class Holdings:
    """What the archive holds; make it with `Holdings.open`, then `look` before asking.

    Args:
        connection: has the table ``base``, the manifest.
        state: its journal lies over that.
        hub: read where the manifest does not know a file's date.
        workdir: for temporary files.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, state: State, hub: Store, workdir: Path) -> None:
        self._connection, self._state, self._hub, self._workdir = connection, state, hub, workdir
        self._rows: dict[str, tuple[bytes, datetime | None]] = {}
        self._owners: dict[str, set[str]] = {}
        self._account = ""
        connection.execute("create or replace temp table near_floats (wmo varchar)")
        connection.execute(
            "create or replace temp table near"
            " (path varchar, dac varchar, wmo varchar, sha256 blob, date_update timestamp)"
        )

    @classmethod
    async def open(
        cls,
        connection: duckdb.DuckDBPyConnection,
        state: State,
        hub: Store,
        shown: Shown | None,
        copies: Copies,
        workdir: Path,
    ) -> Self:
        """The holdings of a hub that shows ``shown``; ``connection`` is theirs alone from here on.

        Raises:
            StoreError: the hub does not have its manifest.
        """
        if shown is None:
            connection.execute("create table base (path varchar, sha256 blob, date_update timestamp)")
        else:
            await copies.load_manifest(connection, hub, shown.head, "base")
        return cls(connection, state, hub, workdir)

    def bring_near(self, wmos: set[str]) -> None:
        """Take the rows of floats out of the manifest, those apart that were asked for before.

        One look at the whole manifest, however many floats: ask once for all submissions of a run.
        """
        known = self._connection.execute(
            "select wmo from near_floats where wmo in (select unnest(?::varchar[]))", [list(wmos)]
        )
        new = sorted(wmos - {row[0] for row in known.fetchall()})
        if not new:
            return
        self._connection.execute("insert into near_floats select unnest(?::varchar[])", [new])
        self._connection.execute(
            "insert into near select path, split_part(path, '/', 2), split_part(path, '/', 3), sha256, date_update"
            " from base where starts_with(path, 'dac/')"
            " and split_part(path, '/', 3) in (select unnest(?::varchar[]))",
            [new],
        )

    async def look(self, account: str, paths: Collection[ArchivePath]) -> None:
        """Look at the archive as it is now, for a submission of ``account`` that may publish ``paths``.

        Raises:
            StoreError: the hub failed.
        """
        self._account = account
        self._overlay()
        self.bring_near({path.wmo for path in paths if path.wmo})
        asked = {one.text for path in paths for one in (path, path.twin) if one is not None}
        with Spool(self._workdir / "asked.tsv") as spool:
            spool.extend((path,) for path in asked)
            spool.load(self._connection, "asked", {"path": "VARCHAR"})
        found = self._connection.execute("select path, sha256, date_update from held_now semi join asked using (path)")
        self._rows = {path: (bytes(sha256), _utc(date)) for path, sha256, date in found.fetchall()}
        query = f"select distinct wmo, dac from held_now where not regexp_matches(path, '{_MADE}')"
        self._owners = {}
        for wmo, dac in self._connection.execute(query).fetchall():
            self._owners.setdefault(wmo, set()).add(dac)
        await self._read_dates([path.text for path in paths])

    def published(self, path: ArchivePath) -> Published:
        """What the archive holds of a path that was looked for."""
        sha256, date_update = self._rows.get(path.text, (None, None))
        owners = self._owners.get(path.wmo or "", set())
        owner = self._account if self._account in owners else min(owners, default=None)
        return Published(owner, sha256, date_update, path.twin is not None and path.twin.text in self._rows)

    def held(self, wmos: Collection[str]) -> Mapping[str, Held]:
        """All files of floats, by WMO number; floats that the archive does not hold are left out.

        A float that lies under several DACs is told of under the account's directory where it lies there.
        """
        self.bring_near(set(wmos))
        found = self._connection.execute(
            "select wmo, dac, list(parse_filename(path)) from held_now where wmo in (select unnest(?::varchar[]))"
            " group by wmo, dac order by wmo, dac",
            [list(wmos)],
        )
        floats: dict[str, Held] = {}
        for wmo, dac, names in found.fetchall():
            if wmo not in floats or dac == self._account:
                floats[wmo] = Held(dac, frozenset(names))
        return floats

    def came(
        self, path: ArchivePath, sha256: bytes, date_update: datetime | None, replaces: ArchivePath | None
    ) -> None:
        """A file will be published: what is asked next is answered as if it were."""
        self._rows[path.text] = (sha256, date_update)
        if path.wmo and path.dac:
            self._owners.setdefault(path.wmo, set()).add(path.dac)
        if replaces is not None:
            self.left((replaces.text,))

    def left(self, paths: Iterable[str]) -> None:
        """Paths will be out of the archive."""
        gone = list(paths)
        for path in gone:
            self._rows.pop(path, None)
        self._connection.execute("insert into left_now select unnest(?::varchar[])", [gone])

    def _overlay(self) -> None:
        """Make ``held_now``: the floats brought near, as the journal has them now."""
        plan.load_pending(self._connection, self._state, self._workdir)
        leaving = [one.path for one in self._state.leaving()]
        self._connection.execute(
            "create or replace temp table left_now as select unnest(?::varchar[]) as path", [leaving]
        )
        self._connection.execute(
            "create or replace temp table came_now as select path, split_part(path, '/', 2) as dac,"
            " split_part(path, '/', 3) as wmo, sha256, date_update from pending where starts_with(path, 'dac/')"
        )
        self._connection.execute(
            "create or replace temp view held_now as select * from ("
            "select * from near anti join came_now using (path) union all"
            " select path, dac, wmo, sha256, date_update from came_now semi join near_floats using (wmo)"
            ") anti join left_now using (path)"
        )

    async def _read_dates(self, paths: Iterable[str]) -> None:
        """A tree may have been sealed without index files: then a file's date is read out of the file itself."""
        for path in paths:
            sha256, date_update = self._rows.get(path, (None, None))
            if sha256 is not None and date_update is None:
                self._rows[path] = (sha256, await _own_date(self._hub, path))


async def _own_date(hub: Store, path: str) -> datetime | None:
    raw = b""
    try:
        async with hub.read(path) as reading:
            assert reading is not None  # only a conditional read yields None
            async for chunk in reading.chunks():
                raw += chunk
                if len(raw) > _MOST_READ:
                    return None
    except NotFoundError:
        return None
    return _utc(own_date(raw))


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
