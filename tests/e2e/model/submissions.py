"""A hub that collects, killed at durable steps, and what must be the same in the end as without a kill."""

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sync.state import State
from tests.collecting import packed, restamped, submitted
from tests.e2e.model.engine import Answer, Engine

DACS = ("aoml", "coriolis")
DAY = datetime(2026, 11, 22, 6, tzinfo=UTC)
LATER = datetime(2026, 11, 1, tzinfo=UTC)
_NUMBERED = re.compile(r"(submission-|\.)\d+(?=[./]|$)|(?<=/)\d+(?=/[^/]*\.nc$)")


@dataclass
class Desk:
    """One deployment below ``root``; whatever is done to it can be undone.

    Attributes:
        root: everything lies below it, always at the same place: states know where their stores lie.
        engine: runs it.
        batch: files that are checked, and written, before the state is told.
    """

    root: Path
    engine: Engine
    now: datetime = DAY
    batch: int = 3
    kills: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def here(self) -> Path:
        return self.root / "here"

    @property
    def config(self) -> dict[str, Any]:
        inboxes = {dac: {"store": str(self.here / "accounts" / dac), "connections": 1} for dac in DACS}
        return {
            "hub": {"store": str(self.here / "hub"), "state": str(self.here / "state"), "connections": 1},
            "collect": {"inbox": inboxes, "settle": 0, "jobs": 2},
        }

    def put(self, dac: str, files: dict[str, bytes]) -> None:
        """Files into an inbox, an hour before now."""
        folder = self.here / "accounts" / dac / "submit"
        folder.mkdir(parents=True, exist_ok=True)
        came = self.now.timestamp() - 3600
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
            os.utime(folder / name, (came, came))

    def run(self, **more: Any) -> Answer:
        """One run; a bug is an error, and so is a run that says it could not."""
        answer = self.engine.run(self.here, "collect", self.config, self.now.isoformat(), batch=self.batch, **more)
        self.kills += answer.outcome == "killed"
        self.names = answer.raw.get("names") or self.names
        assert answer.outcome in {"fine", "partial", "killed", "stopped"}, answer.text
        return answer

    def keep(self, name: str) -> None:
        """Remember everything as it is now."""
        shutil.copytree(self.here, self.root / name, symlinks=True)

    def bring_back(self, name: str) -> None:
        """Everything as it was then."""
        shutil.rmtree(self.here)
        shutil.copytree(self.root / name, self.here, symlinks=True)

    def marks(self) -> dict[str, Any]:
        """How far a run has come: equal marks mean that it has done nothing since that lasts."""
        counts: dict[str, int] = {}
        with State.open(self.here / "state") as state:
            for one in state.submissions(most=1000):
                for (step, _), count in state.count_items(one.number).items():
                    counts[step] = counts.get(step, 0) + count
            ended = sum(one.ended is not None for one in state.submissions(most=1000))
        places = ("accounts", "hub", "state/reports")
        files = {place: sum(map(_lasts, (self.here / place).rglob("*"))) for place in places}
        return {"steps": counts, "ended": ended, "files": files}

    def picture(self) -> dict[str, Any]:
        """All that a DAC, a reader, or the next run could see, numbers of submissions apart."""
        return {
            "hub": _files(self.here / "hub", apart="manifest/"),
            "sealed": _sealed(self.here / "hub"),
            "accounts": _files(self.here / "accounts", apart="", names_only="/report/"),
            "state": _state(self.here / "state"),
            "held": _files(self.here / "state/collect/held", apart=""),
        }


def _lasts(file: Path) -> bool:
    """A file that is the work of a run, and none that a killed one left unfinished, or tried the store with."""
    return file.is_file() and ".gdac-tmp" not in file.parts and not file.name.startswith((".", "gdac-probe-"))


def _files(root: Path, *, apart: str, names_only: str = "\0") -> dict[str, bytes]:
    """Files by path; numbers of submissions in names are left out."""
    found: dict[str, bytes] = {}
    for each in sorted(root.rglob("*")):
        path = each.relative_to(root).as_posix()
        if each.is_file() and not (apart and path.startswith(apart)) and "/.gdac-tmp" not in f"/{path}":
            found[_NUMBERED.sub(r"\1N", path)] = b"" if names_only in f"/{path}" else each.read_bytes()
    return found


def _sealed(hub: Path) -> dict[str, Any]:
    """Serial, and rows of the manifest that the head names."""
    head = json.loads((hub / "manifest/head.json").read_bytes())
    manifest = hub / "manifest" / head["manifest"]["name"]
    rows = (
        duckdb.connect()
        .execute("select columns(*)::varchar from read_parquet(?) order by path", [str(manifest)])
        .fetchall()
    )
    return {"serial": head["serial"], "rows": rows, "deltas": len(head["deltas"])}


def _state(directory: Path) -> dict[str, Any]:
    with State.open(directory) as state:
        submissions = state.submissions(most=1000)
        items = [item for one in submissions for item in state.items(one.number, most=100_000)]
        return {
            "open": len(state.open_submissions()),
            "items": sorted(
                (
                    item.label,
                    item.sha256 or b"",
                    item.step,
                    item.verdict,
                    item.path,
                    item.replaces,
                    item.serial,
                    item.arrived,
                )
                for item in items
            ),
            "reasons": sorted((item.label, [(one.policy, one.told) for one in item.reasons]) for item in items),
            "journal": (state.pending_count(), state.leaving_count()),
            "superseded": sorted(
                (one.path, one.since, one.serial)
                for one in state.superseded("(hub)")
                if not one.path.startswith("manifest/")
            ),
            "left": {dac: state.left_in_inbox(dac) for dac in DACS},
            "lists": {dac: [one.sha256 for one in state.exclusions(dac)] for dac in DACS},
        }


def first_day(archive: Path, desk: Desk) -> None:
    """What is published before."""
    coriolis, aoml = submitted(archive, "coriolis"), submitted(archive, "aoml")
    names = ("6980001_meta.nc", "6980001_tech.nc", "R6980001_003.nc", "D6980001_001.nc", "D6980001_002.nc")
    desk.put("coriolis", {name: coriolis[name] for name in names})
    desk.put("aoml", {name: aoml[name] for name in ("4980000_meta.nc", "R4980000_001.nc", "R4980000_002.nc")})


def second_day(archive: Path, desk: Desk) -> None:
    """Everything that can come: new, changed, the same, R to D, lists, archives; and everything that is refused."""
    coriolis, aoml = submitted(archive, "coriolis"), submitted(archive, "aoml")
    delayed = recycled(coriolis["D6980001_002.nc"], 3)
    desk.put(
        "coriolis",
        {
            "nc_2026.11.21.tar.gz": packed(
                {
                    "D6980001_003.nc": delayed,
                    "BR6980001_003.nc": coriolis["BR6980001_003.nc"],
                    "6980001_meta.nc": restamped(coriolis["6980001_meta.nc"], LATER),
                    "D6980001_005.nc": recycled(coriolis["D6980001_002.nc"], 5)[:9000],
                    "R6980001_003.nc": coriolis["R6980001_003.nc"],
                }
            ),
            "6980001_Rtraj.nc": coriolis["6980001_Rtraj.nc"],
            "6980001_tech.nc": coriolis["6980001_tech.nc"],
            "coriolis_removal.txt": b"D6980001_001.nc\r\n",
            "coriolis_greylist.csv": b"PLATFORM_CODE,PARAMETER_NAME,START_DATE\n6980001,PSAL,20200101\n",
            "bad.tar.gz": b"\x1f\x8b" + bytes(40),
            "empty_meta.nc": b"",
            "notes.doc": b"hello",
        },
    )
    desk.put(
        "aoml",
        {
            "R4980000_003.nc": aoml["R4980000_003.nc"],
            "R4980000_002.nc": restamped(aoml["R4980000_002.nc"], datetime(2001, 1, 1, tzinfo=UTC)),
            "6980001_Rtraj.nc": coriolis["6980001_Rtraj.nc"],
            "aoml_removal.txt": b"R4980000_001.nc\nR9999999_001.nc\n",
        },
    )


def large_batch(archive: Path, desk: Desk, count: int) -> None:
    """So many files, half of them in archives, some of them bad."""
    for dac in DACS:
        files = dict(list(submitted(archive, dac).items())[: count // len(DACS)])
        names = list(files)
        for name in names[::25]:
            files[name] = files[name][:5000]
        loose = {name: files[name] for name in names[::2]}
        packs = {f"{dac}_{at}.tar.gz": packed({name: files[name] for name in names[1::2][at::3]}) for at in range(3)}
        desk.put(dac, loose | packs)


def recycled(raw: bytes, number: int) -> bytes:
    """The file of a profile, as that of another cycle."""
    from gdac.netcdf import read_header

    variable = read_header(raw).variables["CYCLE_NUMBER"]
    assert variable.begin is not None
    made = bytearray(raw)
    made[variable.begin : variable.begin + variable.nbytes] = number.to_bytes(4, "big") * (variable.nbytes // 4)
    return bytes(made)
