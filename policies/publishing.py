"""The distribution policy asked about a whole table of paths at once: 4 million in seconds."""

import duckdb

from gdac.columns import stream
from policies.distribution import SURELY_PUBLIC, judge_text
from policies.law import Refusal


def forbidden_paths(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Refusal]:
    """Paths of a table (or view) that must not be published, with the policy that forbids each.

    The engine knows the usual names by one regular expression; only what is left is looked at one by one.

    Args:
        connection: an open connection.
        table: has a column ``path``.
    """
    unsure = f"select path from {table} where not regexp_full_match(path, '{SURELY_PUBLIC}')"
    found: dict[str, Refusal] = {}
    for (path,) in stream(connection, unsure):
        if refusal := judge_text(path):
            found[path] = refusal
    return found
