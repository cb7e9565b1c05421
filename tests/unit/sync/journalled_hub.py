"""A hub that collects, for tests: files are put into it and journalled as a run of collecting does, then sealed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gdac.columns import connect
from gdac.index.read import load_index
from gdac.manifest.head import Head, parse_head
from gdac.merged import geo_members, latest_members
from gdac.netcdf import read_variables, text, texts
from gdac.paths import ArchivePath, Kind
from gdac.store import Declared
from sync.collect.sealing import SealedRun, seal_collected
from sync.config import Config, check_config
from sync.hub.day import HUB
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import opened, taken_hub
from sync.state import Ingested, State
from sync.state.collected import Leaving
from sync.stores.faults import FaultyStore, Hook

Row = tuple[int, bytes, bytes, datetime | None, datetime | None]


@dataclass
class JournalledHub:
    """One hub under ``root``; the state is opened anew each time, as each run does."""

    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    now: datetime = datetime(2025, 3, 1, 12, tzinfo=UTC)
    arrivals: dict[str, datetime] = field(default_factory=dict)
    hook: Hook | None = None

    @property
    def tree(self) -> Path:
        return self.root / "hub"

    @property
    def config(self) -> Config:
        hub = {"store": str(self.tree), "state": str(self.root / "state")}
        return check_config({"hub": hub, "collect": self.options}, where="test")

    def state(self) -> State:
        return State.open(self.config.state_directory)

    def publish(self, source: Path, paths: Iterable[str], *, arrived: datetime | None = None) -> None:
        """Put files of another archive into the hub and journal them; an R twin that is there leaves."""
        came, left = [], []
        files: dict[str, datetime] = {}
        with self.state() as state:
            for path in paths:
                data = (source / path).read_bytes()
                stamp = text(read_variables(source / path, {"DATE_UPDATE"}).variables["DATE_UPDATE"])
                when = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                sha256, md5 = hashlib.sha256(data).digest(), hashlib.md5(data, usedforsecurity=False).digest()
                files[path] = when
                came.append(Ingested(path, len(data), sha256, md5, when, when))
                twin = ArchivePath.parse(path).twin
                if twin is not None and twin.mode == "R" and (self.tree / twin.text).exists():
                    left.append(Leaving(twin.text, "replaced", None))
            run_loop(self._write(source, files))
            state.done((), came, left, arrived=arrived or self.now)
            self.arrivals |= {one.path: arrived or self.now for one in came}

    def leave(self, paths: Iterable[str]) -> None:
        with self.state() as state:
            state.done((), (), [Leaving(path, "removed", None) for path in paths])

    def seal(self) -> SealedRun:
        self.now += timedelta(minutes=1)
        with self.state() as state:
            return run_loop(self._seal(state))

    def head(self) -> Head:
        return parse_head((self.tree / "manifest/head.json").read_bytes())

    def manifest(self) -> dict[str, Row]:
        with connect() as connection:
            file = self.tree / self.head().manifest.key
            rows = connection.execute(
                "select path, size, sha256, md5, modified::timestamp, date_update::timestamp from read_parquet(?)",
                [str(file)],
            )
            return {row[0]: row[1:] for row in rows.fetchall()}

    def index(self, name: str) -> list[str]:
        """The rows of an index file of the hub."""
        return (self.tree / f"{name}.txt").read_text().partition("date_update\n")[2].splitlines()

    async def _write(self, source: Path, files: dict[str, datetime]) -> None:
        async with opened(HUB, self.config.hub) as hub:
            for path, when in files.items():
                data = (source / path).read_bytes()
                await hub.write(path, data, Declared(len(data), hashlib.sha256(data).hexdigest(), when))

    async def _seal(self, state: State) -> SealedRun:
        async with opened(HUB, self.config.hub) as store:
            hub = await taken_hub(self.config, state, store, lambda: self.now)
            hub = hub if self.hook is None else FaultyStore(hub, lambda _: None, hook=self.hook)
            return await seal_collected(self.config, state, hub, Silent(), lambda: self.now, run_number=None)


def submitted(archive: Path) -> list[str]:
    """What DACs submit of a sample archive, in order: no index, nothing that a GDAC makes, no synthetic profiles."""
    paths = (each.relative_to(archive).as_posix() for each in (archive / "dac").rglob("*.nc"))
    return sorted(path for path in paths if is_submitted(path))


def is_submitted(path: str) -> bool:
    kind = ArchivePath.parse(path).kind
    return not kind.is_derived and kind.value != "synthetic-profile"


def assert_whole(hub: JournalledHub) -> None:
    """Every row of the manifest is what lies in the tree; index files and head agree with it."""
    manifest = hub.manifest()
    for path, (size, sha256, md5, *_) in manifest.items():
        data = (hub.tree / path).read_bytes()
        assert (len(data), hashlib.sha256(data).digest()) == (size, sha256), path
        assert hashlib.md5(data, usedforsecurity=False).digest() == md5, path
    assert {entry.path: entry.sha256 for entry in hub.head().indexes} == {
        path: row[1].hex() for path, row in manifest.items() if "/" not in path
    }


def profiles_in(file: Path) -> list[str]:
    """What a merged file holds, as the names of the members would say it, in the order of the names."""
    found = read_variables(file, {"PLATFORM_NUMBER", "CYCLE_NUMBER", "DIRECTION", "DATA_MODE"}).variables
    names = []
    for wmo, cycle, direction, mode in zip(
        texts(found["PLATFORM_NUMBER"]),
        found["CYCLE_NUMBER"],
        found["DIRECTION"].tobytes().decode(),
        found["DATA_MODE"].tobytes().decode(),
        strict=True,
    ):
        letter = "D" if mode == "D" else "R"
        names.append(f"{letter}{wmo.strip()}_{cycle:03d}{'D' if direction == 'D' else ''}.nc")
    return sorted(names)


def merged_files(hub: JournalledHub) -> dict[str, list[str]]:
    """Every merged file of the sealed archive, and which profiles it holds."""
    kinds = {Kind.MULTI_PROFILE, Kind.GEO, Kind.LATEST}
    paths = (path for path in hub.manifest() if ArchivePath.parse(path).kind in kinds)
    return {path: profiles_in(hub.tree / path) for path in sorted(paths)}


def expected_files(hub: JournalledHub, arrivals: dict[str, datetime]) -> dict[str, list[str]]:
    """The same by the rules for one float and day: `choose`, `days`, from the manifest and the profile index alone."""
    held = [ArchivePath.parse(path) for path in hub.manifest()]
    core = [path for path in held if path.kind is Kind.PROFILE]
    expected = {f"dac/{path.dac}/{path.wmo}/{path.wmo}_prof.nc": list[str]() for path in core}
    for path in core:
        expected[f"dac/{path.dac}/{path.wmo}/{path.wmo}_prof.nc"].append(path.name)
    with connect() as connection:
        load_index(connection, hub.tree / "ar_index_global_prof.txt", "rows", workdir=hub.root)
        days = connection.execute("select distinct cast(date as date) from rows where date is not null").fetchall()
        for (day,) in days:
            expected |= {key: _names(paths) for key, paths in geo_members(connection, "rows", day).items() if paths}
    came = ((path, arrivals[path.text]) for path in core if path.text in arrivals)
    expected |= {key: _names(paths) for key, paths in latest_members(came, hub.now.date()).items()}
    return {key: sorted(names) for key, names in sorted(expected.items())}


def _names(paths: tuple[str, ...]) -> list[str]:
    return [path.rpartition("/")[2] for path in paths]
