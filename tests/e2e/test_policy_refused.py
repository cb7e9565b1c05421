"""A restricted file is refused before the first byte is sent, with the policy named: by head, by hub, by configuration.

The mirrors are buckets on a real S3 server that logs every request, so that "not a byte" is counted, not believed.
"""

import json
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest
from gdac.errors import RefusedError
from gdac.records import RunRecord
from gdac.sample.archive import make_archive
from sync.loop import run as run_loop
from sync.mirror.anywhere import Journey, replicate_from
from sync.progress import Silent
from sync.state import State
from tests.deployment import InPlaceDeployment, folder_mirror
from tests.e2e.conftest import Desk, picture
from tests.servers import PASSWORD, USER, Server, http_python, s3_moto

#: A path of every restricted sort, with its policy.
RESTRICTED = {
    "etc/argo_sensor_exclusion_list.txt": "DIS-001",
    "ar_greylist.txt": "DIS-002",
    "dac/aoml/submit/R1900722_001.nc": "DIS-003",
    "etc/removed/R1900722_001.nc": "DIS-004",
    "etc/private/notes.txt": "DIS-005",
}


@pytest.fixture
def bucket(monkeypatch):
    with s3_moto() as moto:
        monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
        yield moto


def writes(bucket: Server) -> list[str]:
    return [request for request in bucket.requests if not request.startswith(("GET ", "HEAD "))]


def put(tree, path):
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("PLATFORM_CODE,PARAMETER_NAME\n1900722,PSAL\n")
    return file


def seal(desk: Desk) -> None:
    """Seal the sample tree as somebody who never heard of our policies would."""
    done = CliRunner().invoke(manifest, ["build", str(desk.source), "--seal", "--all"])
    assert done.exit_code == 0, done.output


def go(desk: Desk, source: str, bucket: Server) -> RunRecord:
    with State.open(desk.root / "state") as state:
        journey = Journey(source, f"{bucket.url}/copy")
        return run_loop(replicate_from(journey, state, Silent(), lambda: datetime.now(UTC)))


def test_a_manifest_with_a_restricted_path_is_refused_before_a_byte(desk: Desk, bucket: Server):
    file = put(desk.source, "etc/argo_sensor_exclusion_list.txt")
    seal(desk)
    with http_python(desk.source) as web:
        command = ("replicate", f"{web.url}/manifest/head.json", f"{bucket.url}/copy", "--state", "state", "-q")
        refused = desk.sync(*command)
        assert refused.returncode == 3, refused.stdout
        assert "'etc/argo_sensor_exclusion_list.txt', which must not be published: [DIS-001] " in refused.stderr
        assert "gdac policy explain DIS-001" in refused.stderr
        assert writes(bucket) == []
        assert not [request for request in web.requests if "/dac/" in request]

        file.unlink()
        seal(desk)
        assert desk.sync(*command).returncode == 0
        assert len(writes(bucket)) > 20


def test_every_sort_is_refused_at_first_and_by_a_delta(desk: Desk, bucket: Server):
    for sorts in (RESTRICTED, {"etc/argo-index/ar_greylist.txt": "DIS-002"}):
        for path, policy in sorts.items():
            file = put(desk.source, path)
            seal(desk)
            bucket.requests.clear()
            with pytest.raises(RefusedError, match=rf"must not be published: \[{policy}\] "):
                go(desk, str(desk.source), bucket)
            assert writes(bucket) == []
            file.unlink()
        seal(desk)
        record = go(desk, str(desk.source), bucket).mirrors[0]
    assert (record.way, record.serial) == ("delta", 8)


def in_place(tmp_path, mirrors):
    made = InPlaceDeployment(tmp_path, "", mirrors)
    make_archive(made.hub, floats=2, cycles=3, seed=7, day=date(2025, 3, 1))
    return made


def test_a_hub_in_place_seals_no_restricted_file(tmp_path, bucket):
    here = in_place(tmp_path, {"bucket": {"store": f"{bucket.url}/copy", "endpoint": bucket.endpoint}})
    for path in RESTRICTED:
        put(here.hub, path)
    record = here.run()
    told = " ".join(record.notes)
    assert all(f"[{policy}]" in told for policy in RESTRICTED.values()), told
    assert record.mirrors[0].error is None
    assert len(writes(bucket)) > 20
    assert not [one for one in bucket.requests if any(path in one for path in RESTRICTED)]


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"layout": "asdi"},
        {"filter": {"kinds": ["etc"]}},
        {"filter": {"kinds": ["other", "index", "etc"]}, "layout": "argopy-s3"},
    ],
    ids=["plain", "asdi", "etc", "other"],
)
def test_a_mirror_of_a_hub_that_sealed_one_gets_nothing_whatever_its_definition(desk: Desk, bucket, definition):
    put(desk.source, "etc/removed/R1900722_001.nc")
    seal(desk)
    made = InPlaceDeployment(desk.root, "", {"bucket": {"store": f"{bucket.url}/copy", "endpoint": bucket.endpoint}})
    made.mirrors["bucket"] |= definition
    desk.source.rename(made.hub)
    record = made.replicate().mirrors[0]
    assert record.way == "failed"
    assert "[DIS-004] " in str(record.error)
    assert writes(bucket) == []


@pytest.mark.parametrize(
    ("section", "policy"),
    [
        ('[mirror.folder.filter]\ndacs = ["aoml", "submit"]\n', "DIS-003"),
        ('[mirror.x]\nstore = "x"\n[mirror.x.filter]\ndacs = ["reject"]\n', "DIS-003"),
    ],
)
def test_a_configuration_that_asks_for_restricted_files_is_refused(desk: Desk, section, policy):
    with (desk.root / "gdac.toml").open("a") as config:
        config.write(section)
    done = desk.sync("run")
    assert (done.returncode, f"must not be published: [{policy}]" in done.stderr) == (2, True), done.stderr
    assert not desk.hub.exists()
    assert not desk.mirror.exists()
    checked = desk.gdac("policy", "check", "--config", "gdac.toml", "--json")
    assert checked.returncode == 1
    assert [one["policy"] for one in json.loads(checked.stdout)["forbidden_wishes"]] == [policy]


def test_a_source_is_not_asked_for_the_greylist(desk: Desk):
    put(desk.source, "ar_greylist.txt")
    desk.configure(str(desk.source), indexes=["ar_index_global_prof", "ar_greylist"])
    done = desk.sync("run")
    assert (done.returncode, "[DIS-002]" in done.stderr) == (2, True), done.stderr
    desk.configure(str(desk.source))
    assert desk.sync("run", "-q").returncode == 0
    assert not [path for path in (*picture(desk.hub), *picture(desk.mirror)) if "greylist" in path]


def test_a_revert_brings_no_restricted_file_back(desk: Desk):
    """A hub that was sealed with one before the rule, and without it since."""
    file = put(desk.source, "etc/private/notes.txt")
    seal(desk)
    file.unlink()
    seal(desk)
    made = InPlaceDeployment(desk.root, "", {"folder": folder_mirror(desk.mirror)})
    desk.source.rename(made.hub)
    desk.configure(str(desk.root / "elsewhere"))
    before = picture(made.hub)
    done = desk.sync("revert", "1")
    assert (done.returncode, "[DIS-005]" in done.stderr) == (3, True), done.stderr
    assert picture(made.hub) == before
