"""The two indexes of this week: what the global ones list of files updated today or in the six days before."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

from gdac.index.header import IndexHeader
from gdac.index.read import index_text
from gdac.index.rows import from_csv, quoted
from gdac.index.write import replacing

#: The global index that each is a part of.
PART_OF: Final[Mapping[str, str]] = {
    "ar_index_this_week_prof": "ar_index_global_prof",
    "ar_index_this_week_meta": "ar_index_global_meta",
}
#: Days (UTC) that a week has, today among them.
_DAYS: Final = 7
_BATCH: Final = 20_000


def first_day(when: datetime) -> date:
    """The first day of the week that ends on the day of ``when`` (UTC)."""
    return when.astimezone(UTC).date() - timedelta(days=_DAYS - 1)


def write_this_week(
    con: duckdb.DuckDBPyConnection, whole: Path, dest: Path, since: date, *, header: IndexHeader, workdir: Path
) -> int:
    """Write the rows of an index whose date_update is not before a day, as they are, in the order of paths.

    Args:
        con: an engine.
        whole: the global index, ``.txt`` or ``.txt.gz``.
        dest: replaced in one step.
        since: the first day (UTC).
        header: of the new file.
        workdir: where a packed index is unpacked for the time of the call.

    Returns:
        How many rows it has.

    Raises:
        RefusedError: the global index is none, or damaged.
    """
    with index_text(whole, workdir) as text, replacing(dest) as target:
        target.write(header.encode())
        line = "concat_ws(',', " + ", ".join(quoted(column.name) for column in text.columns) + ")"
        rows = from_csv(text.columns, text.header.count)
        con.execute(
            f"select {line} from {rows} where date_update >= ? order by file", [str(text.text), f"{since:%Y%m%d}000000"]
        )
        count = 0
        while batch := con.fetchmany(_BATCH):
            target.write("".join(f"{row}\n" for (row,) in batch).encode())
            count += len(batch)
        return count
