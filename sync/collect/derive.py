"""Makes the merged files of a hub that collects: of the floats, days and arrivals that changed, and of no others.

A merged file is made again when its members are others than those it was made of: the state keeps a digest of their
paths and bytes. So a run that broke off is done again without new files, and what a run must leave (`Limits`), or could
not make, a later one makes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import GdacError
from gdac.index.read import index_text
from gdac.index.rows import from_csv, time_of
from gdac.merged import (
    NothingToMergeError,
    Order,
    first_made,
    float_members_query,
    float_products_query,
    geo_members_query,
    latest_members_query,
    merge,
)
from gdac.merged.columns import IS_CORE
from gdac.merged.days import LATEST_DAYS
from gdac.store import Declared, Store
from sync.collect.indexes import Indexes, in_thread
from sync.files import file_body
from sync.journal import surety
from sync.progress import Reporter, Stage
from sync.sealed.underway import UnderWay
from sync.spool import Spool
from sync.state import Ingested, State
from sync.state.collected import Leaving
from sync.state.made import Made

#: Who merges, by the GDAC node that index files name.
_INSTITUTIONS: Final = {"CORIOLIS": "FR GDAC", "FNMOC": "US GDAC", "USGODAE": "US GDAC"}
#: Merged files between two entries into the journal.
_BATCH: Final = 100
_EXAMPLES: Final = 5
_FLOAT: Final = r"regexp_full_match(path, 'dac/[^/]+/([0-9]{7}|[0-9]{5})/([0-9]{7}|[0-9]{5})_prof\.nc')"
_GEO: Final = r"regexp_full_match(path, 'geo/[a-z]+_ocean/[0-9]{4}/[0-9]{2}/[0-9]{8}_prof\.nc')"
_LATEST: Final = r"regexp_full_match(path, 'latest_data/[RD][0-9]{8}_prof_[0-9]{1,9}\.nc')"
_DAY_OF_GEO: Final = r"try_strptime(regexp_extract(path, '([0-9]{8})_prof\.nc$', 1), '%Y%m%d')"
_DAY_OF_LATEST: Final = "try_strptime(substr(path, 14, 8), '%Y%m%d')"


def products_of_lost(connection: duckdb.DuckDBPyConnection, lost: str, reverted: str) -> list[str]:
    """Merged files that may not hold what the archive holds, after a revert that could not have all files back.

    Args:
        connection: has both tables (``path``).
        lost: files of which the bytes were not to be had.
        reverted: all files that were to be put back.
    """
    if not connection.execute(f"select 1 from {lost} limit 1").fetchall():
        return []
    rows = connection.execute(
        f"{float_products_query(lost)} union select path from {reverted} where {_FLOAT} or {_GEO} or {_LATEST}"
    )
    return [path for (path,) in rows.fetchall()]


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made.

    Attributes:
        changed: merged files that are new or other than before.
        left: merged files of which nothing is left.
        failed: those that could not be made and stay as they were; each run tries again.
        waiting: those that wait for a later run, because this one has merged enough.
        notes: sentences for the operator.
    """

    changed: int = 0
    left: int = 0
    failed: int = 0
    waiting: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Product:
    """A merged file to be made, the digest of its members, and whether the archive holds it now."""

    path: str
    members: bytes
    is_held: bool


@dataclass(slots=True)
class _Done:
    """What a run has made so far; ``came``, ``made`` and ``empty`` wait for the journal."""

    changed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    came: list[Ingested] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


async def derive(
    connection: duckdb.DuckDBPyConnection,
    hub: Store,
    state: State,
    tree: Path,
    workdir: Path,
    *,
    indexes: Indexes,
    under_way: UnderWay,
    now: datetime,
    node: str,
    most: int,
    reporter: Reporter,
) -> Derived:
    """Bring merged files up to date: written into the hub and journalled; what is left of nothing leaves.

    Args:
        connection: has ``known``, ``pending``, ``gone``, ``held`` and ``under_way`` (see `sync.collect.sealing`).
        hub: gets them.
        state: its journal, and what products were made of.
        tree: the hub's directory, where members are read.
        workdir: for temporary files.
        indexes: of the next serial: they say which day and ocean a profile is of.
        under_way: notes what is about to be written.
        now: the time (UTC): DATE_UPDATE of what is made, and the last day of ``latest_data/``.
        node: GDAC node.
        most: profiles that are merged at most; beyond it merged files wait for the next run. One is made in any case.
        reporter: where progress goes.

    Raises:
        StoreError: the hub failed; what came before is journalled.
    """
    work = _Work(connection, hub, state, tree, workdir, now, _INSTITUTIONS.get(node, f"{node} GDAC"))
    work.load()
    await in_thread(lambda: work.find(indexes))
    left = work.leave()
    todo, waiting = work.choose(most)
    done = _Done()
    if todo:
        under_way.begin("select product as path from todo_products where chosen")
        with reporter.stage("merged files", len(todo)) as stage:
            await work.make(todo, done, stage)
    notes = [f"{path} stays as it was: {why}" for path, why in list(done.failed.items())[:_EXAMPLES]]
    if len(done.failed) > _EXAMPLES:
        notes.append(f"and {len(done.failed) - _EXAMPLES:,} more merged files that could not be made.")
    if waiting:
        notes.append(
            f"{waiting:,} merged files wait for the next run (most_merged in [collect] says how much one does)."
        )
    return Derived(done.changed, left, len(done.failed), waiting, tuple(notes))


@dataclass(slots=True)
class _Work:
    """The tables of one run: ``products`` (product) that are looked at, ``members`` (product, path) of them."""

    connection: duckdb.DuckDBPyConnection
    hub: Store
    state: State
    tree: Path
    workdir: Path
    now: datetime
    institution: str

    @property
    def today(self) -> date:
        return self.now.astimezone(UTC).date()

    @property
    def since(self) -> date:
        """The first day of ``latest_data/``."""
        return self.today - timedelta(days=LATEST_DAYS - 1)

    def load(self) -> None:
        """Make ``made`` and ``arrived`` out of the state."""
        with Spool(self.workdir / "made.tsv") as spool:
            spool.extend(self.state.made())
            spool.load(self.connection, "made", {"path": "VARCHAR", "members": "HEX", "sha256": "HEX"})
        arrivals = self.state.arrivals(datetime.combine(self.since, time.min, UTC))
        with Spool(self.workdir / "arrivals.tsv") as spool:
            spool.extend((path, when.astimezone(UTC).replace(tzinfo=None).isoformat()) for path, when in arrivals)
            spool.load(self.connection, "arrived", {"path": "VARCHAR", "arrived": "TIMESTAMP"})

    def find(self, indexes: Indexes) -> None:
        """Make ``products`` and ``members``."""
        run = self.connection.execute
        run(
            "create or replace temp table touched as select path from"
            f" (select path from pending union select path from gone) where {IS_CORE}"
        )
        # Those of a run that broke off, or that wait: whatever they were made of, they are looked at again.
        run(
            "create or replace temp table open_products as select path from pending union"
            " select path from under_way union select path from made where members is null"
        )
        run(
            f"create or replace temp table products as {float_products_query('touched')}"
            f" union select path from open_products where {_FLOAT} or {_GEO} or {_LATEST}"
        )
        run(f"create or replace temp table members as {float_members_query('held', 'products')}")
        self._find_geo(indexes)
        self._find_latest()

    def _find_geo(self, indexes: Indexes) -> None:
        run = self.connection.execute
        run(
            "create or replace temp table geo_days as"
            f" select distinct strftime({_DAY_OF_GEO}, '%Y%m%d') as day from products p(path) where {_GEO}"
        )
        touched = run("select 1 from touched limit 1").fetchall()
        for file in (indexes.before, indexes.profiles) if touched else ():
            if file is not None:
                self._from_index(
                    file,
                    "insert into geo_days select distinct substr(date, 1, 8) from ({rows}) where 'dac/' || file in"
                    " (select path from touched) and length(date) = 14",
                )
        run("create or replace temp table geo_rows (path varchar, date timestamp, ocean varchar)")
        if run("select 1 from geo_days limit 1").fetchall():
            self._from_index(
                indexes.profiles,
                f"insert into geo_rows select 'dac/' || file, {time_of('date')}, ocean from ({{rows}})"
                " where substr(date, 1, 8) in (select day from geo_days)",
            )
        run(f"create or replace temp table geo_members as {geo_members_query('geo_rows', 'held')}")
        run("insert into members select product, path from geo_members")
        run(
            "insert into products select distinct product from geo_members where product not in (from products)"
            f" union select path from (select path, strftime({_DAY_OF_GEO}, '%Y%m%d') as day from held"
            f" where starts_with(path, 'geo/') and {_GEO}) semi join geo_days using (day)"
            " where path not in (from products)"
        )

    def _from_index(self, file: Path, query: str) -> None:
        """Run a query over the rows of an index, which stay in its file."""
        with index_text(file, self.workdir) as text:
            rows = f"select * from {from_csv(text.columns, text.header.count)}"
            self.connection.execute(query.format(rows=rows), [str(text.text)])

    def _find_latest(self) -> None:
        """What came in the last 30 days; files that others made stay beside ours until their day is over."""
        run = self.connection.execute
        run("create or replace temp table arrivals as select path, arrived from arrived semi join held using (path)")
        run(
            f"create or replace temp table latest_held as select path, {_DAY_OF_LATEST}::date as day,"
            " substr(path, 13, 1) as mode,"
            " path in (select path from made) or path in (select path from pending) as ours,"
            r" regexp_extract(path, '_([0-9]+)\.nc$', 1)::bigint as number from held"
            f" where starts_with(path, 'latest_data/') and {_LATEST}"
        )
        run(
            "create or replace temp table latest_offsets as select day, mode, max(number) + 1 as first from latest_held"
            " where not ours group by day, mode"
        )
        query = latest_members_query("arrivals", "latest_offsets", self.today)
        run(f"create or replace temp table latest_members as {query}")
        run("insert into members select product, path from latest_members")
        run(
            "insert into products (select product from latest_members union select path from latest_held"
            f" where ours or day is null or day < date '{self.since}') except from products"
        )

    def leave(self) -> int:
        """Journal that merged files without members are out of the archive; returns how many."""
        self.connection.execute(
            "create or replace temp table empty_products as select product from products"
            " anti join members using (product)"
        )
        rows = self.connection.execute("select product, product in (select path from held) from empty_products")
        empty = rows.fetchall()
        left = [product for product, is_held in empty if is_held]
        self._leave(left, [product for product, _ in empty])
        return len(left)

    def _leave(self, left: Sequence[str], forget: Sequence[str]) -> None:
        self.state.done((), (), [Leaving(path, "emptied", None) for path in left])
        self.state.forget_made(forget)

    def choose(self, most: int) -> tuple[list[_Product], int]:
        """Merged files to make, the most wanted first; and how many must wait."""
        self.connection.execute(
            "create or replace temp table todo_products as"
            " with wanted as (select product, unhex(sha256(string_agg(path || ' ' || lower(hex(h.sha256)), chr(10)"
            " order by path))) as digest, count(*) as files from members join held h using (path) group by product),"
            # A file that is on its way and not in the journal may hold anything.
            " sure as (select h.path, m.members from held h join made m on h.path = m.path and h.sha256 = m.sha256"
            " where h.path not in (select path from under_way anti join pending using (path))),"
            # Arrivals first, then floats, those that wait since an earlier run before others; the newest days of geo/.
            " ranked as (select product, digest, files, case when starts_with(product, 'geo/') then 2"
            " when starts_with(product, 'dac/') then 1 else 0 end as rank from wanted"
            " left join sure on product = sure.path where sure.members is distinct from digest)"
            " select *, false as chosen, product in (select path from held) as is_held, row_number() over (order by"
            " rank, rank = 1 and product in (select path from made where members is null) desc,"
            " case rank when 2 then right(product, 16) end desc, product) as place from ranked"
        )
        self.connection.execute(
            "update todo_products t set chosen = true from (select product, sum(files) over (order by place) - files"
            " as before from todo_products) o where o.product = t.product and o.before < ?",
            [most],
        )
        rows = self.connection.execute("select product, digest, is_held, chosen from todo_products order by place")
        todo = [(_Product(product, bytes(digest), held), chosen) for product, digest, held, chosen in rows.fetchall()]
        waiting = [one.path for one, chosen in todo if not chosen]
        self.state.leave_stale(waiting)
        return [one for one, chosen in todo if chosen], len(waiting)

    async def make(self, todo: Sequence[_Product], done: _Done, stage: Stage) -> None:
        """Merge, write and journal, a batch at a time."""
        try:
            for one in todo:
                await self._make_one(one, done)
                stage.advance()
                if len(done.came) >= _BATCH:
                    await self._journal(done)
        finally:
            await self._journal(done)

    async def _make_one(self, one: _Product, done: _Done) -> None:
        product = one.path
        rows = self.connection.execute("select path from members where product = ? order by path", [product])
        files = [self.tree / path for (path,) in rows.fetchall()]
        made = self.workdir / "merged.nc"
        order = Order.CYCLE if product.startswith("dac/") else Order.DATE
        created = first_made(self.tree / product) if one.is_held else None
        try:
            await in_thread(
                lambda: merge(
                    files, made, order=order, merged_at=self.now, created=created, institution=self.institution
                )
            )
        except NothingToMergeError:
            done.empty.append(product)
            return
        except GdacError as error:
            done.failed[product] = str(error)
            return
        with made.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").digest()
            opened.seek(0)
            md5 = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).digest()
        declared = Declared(made.stat().st_size, sha256.hex(), self.now, md5=md5.hex())
        await self.hub.write(product, file_body(made), declared)
        done.came.append(Ingested(product, declared.size, sha256, md5, self.now, None))
        done.made.append(Made(product, one.members, sha256))
        done.changed += 1

    async def _journal(self, done: _Done) -> None:
        came, made, empty = done.came, done.made, done.empty
        done.came, done.made, done.empty = [], [], []
        if came:
            self.state.done((), came, boot=await surety(self.hub, self.state.boot))
            self.state.remember_made(made)
        if empty:
            there = self.connection.execute(
                "select path from held where path in (select unnest(?::varchar[]))", [empty]
            ).fetchall()
            self._leave([path for (path,) in there], empty)
        self.state.leave_stale(done.failed)
