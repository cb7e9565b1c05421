"""A state of an archive made from a full manifest and the deltas between: forward from an older one, back from a newer.

Strict as `gdac.manifest.delta.apply` is (docs/formats.md, "Applying"), but in one step however many deltas there are:
what they do to each path is worked out among them, and only the net of it meets the millions of rows of the manifest.
"""

from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.manifest.chain import Past, Way
from gdac.manifest.delta import events
from gdac.manifest.files import load_delta, load_manifest
from gdac.manifest.model import MANIFEST_COLUMNS, VALUES, DeltaMismatch
from gdac.manifest.tables import all_or_nothing, clear
from gdac.manifest.trust import check_sealed

_COLUMNS: Final = ", ".join(MANIFEST_COLUMNS)
_EVENTS: Final = (
    "serial integer, path varchar, was boolean, stays boolean, "
    + ", ".join(f"{name} {MANIFEST_COLUMNS[name]}" for name in VALUES)
    + ", "
    + ", ".join(f"old_{name} {MANIFEST_COLUMNS[name]}" for name in VALUES)
    + ", old_serial integer"
)
#: Manifests whose rows this process has judged, by digest.
_judged: Final[set[str]] = set()


def rebuild(con: duckdb.DuckDBPyConnection, past: Past, way: Way, table: str) -> None:
    """Make a state, as a view of a full manifest and of what the deltas change in it.

    Args:
        con: an open connection.
        past: knows where the files lie; they must be at hand, and stay there for as long as the view is used.
        way: how to make the state.
        table: name of the view to make; tables it needs begin with that name.

    Raises:
        ManifestError: a file is not what it must be.
        DeltaMismatch: the deltas do not fit the manifest or each other.
    """
    with all_or_nothing(con, table):
        if not way.deltas:
            _open(con, past, way, table)
            return
        base, net = f"{table}_base", f"{table}_net"
        clear(con, base)
        _open(con, past, way, base)
        _collect(con, past, way, f"{table}_events")
        _check_follows(con, f"{table}_events")
        _make_net(con, f"{table}_events", net, forward=way.forward)
        con.execute(f"drop table {table}_events")
        _check_fits(con, base, net)
        shown = ", ".join(f"b.{name}" for name in MANIFEST_COLUMNS)
        con.execute(
            f"create view {table} as select {shown} from {base} b where not exists (from {net} n where n.path = b.path)"
            f" union all select {_COLUMNS} from {net} where here"
        )


def _open(con: duckdb.DuckDBPyConnection, past: Past, way: Way, table: str) -> None:
    file, sha256 = past.file(way.manifest), way.manifest.sha256
    check_sealed(file, sha256)
    known = sha256 in _judged
    info = load_manifest(
        con, file, table, expect_sha256=sha256, archive=past.archive, rows_known=known, digest_known=True
    )
    if info.serial != way.manifest.serial:
        clear(con, table)
        raise RefusedError(f"{file} is the manifest of serial {info.serial}, not of {way.manifest.serial}.")
    _judged.add(sha256)


def _collect(con: duckdb.DuckDBPyConnection, past: Past, way: Way, out: str) -> None:
    """All that the deltas did, a row per path and serial."""
    con.execute(f"create or replace table {out} ({_EVENTS})")
    for link in way.deltas:
        file, step = past.file(link), f"{out}_delta"
        check_sealed(file, link.sha256)
        info = load_delta(con, file, step, expect_sha256=None, archive=past.archive)
        if (info.from_serial, info.serial) != (link.serial - 1, link.serial):
            raise RefusedError(f"{file} leads from serial {info.from_serial} to {info.serial}, not to {link.serial}.")
        con.execute(f"insert into {out} {events(step, link.serial)}")
        con.execute(f"drop table {step}")


def _check_follows(con: duckdb.DuckDBPyConnection, table: str) -> None:
    before = ", ".join(f"lag({name}) over w as before_{name}" for name in (*VALUES, "serial", "stays"))
    same = " and ".join(f"before_{name} is not distinct from old_{name}" for name in (*VALUES, "serial"))
    wrong = con.execute(
        f"select min(path) from (select *, {before} from {table} window w as (partition by path order by serial))"
        f" where before_stays is not null and (before_stays <> was or (was and not ({same})))"
    ).fetchone()
    if wrong and wrong[0] is not None:
        raise DeltaMismatch(wrong[0], "does not follow from the deltas before it")


def _make_net(con: duckdb.DuckDBPyConnection, table: str, out: str, *, forward: bool) -> None:
    """Per path: what it is in the state (``here``, values), and what it must be in the base (``there``, ``base_``)."""
    first = {name: f"arg_min_null(old_{name}, serial)" for name in VALUES}
    last = {name: f"arg_max_null({name}, serial)" for name in VALUES}
    first |= {"serial": "arg_min_null(old_serial, serial)", "is": "arg_min(was, serial)"}
    last |= {"serial": "max(serial)", "is": "arg_max(stays, serial)"}
    state, base = (last, first) if forward else (first, last)
    shown = [f"{state['is']} as here", f"{base['is']} as there"]
    for name in (*VALUES, "serial"):
        shown += [f"{state[name]} as {name}", f"{base[name]} as base_{name}"]
    con.execute(f"create or replace table {out} as select path, {', '.join(shown)} from {table} group by path")


def _check_fits(con: duckdb.DuckDBPyConnection, base: str, net: str) -> None:
    same = " and ".join(f"b.{name} is not distinct from n.base_{name}" for name in (*VALUES, "serial"))
    wrong = con.execute(
        f"select min(n.path), count(*) filter (n.there) from {net} n left join {base} b on b.path = n.path"
        f" where n.there <> (b.path is not null) or (n.there and not ({same}))"
    ).fetchone()
    if wrong and wrong[0] is not None:
        raise DeltaMismatch(wrong[0], "is not in the manifest as the deltas beside it say")
