"""Grace, on real files: random days at a hub, a mirror that lags as it likes, and a clock that jumps.

Invariants: what a store's head names is there; what left stays until the grace after its own publication is
over, and goes then; a path that came back is never deleted by an old timer.
"""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdac.columns import connect
from gdac.manifest.delta import diff
from gdac.manifest.seal import prepare_seal
from gdac.store import Declared
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.grace import Grace
from sync.state import State
from sync.stores.local import LocalStore

GRACE = timedelta(hours=72)
PATHS = tuple(f"dac/aoml/1900{number:03d}/1900{number:03d}_meta.nc" for number in range(4))


class World:
    """A hub that seals, and one mirror; every file is a real one."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, datetime(2026, 1, 1, tzinfo=UTC)
        self.archive = str(uuid.uuid4())
        self.state = State.open(root / "state")
        self.copies = Copies(root / "copies")
        self.stores = {name: LocalStore(root / name) for name in ("hub", "mirror")}
        self.heads: dict[str, Shown | None] = {"hub": None, "mirror": None}
        self.held: dict[int, frozenset[str]] = {}
        self.left: dict[tuple[str, str], datetime] = {}  # the model: when a path left, per store

    async def seal(self, paths: frozenset[str]) -> None:
        """The hub shows exactly ``paths`` now."""
        before = self.heads["hub"]
        with connect() as connection, TemporaryDirectory(dir=self.root) as folder:
            self._table(connection, "new", paths)
            if before:
                await self.copies.load_manifest(connection, self.stores["hub"], before.head, "base")
            made = prepare_seal(
                connection,
                base=before.head if before else None,
                base_table="base" if before else None,
                new_table="new",
                archive=self.archive,
                now=self.now,
                staging=Path(folder),
                expires_after=timedelta(days=1),
            )
            self.held[made.head.serial] = paths
            for path in paths:
                await self._write("hub", path)
            for file in made.files:
                body = file.path.read_bytes()
                for store in self.stores.values():
                    await store.write(file.key, body, Declared(len(body)))
        await self._show("hub", made.head_raw)

    async def replicate(self) -> None:
        """The mirror follows to whatever the hub shows."""
        shown = self.heads["hub"]
        if shown is None:
            return
        for path in self.held[shown.head.serial]:
            await self._write("mirror", path)
        await self._show("mirror", shown.raw)

    async def _show(self, name: str, raw: bytes) -> None:
        before = self.heads[name]
        await self.stores[name].write("manifest/head.json", raw, Declared(len(raw)))
        shown = self.heads[name] = await read_head(self.stores[name])
        was = self.held[before.head.serial] if before else frozenset()
        serial = shown.head.serial
        for path in PATHS:
            if path in self.held[serial]:
                self.left.pop((name, path), None)
            elif path in was:
                self.left.setdefault((name, path), self.now)
        with connect() as connection:
            self._table(connection, "was_rows", was)
            self._table(connection, "is_rows", self.held[serial])
            diff(connection, "was_rows", "is_rows", "changes")
            self.grace(connection, name).record(shown.head, "changes" if before else None, ())

    async def delete_due(self, name: str) -> None:
        shown = self.heads[name]
        if shown is None:
            return
        with connect() as connection:
            await self.grace(connection, name).delete_due(self.stores[name], shown.head)
        self.check(name)

    def check(self, name: str) -> None:
        shown = self.heads[name]
        there = {path for path in PATHS if (self.root / name / path).is_file()}
        named = self.held[shown.head.serial]
        assert named <= there
        for path in PATHS:
            if path in named or (name, path) not in self.left:
                continue
            over = self.now - self.left[name, path] >= GRACE
            assert (path in there) is not over, (name, path)
            if over:
                del self.left[name, path]

    def grace(self, connection, name: str) -> Grace:
        return Grace(connection, self.stores[name], name, GRACE, self.state, self.copies, lambda: self.now)

    async def _write(self, name: str, path: str) -> None:
        await self.stores[name].write(path, path.encode(), Declared(len(path)))

    @staticmethod
    def _table(connection, name: str, paths: frozenset[str]) -> None:
        connection.execute(
            f'create or replace table "{name}" (path varchar, size bigint, sha256 blob, md5 blob, modified timestamp,'
            " date_update timestamp, serial integer)"
        )
        for path in paths:
            size, digest, md5 = len(path), b"s" * 32, b"m" * 16
            connection.execute(f'insert into "{name}" values (?, ?, ?, ?, null, null, 1)', [path, size, digest, md5])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("seal"), st.frozensets(st.sampled_from(PATHS), min_size=1)),
        st.tuples(st.just("replicate"), st.none()),
        st.tuples(st.just("wait"), st.integers(min_value=1, max_value=80)),
        st.tuples(st.just("delete"), st.sampled_from(["hub", "mirror"])),
    ),
    min_size=4,
    max_size=14,
)


@pytest.mark.timeout(110)
@settings(max_examples=4, deadline=None)
@given(STEPS)
def test_grace_whatever_happens(steps):
    async def play(world: World) -> None:
        await world.seal(frozenset(PATHS))
        await world.replicate()
        for what, value in steps:
            world.now += timedelta(seconds=1)
            if what == "seal":
                await world.seal(value)
            elif what == "replicate":
                await world.replicate()
            elif what == "wait":
                world.now += timedelta(hours=value)
            else:
                await world.delete_due(value)
        for name in ("hub", "mirror"):
            world.now += GRACE
            await world.delete_due(name)

    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            asyncio.run(play(world))
        finally:
            world.state.close()


def test_a_path_that_came_back_survives_its_old_timer(tmp_path):
    async def play(world: World) -> None:
        all_of_them, fewer = frozenset(PATHS), frozenset(PATHS[1:])
        await world.seal(all_of_them)
        await world.seal(fewer)
        world.now += timedelta(hours=71)
        await world.seal(all_of_them)
        world.now += timedelta(hours=2)
        await world.delete_due("hub")
        assert (tmp_path / "hub" / PATHS[0]).is_file()
        await world.seal(fewer)
        world.now += timedelta(hours=71)
        await world.delete_due("hub")
        assert (tmp_path / "hub" / PATHS[0]).is_file()
        world.now += timedelta(hours=1)
        await world.delete_due("hub")
        assert not (tmp_path / "hub" / PATHS[0]).exists()

    world = World(tmp_path)
    asyncio.run(play(world))
    world.state.close()
