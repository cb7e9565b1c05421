"""What the demo does, told as it happens; returns what it measured, so that a test can check that it is true."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from gdac.errors import UsageError
from gdac.records import RunRecord
from gdac.sample.archive import SampleChanges, make_archive, next_day
from sync.config import Config, check_config
from sync.demo import servers
from sync.demo.submission import Submitted, submit
from sync.loop import run as run_loop
from sync.progress import Reporter
from sync.run import Run
from sync.state import State

BUCKET: Final = "argo-mirror"
_MARK: Final = ".gdac-demo"
#: A float with fewer has not enough profiles for the submission.
LEAST_CYCLES: Final = 8
#: The first day of the sample GDAC: fixed, so that every demo shows the same floats.
_FIRST_DAY: Final = date(2025, 3, 1)


@dataclass(frozen=True, slots=True)
class DemoDay:
    """One day of the demo.

    Attributes:
        label: for the final table.
        record: what the run did.
        source_requests: requests that the source's server saw.
        s3_requests: requests that the S3 server saw.
        changes: what the sample GDAC itself says has changed; None on the first day.
    """

    label: str
    record: RunRecord
    source_requests: int
    s3_requests: int
    changes: SampleChanges | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """What the demo did.

    Attributes:
        days: two days and a quiet one.
        submitted: the check of a submission; None where the sample GDAC is too small to make one.
    """

    days: tuple[DemoDay, ...]
    submitted: Submitted | None


def play(directory: Path, *, floats: int, cycles: int, reporter: Reporter, tell: Callable[[str], None]) -> Played:
    """Play two days and a day without change, and check a submission.

    Args:
        directory: where everything goes; a demo that is there already is replaced.
        floats: floats of the sample GDAC.
        cycles: cycles of each.
        reporter: where progress goes.
        tell: gets the sentences of the story.

    Raises:
        UsageError: the directory holds something else.
        GdacError: something failed.
    """
    _clear(directory)
    source = directory / "source"
    tell(f"A GDAC of {floats} invented floats is made in {source} ...")
    made = make_archive(source, floats=floats, cycles=cycles, seed=1, day=_FIRST_DAY)
    days: list[DemoDay] = []
    with ExitStack() as stack:
        stack.enter_context(_credentials())
        ftp = stack.enter_context(servers.ftp(source))
        web = stack.enter_context(servers.web(source))
        bucket = stack.enter_context(servers.s3(BUCKET))
        tell(
            f"... {made.files:,} files, served by FTP at {ftp.url} and by HTTP at {web.url};\n"
            f"an empty bucket waits at {bucket.url}."
        )

        def day(label: str, door: servers.Serving, changes: SampleChanges | None = None) -> None:
            before = door.requests[0], bucket.requests[0]
            record = _run(_config(directory, door.url, bucket.url), reporter)
            asked = door.requests[0] - before[0], bucket.requests[0] - before[1]
            days.append(DemoDay(label, record, *asked, changes))

        tell("\nDay 1: everything is new. The hub takes it by FTP; a bucket and a folder become its mirrors.")
        day("day 1, by FTP", ftp)
        tell("\nDay 2: new cycles, R profiles became D, corrections, removals. The hub takes it by HTTP this time.")
        changes = next_day(source)
        day("day 2, by HTTP", web, changes)
        tell("\nDay 2 once more: nothing has changed since.")
        day("again, by HTTP", web)
    _leave_config(directory, source)
    return Played(tuple(days), _check(directory, source, tell) if cycles >= LEAST_CYCLES else None)


def _check(directory: Path, source: Path, tell: Callable[[str], None]) -> Submitted:
    tell(
        "\nMeanwhile a data centre sends the files of a float. Some have gone wrong on the way; the checker says which:"
    )
    submitted = submit(source, directory)
    wrong = "\n".join(f"  {name}: {what}" for name, what in sorted(submitted.spoiled.items()))
    tell(f"(what was done to them)\n{wrong}\n\n{submitted.text.rstrip()}")
    return submitted


def _run(config: Config, reporter: Reporter) -> RunRecord:
    with State.open(config.state_directory) as state:
        return run_loop(Run(config, state, reporter, lambda: datetime.now(UTC)).whole_day())


def _config(directory: Path, source: str, endpoint: str) -> Config:
    raw = {
        "archive": {"title": "Sample GDAC of the argo-gdac demo", "doi": ""},
        "hub": {"store": str(directory / "hub"), "state": str(directory / "state")},
        "source": {"sample": {"store": source}},
        "mirror": {
            "bucket": {"store": f"s3://{BUCKET}", "endpoint": endpoint},
            "folder": {"store": str(directory / "mirror")},
        },
    }
    return check_config(raw, where="the demo's configuration")


def _leave_config(directory: Path, source: Path) -> None:
    """A configuration that works when the demo's servers are gone: the source is read from its directory."""
    (directory / "gdac.toml").write_text(
        "# Left by `gdac demo`: the same hub and folder mirror; the source is read from its directory now.\n"
        f'[archive]\ntitle = "Sample GDAC of the argo-gdac demo"\ndoi = ""\n\n'
        f'[hub]\nstore = "{directory / "hub"}"\nstate = "{directory / "state"}"\n\n'
        f'[source.sample]\nstore = "{source}"\n\n'
        f'[mirror.folder]\nstore = "{directory / "mirror"}"\n',
        encoding="utf-8",
    )


def _clear(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        if not (directory / _MARK).is_file():
            raise UsageError(
                f"{directory} holds something that no demo of ours has made; it was left as it is.",
                hint="Name another directory with --directory.",
            )
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / _MARK).write_text("made by `gdac demo`; the whole directory may be deleted\n", encoding="utf-8")


@contextmanager
def _credentials() -> Iterator[None]:
    """Keys for the embedded S3 server, which takes any; real ones of the environment are not used and not touched."""
    ours = {"GDAC_BUCKET_USER": "gdac-demo", "GDAC_BUCKET_PASSWORD": "gdac-demo-secret"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
