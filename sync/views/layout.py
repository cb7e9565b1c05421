"""Where a hub's paths lie in a view: pure functions with an inverse, in Python and in SQL alike.

``gdac`` and ``argopy-s3`` keep every path. ``asdi`` is what users of the public AWS bucket know: everything under
``pub/``, the root's index files and the auxiliary index flat in ``pub/idx/``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

_BESIDE: Final = "etc/argo-index/"
_IDX: Final = "pub/idx/"
#: Index files that the bucket keeps flat in pub/idx though a GDAC has them under etc/argo-index.
_FLAT: Final = ("argo_aux-profile_index.txt", "argo_aux-profile_index.txt.gz")


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout.

    Attributes:
        name: as in the configuration.
        header_lines: how many ``#`` lines its index files have; None leaves them as they are.
        place: where a hub's path lies in the view.
        original: the hub's path of a path in the view; None where the layout puts nothing there.
        place_sql: `place` as SQL, of a column.
        original_sql: `original` as SQL.
    """

    name: str
    header_lines: Literal[10] | None
    place: Callable[[str], str]
    original: Callable[[str], str | None]
    place_sql: Callable[[str], str]
    original_sql: Callable[[str], str]


def _same(path: str) -> str:
    return path


def _into_bucket(path: str) -> str:
    if path.removeprefix(_BESIDE) in _FLAT:  # the two places change, so that none is taken twice
        return f"{_IDX}{path.removeprefix(_BESIDE)}" if path.startswith(_BESIDE) else f"pub/{_BESIDE}{path}"
    if "/" not in path or path.startswith("idx/"):
        return f"{_IDX}{path}"
    return f"pub/{path}"


def _out_of_bucket(path: str) -> str | None:
    if path.startswith(_IDX):
        name = path.removeprefix(_IDX)
        if name in _FLAT:
            return f"{_BESIDE}{name}"
        return name if name and ("/" not in name or name.startswith("idx/")) else None
    inner = path.removeprefix("pub/")
    if inner == path or "/" not in inner:
        return None
    name = inner.removeprefix(_BESIDE)
    return name if inner.startswith(_BESIDE) and name in _FLAT else inner


def _into_bucket_sql(path: str) -> str:
    flat = ", ".join(f"'{name}'" for name in _FLAT)
    beside = ", ".join(f"'{_BESIDE}{name}'" for name in _FLAT)
    return (
        f"case when {path} in ({beside}) then '{_IDX}' || substr({path}, {len(_BESIDE) + 1})"
        f" when {path} in ({flat}) then 'pub/{_BESIDE}' || {path}"
        f" when not contains({path}, '/') or starts_with({path}, 'idx/') then '{_IDX}' || {path}"
        f" else 'pub/' || {path} end"
    )


def _out_of_bucket_sql(path: str) -> str:
    at_idx = ", ".join(f"'{_IDX}{name}'" for name in _FLAT)
    beside = ", ".join(f"'pub/{_BESIDE}{name}'" for name in _FLAT)
    inner = f"substr({path}, {len('pub/') + 1})"
    name = f"substr({path}, {len(_IDX) + 1})"
    return (
        f"case when {path} in ({at_idx}) then '{_BESIDE}' || {name}"
        f" when {path} in ({beside}) then substr({path}, {len('pub/' + _BESIDE) + 1})"
        f" when starts_with({path}, '{_IDX}')"
        f" then case when {name} <> '' and (not contains({name}, '/') or starts_with({name}, 'idx/')) then {name} end"
        f" when starts_with({path}, 'pub/') and contains({inner}, '/') then {inner} end"
    )


#: Every layout by name.
LAYOUTS: Final[Mapping[str, Layout]] = {
    "gdac": Layout("gdac", None, _same, _same, _same, _same),
    "argopy-s3": Layout("argopy-s3", 10, _same, _same, _same, _same),
    "asdi": Layout("asdi", 10, _into_bucket, _out_of_bucket, _into_bucket_sql, _out_of_bucket_sql),
}
