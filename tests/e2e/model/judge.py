"""The oracle: looks at what lies in the stores, with nothing of the engine's own code, and remembers what it saw.

Heads are read with `json`, manifests and deltas with DuckDB's Parquet reader into plain dicts, files are hashed. What
must hold after every step, whatever happened, is in `Judge.look`; what must hold once all is quiet in `Judge.settled`.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.model.reading import BrokenError, Reader, Rows
from tests.e2e.model.source import Source, dac_of, twin


@dataclass(frozen=True)
class Limits:
    """What the brake lets pass, in numbers of files: the deployment is configured with shares of 0."""

    dac: int = 3
    total: int = 5
    index: int = 4


@dataclass
class Seen:
    """What a store showed last.

    Attributes:
        head: parsed, or None.
        rows: of its manifest.
        left: paths that left its manifest, and when its head without them was seen first.
        files: what lay there, with digests; ``manifest/`` and temporary files apart.
        exceptions: paths excepted by ``manifest/mirror.json``.
    """

    head: dict[str, Any] | None = None
    rows: Rows = field(default_factory=dict)
    left: dict[str, datetime] = field(default_factory=dict)
    files: Rows = field(default_factory=dict)
    exceptions: set[str] = field(default_factory=set)


class Judge:
    """Judges a deployment; one for its whole life.

    Args:
        source: the model's source.
        hub: directory of the hub.
        mirrors: directories of the plain mirrors.
        views: directories of views, with the DACs that they hold.
        vault: directory of the vault.
        grace, retention: as configured.
        limits: as configured.
    """

    def __init__(
        self,
        source: Source,
        hub: Path,
        mirrors: dict[str, Path],
        *,
        views: dict[str, tuple[Path, set[str]]] | None = None,
        vault: Path | None,
        grace: timedelta,
        retention: timedelta,
        limits: Limits,
    ) -> None:
        self.source, self.hub, self.mirrors, self.vault = source, hub, mirrors, vault
        self.views = views or {}
        self.grace, self.retention, self.limits = grace, retention, limits
        self.reader = Reader()
        self.seen = {name: Seen() for name in ("hub", *mirrors, *self.views)}
        self.serials: dict[int, tuple[str, Rows]] = {}
        self.needed: dict[str, datetime] = {}  # digest -> when a head of the hub named it last
        self.archive: str | None = None
        self.state_was_lost = False  # then nobody knows which sealed files of old heads are still to go

    # --- what must always hold

    def look(
        self, now: datetime, *, runs: int = 1, approved: bool = False, only: Collection[str] | None = None
    ) -> None:
        """Every invariant, on what lies in the stores now.

        Args:
            now: the deployment's clock; it stood still during the last step.
            runs: engine runs that may have sealed since the last look.
            approved: a hold of the hub was approved before them, or they were a revert.
            only: look only at these stores: nothing can have touched the others. All by default.
        """
        if only is None or "hub" in only:
            self._hub(now, runs, approved)
            self._vault(now)
        for name, root in self.mirrors.items():
            if only is None or name in only:
                self._mirror(name, root, now)
        for name, (root, dacs) in self.views.items():
            if only is None or name in only:
                self._view(name, root, dacs, now)

    def _hub(self, now: datetime, runs: int, approved: bool) -> None:
        head = self.reader.head(self.hub)
        before = self.seen["hub"].head
        if head is None:
            if before is not None:
                raise BrokenError("the hub lost its head")
            return
        if self.archive not in (None, head["archive"]):
            raise BrokenError("the hub has another archive id")
        self.archive = head["archive"]
        at = before["serial"] if before else 0
        if not at <= head["serial"] <= at + runs:
            raise BrokenError(f"the hub went from serial {at} to {head['serial']} in {runs} run(s)")
        rows = self._chain(self.hub, head)
        for serial in range(at + 1, head["serial"] + 1):
            self._judge_brake(serial, approved)
        self._store("hub", self.hub, head, rows, now, self.source.ever)
        for digest in rows.values():
            self.needed[digest] = now

    def _chain(self, root: Path, head: dict[str, Any]) -> Rows:
        """Head -> manifest -> deltas: digests chain, deltas applied by hand give the manifest, no serial has two."""
        rows = self.reader.manifest(root, head["manifest"])
        for entry in (*head["manifests"], head["manifest"]):
            known = self.serials.get(entry["serial"])
            if known and known[0] != entry["sha256"]:
                raise BrokenError(f"serial {entry['serial']} has two manifests")
            self.reader.sealed(root, entry)
        for entry in head["indexes"]:
            self.reader.sealed(root, entry)
            if rows.get(entry["path"]) != entry["sha256"]:
                raise BrokenError(f"index {entry['path']} of the head is not that of its manifest")
        if head["serial"] not in self.serials:
            self._apply(root, head, rows)
        self._deltas(root, head)
        return rows

    def _deltas(self, root: Path, head: dict[str, Any]) -> None:
        previous = None
        for entry in head["deltas"]:
            about, _ = self.reader.delta(root, entry)
            if (about["from_serial"], about["serial"]) != (entry["serial"] - 1, entry["serial"]):
                raise BrokenError(f"delta {entry['name']} does not stand in its place")
            if previous and about["previous"]["sha256"] != previous:
                raise BrokenError(f"delta {entry['name']} does not chain")
            previous = entry["sha256"]
        if [entry["serial"] for entry in head["deltas"]] != list(range(2, head["serial"] + 1)):
            raise BrokenError("the head does not list all deltas")

    def _apply(self, root: Path, head: dict[str, Any], rows: Rows) -> None:
        """Walk the new deltas by hand from the last state that was seen."""
        at = max(self.serials, default=0)
        if not at:
            if head["serial"] != 1:
                raise BrokenError("the first serial is not 1")
            self.serials[1] = (head["manifest"]["sha256"], rows)
            return
        state = dict(self.serials[at][1])
        for entry in head["deltas"]:
            if entry["serial"] <= at:
                continue
            _, changes = self.reader.delta(root, entry)
            for change, path, from_path, new, old in changes:
                left = {"removed": path, "changed": path, "renamed": from_path}.get(change)
                if left is not None and state.pop(left, None) != old:
                    raise BrokenError(f"delta {entry['name']} does not fit at {path}")
                if change != "removed":
                    if path in state:
                        raise BrokenError(f"delta {entry['name']} adds {path}, which is there")
                    state[path] = new
            self.serials[entry["serial"]] = ("", dict(state))
        if state != rows:
            raise BrokenError(f"the deltas do not lead to the manifest of serial {head['serial']}")
        self.serials[head["serial"]] = (head["manifest"]["sha256"], rows)

    def _judge_brake(self, serial: int, approved: bool) -> None:
        if serial == 1 or approved:
            return
        old, new = self.serials[serial - 1][1], self.serials[serial][1]
        if why := too_much(old, new, self.limits):
            raise BrokenError(f"serial {serial} lost what the brake protects: {why}")

    def _mirror(self, name: str, root: Path, now: datetime) -> None:
        head = self.reader.head(root)
        seen = self.seen[name]
        if head is None:
            if seen.head is not None:
                raise BrokenError(f"mirror {name} lost its head")
            return
        if head["archive"] != self.archive:
            raise BrokenError(f"mirror {name} shows another archive")
        known = self.serials.get(head["serial"])
        if known is None:
            raise BrokenError(f"mirror {name} shows serial {head['serial']}, which the hub never sealed")
        rows = self._chain(root, head)
        if rows != known[1]:
            raise BrokenError(f"mirror {name} shows another serial {head['serial']} than the hub")
        if seen.head and head["serial"] < seen.head["serial"]:
            raise BrokenError(f"mirror {name} went back from serial {seen.head['serial']} to {head['serial']}")
        ever: dict[str, set[str]] = {}
        for serial, (_, state) in self.serials.items():
            if serial > head["serial"]:
                for path, digest in state.items():
                    ever.setdefault(path, set()).add(digest)
        self._store(name, root, head, rows, now, ever)

    def _view(self, name: str, root: Path, dacs: set[str], now: datetime) -> None:
        head = self.reader.head(root)
        seen = self.seen[name]
        if head is None:
            if seen.head is not None:
                raise BrokenError(f"view {name} lost its head")
            return
        known = self.serials.get(head["serial"])
        if known is None or head["view_of"]["archive"] != self.archive:
            raise BrokenError(f"view {name} shows serial {head['serial']} of something else than the hub")
        rows = self.reader.manifest(root, head["manifest"])
        data = {path: digest for path, digest in rows.items() if "/" in path}
        if data != {path: digest for path, digest in known[1].items() if dac_of(path) in dacs}:
            raise BrokenError(f"view {name} does not hold the files of {dacs} at serial {head['serial']}")
        ever: dict[str, set[str]] = {}
        for serial, (_, state) in self.serials.items():
            if serial > head["serial"]:
                for path, digest in state.items():
                    ever.setdefault(path, set()).add(digest)
        self._store(name, root, head, rows, now, ever, any_index=True)

    def _store(
        self,
        name: str,
        root: Path,
        head: dict[str, Any],
        rows: Rows,
        now: datetime,
        may_come: dict[str, set[str]],
        *,
        any_index: bool = False,
    ) -> None:
        """Paths of the head have their digest, or that of a serial to come; what left stays for its grace."""
        seen = self.seen[name]
        files = self.reader.files(root)
        excepted = self._excepted(root)
        for path, digest in rows.items():
            there = files.get(path)
            if there == digest or path in excepted:
                continue
            if there is None:
                raise BrokenError(f"{name}: {path} of serial {head['serial']} is not there")
            if there not in may_come.get(path, ()) and not (any_index and "/" not in path):
                raise BrokenError(f"{name}: {path} of serial {head['serial']} has bytes of no serial: {there[:12]}")
        for path in seen.rows.keys() - rows.keys():
            seen.left.setdefault(path, now)
        for path in rows:
            seen.left.pop(path, None)
        for path, since in list(seen.left.items()):
            if path not in files:
                if now - since < self.grace:
                    raise BrokenError(f"{name}: {path} was deleted {now - since} after it left, before its grace")
                del seen.left[path]
        seen.head, seen.rows, seen.files, seen.exceptions = head, rows, files, excepted

    def _excepted(self, root: Path) -> set[str]:
        file = root / "manifest" / "mirror.json"
        if not file.is_file():
            return set()
        return {one["path"] for one in json.loads(file.read_bytes())["exceptions"]}

    def _vault(self, now: datetime) -> None:
        """Bytes that a head of the hub named within the retention are in the hub or in the vault."""
        if self.vault is None:
            return
        kept = {}
        for file in self.vault.glob("sha256/*/*"):
            if file.is_file():
                kept[file.parent.name + file.name] = self.reader.digest(file)
        for name, digest in kept.items():
            if name != digest:
                raise BrokenError(f"the vault holds {digest[:12]} under {name[:12]}")
        there = set(self.seen["hub"].files.values())
        for digest, last in self.needed.items():
            if digest not in there and digest not in kept and now - last < self.retention:
                raise BrokenError(f"bytes {digest[:12]} that the hub showed {now - last} ago are nowhere")

    # --- what must hold once all is quiet

    def settled(self, *, without_extras: bool) -> None:
        """The hub is equal to the source, the mirrors to the hub.

        Args:
            without_extras: graces are over, so that nothing else may lie anywhere.
        """
        hub, truth = self.seen["hub"], self.source.truth()
        if hub.rows != truth:
            raise BrokenError(f"the hub is not equal to the source: {_difference(hub.rows, truth)}")
        for name, seen in self.seen.items():
            if seen.head is None or seen.head["serial"] != hub.head["serial"]:  # type: ignore[index]
                raise BrokenError(f"{name} is behind")
            if seen.exceptions:
                raise BrokenError(f"{name} has exceptions: {seen.exceptions}")
            held = {path: digest for path, digest in seen.files.items() if path in seen.rows}
            if held != seen.rows:
                raise BrokenError(f"{name} holds other bytes than its head says: {_difference(held, seen.rows)}")
            if without_extras:
                extra = seen.files.keys() - seen.rows.keys()
                if extra:
                    raise BrokenError(f"{name} holds files that no head names: {sorted(extra)[:5]}")
                self._check_sealed(name, seen)

    def equal_to_hub(self, name: str) -> None:
        """A plain mirror shows the hub's serial and holds every byte of it."""
        seen, hub = self.seen[name], self.seen["hub"]
        held = {path: digest for path, digest in seen.files.items() if path in seen.rows}
        if seen.rows != hub.rows or held != seen.rows or seen.exceptions:
            raise BrokenError(f"{name} is not equal to the hub: {_difference(held, hub.rows)} {seen.exceptions}")

    def _check_sealed(self, name: str, seen: Seen) -> None:
        root = {"hub": self.hub, **self.mirrors, **{one: root for one, (root, _) in self.views.items()}}[name]
        assert seen.head is not None
        head = seen.head
        entries = [head["manifest"], *head["manifests"], *head["deltas"], *head["indexes"]]
        named = {entry["name"] for entry in entries} | {"head.json", "mirror.json"}
        named |= self._records(name, root, head) | self._described(name, root, head)
        there = {
            one.relative_to(root / "manifest").as_posix() for one in (root / "manifest").rglob("*") if one.is_file()
        }
        there = {one for one in there if not one.startswith("gdac-probe-")}  # probes that died go after a day
        if there - named and not self.state_was_lost:
            raise BrokenError(f"{name}/manifest holds what no head names: {sorted(there - named)[:5]}")
        left = list((root / ".gdac-tmp").rglob("*"))
        if left:
            raise BrokenError(f"{name} holds temporary files of dead runs: {left[:5]}")

    def _records(self, name: str, root: Path, head: dict[str, Any]) -> set[str]:
        """Every serial since the first has its record there, each named by the one after it."""
        link, names = head["record"], []
        while link is not None:
            file = root / "manifest" / link["name"]
            if not file.is_file() or self.reader.digest(file) != link["sha256"]:
                raise BrokenError(f"{name}: the record {link['name']} is not there, or is another one")
            record = json.loads(file.read_bytes())
            if (record["serial"], record["archive"]) != (link["serial"], self.archive):
                raise BrokenError(f"{name}: {link['name']} is the record of something else")
            names.append(link["name"])
            link = record["previous"]
        if len(names) != head["serial"]:
            raise BrokenError(f"{name}: {len(names)} records lead to serial {head['serial']}")
        return set(names)

    def _described(self, name: str, root: Path, head: dict[str, Any]) -> set[str]:
        """The archive and each of its serials has a page there, made of this head."""
        about = root / "manifest" / "about"
        newest = head["serial"]
        told = {"archive.ttl": f"/serial/{newest}>", f"{newest}/snapshot.ttl": head["manifest"]["sha256"]}
        for face, what in told.items():
            if what not in (about / face).read_text(encoding="utf-8"):
                raise BrokenError(f"{name}: {face} is not that of its head")
        first = newest if "view_of" in head else 1  # a view knows no serials from before it was made
        for serial in range(first, newest + 1):
            if not (about / str(serial) / "index.html").is_file():
                raise BrokenError(f"{name}: serial {serial} has no page")
        return {one.relative_to(root / "manifest").as_posix() for one in about.rglob("*") if one.is_file()}


def too_much(old: Rows, new: Rows, limits: Limits) -> str:
    """Why the brake must hold a step from one state to another; nothing when it may go."""
    gone = []
    for path in old:
        renamed = twin(path) in new and twin(path) not in old
        if path not in new and "/" in path and not renamed:
            gone.append(path)
    by_dac: dict[str, int] = {}
    for path in gone:
        by_dac[dac_of(path)] = by_dac.get(dac_of(path), 0) + 1
    for dac, number in by_dac.items():
        if number > limits.dac:
            return f"{number} files of {dac} leave"
    return f"{len(gone)} files leave" if len(gone) > limits.total else ""


def _difference(found: Rows, due: Rows) -> str:
    only = sorted(found.keys() - due.keys())[:4]
    lacks = sorted(due.keys() - found.keys())[:4]
    other = sorted(path for path in found.keys() & due.keys() if found[path] != due[path])[:4]
    return f"extra {only}, lacking {lacks}, other {other}"
