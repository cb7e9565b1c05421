"""The path grammar in SQL: a fast path for the rows of an index, with `gdac.paths.ArchivePath.parse` as the judge.

DuckDB's expressions (RE2) accept only paths that are certainly good; whatever they do not accept goes to
`ArchivePath.parse`, so both always agree. Table names are ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import duckdb

from gdac.index.spec import IndexSpec
from gdac.paths import ArchivePath, Kind

_DAC: Final = "[a-z][a-z0-9_-]{1,31}"
_WMO: Final = "(?:[0-9]{7}|[0-9]{5})"
_CYCLE: Final = "(?:[0-9]{3}|[1-9][0-9]{3})"
_PROFILES: Final = {
    Kind.PROFILE: "",
    Kind.BIO_PROFILE: "B",
    Kind.SYNTHETIC_PROFILE: "S",
    Kind.MERGED_PROFILE: "M",
}
_FLOATS: Final = {
    Kind.META: "meta",
    Kind.TECH: "tech",
    Kind.TRAJECTORY: "[RD]traj",
    Kind.BIO_TRAJECTORY: "B[RD]traj",
}
#: Auxiliary names are free; these are certainly safe.
_AUX: Final = "aux(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){2,6}"


def certain(kinds: frozenset[Kind], path: str = "path") -> str:
    """SQL condition: ``path`` is surely safe and of one of these kinds.

    The float's number is compared apart, as RE2 has no back-references.
    """
    if Kind.AUX in kinds:
        return f"regexp_full_match({path}, '{_AUX}')"
    either: list[str] = []
    for kind in sorted(kinds):
        if kind in _PROFILES:
            either.append(f"profiles/{_PROFILES[kind]}[RD]{_WMO}_{_CYCLE}D?\\.nc")
        else:
            either.append(f"{_WMO}_{_FLOATS[kind]}\\.nc")
    shape = f"regexp_full_match({path}, 'dac/{_DAC}/{_WMO}/(?:{'|'.join(either)})')"
    return f"({shape} AND {_same_float(kinds, path)})"


def _same_float(kinds: frozenset[Kind], path: str) -> str:
    """SQL condition for paths of the right shape: folder and name have the same float number."""
    if not kinds <= _PROFILES.keys():
        return f"starts_with(ltrim(split_part({path}, '/', -1), 'BSMRD'), split_part({path}, '/', 3) || '_')"
    # three times faster than splitting: the number ends where /profiles/ begins, and the name's comes after R, D, BR...
    folder = f"strpos({path}, '/profiles/')"
    letters = f"CASE WHEN substr({path}, {folder} + 11, 1) BETWEEN '0' AND '9' THEN 11 ELSE 12 END"
    name = f"{folder} + {letters}"
    return (
        f"CASE WHEN substr({path}, {name} + 5, 1) = '_' "
        f"THEN substr({path}, {folder} - 6, 7) = '/' || substr({path}, {name}, 5) || '/' "
        f"ELSE substr({path}, {folder} - 8, 9) = '/' || substr({path}, {name}, 7) || '/' END"
    )


def safe_shape(kinds: frozenset[Kind], file: str) -> str:
    """SQL condition on a ``file`` column (relative to the index's root): surely safe, whatever its kind."""
    root = "aux" if Kind.AUX in kinds else "dac"
    return f"regexp_full_match({file}, '{_AUX if root == 'aux' else _any_shape(kinds)}')".replace(f"'{root}/", "'", 1)


def _any_shape(kinds: frozenset[Kind]) -> str:
    return certain(kinds).partition("'")[2].partition("'")[0]


def kind_of(path: str = "path") -> str:
    """SQL expression: `Kind` of a path that an index may list, as text; ``other`` for all others."""
    name = f"split_part({path}, '/', -1)"
    whens = [f"WHEN {certain(frozenset({kind}), path)} THEN '{kind}'" for kind in (*_PROFILES, *_FLOATS)]
    return f"CASE {' '.join(whens)} WHEN starts_with({path}, 'aux/') AND {name} <> '' THEN 'aux' ELSE 'other' END"


def dac_of(path: str = "path") -> str:
    """SQL expression: the DAC directory of a path."""
    return f"split_part({path}, '/', 2)"


def delayed_twin(path: str = "path") -> str:
    """SQL expression: the D path of an R profile or trajectory; the path itself for all others."""
    profile = f"regexp_replace({path}, '/([BSM]?)R({_WMO}_{_CYCLE}D?\\.nc)$', '/\\1D\\2')"
    return f"regexp_replace({profile}, '/({_WMO}_B?)Rtraj\\.nc$', '/\\1Dtraj.nc')"


@dataclass(frozen=True, slots=True)
class Strangers:
    """Rows that the fast path did not vouch for, after `ArchivePath.parse` let them pass.

    Attributes:
        rows: how many.
        example: one of them; empty when there are none.
    """

    rows: int
    example: str


def judge(con: duckdb.DuckDBPyConnection, table: str, spec: IndexSpec) -> Strangers:
    """Send every path of a table that is not certainly good to the grammar.

    Returns:
        The safe paths that are not of the index's kinds.

    Raises:
        PathError: a path that no archive may hold; the first one in byte order.
    """
    if _all_certain(con, table, spec.kinds):
        return Strangers(0, "")
    strangers = 0
    example = ""
    for text in uncertain(con, table, spec):
        if ArchivePath.parse(text).kind not in spec.kinds:
            strangers += 1
            example = example or text
    return Strangers(strangers, example)


def _all_certain(con: duckdb.DuckDBPyConnection, table: str, kinds: frozenset[Kind]) -> bool:
    """Every path is surely of these kinds; False proves nothing.

    Paths are cut at their first ``_``. Millions of them have few different beginnings (two per float) and few endings,
    and where any good ending makes a good path of a good beginning, those few say it for all.
    """
    if not (kinds <= _PROFILES.keys() or kinds <= _FLOATS.keys()):
        return False
    begin, end = _whole_examples(min(kinds))
    begins, ends = "substr(path, 1, strpos(path, '_') - 1)", "substr(path, strpos(path, '_'))"
    good_begins = certain(kinds, f"(part || '{end}')")
    good_ends = certain(kinds, f"('{begin}' || part)")
    for part, good in ((begins, good_begins), (ends, good_ends)):
        found = con.execute(f"SELECT bool_and({good}) FROM (SELECT DISTINCT {part} AS part FROM {table})").fetchone()
        if found == (False,):
            return False
    return True


def _whole_examples(kind: Kind) -> tuple[str, str]:
    """A good beginning and a good ending of a path of a kind."""
    if kind in _PROFILES:
        return f"dac/aoml/12345/profiles/{_PROFILES[kind]}R12345", "_001.nc"
    return "dac/aoml/12345/12345", f"_{_FLOATS[kind].replace('[RD]', 'R')}.nc"


def uncertain(con: duckdb.DuckDBPyConnection, table: str, spec: IndexSpec) -> Iterator[str]:
    """Stream the paths that the fast path does not vouch for."""
    found = con.execute(f"SELECT path FROM {table} WHERE NOT ({certain(spec.kinds)}) ORDER BY path")
    while rows := found.fetchmany(10_000):
        for (text,) in rows:
            yield text
