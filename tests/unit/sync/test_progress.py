"""What a reader sees while work goes on."""

import io
import json

import pytest

from gdac.errors import GdacError, StoreError
from sync.loop import run
from sync.progress import Json, Plain, Silent, human_size, reporter_for
from sync.tasks import tasks


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (7e13, "70.0 TB")]
)
def test_sizes(size, text):
    assert human_size(size) == text


def test_plain_lines():
    out = io.StringIO()
    with Plain(out).stage("ingest", 2) as stage:
        stage.advance(1, 1500)
        stage.advance(1, 500)
    assert out.getvalue().startswith("ingest: 2 of 2 files, 2.0 kB in ")


def test_json_events():
    out = io.StringIO()
    reporter = Json(out)
    with reporter.stage("ingest", 1) as stage:
        stage.advance(1, 5)
    reporter.note("hello")
    began, ended, note = (json.loads(line) for line in out.getvalue().splitlines())
    assert (began["event"], began["planned"]) == ("stage-began", 1)
    assert (ended["files"], ended["bytes"]) == (1, 5)
    assert note == {"event": "note", "text": "hello"}


def test_the_reporter_that_fits():
    assert isinstance(reporter_for(as_json=True), Json)
    assert isinstance(reporter_for(as_json=False, quiet=True), Silent)
    assert isinstance(reporter_for(as_json=False), Plain)


def test_the_first_error_that_somebody_can_mend_is_the_error():
    async def fail(error):
        raise error

    async def work():
        async with tasks() as group:
            group.create_task(fail(ValueError("a bug")))
            group.create_task(fail(StoreError("the disk is full.")))

    with pytest.raises(GdacError, match="disk"):
        run(work())
