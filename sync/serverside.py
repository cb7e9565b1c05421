"""Copies that the servers make between two stores of one provider: no byte passes through us, so each is proven.

Before a copy the sender's object must be the one that is due, and after it the receiver's: by an ETag that is the MD5,
else by the SHA-256 that was given along when its bytes were hashed. What is not proven travels the long way.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gdac.errors import StoreError
from gdac.store import NotFoundError, ObjectInfo, Store, TemporaryStoreError

_MD5: Final = re.compile(r'"?([0-9a-f]{32})"?')
#: After so many files in a row that could not be copied so, no more are tried.
_GIVE_UP: Final = 16


@dataclass(frozen=True, slots=True)
class Due:
    """What a copy must be.

    Attributes:
        sha256: of its bytes.
        md5: of its bytes.
        modified: the time that goes with it (UTC); None where any will do.
        size: bytes; None where nobody knows beforehand.
    """

    sha256: bytes
    md5: bytes
    modified: datetime | None = None
    size: int | None = None

    def is_proven_by(self, info: ObjectInfo) -> bool:
        """Whether what a store says of an object shows that it has these bytes."""
        if self.size is not None and info.size != self.size:
            return False
        if info.sha256 is not None and info.sha256 != self.sha256.hex():
            return False
        etag = _MD5.fullmatch(info.validator or "")
        return etag[1] == self.md5.hex() if etag else info.sha256 == self.sha256.hex()

    def is_of_time(self, info: ObjectInfo) -> bool:
        """Whether the object has the time that goes with it, which a copy keeps."""
        return self.modified is None or info.modified == self.modified


class ServerCopies:
    """Copies from one store to another, made by their servers as long as they do.

    Args:
        origin: where from.
        target: where to.

    Attributes:
        files: copies that were made and proven.
    """

    def __init__(self, origin: Store, target: Store) -> None:
        self._origin, self._target = origin, target
        self._in_vain = 0
        self.files = 0

    async def copy(self, source_key: str, key: str, due: Due) -> ObjectInfo | None:
        """Have one object copied; None when it was not, or not proven: then it must travel.

        Raises:
            NotFoundError: the origin does not have it.
            TemporaryStoreError: a server failed just now.
        """
        if self._in_vain >= _GIVE_UP:
            return None
        try:
            made = await self._copy(source_key, key, due)
        except (NotFoundError, TemporaryStoreError):
            raise
        except StoreError:  # not allowed, or not known there
            made = None
        if made is None:
            self._in_vain += 1
        else:
            self._in_vain = 0
            self.files += 1
        return made

    async def _copy(self, source_key: str, key: str, due: Due) -> ObjectInfo | None:
        if not self._target.copies_from(self._origin):
            self._in_vain = _GIVE_UP
            return None
        there = await self._origin.stat(source_key)
        if not (due.is_proven_by(there) and due.is_of_time(there)):
            return None
        made = await self._target.copy_from(self._origin, source_key, key)
        return made if made is not None and made.size == there.size and due.is_proven_by(made) else None
