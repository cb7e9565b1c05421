"""What a seed that was killed was about to write: noted as under way by whoever works with the hub next."""

from typing import Final

from gdac.columns import connect
from sync.brakes.hold import HUB
from sync.sealed.underway import UnderWay
from sync.state import State

#: Beside the state: paths that a seed was about to write, one a line, until they are noted as under way.
LOG: Final = "seed.paths"


def note_broken_off(state: State) -> None:
    """Note as under way what a seed was about to write: what no seal takes up goes after the grace.

    A seed that was killed could not do it by itself, so whoever works with the hub next does.
    """
    log = state.directory / LOG
    if not log.exists():
        return
    with connect() as connection:
        connection.execute(
            "create table noted as select distinct path from read_csv(?, columns = {'path': 'VARCHAR'}, delim = '\t',"
            " quote = '', escape = '', header = false, auto_detect = false, ignore_errors = true)",
            [str(log)],
        )
        UnderWay(connection, state, HUB, 0).begin("select path from noted")
    log.unlink()
