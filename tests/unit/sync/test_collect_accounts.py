"""Accounts of DACs lie apart from the archive, from the state and from each other."""

import pytest

from gdac.errors import UsageError
from sync.config import check_config


def config(root, **accounts):
    inbox = {
        dac: account if isinstance(account, dict) else {"store": str(account)} for dac, account in accounts.items()
    }
    return check_config({"hub": {"store": str(root / "hub")}, "collect": {"inbox": inbox}}, where="test")


def test_accounts_that_lie_apart_are_fine(tmp_path):
    config(tmp_path, aoml=tmp_path / "in/aoml", csiro=tmp_path / "in/csiro", bodc="ftp://host/", jma="ftp://host/")


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("hub/inbox", "and the hub"),
        ("hub", "and the hub"),
        (".", "and the hub"),
        ("hub.state/in", "and its state"),
    ],
)
def test_an_account_in_the_archive_is_refused(tmp_path, account, said):
    with pytest.raises(UsageError, match=r"collect\.inbox\.aoml\.store: .* lie in one another") as caught:
        config(tmp_path, aoml=tmp_path / account)
    assert said in str(caught.value)


def test_a_link_into_the_archive_is_seen(tmp_path):
    (tmp_path / "hub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "hub")
    with pytest.raises(UsageError, match="the hub"):
        config(tmp_path, aoml=tmp_path / "link/in")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("in", "in"),
        ("in", "in/sub"),
        ({"store": "s3://bucket/in"}, {"store": "s3://bucket/in/"}),
        ({"store": "s3://bucket"}, {"store": "s3://bucket/in"}),
    ],
)
def test_two_dacs_with_one_account_are_refused(tmp_path, one, other):
    places = [each if isinstance(each, dict) else tmp_path / each for each in (one, other)]
    with pytest.raises(UsageError, match=r"collect\.inbox\.csiro\.store: .* the account of aoml"):
        config(tmp_path, aoml=places[0], csiro=places[1])


def test_buckets_of_two_providers_are_two_accounts(tmp_path):
    config(
        tmp_path,
        aoml={"store": "s3://in", "endpoint": "https://a.example.org"},
        csiro={"store": "s3://in", "endpoint": "https://b.example.org"},
    )


def deployment(root, **sections):
    hub = {"store": str(root / "hub"), **sections.pop("hub", {})}
    collect = {"inbox": {"aoml": {"store": str(root / "in/aoml")}}, **sections.pop("collect", {})}
    return check_config({"hub": hub, "collect": collect, **sections}, where="test")


@pytest.mark.parametrize("place", ["hub", "hub/state", "link/state", "other/../hub/state"])
@pytest.mark.parametrize("key", ["hub.state", "collect.reports", "vault.store"])
def test_what_is_ours_alone_in_the_hub_is_refused(tmp_path, key, place):
    (tmp_path / "hub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "hub")
    section, _, name = key.partition(".")
    with pytest.raises(UsageError, match=rf"{key}: .* lies in the hub .*; put it beside"):
        deployment(tmp_path, **{section: {name: str(tmp_path / place)}})


def test_the_state_of_a_hub_that_mirrors_lies_outside_as_well(tmp_path):
    raw = {"hub": {"store": str(tmp_path / "hub"), "state": str(tmp_path / "hub/state")}}
    with pytest.raises(UsageError, match=r"hub\.state: .* lies in the hub"):
        check_config({**raw, "source": {"a": {"store": str(tmp_path / "source")}}}, where="test")


@pytest.mark.parametrize(
    ("reports", "said"),
    [
        ("in/aoml", "the account of aoml"),
        ("in/aoml/report", "the account of aoml"),
        ("in", "the account of aoml"),
        ("hub.state", "the state"),
        (".", "the state"),
    ],
)
def test_reports_lie_apart_from_accounts_and_show_no_state(tmp_path, reports, said):
    with pytest.raises(UsageError, match=r"collect\.reports: .*a directory of their own") as caught:
        deployment(tmp_path, collect={"reports": str(tmp_path / reports)})
    assert said in str(caught.value)


@pytest.mark.parametrize("reports", ["reports", "hub.state/reports", "hub-reports", "in/aoml-reports"])
def test_reports_beside_everything_are_fine(tmp_path, reports):
    deployment(tmp_path, collect={"reports": str(tmp_path / reports)})
