"""ETags of S3 that are digests: the MD5 of one part, or the MD5 of the parts' MD5s and their number."""

import re
from hashlib import md5
from typing import Final

_MD5: Final = re.compile(r"[0-9a-f]{32}(-\d+)?")


def digest_of(data: bytes) -> str:
    """The ETag of an object that went up in one part: its MD5, lower-case hex."""
    return md5(data, usedforsecurity=False).hexdigest()


def looks_like_md5(etag: str) -> bool:
    """Whether an ETag without quotes has the form of one of these digests."""
    return _MD5.fullmatch(etag) is not None


class PartsDigest:
    """The ETag of an object that goes up in equal parts, made while its bytes pass.

    Args:
        part_bytes: size of every part but the last.
    """

    def __init__(self, part_bytes: int) -> None:
        self._part_bytes = part_bytes
        self._part = md5(usedforsecurity=False)
        self._room = part_bytes
        self._done = b""

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while view:
            taken, view = view[: self._room], view[self._room :]
            self._part.update(taken)
            self._room -= len(taken)
            if not self._room:
                self._end_part()

    def _end_part(self) -> None:
        self._done += self._part.digest()
        self._part = md5(usedforsecurity=False)
        self._room = self._part_bytes

    def etag(self) -> str:
        """``<digest>-<number of parts>``."""
        if self._room != self._part_bytes:
            self._end_part()
        return f"{digest_of(self._done)}-{len(self._done) // 16}"
