"""A hub that collects, for tests: inboxes in folders, sample files to submit, a clock that can be set."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from gdac.netcdf import read_header
from gdac.sample.archive import make_archive
from policies.submission import recognise
from sync.collect.held import held_file
from sync.collect.record import CollectRecord
from sync.collect.run import Collect
from sync.config import Config, check_config
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state import State
from sync.state.collected import Item, NewItem, Step, Submission

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def sample(folder: Path, floats: int = 3, cycles: int = 4) -> Path:
    """A small archive of valid files: floats of aoml, coriolis and jma; R and D, bio, descending profiles."""
    make_archive(folder, floats=floats, cycles=cycles, seed=5, day=date(2025, 3, 1))
    return folder


def submitted(archive: Path, dac: str) -> dict[str, bytes]:
    """The files of a DAC in a sample archive that a DAC submits, by bare name."""
    found = {each.name: each.read_bytes() for each in sorted((archive / "dac" / dac).rglob("*.nc"))}
    return {name: raw for name, raw in found.items() if recognise(name)}


def restamped(raw: bytes, when: datetime, **texts: str) -> bytes:
    """A classic file with another DATE_UPDATE, and other characters in the variables named."""
    header = read_header(raw)
    made = bytearray(raw)
    for name, said in {"DATE_UPDATE": f"{when:%Y%m%d%H%M%S}", **texts}.items():
        variable = header.variables[name]
        begin = variable.begin
        assert begin is not None
        width = min(variable.nbytes, variable.shape[-1] if variable.shape else 1)
        made[begin : begin + width] = said.ljust(width).encode()[:width]
    return bytes(made)


def packed(files: dict[str, bytes]) -> bytes:
    """A ``.tar.gz`` of files, the same bytes every time."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, raw in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            tar.addfile(entry, io.BytesIO(raw))
    return gzip.compress(plain.getvalue(), mtime=0)


@dataclass
class Collecting:
    """A deployment that collects; each `run` opens the state anew, as a job does."""

    root: Path
    dacs: tuple[str, ...] = ("aoml", "coriolis", "jma")
    now: datetime = NOW
    options: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def hub(self) -> Path:
        return self.root / "hub"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def raw_config(self) -> dict[str, Any]:
        inboxes = {dac: {"store": str(self.root / "accounts" / dac)} for dac in self.dacs} | self.accounts
        return {
            "hub": {"store": str(self.hub), "state": str(self.state)},
            "collect": {"inbox": inboxes, "settle": 0, **self.options},
            **self.sections,
        }

    @property
    def config(self) -> Config:
        return check_config(self.raw_config, where="test")

    def account(self, dac: str, folder: str = "submit") -> Path:
        return self.root / "accounts" / dac / folder

    def open_accounts(self) -> None:
        """What an operator does once: a folder with ``submit/`` for each DAC; what lies in its place stays."""
        for dac in self.dacs:
            if not self.account(dac).parent.exists():
                self.account(dac).mkdir(parents=True)

    def put(self, dac: str, files: dict[str, bytes]) -> None:
        """Files into a DAC's inbox."""
        folder = self.account(dac)
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in files.items():
            (folder / name).write_bytes(raw)

    def run(self, *dacs: str, forced: bool = False) -> CollectRecord:
        if not self.state.exists():
            self.open_accounts()
        self.now += timedelta(minutes=30)
        with State.open(self.state) as state:
            return run_loop(Collect(self.config, state, Silent(), lambda: self.now).run(dacs, forced=forced))

    def items(self) -> list[Item]:
        """All items of all submissions, oldest first."""
        with State.open(self.state) as state:
            submissions = state.submissions(most=1000)
            return [item for one in reversed(submissions) for item in state.items(one.number, most=100_000)]

    def published(self) -> dict[str, bytes]:
        """The files under dac/ of the hub, by path."""
        found = (each for each in sorted((self.hub / "dac").rglob("*")) if each.is_file())
        return {each.relative_to(self.hub).as_posix(): each.read_bytes() for each in found}


def enter(
    state: State, dac: str, files: dict[str, bytes], now: datetime, *, forced: bool = False, **more: Any
) -> Submission:
    """A submission of these files as a claim leaves it: bytes beside the state, every item taken."""
    number = state.open_submission(dac, None, now, forced=forced)
    ids = state.add_items(number, [_new(name, raw, now, **more) for name, raw in files.items()])
    for id_, raw in zip(ids, files.values(), strict=True):
        item = state.item(id_)
        assert item is not None
        held = held_file(state.directory, item)
        held.parent.mkdir(parents=True)
        held.write_bytes(raw)
    found = state.submission(number)
    assert found is not None
    return found


def _new(name: str, raw: bytes, now: datetime, **more: Any) -> NewItem:
    known = recognise(name)
    kind = known.kind if known else None
    return NewItem(name, name, len(raw), hashlib.sha256(raw).digest(), kind, now, step=Step.TAKEN, **more)
