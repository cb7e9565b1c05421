"""The real command in a process of its own, forked from one that has loaded its modules: most of a short run's time.

What a fresh interpreter makes of a command is shown by the tests that start one (`tests/e2e/test_commands.py`,
`tests/e2e/test_daemon.py`, `tests/unit/gdac/test_command_places.py` and others).
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.e2e.loaded"])


def gdac(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], timeout: float = 100
) -> "subprocess.CompletedProcess[str]":
    """Run the command as `subprocess.run` does with ``capture_output`` and ``text``; raises what that raises."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        child = _SERVER.Process(target=_command, args=(tuple(arguments), cwd, dict(environment), out, err))
        child.start()
        child.join(timeout)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise subprocess.TimeoutExpired(["gdac", *arguments], timeout, _text(out), _text(err))
        return subprocess.CompletedProcess(["gdac", *arguments], child.exitcode, _text(out), _text(err))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _command(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], out: Path, err: Path) -> None:
    """The child: everything that a command can see of its process is as a shell would set it."""
    for number, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["gdac", *arguments]
    from gdac.cli.main import main

    main()
