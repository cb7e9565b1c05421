"""Data modes that are NUL (CHK-008): the official checker fails on them."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.trajectory.cycles import agree

_MODES: Final = ("JULD_DATA_MODE", "TRAJECTORY_PARAMETER_DATA_MODE")


@rule("CHK-008", "E", "T3.2", manual="2.3.5")
def modes_are_written(ctx: Context) -> Iterator[Fault]:
    """No data mode of a measurement is NUL.

    Why: the official checker takes a NUL for the end of the text and fails on what should follow.
    Mend: write R, A or D, or a blank where a measurement has no such value.
    """
    if not ctx.once(agree):
        return  # the official checker stops before it reads them
    for name in _MODES:
        written = ctx.dataset.array(name)
        nul = np.argwhere(written == b"")
        if len(nul):
            place = at(name, *(int(each) + 1 for each in nul[0]))
            yield Fault(place, "the data mode is NUL", "NUL", "R, A, D or blank", count=len(nul))
