"""What stores were seen to do when they were tried, and who this state is among the writers of a store."""

import json
import uuid
from dataclasses import asdict, fields

from gdac.store import Probed
from sync.state.records import KeptProbe
from sync.state.section import Section
from sync.state.times import iso, sure

_FIELDS = frozenset(field.name for field in fields(Probed))


class ProbesState(Section):
    """Probes by store, and the state's own id."""

    def identity(self) -> str:
        """A UUID of this state, made once: two states are two writers, wherever they run."""
        with self._transaction() as connection:
            connection.execute("insert or ignore into identity (id, uuid) values (1, ?)", (str(uuid.uuid4()),))
            return str(connection.execute("select uuid from identity where id = 1").fetchone()[0])

    def probe_of(self, store: str) -> KeptProbe | None:
        """What a store did when it was tried last; None when it never was."""
        row = self._connection.execute(
            "select definition, seen, probed from probe where store = ?", (store,)
        ).fetchone()
        if row is None:
            return None
        seen = {name: value for name, value in json.loads(row[1]).items() if name in _FIELDS}
        return KeptProbe(row[0], Probed(**seen), sure(row[2]))

    def remember_probe(self, store: str, probe: KeptProbe) -> None:
        """Keep what a store did."""
        with self._transaction() as connection:
            connection.execute(
                "insert or replace into probe (store, definition, seen, probed) values (?, ?, ?, ?)",
                (store, probe.definition, json.dumps(asdict(probe.seen)), iso(probe.when)),
            )
