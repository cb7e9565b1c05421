"""Reports by mail over a real SMTP server: once each, in time, again when it failed, and no secret told."""

from datetime import timedelta

import pytest

from sync.collect.report import mail_reports
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state.collected import Verdict
from tests.servers.running import PASSWORD, USER, free_port
from tests.servers.smtp import smtp_aiosmtpd, smtp_silent
from tests.unit.sync.reported import Reported

CONTACTS = ["desk@coriolis.example", "second@coriolis.example"]


def reported(tmp_path, port, *, contacts=CONTACTS, **mail):
    section = {"host": "127.0.0.1", "port": port, "sender": "gdac@gdac.example", "security": "none", **mail}
    inbox = {"coriolis": {"store": str(tmp_path / "account"), "contacts": contacts}}
    return Reported(tmp_path, {"mail": section, "inbox": inbox})


def submit(made, name="R6901234_001.nc"):
    number = made.open()
    made.add(number, name, None, Verdict.REFUSED, ("ACC-008", "the file is empty"))
    made.write(number)
    return number


def body(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def mail(made):
    return run_loop(mail_reports(made.config, made.state, lambda: made.now, Silent()))


@pytest.fixture
def login(monkeypatch):
    monkeypatch.setenv("GDAC_SMTP_USER", USER)
    monkeypatch.setenv("GDAC_SMTP_PASSWORD", PASSWORD)


def test_each_report_is_mailed_once_to_all_contacts(tmp_path):
    with smtp_aiosmtpd(tmp_path) as server, reported(tmp_path, server.port) as made:
        submit(made)
        submit(made, "<b>\r\nBcc: x@y.example\u202e.nc")
        assert mail(made) == ()
        assert mail(made) == ()
        assert [recipients for _, recipients in server.mails] == [CONTACTS, CONTACTS]
        first, second = (message for message, _ in server.mails)
        assert first["Subject"] == "submission 1 of coriolis: 1 refused"
        assert first["From"] == "gdac@gdac.example"
        assert first["Auto-Submitted"] == "auto-generated"
        assert first["Message-ID"] != second["Message-ID"]
        assert first["Message-ID"].endswith("@gdac.example>")
        assert second["Bcc"] is None
        assert body(first) == made.read(1, "txt")
        (attached,) = first.iter_attachments()
        assert attached.get_filename() == "submission-1.csv"
        assert attached.get_content().splitlines() == made.read(1, "csv").splitlines()


def test_what_could_not_be_mailed_is_mailed_the_next_time_under_the_same_id(tmp_path):
    port = free_port()
    with reported(tmp_path, port) as made:
        submit(made)
        submit(made)
        (note,) = mail(made)
        assert note.startswith("2 reports could not be mailed and are tried again:")
        ids = []
        for full in (True, False):
            with smtp_aiosmtpd(tmp_path, port=port) as server:
                server.full = full
                notes = mail(made)
                assert (notes == ()) is not full
                ids += [message["Message-ID"] for message, _ in server.mails]
        assert len(set(ids)) == 2
        made.state._set(1, "mailed", None)  # the power failed before it was noted
        with smtp_aiosmtpd(tmp_path, port=port) as server:
            assert mail(made) == ()
            assert [message["Message-ID"] for message, _ in server.mails] == ids[:1]


def test_after_three_days_it_is_given_up(tmp_path):
    with reported(tmp_path, free_port()) as made:
        submit(made)
        made.now += timedelta(days=3, minutes=1)
        assert mail(made) == ()


def test_a_recipient_that_the_server_does_not_know_keeps_nobody_else_from_theirs(tmp_path):
    with smtp_aiosmtpd(tmp_path) as server, reported(tmp_path, server.port) as made:
        server.unknown = {CONTACTS[0]}
        submit(made)
        (note,) = mail(made)
        assert note == (
            "report of submission 1: not mailed to desk@coriolis.example: 550 5.1.1 nobody of that name\\x1b[31m here"
        )
        assert [recipients for _, recipients in server.mails] == [CONTACTS[1:]]
        assert mail(made) == ()
        server.unknown = set(CONTACTS)
        submit(made)
        (note,) = mail(made)
        assert note.startswith("report of submission 2: not mailed: desk@coriolis.example: 550 5.1.1")
        server.unknown = set()
        assert mail(made) == ()
        assert len(server.mails) == 2


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_under_tls_with_a_login_from_the_environment(tmp_path, monkeypatch, login, security):
    with (
        smtp_aiosmtpd(tmp_path, security=security) as server,
        reported(tmp_path, server.port, security=security) as made,
    ):
        submit(made)
        (note,) = mail(made)
        assert "certificate" in note.lower()  # an authority that nobody trusts
        assert server.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", server.trust)
        assert mail(made) == ()
        assert server.logins == [(USER, PASSWORD)]
        assert len(server.mails) == 1


@pytest.mark.parametrize("password", ["wrong-secret", "gehe\u00efm-secret"])
def test_no_note_tells_a_password(tmp_path, monkeypatch, login, password):
    monkeypatch.setenv("GDAC_SMTP_PASSWORD", password)
    with smtp_aiosmtpd(tmp_path, security="starttls") as server:
        monkeypatch.setenv("SSL_CERT_FILE", server.trust)
        with reported(tmp_path, server.port, security="starttls") as made:
            submit(made)
            (note,) = mail(made)
            assert "1 reports could not be mailed" in note
            assert "secret" not in note
            assert server.mails == []


def test_without_tls_no_password_is_sent(tmp_path, login):
    with smtp_aiosmtpd(tmp_path) as server, reported(tmp_path, server.port) as made:
        submit(made)
        assert mail(made) == ()
        assert server.logins == []


def test_a_server_that_does_not_speak_starttls_gets_nothing(tmp_path, login):
    with smtp_aiosmtpd(tmp_path) as server, reported(tmp_path, server.port, security="starttls") as made:
        submit(made)
        (note,) = mail(made)
        assert "STARTTLS" in note
        assert server.mails == []


def test_a_server_that_says_nothing_is_given_up_in_time(tmp_path):
    with smtp_silent() as port, reported(tmp_path, port, timeout=0.3) as made:
        submit(made)
        (note,) = mail(made)
        assert "timed out" in note
        assert made.submission(1).mailed is None


def test_all_mail_together_has_its_time(tmp_path, monkeypatch):
    monkeypatch.setattr("sync.collect.report.mail._PATIENCE", 0.3)
    with smtp_silent() as port, reported(tmp_path, port, timeout=60) as made:
        submit(made)
        submit(made)
        assert mail(made) == ("2 reports could not be mailed and are tried again: the server did not answer in time",)


def test_nobody_to_mail_to_and_nothing_configured_is_fine(tmp_path):
    with reported(tmp_path, free_port(), contacts=[]) as made:
        submit(made)
        assert mail(made) == ()
    with Reported(tmp_path / "other") as made:
        submit(made)
        assert mail(made) == ()


def test_a_report_that_is_lost_is_said_to_be_and_a_long_one_is_cut(tmp_path):
    with smtp_aiosmtpd(tmp_path) as server, reported(tmp_path, server.port) as made:
        submit(made)
        submit(made)
        (made.folder / "submission-1.txt").unlink()
        (made.folder / "submission-1.csv").unlink()
        (made.folder / "submission-2.txt").write_text("a line of a report\n" * 20_000)
        (made.folder / "submission-2.csv").write_text("1,2\n" * 300_000)
        assert mail(made) == ()
        lost, long = (message for message, _ in server.mails)
        assert "lost" in body(lost)
        assert body(long).endswith("a line of a report\n\n(cut here: the report is longer)\n")
        assert 150_000 < len(body(long)) < 201_000
        assert list(long.iter_attachments()) == []
