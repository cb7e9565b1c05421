"""Submissions made through the state alone: real files, really checked, with verdicts as a run would give them."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gdac import __version__
from gdac.check import check_paths
from gdac.check.report.jsonl import record
from policies.law import version
from policies.submission import recognise
from sync.collect.inbox import Inbox
from sync.collect.report import write_reports
from sync.config import Config, check_config
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state import State
from sync.state.collect import Checked, Decided
from sync.state.collected import Item, NewItem, Reason, RuleSet, Step, Submission, Verdict

BEGAN = datetime(2026, 11, 22, 6, tzinfo=UTC)
RULES = RuleSet(__version__, "3.1", "NVS 2026-01-01", version())


@dataclass
class Reported:
    """A deployment that collects, with a state to put submissions into; a context."""

    root: Path
    collect: dict[str, Any] = field(default_factory=dict)
    now: datetime = BEGAN

    def __enter__(self) -> "Reported":
        self.state = State.open(self.config.state_directory)
        self.state.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.state.__exit__(*exc)

    @property
    def config(self) -> Config:
        raw = {
            "hub": {"store": str(self.root / "hub"), "state": str(self.root / "state")},
            "collect": {"inbox": {"coriolis": {"store": str(self.root / "account")}}, **self.collect},
        }
        return check_config(raw, where="test")

    @property
    def folder(self) -> Path:
        return self.root / "state" / "reports" / "coriolis"

    def open(self, dac: str = "coriolis", **options: Any) -> int:
        self.now += timedelta(minutes=30)
        return self.state.open_submission(dac, None, self.now, **options)

    def add(
        self,
        number: int,
        name: str,
        raw: bytes | None,
        verdict: Verdict | None,
        *reasons: tuple[str, str],
        path: str | None = None,
        replaces: str | None = None,
        archive: Item | None = None,
        result: dict[str, Any] | None = None,
    ) -> Item:
        """Enter an item, with what the checker says of it where it is asked, and decide."""
        known = recognise(name)
        entered = NewItem(
            name,
            f"{archive.name}!{name}" if archive else name,
            len(raw or b""),
            hashlib.sha256(raw).digest() if raw is not None else None,
            known.kind if known else None,
            self.now,
            parent=archive.id if archive else None,
        )
        (id_,) = self.state.add_items(number, [entered])
        self.state.checked([Checked(id_, result, None, RULES if result else RuleSet())])
        if verdict is not None:
            told = tuple(Reason(*one) for one in reasons)
            rules = RULES if result else RuleSet(policies=version())
            self.state.decided([Decided(id_, verdict, path, replaces, told, rules)])
            self.state.move_items([id_], Step.FILED, has_bytes=False)
        item = self.state.item(id_)
        assert item is not None
        return item

    def add_many(self, number: int, count: int, result: dict[str, Any]) -> None:
        """So many profiles in few transactions; every other one is refused."""
        names = [f"R{6900000 + at // 999}_{at % 999 + 1:03}.nc" for at in range(count)]
        digest = hashlib.sha256(b"x").digest()
        entered = [NewItem(name, name, 1, digest, recognise(name).kind, self.now) for name in names]  # type: ignore[union-attr]
        ids = self.state.add_items(number, entered)
        self.state.checked([Checked(id_, result if at % 2 else None, None, RULES) for at, id_ in enumerate(ids)])
        refused = (Reason("ACC-003", "no"),)
        self.state.decided(
            [
                Decided(id_, Verdict.REFUSED, reasons=refused)
                if at % 2
                else Decided(id_, Verdict.PUBLISHED, f"dac/coriolis/{names[at][1:8]}/profiles/{names[at]}")
                for at, id_ in enumerate(ids)
            ]
        )
        self.state.move_items(ids, Step.FILED, has_bytes=False)

    def checked(self, name: str, raw: bytes, dac: str = "coriolis") -> dict[str, Any]:
        """What the checker says of bytes, looked at where a run holds them."""
        held = self.root / "state" / "collect" / "held" / "1" / "1"
        held.mkdir(parents=True, exist_ok=True)
        (held / name).write_bytes(raw)
        return record(next(iter(check_paths([held / name], dac=dac, receipt_time=self.now))))

    def write(self, number: int, inbox: Inbox | None = None) -> tuple[str, ...]:
        notes = run_loop(
            write_reports(self.config, self.state, inbox, self.submission(number), lambda: self.now, Silent())
        )
        self.state.end_submission(number, self.now)
        return notes

    def submission(self, number: int) -> Submission:
        found = self.state.submission(number)
        assert found is not None
        return found

    def read(self, number: int, ending: str) -> str:
        with (self.folder / f"submission-{number}.{ending}").open(encoding="utf-8", newline="") as text:
            return text.read()
