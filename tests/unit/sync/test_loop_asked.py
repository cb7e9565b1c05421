"""A process that is asked to end puts its things in order first."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from sync.loop import TerminatedError, run
from tests.conftest import ROOT


def test_sigterm_cancels_and_is_told():
    order = []

    async def work() -> None:
        try:
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            order.append("tidy")

    with pytest.raises(TerminatedError) as told:
        run(work())
    assert order == ["tidy"]
    assert told.value.exit_code == 143


def test_a_cancellation_of_its_own_is_no_signal():
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(work())


def test_afterwards_the_signal_is_the_system_s_again():
    program = (
        "import os, signal\nfrom sync.loop import run\n"
        "async def nothing(): pass\n"
        "run(nothing())\nos.kill(os.getpid(), signal.SIGTERM)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, cwd=ROOT)
    assert done.returncode == -signal.SIGTERM, done.stderr
