"""Where stores may lie: archives apart from each other, our own things outside of them, ``~`` as the shell has it."""

from pathlib import Path

import pytest

from gdac.errors import UsageError
from sync.config import Config, check_config
from sync.places import local_path
from sync.stores.open import open_store


def config(hub: str, state: str = "", **more: object) -> Config:
    ours = {"store": hub, "state": state} if state else {"store": hub}
    raw = {"hub": ours, "source": {"ifremer": {"store": "https://example.org/argo"}}, **more}
    return check_config(raw, where="test")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_the_home_directory_is_the_same_to_everybody(home):
    made = config("~/argo")
    assert made.state_directory == home / "argo.state"
    assert config("/srv/argo", "~/state").state_directory == home / "state"
    assert local_path("~/argo") == local_path(f"file://{home}/argo") == str(home / "argo")
    (home / "argo").mkdir()
    assert open_store("~/argo").name == open_store(str(home / "argo")).name


def test_the_home_of_a_user_that_there_is_not_is_left_alone():
    assert local_path("~nobody-of-this-name/argo") == "~nobody-of-this-name/argo"


def test_what_is_in_the_hub_is_seen_through_the_home_directory(home):
    with pytest.raises(UsageError, match=r"hub\.state: .* lies in the hub"):
        config(str(home / "argo"), "~/argo/state")
    raw = {"hub": {"store": str(home / "argo")}, "collect": {"inbox": {"aoml": {"store": "~/argo/in"}}}}
    with pytest.raises(UsageError, match=r"collect\.inbox\.aoml\.store: .* lie in one another"):
        check_config(raw, where="test")


@pytest.mark.parametrize(
    ("hub", "mirror"),
    [
        ("/srv/argo", "/srv/argo"),
        ("/srv/argo", "/srv/argo/mirror"),
        ("/srv/argo", "/srv"),
        ("s3://bucket/argo", "s3://bucket/argo/"),
        ("s3://bucket/argo", "s3://bucket"),
    ],
)
def test_archives_in_one_another_are_refused(hub, mirror):
    with pytest.raises(UsageError, match=r"mirror\.near\.store: .* give each a place of its own"):
        config(hub, "/var/state", mirror={"near": {"store": mirror}})


def test_a_mirror_on_top_of_the_source_or_of_another_is_refused():
    with pytest.raises(UsageError, match=r"mirror\.near\.store: .* source\.disk\.store"):
        config("/srv/argo", source={"disk": {"store": "/data/argo"}}, mirror={"near": {"store": "/data/argo"}})
    with pytest.raises(UsageError, match=r"mirror\.far\.store: .* mirror\.near\.store"):
        config("/srv/argo", mirror={"near": {"store": "/near"}, "far": {"store": "/near/far"}})


def test_the_state_in_a_mirror_is_refused():
    with pytest.raises(UsageError, match=r"hub\.state: /near/state lies in mirror\.near\.store"):
        config("/srv/argo", "/near/state", mirror={"near": {"store": "/near"}})


@pytest.mark.parametrize(
    ("hub", "mirror"),
    [
        ("/srv/argo", "/srv/argo2"),
        ("s3://bucket/argo", "s3://bucket/argo2"),
        ("s3://bucket/argo", "s3://other/argo"),
        ("/srv/argo", "sftp://host/srv/argo"),
    ],
)
def test_archives_beside_each_other_are_fine(hub, mirror):
    config(hub, "/var/state", mirror={"near": {"store": mirror}})
