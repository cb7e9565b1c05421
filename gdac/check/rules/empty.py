"""Files that hold nothing (CHK-006): legal in format, but the official checker fails on them."""

from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, Phase, at
from gdac.check.rule import rule

#: The dimension without which there is nothing in a file, by type.
_COUNTED: Final = {"P": "N_PROF", "B": "N_PROF", "T": "N_CYCLE", "BT": "N_CYCLE", "M": "N_PARAM"}


@rule("CHK-006", "E", "P B T BT M", phase=Phase.DATA)
def holds_something(ctx: Context) -> Iterator[Fault]:
    """A profile file holds a profile, a trajectory a cycle, a metadata file a parameter.

    Why: the official checker fails on a file without any, so it cannot be accepted; readers fail on it too.
    Mend: send the file when there is something in it; or give the dimension its true length.
    """
    name = _COUNTED[ctx.letter]
    if ctx.dataset.dimensions.get(name) == 0:
        yield Fault(at(dimension=name), f"{name} is 0: there is nothing in the file", "0", "1 or more")
