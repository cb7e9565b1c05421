"""What the record of a first serial says of the snapshots that its hub was seeded from."""

from typing import Final

from gdac.manifest.record import SourceFacts
from sync.state import State

#: Kind of a seed among the runs of the state.
SEED: Final = "seed"
_MOST_RUNS: Final = 1000


def seeded_from(state: State) -> tuple[SourceFacts, ...]:
    """The DOI snapshots from whose tars files came into the hub; for the first serial, which no run came before."""
    urls = {row["summary"].get("url") for row in state.runs(_MOST_RUNS) if row["kind"] == SEED}
    found = sorted(url for url in urls if isinstance(url, str))
    return tuple(SourceFacts(f"doi-snapshot-{url.rpartition('#')[2]}", url, "tar") for url in found)
