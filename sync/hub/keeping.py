"""What a day begins with: a revert that was not released stops it; the hub's bytes go into the vault before they go."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gdac.columns import connect
from gdac.errors import ExitCode, GdacError
from gdac.store import Store
from sync.brakes.hold import HUB
from sync.config import Config
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.writers import try_store
from sync.state import State
from sync.vault.vault import Vault
from sync.vault.wrapper import Vaulting

#: Name of the vault in the state.
_VAULT: Final = "(vault)"


class StoppedError(GdacError):
    """Runs do not ingest since a revert; nothing was touched."""

    exit_code = ExitCode.HELD


async def begin_day(
    stack: AsyncExitStack,
    config: Config,
    state: State,
    hub: Store,
    now: Callable[[], datetime],
    opened: Callable[..., Store],
) -> Store:
    """The hub's store as a run must use it: behind the vault where there is one.

    When ``stack`` ends without an error, bytes whose retention is over leave the vault.

    Raises:
        StoppedError: a revert was sealed, and nobody has released runs since.
    """
    stop = state.ingest_stop()
    if stop is not None:
        why, since = stop
        raise StoppedError(
            f"runs do not ingest since {since:%Y-%m-%dT%H:%MZ}: {why}. Hub and mirrors stay as they are.",
            hint="Look whether the source is right again, then `gdac sync revert --release`; mirrors follow by"
            " `gdac sync replicate` meanwhile.",
        )
    if config.vault is None:
        return hub
    store = await stack.enter_async_context(opened("vault", config.vault))
    await try_store(store, _VAULT, config.vault.definition, state, now())
    vault = Vault(store, state, now)

    async def clean_up(kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await clean_vault(vault, hub, config, state)

    stack.push_async_exit(clean_up)
    return Vaulting(hub, vault)


def check_not_emptied(hub: Store, shown: Shown | None, state: State) -> None:
    """Refuse to begin a new archive where an old one was: its bytes are gone, or another place is mounted there.

    Raises:
        GdacError: the hub shows no head, and the state knows that it showed one.
    """
    known = state.published(HUB)
    if shown is not None or known is None:
        return
    serial, when = known
    raise GdacError(
        f"the hub {hub.name} shows no head, but it showed serial {serial} on {when:%Y-%m-%d}: it was emptied, or"
        " another place is mounted there. Nothing was done.",
        hint="Bring it back from a mirror (docs/operations.md). To begin a new archive there, which mirrors of the old"
        " one refuse, give it a state directory of its own.",
    )


async def clean_vault(vault: Vault, hub: Store, config: Config, state: State) -> int:
    """Delete from the vault what is older than its retention and no file of the hub's manifest; returns how many."""
    assert config.vault is not None
    shown = await read_head(hub)
    if shown is None or not vault.due(config.vault.retention):
        return 0
    with (
        TemporaryDirectory(dir=state.directory, prefix="work-") as folder,
        connect(memory_limit=config.hub.memory, temp_directory=str(Path(folder))) as connection,
    ):
        await Copies(state.directory / "sealed").load_manifest(connection, hub, shown.head, "manifest")
        return await vault.clean_up(connection, "manifest", config.vault.retention)
