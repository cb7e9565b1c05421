"""The sections ``[collect]`` and ``[collect.inbox.DAC]`` of the configuration."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, field_validator, model_validator

from policies.acceptance import DACS, MOVED
from sync.options import StoreOptions
from sync.views.section import Section

Folder = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Mailbox = Annotated[str, Field(pattern=r"^[^@\s<>\",;:]+@[^@\s<>\",;:]+$", max_length=254)]
_SUBMIT: Final = "submit"
_REJECT: Final = "reject"
_REPORT: Final = "report"


class InboxSection(StoreOptions):
    """One DAC's account. Credentials: ``GDAC_INBOX_<DAC>_USER`` and ``_PASSWORD``, as for every store.

    Attributes:
        submit: folder of the account into which the DAC puts files.
        reject: folder into which refused files go back, each with its ``.filecheck``.
        report: folder into which reports of submissions go; empty for none.
        contacts: who gets them by mail, where ``[collect.mail]`` is configured.
    """

    submit: Folder = _SUBMIT
    reject: Folder = _REJECT
    report: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$")] = _REPORT
    contacts: tuple[Mailbox, ...] = ()

    @model_validator(mode="after")
    def _check_folders(self) -> Self:
        folders = [one for one in (self.submit, self.reject, self.report) if one]
        if len(set(folders)) < len(folders):
            raise ValueError("submit, reject and report must be three folders")
        return self


class MailSection(Section):
    """How reports are mailed. Credentials: ``GDAC_SMTP_USER`` and ``GDAC_SMTP_PASSWORD``, where the server wants any.

    Attributes:
        host, port: of the SMTP server.
        security: ``starttls`` (by default), ``tls``, or ``none``, which sends no password.
        sender: address that reports come from.
        timeout: seconds without an answer.
    """

    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Annotated[str, Field(pattern="^(starttls|tls|none)$")] = "starttls"
    sender: Mailbox
    timeout: Annotated[float, Field(gt=0, le=600)] = 30.0


class CollectSection(Section):
    """How submissions are collected into the hub.

    Attributes:
        inbox: accounts by DAC.
        settle: how long a file must not have changed before it is taken, where the inbox cannot tell that it is whole.
        most_files: files of one DAC that one run takes; the rest waits for the next one.
        strict: what the official checker lets pass although it is wrong is refused as well.
        jobs: processes that check; one per processor by default.
        node: GDAC node that index files name.
        gzip: index files are made packed, too; those that are packed in the head stay so in any case.
        most_merged: profiles that one run puts into merged files; merged files beyond it wait for the next run.
        reports: directory of reports and DAC pages; ``reports`` in the state directory by default.
        mail: how reports are mailed; without it they are not.
    """

    inbox: dict[str, InboxSection] = Field(default={})
    settle: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=1))] = timedelta(minutes=1)
    most_files: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    strict: bool = False
    jobs: Annotated[int, Field(ge=1, le=256)] | None = None
    node: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]{0,30}$")] = "CORIOLIS"
    gzip: bool = False
    most_merged: Annotated[int, Field(ge=1, le=100_000_000)] = 200_000
    reports: Path | None = None
    mail: MailSection | None = None

    @field_validator("inbox")
    @classmethod
    def _check_dacs(cls, inbox: dict[str, InboxSection]) -> dict[str, InboxSection]:
        for dac in inbox:
            if dac not in DACS:
                raise ValueError(f"{dac!a} is no DAC; known are {', '.join(one for one in DACS if one not in MOVED)}")
            if dac in MOVED:
                raise ValueError(f"{dac} submits no more; its files are under {MOVED[dac]}")
        return inbox
