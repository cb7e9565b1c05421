"""What every store that can only be read has in common: it says no to writing, and has nothing to flush or clean."""

from collections.abc import AsyncIterable

from gdac.errors import UsageError
from gdac.store import Declared, Expect, ObjectInfo, Probed, Store


class ReadOnly:
    """The writing half of `gdac.store.Store` for a source.

    Args:
        name: the URL without credentials.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """The URL without credentials."""
        return self._name

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],  # noqa: ARG002 - the port's shape
        declared: Declared,  # noqa: ARG002
        *,
        expect: Expect | str = Expect.ANYTHING,  # noqa: ARG002
    ) -> ObjectInfo:
        """Refuse. Raises `UsageError`."""
        raise self._refusal(f"{key} cannot be written")

    async def copy(self, source: str, target: str) -> None:
        """Refuse. Raises `UsageError`."""
        raise self._refusal(f"{source} cannot be copied to {target}")

    def copies_from(self, other: Store) -> bool:  # noqa: ARG002
        """Never."""
        return False

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:  # noqa: ARG002
        """Refuse. Raises `UsageError`."""
        raise self._refusal(f"{key} of {other.name} cannot be copied here")

    async def delete(self, key: str) -> None:
        """Refuse. Raises `UsageError`."""
        raise self._refusal(f"{key} cannot be deleted")

    async def flush(self) -> None:
        """Nothing was written."""

    async def clean(self) -> int:
        """Nothing was left."""
        return 0

    async def probe(self, known: Probed | None = None) -> Probed:  # noqa: ARG002
        """Nothing to try: what reading needs is learned while reading."""
        return Probed()

    def _refusal(self, what: str) -> UsageError:
        return UsageError(
            f"{what}: gdac only reads from {self.name}.", hint="Use a local directory or a bucket as a mirror."
        )
