"""A process that used the S3 data path must end with the exit status it means: see `sync.loop`."""

import subprocess
import sys
from collections.abc import Callable

from tests import servers
from tests.contract.conftest import Place

SCRIPT = """
import sys
from gdac.store import Declared
from sync.loop import run
from sync.stores.open import open_store
from sync.stores.settings import S3Settings, StoreSettings
url, endpoint, user, password = sys.argv[1:]
async def work():
    settings = StoreSettings(s3=S3Settings(endpoint=endpoint, access_key=user, secret_key=password))
    async with open_store(url, settings, environment={}) as store:
        for number in range(20):
            await store.write(f"dac/{number}.nc", b"x" * 1000, Declared(1000))
run(work())
sys.exit(5)
"""


def test_exit_status_survives(at: Callable[[str], Place]) -> None:
    place = at("s3-moto")
    arguments = [place.url, place.server.endpoint, servers.USER, servers.PASSWORD]
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (5, "")
