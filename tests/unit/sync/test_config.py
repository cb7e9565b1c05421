"""The configuration: defaults, and every mistake named at once."""

from datetime import timedelta

import pytest

from gdac.errors import UsageError
from sync.config import check_config, load_config
from sync.sections import GLOBAL_INDEXES
from sync.template import render


def test_the_template_is_a_configuration(tmp_path):
    file = tmp_path / "gdac.toml"
    file.write_text(render(source="https://data-argo.ifremer.fr", hub="/srv/argo"))
    config = load_config(file)
    assert config.source_name == "gdac"
    assert config.the_source.store == "https://data-argo.ifremer.fr"
    assert config.the_source.indexes == GLOBAL_INDEXES
    assert config.hub.grace == timedelta(hours=72)
    assert str(config.state_directory) == "/srv/argo.state"
    assert config.mirror == {}


def test_every_commented_key_of_the_template_is_a_key(tmp_path):
    text = render(source="ftp://x", hub="/srv/argo")
    lines = [
        line[2:] if line.startswith("# ") and ("=" in line or line.startswith("# [")) else line
        for line in text.splitlines()[2:]
    ]
    file = tmp_path / "gdac.toml"
    file.write_text("\n".join(lines))
    config = load_config(file)
    assert set(config.mirror) == {"aws", "disk", "part"}
    assert config.mirror["aws"].region == "eu-west-3"
    assert config.hub.expires == timedelta(hours=48)


def test_all_mistakes_at_once():
    raw = {"hub": {"grace": "soon"}, "source": {}, "mirror": {"x": {"store": "/m", "connections": 1000}}, "hubb": {}}
    with pytest.raises(UsageError) as caught:
        check_config(raw, where="test.toml")
    for key in ("hub.store", "hub.grace", "source", "mirror.x.connections", "hubb"):
        assert key in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "pages"),
    [
        ({"mirror": {"x": {}}}, "docs/commands/sync.md lists"),
        ({"collect": {"most_file": 3}}, "docs/commands/collect.md lists"),
        ({"collect": {}, "source": {"a": {"store": "/a"}}}, "docs/commands/collect.md lists"),
        ({"daemon": {"jitter": "often"}}, "docs/daemon.md lists"),
        ({"hubb": {}, "collect": {"jobs": 0}}, "docs/commands/collect.md and docs/commands/sync.md list"),
    ],
)
def test_the_hint_names_the_page_of_the_key(wrong, pages):
    with pytest.raises(UsageError) as caught:
        check_config({"hub": {"store": "/srv/argo"}, **wrong}, where="test.toml")
    assert caught.value.hint == f"{pages} every key."


@pytest.mark.parametrize(("text", "words"), [("[hub", "TOML"), ("\xff\xfe", "TOML|read")])
def test_no_toml(tmp_path, text, words):
    file = tmp_path / "gdac.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=words):
        load_config(file)


def test_no_file(tmp_path):
    with pytest.raises(UsageError, match="gdac sync init"):
        load_config(tmp_path / "none.toml")
