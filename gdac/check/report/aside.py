"""Text that waits for the sums to be written first: in memory as long as it is short, then in a temporary file."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Final

#: Characters that are held in memory.
HELD: Final = 4 << 20


class Aside:
    """Kept text; it is gone when it has been told, or when a run that broke off forgets it."""

    def __init__(self) -> None:
        self._kept = SpooledTemporaryFile(  # noqa: SIM115 - closed by told, or with this object
            HELD, "w+", encoding="utf-8", errors="backslashreplace", newline="\n"
        )

    def __del__(self) -> None:
        self._kept.close()

    def write(self, text: str) -> None:
        """Keep more."""
        self._kept.write(text)

    def told(self) -> Iterator[str]:
        """All that was kept, line by line, once."""
        with self._kept as kept:
            kept.seek(0)
            yield from kept
