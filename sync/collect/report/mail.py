"""Reports by mail: one for each submission, sent when the work is done, and again next time when it could not be."""

import asyncio
import hashlib
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Final

from gdac.check.report.escape import shown
from sync.collect.report.text import name_of_number
from sync.collect.section import MailSection
from sync.config import Config
from sync.progress import Reporter
from sync.state import State
from sync.state.collected import Submission, Verdict
from sync.stores.threads import Threads

#: How long a report that could not be mailed is tried again.
_TRIED: Final = timedelta(days=3)
#: Submissions of one DAC that are looked at for it.
_LOOKED_AT: Final = 200
#: Seconds that a run spends on mail; what is left goes out with the next run.
_PATIENCE: Final = 300.0
#: Most bytes of a report in a mail, and of the CSV with it.
_BODY: Final = 200_000
_ATTACHED: Final = 1_000_000
#: What is wrong with one mail and not with the server.
_OF_ONE_MAIL: Final = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
)


@dataclass(frozen=True, slots=True)
class _Due:
    submission: Submission
    message: EmailMessage


async def mail_reports(
    config: Config, state: State, now: Callable[[], datetime], reporter: Reporter
) -> tuple[str, ...]:
    """Mail every report that was not mailed yet, over one connection; bounded in time.

    A report that went out when the power failed, before that was noted, goes out again with the same Message-ID.

    Args:
        config: the deployment; without ``[collect.mail]`` nothing is mailed.
        state: knows what was mailed.
        now: the clock (UTC).
        reporter: where progress goes.

    Returns:
        Notes for the record of the run: what could not be mailed, and why. It never stops a run.
    """
    section = config.collect.mail if config.collect is not None else None
    due = [] if section is None else list(_due(config, state, section, now()))
    if section is None or not due:
        return ()
    notes: list[str] = []
    sent = 0
    threads = Threads(1, "mail")
    server = _Server(section)
    try:
        with reporter.stage("mail", len(due)) as stage:
            async with asyncio.timeout(_PATIENCE):
                for one in due:
                    told, is_sent = await threads.run(partial(server.send, one.message))
                    notes += [f"report of submission {one.submission.number}: {each}" for each in told]
                    if is_sent:
                        state.mark_mailed(one.submission.number, now())
                    sent += 1
                    stage.advance()
    except OSError as error:  # so are what smtplib raises, and a time that ran out
        notes.append(f"{len(due) - sent:,} reports could not be mailed and are tried again: {_told(error)}")
    finally:
        threads.run(server.close).cancel()  # nobody waits for the goodbye
        threads.close()
    return tuple(notes)


class _Server:
    """The SMTP server, connected when the first mail goes out. Its calls block."""

    def __init__(self, section: MailSection) -> None:
        self._section = section
        self._smtp: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> tuple[list[str], bool]:
        """Send one mail; returns what the server did not take of it, and whether it took the mail.

        Raises:
            OSError: there is no connection.
            smtplib.SMTPException: the server will take no other mail either.
        """
        self._smtp = self._smtp or self._connected()
        try:
            refused = self._smtp.send_message(message)
        except _OF_ONE_MAIL as error:
            return [f"not mailed: {_told(error)}"], False
        return [f"not mailed to {shown(one)}: {_words(*said)}" for one, said in refused.items()], True

    def close(self) -> None:
        """Say goodbye, if anybody listens."""
        with suppress(OSError):
            if self._smtp is not None:
                self._smtp.quit()

    def _connected(self) -> smtplib.SMTP:
        section = self._section
        where = (section.host, section.port)
        if section.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=section.timeout, context=ssl.create_default_context())
        else:
            smtp = smtplib.SMTP(*where, timeout=section.timeout)
        try:
            if section.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            user, password = os.environ.get("GDAC_SMTP_USER", ""), os.environ.get("GDAC_SMTP_PASSWORD", "")
            if not (user.isascii() and password.isascii()):  # smtplib would tell both in its error
                raise smtplib.SMTPException("GDAC_SMTP_USER or GDAC_SMTP_PASSWORD has characters that are not ASCII")
            if user and password and section.security != "none":
                smtp.login(user, password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _due(config: Config, state: State, section: MailSection, now: datetime) -> Iterator[_Due]:
    """Mails to be sent, oldest first within each DAC."""
    assert config.collect is not None  # it has a section for mail
    for dac, inbox in config.collect.inbox.items():
        if not inbox.contacts:
            continue
        folder = config.reports_directory / dac
        for one in reversed(state.submissions(dac, _LOOKED_AT)):
            if one.mailed is not None or one.ended is None or now - one.ended > _TRIED:
                continue
            yield _Due(one, _message(config, state, section, inbox.contacts, one, folder))


def _message(
    config: Config, state: State, section: MailSection, contacts: tuple[str, ...], one: Submission, folder: Path
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = section.sender
    message["To"] = ", ".join(contacts)
    message["Subject"] = f"submission {one.number} of {one.dac}: {_counts(state, one)}"
    message["Date"] = format_datetime(one.ended or one.began)
    message["Message-ID"] = _message_id(config, section, one)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation note answers it
    message.set_content(_body(folder / name_of_number(one.number, "txt")), cte="quoted-printable")
    rows = folder / name_of_number(one.number, "csv")
    if rows.is_file() and rows.stat().st_size <= _ATTACHED:
        message.add_attachment(rows.read_bytes(), maintype="text", subtype="csv", filename=rows.name)
    return message


def _message_id(config: Config, section: MailSection, one: Submission) -> str:
    """The same for the same submission, whenever and however often it is mailed."""
    known = f"{config.hub.store}\n{one.dac}\n{one.number}\n{one.began.isoformat()}"
    digest = hashlib.sha256(known.encode()).hexdigest()[:24]
    return f"<submission-{one.number}.{digest}@{section.sender.rpartition('@')[2]}>"


def _counts(state: State, one: Submission) -> str:
    counts: dict[Verdict, int] = {}
    for (_, verdict), count in state.count_items(one.number).items():
        if verdict is not None and verdict is not Verdict.OPENED:
            counts[verdict] = counts.get(verdict, 0) + count
    return ", ".join(f"{counts[each]:,} {each}" for each in Verdict if each in counts) or "no files"


def _body(report: Path) -> str:
    try:
        with report.open(encoding="utf-8", errors="backslashreplace") as text:
            body = text.read(_BODY + 1)
    except OSError:
        return "The report of this submission is lost; the files are decided on, and refused ones are back with you.\n"
    return (
        body if len(body) <= _BODY else f"{body[:_BODY].rpartition(chr(10))[0]}\n\n(cut here: the report is longer)\n"
    )


def _told(error: OSError) -> str:
    """Why mail failed, in a clause; what a server says may hold anything but our password, which it is not told."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{shown(one)}: {_words(code, said)}" for one, (code, said) in error.recipients.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code, error.smtp_error)
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    return shown(error.strerror or str(error) or type(error).__name__)


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {shown(' '.join(text.split()))}"
