"""What the state keeps for those who watch: heads as they were shown, audits, sums over all runs, and how runs went."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sync.state.section import Section
from sync.state.times import iso, moment_of, sure

#: How runs call the hub in their sums; no mirror can be called so in the configuration of a hub.
HUB_WORD: Final = "hub"
#: Runs that seal the hub, by kind.
HUB_KINDS: Final = ("run", "collect")
#: Cause of the end of a run that somebody stopped: no failure of any store.
STOPPED: Final = "stopped"
_MIRRORS: Final = "run, json_each(run.summary, '$.mirrors') as one"
_MIRROR: Final = "json_extract(one.value, '$.mirror')"
_WAY: Final = "json_extract(one.value, '$.way')"
_SEALED: Final = "json_extract(summary, '$.seal') is not null"


@dataclass(frozen=True, slots=True)
class KeptAudit:
    """The last audit of one part of a store; ``number`` and ``of`` are 0 where all parts were audited at once."""

    number: int
    of: int
    ended: datetime
    files: int
    found: int
    left: int


@dataclass(frozen=True, slots=True)
class Tries:
    """How runs went for one store.

    Attributes:
        last: when the last one ended that was not stopped; None where there was none.
        good: when one ended well last.
        error: why the last one did not; empty where it did, or was held.
    """

    last: datetime | None = None
    good: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class DayOfRuns:
    """How the runs of one day (UTC) went for one store."""

    day: date
    good: int
    failed: int
    held: int


class WatchedState(Section):
    """Heads, audits, sums, and questions about runs."""

    def remember_head(self, store: str, raw: bytes, now: datetime) -> None:
        """Keep the head that a store was seen to show."""
        with self._transaction() as connection:
            connection.execute(
                "insert or replace into shown_head (store, raw, seen) values (?, ?, ?)", (store, raw, iso(now))
            )

    def head_of(self, store: str) -> tuple[bytes, datetime] | None:
        """The head that a store was seen to show last, and when; None where none was seen."""
        row = self._connection.execute("select raw, seen from shown_head where store = ?", (store,)).fetchone()
        return (bytes(row[0]), sure(row[1])) if row else None

    def remember_audit(self, store: str, one: KeptAudit) -> None:
        """Keep what the audit of a part found; that of all parts takes the place of every part's."""
        with self._transaction() as connection:
            if one.of == 0:
                connection.execute("delete from audited where store = ?", (store,))
            connection.execute(
                'insert or replace into audited (store, number, "of", ended, files, found, "left")'
                " values (?, ?, ?, ?, ?, ?, ?)",
                (store, one.number, one.of, iso(one.ended), one.files, one.found, one.left),
            )

    def audits(self, store: str) -> list[KeptAudit]:
        """The last audit of every part of a store."""
        query = 'select number, "of", ended, files, found, "left" from audited where store = ? order by number'
        rows = self._connection.execute(query, (store,))
        return [KeptAudit(number, of, sure(ended), *rest) for number, of, ended, *rest in rows]

    def totals(self) -> list[tuple[str, str, str, int]]:
        """The sums over all runs: what, of whom, how, and the number."""
        return self._connection.execute("select what, who, how, number from total order by what, who, how").fetchall()

    def tries_of_hub(self, kinds: Sequence[str] = HUB_KINDS) -> Tries:
        """How runs of some kinds went that would seal the hub."""
        marks = ", ".join("?" * len(kinds))
        asked = f"from run where ended is not null and kind in ({marks})"
        last = self._connection.execute(
            f"select ended, case when outcome = 'failed' and not {_SEALED} then json_extract(summary, '$.error') end"
            f" {asked} and json_extract(summary, '$.cause') is not ? order by id desc limit 1",
            (*kinds, STOPPED),
        ).fetchone()
        good = self._connection.execute(
            f"select ended {asked} and (outcome in ('fine', 'partial') or {_SEALED}) order by id desc limit 1", kinds
        ).fetchone()
        return _tries(last, good)

    def tries_of_mirror(self, name: str, *, ever: bool) -> Tries:
        """How runs went that would bring a mirror up to date.

        Args:
            name: of the mirror.
            ever: it is known to have shown something; else no good run is looked for.
        """
        asked = f"from {_MIRRORS} where {_MIRROR} = ?"
        last = self._connection.execute(
            f"select ended, case {_WAY} when 'failed' then json_extract(one.value, '$.error') end {asked}"
            " order by run.id desc limit 1",
            (name,),
        ).fetchone()
        good = None
        if ever:
            query = f"select ended {asked} and {_WAY} not in ('failed', 'held') order by run.id desc limit 1"
            good = self._connection.execute(query, (name,)).fetchone()
        return _tries(last, good)

    def days_of_hub(self, since: date) -> list[DayOfRuns]:
        """How the runs went that would seal the hub, by day from a day on, oldest first; days without are left out."""
        marks = ", ".join("?" * len(HUB_KINDS))
        rows = self._connection.execute(
            f"select substr(ended, 1, 10), sum({_SEALED}), sum(outcome = 'failed' and not {_SEALED}),"
            f" sum(outcome = 'held' and not {_SEALED}) from run where ended >= ? and kind in ({marks})"
            " and json_extract(summary, '$.cause') is not ? group by 1 order by 1",
            (since.isoformat(), *HUB_KINDS, STOPPED),
        )
        return [_day(row) for row in rows]

    def days_of_mirrors(self, since: date) -> dict[str, list[DayOfRuns]]:
        """The same for every mirror, by name."""
        found: dict[str, list[DayOfRuns]] = {}
        rows = self._connection.execute(
            f"select {_MIRROR}, substr(ended, 1, 10), sum({_WAY} not in ('failed', 'held')), sum({_WAY} = 'failed'),"
            f" sum({_WAY} = 'held') from {_MIRRORS} where ended >= ? group by 1, 2 order by 1, 2",
            (since.isoformat(),),
        )
        for name, *row in rows:
            found.setdefault(name, []).append(_day(row))
        return found

    def note_run(self, run: int, notes: Sequence[str]) -> None:
        """Add notes to what is kept of a run."""
        with self._transaction() as connection:
            for note in notes:
                connection.execute(
                    "update run set summary = json_insert(json_insert(summary, '$.notes', json('[]')), '$.notes[#]', ?)"
                    " where id = ?",
                    (note, run),
                )

    # submissions

    def submissions_by_dac(self, since: datetime) -> dict[str, tuple[int, int, int, datetime]]:
        """Of each DAC's submissions from a time on: how many, how many open, number and time of the last one."""
        rows = self._connection.execute(
            "select dac, count(*), sum(ended is null), max(number), max(began) from submission"
            " where began >= ? and replay_of is null group by dac order by dac",
            (iso(since),),
        )
        return {dac: (count, under_way, last, sure(began)) for dac, count, under_way, last, began in rows}

    def results_by_dac(self, since: datetime) -> list[tuple[str, str, str | None, int]]:
        """Of items of submissions from a time on: DAC, what became of them, the checker's verdict, how many."""
        return self._connection.execute(
            "select dac, verdict, json_extract(result, '$.verdict'), count(*) from submission"
            " join item on item.submission = number where began >= ? and verdict is not null group by 1, 2, 3",
            (iso(since),),
        ).fetchall()

    def refusals_by_dac(self, since: datetime) -> list[tuple[str, str, int]]:
        """Of refused items of submissions from a time on: DAC, policy or rule, how many items, most first."""
        return self._connection.execute(
            "select dac, json_extract(one.value, '$.policy'), count(distinct item.id) as many from submission"
            " join item on item.submission = number, json_each(item.reasons) as one"
            " where began >= ? and verdict = 'refused' group by 1, 2 order by 1, many desc, 2",
            (iso(since),),
        ).fetchall()


def count_up(connection: sqlite3.Connection, kind: str, outcome: str, summary: dict[str, Any]) -> None:
    """Add what a run did to the sums over all runs; within the transaction that records its end."""
    connection.executemany(
        "insert into total (what, who, how, number) values (?, ?, ?, ?)"
        " on conflict (what, who, how) do update set number = number + excluded.number",
        [(*key, number) for key, number in sums_of(kind, outcome, summary).items() if number],
    )


def sums_of(kind: str, outcome: str, summary: dict[str, Any]) -> dict[tuple[str, str, str], int]:
    """What one run adds to the sums: by what, whose, and how. Pure."""
    found = {("runs", kind, str(outcome)): 1}
    if outcome == "failed" and "error" in summary:
        found["failures", HUB_WORD, summary.get("cause", "other")] = 1
    if ingest := summary.get("ingest"):
        found["files", HUB_WORD, ""] = ingest["moved"]["files"]
        found["bytes", HUB_WORD, ""] = ingest["moved"]["bytes"]
        found["deleted", HUB_WORD, ""] = ingest["deleted"]
    if seal := summary.get("seal"):
        found["seals", HUB_WORD, ""] = int(seal["new"])
    for one in summary.get("mirrors") or ():
        name = one["mirror"]
        found["files", name, ""] = one["moved"]["files"]
        found["bytes", name, ""] = one["moved"]["bytes"]
        found["deleted", name, ""] = one["deleted"]
        if one["way"] == "failed":
            found["failures", name, one.get("cause") or "other"] = 1
    return found


def _tries(last: Any, good: Any) -> Tries:
    return Tries(
        moment_of(last[0]) if last else None, moment_of(good[0]) if good else None, (last[1] or "") if last else ""
    )


def _day(row: Sequence[Any]) -> DayOfRuns:
    return DayOfRuns(date.fromisoformat(row[0]), *row[1:])
