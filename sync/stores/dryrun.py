"""Writes, copies and deletes that are noted down and not done; reading is real."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Literal

from gdac.paths import check_safe
from gdac.store import Declared, Expect, ObjectInfo, Probed, Store
from sync.stores.wrapper import Wrapper


@dataclass(frozen=True, slots=True)
class Noted:
    """One thing that would have been done.

    Attributes:
        action: what.
        key: to which object.
        size: bytes that would have been written; None where nobody said.
        source: where a copy's bytes would have come from.
    """

    action: Literal["write", "copy", "delete"]
    key: str
    size: int | None = None
    source: str = ""


class DryRunStore(Wrapper):
    """A store that is only looked at. Bodies are not read, preconditions not checked, nothing is probed.

    Args:
        store: the store.

    Attributes:
        noted: what would have been done, in order; one record for each, so for plans, not for whole archives.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.noted: list[Noted] = []

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],  # noqa: ARG002 - the port's shape
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,  # noqa: ARG002
    ) -> ObjectInfo:
        """Note a write."""
        check_safe(key)
        self.noted.append(Noted("write", key, declared.size))
        return ObjectInfo(key, declared.size, declared.modified, None, declared.sha256)

    async def copy(self, source: str, target: str) -> None:
        """Note a copy. Raises `NotFoundError` like a real one."""
        check_safe(target)
        self.noted.append(Noted("copy", target, (await self._store.stat(source)).size, source))

    def copies_from(self, other: Store) -> bool:  # noqa: ARG002
        """Whether these two could cannot be known without doing it."""
        return False

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:  # noqa: ARG002
        """Note nothing: the caller writes instead."""
        check_safe(target)
        return None

    async def delete(self, key: str) -> None:
        """Note a delete."""
        check_safe(key)
        self.noted.append(Noted("delete", key))

    async def flush(self) -> None:
        """Nothing was written."""

    async def clean(self) -> int:
        """Nothing is removed."""
        return 0

    async def probe(self, known: Probed | None = None) -> Probed:
        """Nothing is tried."""
        return known or Probed()
