"""The collecting side of the state: submissions, their items step by step, and what left the archive unsealed."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from policies.submission import Submission as Kind
from sync.state.boot import DURABLE
from sync.state.collected import Item, Leaving, NewItem, Reason, RuleSet, Step, Submission, Verdict
from sync.state.records import Ingested
from sync.state.section import Section
from sync.state.times import iso, moment_of, sure

_ITEM: Final = (
    "id, submission, parent, name, label, size, sha256, kind, arrived, validator, step, has_bytes, result, verdict,"
    " path, replaces, reasons, rules, date_update, serial, centre, platform"
)
_SUBMISSION: Final = "number, dac, run, began, ended, forced, replay_of, serial, notes, mailed"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checker said of an item; see `sync.state.collected.Item`."""

    id: int
    result: Mapping[str, Any] | None
    date_update: datetime | None
    rules: RuleSet
    centre: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of an item; see `sync.state.collected.Item`."""

    id: int
    verdict: Verdict
    path: str | None = None
    replaces: str | None = None
    reasons: tuple[Reason, ...] = ()
    rules: RuleSet | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One version of a DAC's sensor exclusion list; its bytes are kept beside the state by digest, never published."""

    dac: str
    sha256: bytes
    received: datetime
    item: int


class CollectState(Section):
    """Submissions and their items."""

    def open_submission(
        self, dac: str, run: int | None, now: datetime, *, forced: bool = False, replay_of: int | None = None
    ) -> int:
        """Enter a submission; returns its number."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "insert into submission (dac, run, began, forced, replay_of, notes) values (?, ?, ?, ?, ?, '[]')",
                (dac, run, iso(now), forced, replay_of),
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def submission(self, number: int) -> Submission | None:
        """A submission, or None."""
        query = f"select {_SUBMISSION} from submission where number = ?"
        row = self._connection.execute(query, (number,)).fetchone()
        return _submission(row) if row else None

    def submissions(self, dac: str | None = None, most: int = 50) -> list[Submission]:
        """The newest submissions, newest first."""
        where, values = ("", ()) if dac is None else (" where dac = ?", (dac,))
        query = f"select {_SUBMISSION} from submission{where} order by number desc limit ?"
        return [_submission(row) for row in self._connection.execute(query, (*values, most))]

    def open_submissions(self) -> list[Submission]:
        """Submissions that are under way, oldest first."""
        query = f"select {_SUBMISSION} from submission where ended is null order by number"
        return [_submission(row) for row in self._connection.execute(query).fetchall()]

    def note_submission(self, number: int, notes: Sequence[str]) -> None:
        """Keep what else a DAC should know, in place of what was kept."""
        self._set(number, "notes", json.dumps(list(notes)))

    def end_submission(self, number: int, now: datetime) -> None:
        """Its last item was filed, and its reports are written."""
        self._set(number, "ended", iso(now))

    def mark_mailed(self, number: int, now: datetime) -> None:
        """Its report was mailed."""
        self._set(number, "mailed", iso(now))

    def drop_submission(self, number: int) -> None:
        """Forget a submission in which nothing was."""
        with self._transaction() as connection:
            connection.execute(
                "delete from submission where number = ? and number not in (select submission from item)", (number,)
            )

    def add_items(self, number: int, items: Sequence[NewItem]) -> list[int]:
        """Enter items of a submission, all in one transaction; returns their ids in order."""
        with self._transaction() as connection:
            return [_add(connection, number, one) for one in items]

    def unpacked(self, archive: int, items: Sequence[NewItem], rules: RuleSet | None = None) -> list[int]:
        """Enter all members of an archive and that it is opened, in one transaction; returns their ids in order.

        Args:
            archive: its id.
            items: its members.
            rules: what it was opened by; what the item carries already when not given.
        """
        with self._transaction() as connection:
            number = connection.execute("select submission from item where id = ?", (archive,)).fetchone()[0]
            ids = [_add(connection, number, one) for one in items]
            kept = json.dumps(asdict(rules)) if rules else None
            connection.execute(
                "update item set step = ?, verdict = ?, rules = coalesce(?, rules) where id = ?",
                (Step.DONE, Verdict.OPENED, kept, archive),
            )
        return ids

    def items(
        self, number: int, *, step: Step | None = None, verdict: Verdict | None = None, after: int = 0, most: int = 1000
    ) -> list[Item]:
        """Items of a submission by id, a page at a time: those with an id greater than ``after``."""
        where, values = "submission = ? and id > ?", list[Any]((number, after))
        for column, wanted in (("step", step), ("verdict", verdict)):
            if wanted is not None:
                where, values = f"{where} and {column} = ?", [*values, wanted]
        query = f"select {_ITEM} from item where {where} order by id limit ?"
        return [_item(row) for row in self._connection.execute(query, (*values, most))]

    def item_names(self, number: int, step: Step) -> list[str]:
        """Names of the items of a submission that stand at a step, each once."""
        query = "select distinct name from item where submission = ? and step = ?"
        return [row[0] for row in self._connection.execute(query, (number, step))]

    def item(self, id: int) -> Item | None:  # noqa: A002
        """One item, or None."""
        row = self._connection.execute(f"select {_ITEM} from item where id = ?", (id,)).fetchone()
        return _item(row) if row else None

    def count_items(self, number: int) -> dict[tuple[Step, Verdict | None], int]:
        """How many items of a submission stand at which step, with which verdict."""
        query = "select step, verdict, count(*) from item where submission = ? group by step, verdict"
        return {
            (Step(step), Verdict(verdict) if verdict else None): count
            for step, verdict, count in self._connection.execute(query, (number,))
        }

    def move_items(self, ids: Iterable[int], step: Step, *, has_bytes: bool | None = None) -> None:
        """Items have come to a step; ``has_bytes`` says whether their bytes lie beside the state now."""
        with self._transaction() as connection:
            if has_bytes is None:
                connection.executemany("update item set step = ? where id = ?", [(step, one) for one in ids])
            else:
                values = [(step, has_bytes, one) for one in ids]
                connection.executemany("update item set step = ?, has_bytes = ? where id = ?", values)

    def checked(self, found: Sequence[Checked]) -> None:
        """Keep what the checker said, all in one transaction."""
        with self._transaction() as connection:
            connection.executemany(
                "update item set step = ?, result = ?, date_update = ?, rules = ?, centre = ?, platform = ?"
                " where id = ?",
                [
                    (
                        Step.CHECKED,
                        None if one.result is None else json.dumps(one.result, sort_keys=True),
                        iso(one.date_update),
                        json.dumps(asdict(one.rules)),
                        one.centre,
                        one.platform,
                        one.id,
                    )
                    for one in found
                ],
            )

    def decided(self, found: Sequence[Decided]) -> None:
        """Keep what was decided, all in one transaction."""
        with self._transaction() as connection:
            for one in found:
                connection.execute(
                    "update item set step = ?, verdict = ?, path = ?, replaces = ?, reasons = ?,"
                    " rules = coalesce(?, rules) where id = ?",
                    (
                        Step.DECIDED,
                        one.verdict,
                        one.path,
                        one.replaces,
                        json.dumps([asdict(reason) for reason in one.reasons]),
                        json.dumps(asdict(one.rules)) if one.rules else None,
                        one.id,
                    ),
                )

    def done(
        self,
        ids: Iterable[int],
        came: Sequence[Ingested] = (),
        left: Sequence[Leaving] = (),
        *,
        arrived: datetime | None = None,
        boot: str = DURABLE,
    ) -> None:
        """What was decided has been done, all in one transaction with the journal.

        Args:
            ids: of the items; what we made ourselves has none.
            came: files that are in the hub's store now.
            left: paths that are out of the archive now; those among ``came`` are in again.
            arrived: when the files of ``came`` came, for ``latest_data/``; None for what we made ourselves.
            boot: as for `sync.state.ingest.IngestState.journal`.
        """
        with self._transaction() as connection:
            connection.executemany("delete from leaving where path = ?", [(one.path,) for one in came])
            connection.executemany(
                "insert or replace into leaving (path, why, item) values (?, ?, ?)",
                [(one.path, one.why, one.item) for one in left],
            )
            connection.executemany("delete from pending where path = ?", [(one.path,) for one in left])
            connection.executemany("delete from arrival where path = ?", [(one.path,) for one in left])
            connection.executemany(
                "insert or replace into pending (path, size, sha256, md5, modified, date_update, boot)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.path, one.size, one.sha256, one.md5, iso(one.modified), iso(one.date_update), boot)
                    for one in came
                ],
            )
            if arrived is not None:
                connection.executemany(
                    "insert or replace into arrival (path, arrived) values (?, ?)",
                    [(one.path, iso(arrived)) for one in came],
                )
            connection.executemany("update item set step = ? where id = ?", [(Step.DONE, one) for one in ids])

    def leaving(self) -> list[Leaving]:
        """Paths that are out of the archive and still in the sealed manifest."""
        rows = self._connection.execute("select path, why, item from leaving order by path")
        return [Leaving(*row) for row in rows]

    def leaving_count(self) -> int:
        """How many those are."""
        return int(self._connection.execute("select count(*) from leaving").fetchone()[0])

    def collected_sealed(self, serial: int) -> None:
        """``serial`` was sealed: the journal is empty now, and items and submissions know their serial."""
        done = (Verdict.PUBLISHED, Verdict.REMOVED, Step.DONE, Step.FILED)
        with self._transaction() as connection:
            connection.execute("delete from pending")
            connection.execute("delete from leaving")
            connection.execute(
                "update submission set serial = ?1 where serial is null and number in (select submission from item"
                " where serial is null and verdict in (?2, ?3) and step in (?4, ?5))",
                (serial, *done),
            )
            connection.execute(
                "update item set serial = ?1 where serial is null and verdict in (?2, ?3) and step in (?4, ?5)",
                (serial, *done),
            )

    def arrivals(self, since: datetime) -> list[tuple[str, datetime]]:
        """Files that came since a time, and when; older ones are forgotten."""
        with self._transaction() as connection:
            connection.execute("delete from arrival where arrived < ?", (iso(since),))
            rows = connection.execute("select path, arrived from arrival order by path").fetchall()
        return [(path, sure(when)) for path, when in rows]

    def taken_since(self, dac: str, since: datetime) -> tuple[int, int]:
        """Files and bytes that were taken from a DAC's inbox since a time.

        Members of archives are not counted, nor is what was refused unread: nothing of it travelled.
        """
        query = (
            "select count(*), coalesce(sum(size), 0) from item join submission on submission = number"
            " where dac = ? and began >= ? and parent is null and replay_of is null and sha256 is not null"
        )
        files, size = self._connection.execute(query, (dac, iso(since))).fetchone()
        return int(files), int(size)

    def left_in_inbox(self, dac: str) -> dict[str, str]:
        """Files that stay in a DAC's inbox because they must not be read, by name, with what was seen of them."""
        query = "select name, seen from left_in_inbox where dac = ?"
        return dict(self._connection.execute(query, (dac,)).fetchall())

    def leave_in_inbox(self, dac: str, seen: Mapping[str, str]) -> None:
        """Keep which those are, in place of what was kept."""
        with self._transaction() as connection:
            connection.execute("delete from left_in_inbox where dac = ?", (dac,))
            connection.executemany(
                "insert into left_in_inbox (dac, name, seen) values (?, ?, ?)",
                [(dac, name, told) for name, told in seen.items()],
            )

    def add_exclusion(self, one: Exclusion) -> None:
        """Keep a version of a DAC's exclusion list."""
        with self._transaction() as connection:
            connection.execute(
                "insert or ignore into exclusion (dac, sha256, received, item) values (?, ?, ?, ?)",
                (one.dac, one.sha256, iso(one.received), one.item),
            )

    def exclusions(self, dac: str) -> list[Exclusion]:
        """Versions of a DAC's exclusion list, newest first."""
        query = "select dac, sha256, received, item from exclusion where dac = ? order by item desc"
        rows = self._connection.execute(query, (dac,)).fetchall()
        return [Exclusion(name, bytes(sha256), sure(received), item) for name, sha256, received, item in rows]

    def _set(self, number: int, column: str, value: object) -> None:
        with self._transaction() as connection:
            connection.execute(f"update submission set {column} = ? where number = ?", (value, number))


def _add(connection: sqlite3.Connection, number: int, one: NewItem) -> int:
    cursor = connection.execute(
        "insert into item (submission, parent, name, label, size, sha256, kind, arrived, validator, step, has_bytes,"
        " verdict, reasons, rules) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            one.parent,
            one.name,
            one.label,
            one.size,
            one.sha256,
            one.kind,
            iso(one.arrived),
            one.validator,
            one.step,
            one.has_bytes,
            one.verdict,
            json.dumps([asdict(reason) for reason in one.reasons]),
            json.dumps(asdict(one.rules)),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _submission(row: Sequence[Any]) -> Submission:
    number, dac, run, began, ended, forced, replay_of, serial, notes, mailed = row
    return Submission(
        number,
        dac,
        run,
        sure(began),
        moment_of(ended),
        bool(forced),
        replay_of,
        serial,
        tuple(json.loads(notes)),
        moment_of(mailed),
    )


def _item(row: Sequence[Any]) -> Item:
    (id_, submission, parent, name, label, size, sha256, kind, arrived, validator, step, has_bytes, *rest) = row
    result, verdict, path, replaces, reasons, rules, date_update, serial, centre, platform = rest
    return Item(
        id_,
        submission,
        parent,
        name,
        label,
        size,
        bytes(sha256) if sha256 is not None else None,
        Kind(kind) if kind else None,
        sure(arrived),
        validator,
        Step(step),
        bool(has_bytes),
        json.loads(result) if result else None,
        Verdict(verdict) if verdict else None,
        path,
        replaces,
        tuple(Reason(**one) for one in json.loads(reasons)),
        RuleSet(**json.loads(rules)),
        moment_of(date_update),
        serial,
        centre,
        platform,
    )
