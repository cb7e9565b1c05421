"""What every part of the state database shares: one connection, and transactions on it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class Section:
    """A part of the state: methods over some of its tables. `sync.state.State` joins the parts."""

    _connection: sqlite3.Connection
    #: This boot of the machine; None where the system tells none.
    boot: str | None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection:
            yield self._connection
