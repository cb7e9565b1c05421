"""Jobs as processes of their own: real ones, that behave and that do not."""

import asyncio
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from sync.daemon.children import Bounds, Done, run_child
from sync.daemon.schedule import Ending
from sync.loop import run

BOUNDS = Bounds(timedelta(seconds=60), timedelta(seconds=20))


def work(program: str, bounds: Bounds = BOUNDS, *, stop_on: str = "") -> tuple[Done, list[dict]]:
    """Run a program as a job; asked to stop as soon as it reports the event ``stop_on``."""
    heard: list[dict] = []

    async def worked() -> Done:
        stop = asyncio.Event()

        def listen(event):
            heard.append(event)
            if stop_on and event["event"] == stop_on:
                stop.set()

        return await run_child([sys.executable, "-c", program], os.environ, bounds, stop, listen)

    return run(worked()), heard


@pytest.mark.parametrize(
    ("code", "ending"),
    [(0, "fine"), (1, "findings"), (2, "usage"), (3, "failed"), (4, "held"), (5, "partial"), (77, "bug"), (137, "bug")],
)
def test_exit_codes_are_endings(code, ending):
    done, _ = work(f"import os; print('{{}}', flush=True); os._exit({code})")
    assert done.ending == ending
    assert bool(done.error) is not done.ending.is_good


@pytest.mark.parametrize("program", ["raise SystemExit", "raise SystemExit(1)", "import no_such_module", "1 +"])
def test_one_that_tells_nothing_did_nothing(program):
    """Python ends with 1, our word for findings, where a module is missing: a broken installation is no success."""
    done, _ = work(program)
    assert done.ending is Ending.BUG
    assert done.error


def test_what_it_reports_and_what_it_says():
    done, heard = work(
        "import sys, json\n"
        "sys.stderr.write(json.dumps({'event': 'note', 'text': 'x'}) + '\\nnoise\\n')\n"
        "print(json.dumps({'run': 7})); print('no json'); print('[1]'); print('{broken')\n"
        "sys.stderr.write('gdac: the source does not answer.\\n      Is it there?\\n'); sys.exit(3)"
    )
    assert heard == [{"event": "note", "text": "x"}]
    assert done == Done(Ending.FAILED, "the source does not answer. Is it there?", ({"run": 7},))


def test_a_bug_is_told_from_a_failure():
    done, _ = work(
        "import sys; sys.stderr.write('ValueError: x\\ngdac: this is a bug in gdac; please report it\\n'); sys.exit(3)"
    )
    assert done.ending is Ending.BUG
    assert "ValueError: x" in done.error


def test_one_that_is_killed():
    done, _ = work("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.ending is Ending.KILLED
    assert "signal 9" in done.error


def test_floods_are_bounded():
    """50 MB without a line end, and more results than anybody needs: the memory of the daemon does not grow."""
    done, heard = work(
        "import sys\n"
        "for _ in range(50): sys.stderr.write('x' * 1000000)\n"
        'sys.stderr.write(\'\\n{"event": "note"}\\n\')\n'
        "for n in range(10000): print('{\"n\": %d}' % n)\n"
    )
    assert done.ending is Ending.FINE
    assert heard == [{"event": "note"}]
    assert len(done.results) < 1000


def test_one_that_is_asked_to_stop_puts_its_things_in_order():
    done, heard = work(
        "import os, signal, sys, time\n"
        "def stop(*_):\n"  # the signal may come within a write to stderr
        '    os.write(2, b\'{"event": "tidy"}\\n\'); sys.exit(143)\n'
        "signal.signal(signal.SIGTERM, stop)\n"
        'sys.stderr.write(\'{"event": "ready"}\\n\'); sys.stderr.flush()\n'
        "time.sleep(60)",
        stop_on="ready",
    )
    assert done.ending is Ending.STOPPED
    assert [one["event"] for one in heard] == ["ready", "tidy"]


def test_one_that_had_ended_by_itself_was_not_stopped():
    done, _ = work(
        "import signal, sys, time\n"
        "print('{}', flush=True); signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        'sys.stderr.write(\'{"event": "ready"}\\n\'); sys.stderr.flush()\n'
        "time.sleep(60)",
        stop_on="ready",
    )
    assert done.ending is Ending.FINE


def test_one_that_will_not_stop_is_killed_with_all_that_it_started(tmp_path):
    child = tmp_path / "pid"
    done, _ = work(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "own = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        f"open({str(child)!r}, 'w').write(str(own.pid))\n"
        'sys.stderr.write(\'{"event": "ready"}\\n\'); sys.stderr.flush()\n'
        "time.sleep(300)",
        Bounds(timedelta(seconds=120), timedelta(seconds=1)),
        stop_on="ready",
    )
    assert done.ending is Ending.STOPPED
    assert gone(int(child.read_text()))


def test_one_that_takes_too_long_is_stopped():
    done, _ = work("import time; time.sleep(300)", Bounds(timedelta(seconds=1), timedelta(seconds=20)))
    assert done.ending is Ending.LATE
    assert done.ending.is_failure


def test_what_a_dead_one_left_behind_holds_nobody_up(tmp_path):
    """Its own child still holds the pipes open."""
    child = tmp_path / "pid"
    done, _ = work(
        "import subprocess, sys\n"
        "print('{}', flush=True)\n"
        "own = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        f"open({str(child)!r}, 'w').write(str(own.pid))\n"
    )
    assert done.ending is Ending.FINE
    assert gone(int(child.read_text()))


def test_one_that_cannot_be_started():
    async def worked() -> Done:
        return await run_child(["/no/such/program"], {}, BOUNDS, asyncio.Event(), lambda _: None)

    done = run(worked())
    assert done.ending is Ending.FAILED
    assert "could not be started" in done.error


def gone(pid: int) -> bool:
    """A process has ended; somebody may still have to collect it."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False
