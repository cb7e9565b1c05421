"""Two submissions with a decision of every kind, as triples."""

from datetime import UTC, datetime
from typing import Any

import pyoxigraph as ox

from gdac.tables import load
from tests.unit.vocab.sealed_archive import ARCHIVE, sha
from vocab.names import Names
from vocab.provenance.decisions import Decision, Submitted, decision_triples, submission_iri, submission_triples

BEGAN = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
CHECKED = {"checker": "0.1.0", "specification": "3.1", "tables": load().version, "policies": "0.1.0+abc"}
D = "dac/coriolis/6901473/profiles/D6901473_001.nc"
R = "dac/coriolis/6901473/profiles/R6901473_001.nc"


def submitted(number: int = 7, **changed: Any) -> Submitted:
    known: dict[str, Any] = {"archive": ARCHIVE, "number": number, "dac": "coriolis", "began": BEGAN, "ended": BEGAN}
    known |= {"forced": False, "program": "0.1.0", "serial": 3, "repeats": None}
    return Submitted(**known | changed)


def decisions() -> list[tuple[Decision, tuple[str, ...]]]:
    listed = Decision(6, "coriolis_removal.txt", 9, sha(0x56), "removed", policies="0.1.0+abc")
    return [
        (Decision(1, "nc.tar.gz", 9, sha(0x51), "opened", policies="0.1.0+abc"), ()),
        (Decision(2, "nc.tar.gz!D6901473_001.nc", 9, sha(0x52), "published", path=D, **CHECKED), (R,)),
        (Decision(3, "R6901473_002.nc", 9, sha(0x53), "refused", broken=("ACC-003", "OPN-003"), **CHECKED), ()),
        (Decision(4, '"<> \\ \n\x00.nc', 0, None, "refused", broken=("ACC-002",), policies="0.1.0+abc"), ()),
        (Decision(5, "coriolis_greylist.csv", 9, sha(0x55), "kept", policies="0.1.0+abc"), ()),
        (listed, (D, "dac/coriolis/6901473/6901473_prof.nc")),
        (Decision(7, "D6901473_001.nc", 9, sha(0x52), "unchanged", path=D, **CHECKED), ()),
    ]


def handed_in(names: Names | None = None) -> list[ox.Triple]:
    names = names or Names()
    first = submitted()
    second = submitted(8, forced=True, serial=None, repeats=submission_iri(names, ARCHIVE, 7, BEGAN))
    found = [*submission_triples(names, first), *submission_triples(names, second)]
    for one, left in decisions():
        found += decision_triples(names, first, one, left)
    return found
