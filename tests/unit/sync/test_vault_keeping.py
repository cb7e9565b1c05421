"""What goes into the vault are the bytes of the file, whatever one reading of it gives."""

import hashlib
from datetime import UTC, datetime

import pytest

from gdac.errors import StoreError
from gdac.store import Declared
from sync.loop import run as run_loop
from sync.state import State
from sync.stores.faults import Fault, FaultyStore, Kind
from sync.stores.local import LocalStore
from sync.vault.vault import Vault, vault_key
from sync.vault.wrapper import Vaulting

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OLD, NEW = b"old bytes" * 1000, b"new bytes" * 1000


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_reading_that_gives_other_bytes_loses_nothing(tmp_path, wrong):
    """The first or the second reading of the hub goes wrong: then the file is left as it is, and later kept."""
    hub, kept = LocalStore(tmp_path / "hub"), LocalStore(tmp_path / "vault")
    readings = iter(range(1, 100))

    def script(step):
        return Fault(Kind.WRONG) if step.action == "read" and next(readings) == wrong else None

    async def work():
        await hub.write("dac/a.nc", OLD, Declared(len(OLD)))
        with State.open(tmp_path / "state") as state:
            guarded = Vaulting(FaultyStore(hub, script), Vault(kept, state, lambda: NOW))
            with pytest.raises(StoreError, match="could not be put into the vault"):
                await guarded.write("dac/a.nc", NEW, Declared(len(NEW)))
            assert (tmp_path / "hub/dac/a.nc").read_bytes() == OLD
            await guarded.write("dac/a.nc", NEW, Declared(len(NEW)))

    run_loop(work())
    assert (tmp_path / "hub/dac/a.nc").read_bytes() == NEW
    assert (tmp_path / "vault" / vault_key(hashlib.sha256(OLD).digest())).read_bytes() == OLD
