"""A snapshot's tar as a table in the shape of a manifest: streamed once, nothing extracted, memory flat."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from sync.doi.members import Member, members
from sync.doi.opening import Tar
from sync.progress import Stage
from sync.spool import Spool
from sync.transfer import SMALL

_COLUMNS: Final = {"path": "VARCHAR", "size": "BIGINT", "sha256": "HEX", "md5": "HEX", "modified": "TIMESTAMP"}
#: Examples that are kept of members refused.
_EXAMPLES: Final = 20


@dataclass(slots=True)
class Refused:
    """Members that no archive may hold.

    Attributes:
        count: how many.
        examples: name and reason of the first ones.
    """

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, member: Member) -> None:
        """Count one."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{member.name!a}: {member.why}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a tar holds.

    Attributes:
        sha256: digest of the tar, lower-case hex.
        size: its bytes.
        members: its plain files, refused ones apart.
        rows: archive paths; fewer than members where one path stands in it twice with the same bytes.
        bytes: of those files.
        torn: paths that stand in it twice with different bytes.
        refused: members that are no files of an archive.
    """

    sha256: str
    size: int
    members: int
    rows: int
    bytes: int
    torn: int
    refused: Refused


async def load_tar(tar: Tar, connection: duckdb.DuckDBPyConnection, table: str, workdir: Path, stage: Stage) -> Loaded:
    """Make ``table`` (path, size, sha256, md5, modified) of the files of a snapshot.

    Args:
        tar: opened.
        connection: gets the table.
        table: its name, a constant of ours.
        workdir: for a temporary file of about 200 bytes a row.
        stage: counts files and bytes.

    Raises:
        TarError: the tar is none, ends early, has another size than its record says, or unpacks to too much.
        StoreError: it could not be read to its end.
    """
    refused = Refused()
    count = 0
    with Spool(workdir / f"{table}.tsv") as spool:
        async for member in members(tar.stream, tar.budget):
            if member.path is None:
                refused.add(member)
                continue
            sha256, md5 = await digests(member)
            modified = member.modified.replace(tzinfo=None) if member.modified else None
            spool.add(member.path.text, member.size, sha256, md5, modified)
            count += 1
            stage.advance(1, member.size)
        digest = await tar.finish()
        spool.load(connection, f"{table}_all", _COLUMNS)
    connection.execute(
        f"create or replace table {table} as select path, any_value(size) as size, any_value(sha256) as sha256,"
        " any_value(md5) as md5, max(modified) as modified, count(distinct sha256) > 1 as torn"
        f" from {table}_all group by path"
    )
    connection.execute(f"drop table {table}_all")
    found = connection.execute(
        f"select count(*), coalesce(sum(size), 0)::bigint, count(*) filter (torn) from {table}"
    ).fetchone()
    assert found is not None
    rows, size, torn = map(int, found)
    return Loaded(digest, tar.budget.came, count, rows, size, torn, refused)


async def digests(member: Member) -> tuple[str, str]:
    """SHA-256 and MD5 of a member's bytes, in lower-case hex."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    if member.size <= SMALL:
        body = await member.body.whole()
        sha256.update(body)
        md5.update(body)
    else:
        async for piece in member.body.chunks():
            sha256.update(piece)
            md5.update(piece)
    return sha256.hexdigest(), md5.hexdigest()
