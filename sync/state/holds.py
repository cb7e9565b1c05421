"""Holds of the brake, and their approvals."""

import json
from datetime import datetime
from typing import Final

from sync.state.records import KeptHold, NewHold
from sync.state.section import Section
from sync.state.times import iso, moment_of, sure

#: SQL condition: the run ``?1`` held it, for the first time or again.
_HELD_BY: Final = "?1 between run and coalesce(again, run)"


class Holds(Section):
    """Plans that the brake holds or held."""

    def keep_hold(self, hold: NewHold, now: datetime) -> int:
        """Keep a hold of the run that is on; other open holds of the same store are closed. Returns the run's id."""
        run = int(self._connection.execute("select max(id) from run").fetchone()[0])
        with self._transaction() as connection:
            connection.execute(
                "update hold set closed = ? where target = ? and fingerprint <> ? and closed is null",
                (iso(now), hold.target, hold.fingerprint),
            )
            known = connection.execute(
                "update hold set again = ? where target = ? and closed is null", (run, hold.target)
            ).rowcount
            if not known:
                connection.execute(
                    "insert into hold (run, target, made, fingerprint, reasons, preview) values (?, ?, ?, ?, ?, ?)",
                    (
                        run,
                        hold.target,
                        iso(now),
                        hold.fingerprint,
                        json.dumps(hold.reasons),
                        json.dumps(hold.preview),
                    ),
                )
        return run

    def open_holds(self, run: int | None = None) -> list[KeptHold]:
        """Holds that were neither carried out nor overtaken, of one run or all, oldest first."""
        rows = self._connection.execute(
            "select coalesce(again, run), target, fingerprint, reasons, preview, made, approved, approved_by from hold"
            f" where closed is null and (?1 is null or {_HELD_BY}) order by id",
            (run,),
        )
        return [
            KeptHold(
                number,
                NewHold(target, fingerprint, json.loads(reasons), json.loads(preview)),
                sure(made),
                moment_of(approved),
                by,
            )
            for number, target, fingerprint, reasons, preview, made, approved, by in rows
        ]

    def approve(self, run: int, who: str, now: datetime) -> int:
        """Approve the open holds of a run; returns how many there were.

        A plan that is held is held again by every run until it changes: any of these runs names it, so that what
        somebody read an hour ago can be approved by its number.
        """
        with self._transaction() as connection:
            return int(
                connection.execute(
                    f"update hold set approved = ?2, approved_by = ?3 where closed is null and {_HELD_BY}",
                    (run, iso(now), who),
                ).rowcount
            )

    def approval_for(self, target: str, fingerprint: str) -> int | None:
        """The approved hold of this very plan that was not used yet, or None."""
        row = self._connection.execute(
            "select id from hold where target = ? and fingerprint = ? and approved is not null and closed is null",
            (target, fingerprint),
        ).fetchone()
        return row and int(row[0])

    def settle_holds(self, target: str, serial: int | None, used: int | None, now: datetime) -> None:
        """Close every hold of a store: its plan was carried out, or overtaken; ``used`` let through ``serial``."""
        with self._transaction() as connection:
            connection.execute("update hold set serial = ? where id = ?", (serial, used))
            connection.execute("update hold set closed = ? where target = ? and closed is null", (iso(now), target))

    def approved_serials(self, target: str, after: int, to: int) -> list[int]:
        """Serials of a store that an approval let through, of those above ``after`` up to ``to``."""
        rows = self._connection.execute(
            "select distinct serial from hold where target = ? and approved is not null and serial > ? and serial <= ?",
            (target, after, to),
        )
        return [row[0] for row in rows]
