"""A source that lives day by day, kept as plain dicts and written to a directory: what the model believes of it.

Files are tiny NetCDF-3 files with a DATE_UPDATE, so that the engine can see a file older than its index row. Index
files are written here, line by line, by nobody else's code.
"""

import gzip
import hashlib
import os
import random
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

PROF, META, TRAJ = "ar_index_global_prof", "ar_index_global_meta", "ar_index_global_traj"
_TITLES = {PROF: "Profile", META: "Metadata", TRAJ: "Trajectory"}
_COLUMNS = {
    PROF: "file,date,latitude,longitude,ocean,profiler_type,institution,date_update",
    META: "file,profiler_type,institution,date_update",
    TRAJ: "file,latitude_max,latitude_min,longitude_max,longitude_min,profiler_type,institution,date_update",
}


def netcdf(date_update: str, payload: bytes) -> bytes:
    """A classic NetCDF file with DATE_UPDATE(DATE_TIME) and PAYLOAD(N), both characters."""

    def name(text: str) -> bytes:
        raw = text.encode()
        return struct.pack(">i", len(raw)) + raw + b"\0" * (-len(raw) % 4)

    def padded(raw: bytes) -> bytes:
        return raw + b"\0" * (-len(raw) % 4)

    size = len(payload)
    dims = struct.pack(">ii", 10, 2) + name("DATE_TIME") + struct.pack(">i", 14) + name("N") + struct.pack(">i", size)
    no_attributes = struct.pack(">ii", 0, 0)

    def variable(text: str, dim: int, room: int, begin: int) -> bytes:
        return name(text) + struct.pack(">ii", 1, dim) + no_attributes + struct.pack(">iii", 2, room, begin)

    def header(first: int, second: int) -> bytes:
        found = b"CDF\x01" + struct.pack(">i", 0) + dims + no_attributes + struct.pack(">ii", 11, 2)
        found += variable("DATE_UPDATE", 0, 16, first)
        return found + variable("PAYLOAD", 1, size + (-size % 4), second)

    first = len(header(0, 0))
    return header(first, first + 16) + padded(date_update.encode()) + padded(payload)


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def twin(path: str) -> str | None:
    """The R/D twin of a single profile, by the model's own reading of the rule."""
    folder, _, base = path.rpartition("/")
    if folder.endswith("/profiles") and base[:1] in "RD":
        return f"{folder}/{'D' if base[0] == 'R' else 'R'}{base[1:]}"
    return None


def dac_of(path: str) -> str:
    return path.split("/")[1] if path.startswith("dac/") else ""


def stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"


@dataclass
class File:
    body: bytes
    modified: datetime
    date_update: str | None  # of its index row; None for derived files


@dataclass
class Source:
    """The source: files by path, index rows with them; `write` makes the directory so.

    Attributes:
        root: where it lies.
        files: what is there.
        ghosts: rows of files that are not there (yet): path to date.
        ever: every digest that a path ever had here, index files too.
        when: its clock.
    """

    root: Path
    seed: int = 0
    names: tuple[str, ...] = (PROF, META, TRAJ)
    files: dict[str, File] = field(default_factory=dict)
    ghosts: dict[str, str] = field(default_factory=dict)
    ever: dict[str, set[str]] = field(default_factory=dict)
    when: datetime = datetime(2026, 1, 5, 3, tzinfo=UTC)
    stamped: datetime | None = None
    version: int = 0
    _on_disk: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _indexes: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    # --- what a source does

    def found(self, floats: int, cycles: int) -> None:
        """The first day."""
        for number in range(floats):
            dac = ("aoml", "coriolis", "jma")[number % 3]
            wmo = f"{4900000 + number}"
            self.put(f"dac/{dac}/{wmo}/{wmo}_meta.nc")
            if TRAJ in self.names:
                self.put(f"dac/{dac}/{wmo}/{wmo}_Rtraj.nc")
            for cycle in range(1, cycles + 1):
                self.put(f"dac/{dac}/{wmo}/profiles/R{wmo}_{cycle:03d}.nc")

    def put(self, path: str, *, same_size: bool = True) -> None:
        """New bytes, with a new DATE_UPDATE."""
        self.version += 1
        when = self.when + timedelta(seconds=self.version % 3000)
        length = 40 if same_size else 40 + self.version % 50
        payload = f"{path.rpartition('/')[2]} {self.version}".encode().ljust(length, b".")
        self._set(path, File(netcdf(stamp(when), payload), when, stamp(when)))
        self._derive(path)

    def _set(self, path: str, file: File) -> None:
        self.files[path] = file
        self.ghosts.pop(path, None)
        self.ever.setdefault(path, set()).add(sha(file.body))

    def _derive(self, path: str) -> None:
        """The GDAC merges a float's profiles again whenever one of them changed: the same ones give the same file."""
        folder = "/".join(path.split("/")[:3])
        profiles = [f"{one} {sha(self.files[one].body)}" for one in sorted(self.files) if one.startswith(f"{folder}/p")]
        merged = f"{folder}/{folder.rpartition('/')[2]}_prof.nc"
        self.files.pop(merged, None)
        if profiles:
            digest = sha("\n".join(profiles).encode())
            when = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(seconds=int(digest[:5], 16))
            body = netcdf(stamp(when), f"merged {len(profiles):3} {digest}".encode())
            self.files[merged] = File(body, when, None)
            self.ever.setdefault(merged, set()).add(sha(body))

    def remove(self, path: str) -> None:
        del self.files[path]
        self._derive(path)

    def to_delayed_mode(self, path: str) -> None:
        other = twin(path)
        assert other is not None
        del self.files[path]
        self.put(other)

    def restore(self, path: str, old: File) -> None:
        """The bytes, the time and the date that a path had before."""
        self._set(path, old)
        self._derive(path)

    def move(self, dac: str, to: str) -> None:
        for path in sorted(one for one in self.files if dac_of(one) == dac):
            file = self.files.pop(path)
            self._set(path.replace(f"dac/{dac}/", f"dac/{to}/", 1), file)

    def lose(self, path: str) -> None:
        """The index still lists it, the file is not there."""
        file = self.files.pop(path)
        assert file.date_update is not None
        self.ghosts[path] = file.date_update

    def listed(self) -> list[str]:
        return sorted(path for path, file in self.files.items() if file.date_update)

    def profiles(self, mode: str) -> list[str]:
        return [path for path in self.listed() if path.rpartition("/")[2].startswith(mode)]

    # --- on the disk

    def write(self) -> None:
        """Data first, then indexes, then what goes."""
        for path, file in self.files.items():
            now = (sha(file.body), file.modified)
            if self._on_disk.get(path) != now:
                self._put_on_disk(path, file.body, file.modified)
                self._on_disk[path] = now
        self.write_indexes()
        for path in [one for one in self._on_disk if one not in self.files]:
            (self.root / path).unlink()
            del self._on_disk[path]

    def write_indexes(self, stamped: datetime | None = None) -> None:
        """Both forms of every index; nothing where no row differs."""
        if stamped is not None:
            self.stamped = stamped
        for name in self.names:
            body = self._rows(name)
            if self._indexes.get(name) == body and stamped is None:
                continue
            self._indexes[name] = body
            moment = stamped or self.when
            text = self._header(name, moment) + body
            for form, raw in ((".txt", text), (".txt.gz", gzip.compress(text, mtime=0))):
                self._put_on_disk(name + form, raw, moment)
                self.ever.setdefault(name + form, set()).add(sha(raw))

    def put_index(self, name: str, text: bytes) -> None:
        """Whatever stands there now instead of an index."""
        self._put_on_disk(f"{name}.txt", text, self.when)
        self._put_on_disk(f"{name}.txt.gz", gzip.compress(text, mtime=0), self.when)
        self._indexes.pop(name, None)

    def truncate_index(self, name: str) -> None:
        text = (self.root / f"{name}.txt").read_bytes()
        self.put_index(name, text[: len(text) - 9])

    def truth(self) -> dict[str, str]:
        """What an archive equal to this source holds: digests by path."""
        held = {path: sha(file.body) for path, file in self.files.items()}
        for name in self.names:
            for form in (".txt", ".txt.gz"):
                held[name + form] = sha((self.root / (name + form)).read_bytes())
        return held

    def _rows(self, name: str) -> bytes:
        dates = {path: file.date_update for path, file in self.files.items() if file.date_update} | self.ghosts
        lines = []
        for path, date in sorted(dates.items()):
            base, short = path.rpartition("/")[2], path.removeprefix("dac/")
            kind = PROF if "/profiles/" in path else META if base.endswith("_meta.nc") else TRAJ
            if kind != name:
                continue
            if kind == PROF:
                lines.append(f"{short},20250101000000,10.500,-20.250,A,846,AO,{date}")
            elif kind == META:
                lines.append(f"{short},846,AO,{date}")
            else:
                lines.append(f"{short},11.000,10.000,-20.000,-21.000,846,AO,{date}")
        return "".join(f"{line}\n" for line in lines).encode()

    def _header(self, name: str, moment: datetime) -> bytes:
        lines = [
            f"# Title : {_TITLES[name]} directory file of the Argo Global Data Assembly Center",
            "# Description : The directory file describes all files of the argo GDAC ftp site.",
            "# Project : ARGO",
            "# Format version : 2.0",
            f"# Date of update : {stamp(moment)}",
            "# FTP root number 1 : ftp://ftp.ifremer.fr/ifremer/argo/dac",
            "# FTP root number 2 : ftp://usgodae.org/pub/outgoing/argo/dac",
            "# GDAC node : CORIOLIS",
            _COLUMNS[name],
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    def _put_on_disk(self, path: str, body: bytes, modified: datetime) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        waiting = target.with_name(f".{target.name}.tmp")
        waiting.write_bytes(body)
        os.utime(waiting, (modified.timestamp(), modified.timestamp()))
        waiting.replace(target)
