"""Which configurations make a hub that is the operator's own tree."""

import pytest

from gdac.errors import StoreError, UsageError
from sync.config import check_config
from sync.loop import run as run_loop
from sync.run import opened


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"vault": {"store": "/tmp/vault"}}, "vault"),
        ({"source": {"other": {"store": "ftp://example.org"}}, "hub": {"in_place": True}}, "has no source"),
        ({"hub": {"store": "s3://bucket/argo"}}, "only a local directory"),
        ({"hub": {"in_place": False}}, "there is none"),
        ({"hub": {"state": "{hub}/state"}}, "lies in the tree"),
    ],
)
def test_configurations_that_cannot_be(tmp_path, sections, said):
    hub = {"store": str(tmp_path / "hub"), "state": str(tmp_path / "state"), **sections.get("hub", {})}
    hub["state"] = hub["state"].replace("{hub}", str(tmp_path / "hub"))
    with pytest.raises(UsageError, match=said):
        check_config({**sections, "hub": hub}, where="test")


def test_a_source_that_is_the_hub_is_the_hub(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    source = {"own": {"store": f"file://{tmp_path}/link/", "retired": ["ar_index_global_tech"]}}
    config = check_config({"hub": {"store": str(tmp_path / "tree")}, "source": source}, where="test")
    assert config.in_place
    assert config.the_source.retired == ("ar_index_global_tech",)
    store = opened("hub", config.hub)
    with pytest.raises(StoreError):
        run_loop(store.delete("dac/x.nc"))
