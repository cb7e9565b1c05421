"""The index files of the next serial: those that are sealed, with the rows of what came and left put in.

What is sealed is trusted where we made it ourselves (the state knows its digest). Any other index file, such as those
of a tree that was taken over, is held against the manifest first: files without a row get one, rows without a file go.
An index of which the head has no form is built from the tree once.
"""

import asyncio
import gzip
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import duckdb

from gdac.columns import stream
from gdac.index import grammar
from gdac.index.build import build_indexes
from gdac.index.header import MAX_HEADER_BYTES, new_header, parse_header
from gdac.index.read import load_index
from gdac.index.spec import BUILT, SPECS
from gdac.index.update import Changes, alter_index, row_changes
from gdac.index.write import replacing
from gdac.manifest.files import digest
from gdac.paths import ArchivePath
from gdac.store import Store
from sync.collect.this_week import PART_OF, first_day, write_this_week
from sync.files import index_stamp
from sync.progress import Reporter
from sync.sealed.copies import Shown, fetch_file
from sync.spool import Spool
from sync.state import State

T = TypeVar("T")

#: An index that lacks more files than this is built anew.
_MOST_MENDED: Final = 200_000
_BLOCK: Final = 1 << 20
_EXAMPLES: Final = 5
_KINDS: Final = frozenset().union(*(SPECS[name].kinds for name in BUILT))


@dataclass(frozen=True, slots=True)
class Indexes:
    """The index files of the next serial.

    Attributes:
        files: where each lies now, by its path in the archive; those that we do not make stay as they are sealed.
        altered: paths of those whose bytes are other than the sealed ones.
        before: the profile index that is sealed; None where there is none.
        profiles: the profile index as it will be.
        notes: sentences for the operator.
    """

    files: Mapping[str, Path]
    altered: tuple[str, ...]
    before: Path | None
    profiles: Path
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How index files are made.

    Attributes:
        when: their stamp (UTC), not before that of any that is sealed.
        node: of their headers.
        gzip: packed forms are made of all; of those that the head has they are made in any case.
    """

    when: datetime
    node: str
    gzip: bool = False


async def make_indexes(
    connection: duckdb.DuckDBPyConnection,
    hub: Store,
    state: State,
    tree: Path,
    workdir: Path,
    before: Shown | None,
    wanted: Wanted,
    reporter: Reporter,
) -> Indexes:
    """Make the index files of the state in ``held``; nothing in the hub is touched.

    Args:
        connection: has ``base``, ``pending``, ``gone`` and ``held`` (see `sync.collect.sealing`); gets ``dated``: the
            path and date_update of files whose rows may have changed.
        hub: holds what is sealed.
        state: knows which index files are ours.
        tree: the hub's directory.
        workdir: gets the files.
        before: what the hub shows; None before the first serial.
        wanted: how to make them.
        reporter: where progress goes.

    Raises:
        RefusedError: a sealed index is damaged.
        StoreError: the hub lacks one.
    """
    sealed = await _sealed(hub, state, before, workdir)
    making = _Making(connection, tree, workdir, sealed, wanted)
    paths = connection.execute(f"select count(*) from pending where {grammar.certain(_KINDS)}").fetchone()
    assert paths is not None
    with reporter.stage("index files", int(paths[0])) as stage:
        return await in_thread(lambda: making.all(lambda _: stage.advance()))


async def in_thread(call: Callable[[], T]) -> T:
    """Run what takes long beside the event loop; when cancelled, it is waited for, because a thread cannot be ended."""
    work = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A sealed index file, at hand; ``ours``: we made these very bytes."""

    file: Path
    ours: bool


async def _sealed(hub: Store, state: State, before: Shown | None, workdir: Path) -> dict[str, _Sealed]:
    """Every index file that the head names, from its kept copy, by path."""
    found = {}
    for entry in before.head.indexes if before else ():
        file = workdir / "sealed" / entry.path
        file.parent.mkdir(parents=True, exist_ok=True)
        await fetch_file(hub, entry.key, file, entry.sha256, entry.size)
        ours = state.made_digest(entry.path) == bytes.fromhex(entry.sha256)
        found[entry.path] = _Sealed(file, ours)
    return found


@dataclass(slots=True)
class _Making:
    """Index files on their way; see `make_indexes`."""

    connection: duckdb.DuckDBPyConnection
    tree: Path
    workdir: Path
    sealed: Mapping[str, _Sealed]
    wanted: Wanted
    files: dict[str, Path] = field(default_factory=dict)
    altered: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def all(self, progress: Callable[[int], None]) -> Indexes:
        (self.workdir / "made").mkdir(parents=True)
        bases = self._bases()
        changes = self._changes(bases, progress)
        for name, (base, is_sealed) in bases.items():
            self._bring_up_to_date(name, base, changes[name], is_sealed=is_sealed)
        for name, whole in PART_OF.items():
            self._this_week(name, whole)
        for path, one in self.sealed.items():
            self.files.setdefault(path, one.file)
        before = self.sealed.get(f"{BUILT[0]}.txt") or self.sealed.get(f"{BUILT[0]}.txt.gz")
        return Indexes(
            self.files,
            tuple(self.altered),
            before.file if before else None,
            self.files[f"{BUILT[0]}.txt"],
            tuple(self.notes),
        )

    def _bases(self) -> dict[str, tuple[Path, bool]]:
        """The file that each index goes on from, and whether it is sealed; those that are missing are built."""
        found: dict[str, tuple[Path, bool]] = {}
        missing = []
        for name in BUILT:
            forms = [form for end in (".txt", ".txt.gz") if (form := self.sealed.get(name + end))]
            if forms:  # of two forms the newer one, and of equals the plain one
                found[name] = (max(forms, key=lambda form: _stamp(form.file)).file, True)
            else:
                missing.append(name)
        for name, (file, _) in list(found.items()):
            if not self._is_ours(name) and self._lacking(name, file) > _MOST_MENDED:
                missing.append(name)
        found.update(self._built(missing) if missing else {})
        return {name: found[name] for name in BUILT}

    def _built(self, missing: Iterable[str]) -> dict[str, tuple[Path, bool]]:
        folder = self.workdir / "built"
        folder.mkdir()
        if self._is_new():
            for name in missing:
                (folder / f"{name}.txt").write_bytes(self._header(name, None))
        else:
            built = build_indexes(self.connection, self.tree, folder, updated=self.wanted.when, node=self.wanted.node)
            self._note_problems(built.problems)
            self.notes.append(
                f"made from the tree, because the head has none that could be used: {', '.join(missing)}."
            )
        return {name: (folder / f"{name}.txt", False) for name in missing}

    def _is_new(self) -> bool:
        return not self.connection.execute("select 1 from base where starts_with(path, 'dac/') limit 1").fetchall()

    def _is_ours(self, name: str) -> bool:
        forms = [form for end in (".txt", ".txt.gz") if (form := self.sealed.get(name + end))]
        return bool(forms) and all(form.ours for form in forms)

    def _changes(
        self, bases: Mapping[str, tuple[Path, bool]], progress: Callable[[int], None]
    ) -> Mapping[str, Changes]:
        came = self._paths(f"select path from pending where {grammar.certain(_KINDS)}")
        left = self._paths(f"select path from gone where {grammar.certain(_KINDS)}")
        for name, (file, is_sealed) in bases.items():
            if is_sealed and self._is_ours(name):
                continue
            self._lacking(name, file)
            came |= self._paths("select path from index_lacks")
            left |= self._paths("select path from index_listing anti join held using (path)")
            # After a revert that could not have every file back: the row is of the file that was.
            came |= self._paths(
                "select path from index_listing join held using (path)"
                " where index_listing.date_update is distinct from held.date_update"
            )
            if not is_sealed:
                self.connection.execute("insert into dated_whole select path, date_update from index_listing")
        self.connection.execute("drop table if exists index_listing")
        found = row_changes(self.tree, _parsed(came), _parsed(left), progress=progress)
        self._note_problems(found.problems)
        self._date(found.of)
        return found.of

    def _paths(self, query: str) -> set[str]:
        return {path for (path,) in stream(self.connection, query)}

    def _lacking(self, name: str, file: Path) -> int:
        """How many files of the archive an index has no row for: ``index_lacks``; its rows are ``index_listing``."""
        self.connection.execute("create temp table if not exists dated_whole (path varchar, date_update timestamp)")
        load_index(self.connection, file, "index_listing", workdir=self.workdir, listing_only=True)
        found = self.connection.execute(
            "create or replace temp table index_lacks as select path from held anti join index_listing using (path)"
            f" where {grammar.certain(SPECS[name].kinds)}"
        ).fetchone()
        assert found is not None
        return int(found[0])

    def _date(self, changes: Mapping[str, Changes]) -> None:
        """Make ``dated``: what the rows say of the files that have new ones, or were listed for the first time."""
        self.connection.execute("create temp table if not exists dated_whole (path varchar, date_update timestamp)")
        with Spool(self.workdir / "dated.tsv") as spool:
            for name, rows in changes.items():
                for path, row in rows.items():
                    spool.add(f"{SPECS[name].root}/{path}", row and row.rpartition(",")[2])
            spool.load(self.connection, "dated_rows", {"path": "VARCHAR", "stamp": "VARCHAR"})
        self.connection.execute(
            "create or replace temp table dated as"
            " select path, try_strptime(stamp, '%Y%m%d%H%M%S') as date_update from dated_rows"
            " union all select path, date_update from dated_whole anti join dated_rows using (path)"
        )
        self.connection.execute("drop table dated_rows")
        self.connection.execute("drop table dated_whole")

    def _bring_up_to_date(self, name: str, base: Path, changes: Changes, *, is_sealed: bool) -> None:
        path = f"{name}.txt"
        new = self.workdir / "made" / path
        header = new_header(SPECS[name], updated=self._stamp_after(base), node=self.wanted.node)
        altered = bool(alter_index(self.connection, base, new, changes, header=header).altered)
        plain = self.sealed.get(path)
        if not altered:
            if is_sealed and plain is not None and base == plain.file:
                new = base
            else:  # it was there in the packed form alone, or not at all
                _unpack(base, new)
                altered = True
        if altered:
            self.altered.append(path)
        self.files[path] = new
        self._pack(path, new, altered=altered)

    def _pack(self, path: str, plain: Path, *, altered: bool) -> None:
        """The packed form of an index, alike in every byte, where there shall be one."""
        packed = self.sealed.get(f"{path}.gz")
        if packed is None and not self.wanted.gzip:
            return
        if packed is not None and packed.ours and not altered:
            self.files[f"{path}.gz"] = packed.file
            return
        new = self.workdir / "made" / f"{path}.gz"
        with plain.open("rb") as source, replacing(new) as target:
            while block := source.read(_BLOCK):
                target.write(block)
        self.files[f"{path}.gz"] = new
        if packed is None or digest(new) != digest(packed.file):
            self.altered.append(f"{path}.gz")

    def _this_week(self, name: str, whole: str) -> None:
        path = f"{name}.txt"
        sealed = self.sealed.get(path)
        since = first_day(self.wanted.when)
        if sealed and sealed.ours and f"{whole}.txt" not in self.altered and first_day(_stamp(sealed.file)) == since:
            new, altered = sealed.file, False
        else:
            new = self.workdir / "made" / path
            header = new_header(
                SPECS[name], updated=self._stamp_after(sealed.file if sealed else None), node=self.wanted.node
            )
            write_this_week(
                self.connection, self.files[f"{whole}.txt"], new, since, header=header, workdir=self.workdir
            )
            altered = sealed is None or _rows(sealed.file) != _rows(new)
            new = new if altered or sealed is None else sealed.file
        if altered:
            self.altered.append(path)
        self.files[path] = new
        self._pack(path, new, altered=altered)

    def _header(self, name: str, base: Path | None) -> bytes:
        return new_header(SPECS[name], updated=self._stamp_after(base), node=self.wanted.node).encode()

    def _stamp_after(self, base: Path | None) -> datetime:
        """A clock that was set back must not make a new index look older than the one before it."""
        return max(self.wanted.when, _stamp(base)) if base else self.wanted.when

    def _note_problems(self, problems: tuple[str, ...]) -> None:
        self.notes += [f"not listed: {one}" for one in problems[:_EXAMPLES]]
        if len(problems) > _EXAMPLES:
            self.notes.append(f"and {len(problems) - _EXAMPLES:,} more files cannot be listed.")


def _parsed(paths: Iterable[str]) -> Iterable[ArchivePath]:
    return (ArchivePath.parse(path) for path in sorted(paths))


def _stamp(file: Path) -> datetime:
    return index_stamp(file) or datetime.min.replace(tzinfo=UTC)


def _rows(file: Path) -> bytes:
    """What stands below the header of a small index."""
    data = file.read_bytes()
    return data[len(parse_header(data[:MAX_HEADER_BYTES], str(file)).encode()) :]


def _unpack(base: Path, dest: Path) -> None:
    with base.open("rb") as opened:
        packed = opened.read(2) == b"\x1f\x8b"
    if not packed:
        shutil.copyfile(base, dest)
        return
    with gzip.open(base, "rb") as source, replacing(dest) as target:
        shutil.copyfileobj(source, target, _BLOCK)
