"""``gdac`` under a clock that a test sets: `python -m tests.e2e.clocked ARGUMENTS`; GDAC_TEST_CLOCK names its file."""

import os
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path


def told(file: Path) -> datetime:
    """The time by a clock file: a moment, and the machine's own time at which it was that moment."""
    moment, mark = file.read_text().split()
    return datetime.fromisoformat(moment) + timedelta(seconds=time.time() - float(mark))


def set_clock(file: Path, moment: datetime) -> None:
    """It is this moment now, and time goes on from there."""
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{moment.isoformat()} {time.time()}")
    fresh.replace(file)


class Clocked(datetime):
    """A datetime whose now is the test's."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        assert tz is UTC
        return told(Path(os.environ["GDAC_TEST_CLOCK"]))


def main() -> None:
    import sync.cli.care
    import sync.cli.sync
    from gdac.cli.main import main as gdac

    for module in (sync.cli.care, sync.cli.sync):
        module.datetime = Clocked  # type: ignore[misc,attr-defined]
    gdac()


if __name__ == "__main__":
    main()
