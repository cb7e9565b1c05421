"""Reports of a whole run, from the inbox to the mail: all places tell the same, and it agrees with the archive."""

import csv
import hashlib
import json

import pyoxigraph as ox
import pytest

from sync.state import State
from tests.collecting import Collecting, packed, sample, submitted
from tests.servers.smtp import smtp_aiosmtpd
from vocab.names import Names
from vocab.preflight.shacl import check_shapes, provenance_shapes

DESK = "desk@dac.example"


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Two submissions of coriolis, one of aoml, and an archive of a cut file; the mails that came of them."""
    root = tmp_path_factory.mktemp("collected")
    good = submitted(sample(root / "sample", floats=2, cycles=2), "coriolis")
    name = next(one for one in good if one[0] in "DR")
    mail = {"host": "127.0.0.1", "security": "none", "sender": "gdac@gdac.example"}
    with smtp_aiosmtpd(root) as server:
        accounts = {"coriolis": {"store": str(root / "accounts" / "coriolis"), "contacts": [DESK]}}
        here = Collecting(
            root, ("aoml", "coriolis"), options={"mail": {**mail, "port": server.port}}, accounts=accounts
        )
        here.put("coriolis", {**good, "<i>odd.nc": b"odd", "empty.nc": b""})
        here.put("aoml", {"nc.tar.gz": packed({name: good[name][:2000]})})
        here.run()
        here.put("coriolis", {"coriolis_removal.txt": f"{name}\r\n".encode(), "again_meta.nc": b"no"})
        here.put("coriolis", dict(list(good.items())[-1:]))
        here.run()
        here.run()
        return here, good, name, list(server.mails)


def reports(here, dac):
    return {file.name: file.read_bytes() for file in (here.state / "reports" / dac).iterdir()}


def rows(here, dac, number):
    text = reports(here, dac)[f"submission-{number}.csv"].decode()
    return list(csv.DictReader(text.splitlines(keepends=True)))


def numbers(here):
    with State.open(here.state) as state:
        return {dac: [one.number for one in reversed(state.submissions(dac))] for dac in here.dacs}


def test_the_account_and_the_reports_directory_hold_the_same(collected):
    here = collected[0]
    for dac in here.dacs:
        delivered = {file.name: file.read_bytes() for file in here.account(dac, "report").iterdir()}
        assert delivered == reports(here, dac)
        assert len(delivered) == 2 + 5 * len(numbers(here)[dac])


def test_what_is_reported_as_published_is_in_the_archive_with_these_bytes(collected):
    here, good, *_ = collected
    published = {path: hashlib.sha256(raw).hexdigest() for path, raw in here.published().items()}
    first = rows(here, "coriolis", numbers(here)["coriolis"][0])
    told = {one["path"]: one["sha256"] for one in first if one["verdict"] == "published"}
    assert len(told) == len(good)
    assert told.items() <= published.items()
    refused = {one["file"]: one["reasons"] for one in first if one["verdict"] == "refused"}
    assert refused == {"<i>odd.nc": "ACC-002", "empty.nc": "ACC-008"}


def test_a_removal_list_and_what_was_there_before_are_told(collected):
    here, _, name, _ = collected
    second = rows(here, "coriolis", numbers(here)["coriolis"][1])
    verdicts = sorted((one["kind"], one["verdict"]) for one in second)
    assert ("removed-file", "removed") in verdicts
    assert ("removal-list", "removed") in verdicts
    assert "unchanged" in {one["verdict"] for one in second}
    (left,) = [one["path"] for one in second if one["kind"] == "removed-file" and one["path"].endswith(f"/{name}")]
    text = reports(here, "coriolis")[f"submission-{numbers(here)['coriolis'][1]}.txt"].decode()
    assert left in text
    assert "REMOVED BY LISTS (1)" in text


def test_a_member_of_an_archive_is_told_under_both_names(collected):
    here, _, name, _ = collected
    (number,) = numbers(here)["aoml"]
    whole = json.loads(reports(here, "aoml")[f"submission-{number}.json"])
    refused = [one for one in whole["items"] if one["verdict"] == "refused"]
    assert [(one["file"], one["archive"]) for one in refused] == [(f"nc.tar.gz!{name}", "nc.tar.gz")]
    assert refused[0]["check"]["findings"]
    assert whole["serial"] is None


def test_the_desk_gets_one_mail_for_each_submission_with_the_text(collected):
    here, *_, mails = collected
    found = numbers(here)["coriolis"]
    assert [recipients for _, recipients in mails] == [[DESK]] * len(found)
    for number, (message, _) in zip(found, mails, strict=True):
        told = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
        assert told.encode() == reports(here, "coriolis")[f"submission-{number}.txt"]
        assert f"submission {number} of coriolis" in message["Subject"]


def test_every_item_has_a_decision_in_the_audit_trail(collected):
    here = collected[0]
    names = Names()
    for dac, found in numbers(here).items():
        for number in found:
            raw = reports(here, dac)[f"submission-{number}.ttl"]
            triples = [one.triple for one in ox.parse(raw, format=ox.RdfFormat.TURTLE)]
            items = json.loads(reports(here, dac)[f"submission-{number}.json"])["items"]
            decided = [one for one in triples if one.predicate.value.endswith("#decided")]
            assert sorted(one["verdict"] for one in items) == sorted(one.object.value for one in decided)
            assert check_shapes(triples, names, provenance_shapes(names)) == []


def test_no_report_and_no_mail_tells_a_path_of_this_machine(collected):
    here, *_, mails = collected
    texts = [raw for dac in here.dacs for raw in reports(here, dac).values()]
    texts += [(here.state / "reports" / "index.html").read_bytes(), *(message.as_bytes() for message, _ in mails)]
    assert not [raw for raw in texts if str(here.root).encode() in raw]
