"""The tables of the state database, made by named steps that are never changed once released."""

from typing import Any

import sqlite_utils

MIGRATIONS = sqlite_utils.Migrations("argo-gdac")


@MIGRATIONS(name="0001-first-mirror")
def _first_mirror(database: Any) -> None:
    database["run"].create(
        {"id": int, "kind": str, "started": str, "ended": str, "outcome": str, "summary": str}, pk="id"
    )
    database["source_index"].create(
        {"key": str, "validator": str, "size": int, "sha256": bytes, "md5": bytes, "modified": str, "fetched": str},
        pk="key",
    )
    database["pending"].create(
        {"path": str, "size": int, "sha256": bytes, "md5": bytes, "modified": str, "date_update": str}, pk="path"
    )
    database["set_aside"].create(
        {"path": str, "reason": str, "since": str, "tries": int, "date_update": str}, pk="path"
    )
    database["published"].create({"store": str, "serial": int, "archive": str, "published": str}, pk="store")
    database["superseded"].create({"store": str, "path": str, "since": str, "serial": int}, pk=("store", "path"))
    database["copied"].create({"store": str, "path": str, "sha256": bytes}, pk=("store", "path"))


@MIGRATIONS(name="0002-brakes")
def _brakes(database: Any) -> None:
    database.execute("alter table set_aside add column trouble text not null default 'broken'")
    database.execute("alter table set_aside add column next_try text")
    database["hold"].create(
        {
            "id": int,
            "run": int,
            "again": int,
            "target": str,
            "made": str,
            "fingerprint": str,
            "reasons": str,
            "preview": str,
            "approved": str,
            "approved_by": str,
            "closed": str,
            "serial": int,
        },
        pk="id",
    )


@MIGRATIONS(name="0002-audit-vault-sweep-revert")
def _audit_vault_sweep_revert(database: Any) -> None:
    database["part"].create({"work": str, "number": int, "of": int}, pk="work")
    database["vaulted"].create({"sha256": bytes, "size": int, "since": str}, pk="sha256")
    database["swept"].create({"path": str, "why": str, "found": str}, pk="path")
    database["ingest_stop"].create({"id": int, "why": str, "since": str}, pk="id")


@MIGRATIONS(name="0002-mirror-exceptions")
def _mirror_exceptions(database: Any) -> None:
    database["mirror_exception"].create({"store": str, "path": str, "reason": str, "since": str}, pk=("store", "path"))


@MIGRATIONS(name="0003-probes")
def _probes(database: Any) -> None:
    database["probe"].create({"store": str, "definition": str, "seen": str, "probed": str}, pk="store")
    database["identity"].create({"id": int, "uuid": str}, pk="id")


@MIGRATIONS(name="0003-boot")
def _boot(database: Any) -> None:
    # Entries made so far were forced onto the disk before they were made.
    database.execute("alter table pending add column boot text not null default ''")
    database.execute("alter table copied add column boot text not null default ''")


@MIGRATIONS(name="0004-described")
def _described(database: Any) -> None:
    database["described"].create({"store": str, "serial": int, "fingerprint": str}, pk="store")


@MIGRATIONS(name="0005-collect")
def _collect(database: Any) -> None:
    database["submission"].create(
        {
            "number": int,
            "dac": str,
            "run": int,
            "began": str,
            "ended": str,
            "forced": int,
            "replay_of": int,
            "serial": int,
            "notes": str,
            "mailed": str,
        },
        pk="number",
    )
    database["item"].create(
        {
            "id": int,
            "submission": int,
            "parent": int,
            "name": str,
            "label": str,
            "size": int,
            "sha256": bytes,
            "kind": str,
            "arrived": str,
            "validator": str,
            "step": str,
            "has_bytes": int,
            "result": str,
            "verdict": str,
            "path": str,
            "replaces": str,
            "reasons": str,
            "rules": str,
            "date_update": str,
            "serial": int,
            "centre": str,
            "platform": str,
        },
        pk="id",
    )
    database["item"].create_index(["submission", "step"])
    database.execute(
        "create index item_unsealed on item (verdict) where serial is null and verdict in ('published', 'removed')"
    )
    database["submission"].create_index(["dac", "began"])
    database["leaving"].create({"path": str, "why": str, "item": int}, pk="path")
    database["arrival"].create({"path": str, "arrived": str}, pk="path")
    database["left_in_inbox"].create({"dac": str, "name": str, "seen": str}, pk=("dac", "name"))
    database["exclusion"].create({"dac": str, "sha256": bytes, "received": str, "item": int}, pk=("dac", "item"))


@MIGRATIONS(name="0006-removal")
def _removal(database: Any) -> None:
    database["removal"].create(
        {
            "item": int,
            "path": str,
            "kept": str,
            "named": int,
            "size": int,
            "sha256": bytes,
            "removed": str,
            "deleted": str,
        },
        pk=("item", "path"),
    )


@MIGRATIONS(name="0007-made")
def _made(database: Any) -> None:
    database["made"].create({"path": str, "members": bytes, "sha256": bytes}, pk="path")


@MIGRATIONS(name="0007-watched")
def _watched(database: Any) -> None:
    database["shown_head"].create({"store": str, "raw": bytes, "seen": str}, pk="store")
    database["audited"].create(
        {"store": str, "number": int, "of": int, "ended": str, "files": int, "found": int, "left": int},
        pk=("store", "number", "of"),
    )
    database["total"].create({"what": str, "who": str, "how": str, "number": int}, pk=("what", "who", "how"))


@MIGRATIONS(name="0008-items-in-order")
def _items_in_order(database: Any) -> None:
    # Without it every page of a submission sorts all of its items, with what the checker said of each.
    database["item"].create_index(["submission"])


@MIGRATIONS(name="0009-bytes-set-aside")
def _bytes_set_aside(database: Any) -> None:
    database.execute("alter table set_aside add column sha256 blob")
    database.execute("alter table set_aside add column sent text")
