"""What listings said of files whose bytes they do not prove: an unchanged ETag means unchanged bytes.

An ETag of a single-part upload is the MD5 that the manifest knows. Those of other uploads (many parts, encrypted, of
Google or Azure) say nothing by themselves, but stay while the object does. A mark is such an ETag, hashed; with it
stands the digest of the bytes that were sealed for it, so that a revert or another source makes it void.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import duckdb

from gdac.manifest.files import quoted

_NAME: Final = "listed.parquet"
#: SQL expressions: of a validator, and of sealed bytes.
MARK: Final = "md5_number_lower(validator)"
_BYTES: Final = "left(hex({}.sha256), 16)"
#: SQL condition: the mark ``m`` belongs to the row ``k`` of what we hold.
BELONGS: Final = f"m.bytes = {_BYTES.format('k')}"


class Marks:
    """The marks of one hub's source.

    Args:
        directory: of the state.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / _NAME

    def load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the table ``marks`` (path, mark, bytes). A file that cannot be read only costs requests."""
        try:
            connection.execute(
                "create or replace table marks as select path::varchar as path, mark::ubigint as mark,"
                f" bytes::varchar as bytes from read_parquet({quoted(self._file)})"
            )
        except duckdb.Error:
            connection.execute("create or replace table marks (path varchar, mark ubigint, bytes varchar)")

    def save(self, connection: duckdb.DuckDBPyConnection, waiting: Collection[str]) -> None:
        """Remember what ``seen`` says of the files that ``known`` holds, those still to be fetched apart.

        Args:
            connection: holds ``seen``, ``known``, ``todo`` and ``pending``.
            waiting: paths that are not in ``todo`` though they should be fetched.
        """
        part = self._file.with_name(f"{_NAME}.part")
        connection.execute("create or replace temp table waiting as select unnest(?::varchar[]) as path", [[*waiting]])
        connection.execute(
            f"copy (select s.path, s.mark, {_BYTES.format('k')} as bytes from seen s join known k using (path)"
            " where s.mark is not null and s.modified is null and s.etag is distinct from k.md5"
            " and s.path not in (select path from todo where path not in (select path from pending))"
            f" and s.path not in (select path from waiting)) to {quoted(part)} (format parquet, compression zstd)"
        )
        part.replace(self._file)
