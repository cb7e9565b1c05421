"""What the descriptions of a sealed archive are made from; no more is needed, so every mirror can make them."""

from dataclasses import dataclass

from gdac.manifest.doi import Snapshots
from gdac.manifest.head import Head
from gdac.manifest.record import Record
from vocab.names import Names


@dataclass(frozen=True, slots=True)
class Described:
    """A sealed archive.

    Attributes:
        head: its head; of a view the view's own.
        records: how its serials came to be, newest first: from the head's serial back without a gap, as far as they
            are known. Empty where the head names none.
        snapshots: what is known of DOI snapshots; None where nothing is.
        names: under which base IRIs are minted.
    """

    head: Head
    records: tuple[Record, ...]
    snapshots: Snapshots | None
    names: Names

    def record(self, serial: int) -> Record | None:
        """The record of a serial, where it is known."""
        return next((one for one in self.records if one.serial == serial), None)
