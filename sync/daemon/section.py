"""The section ``[daemon]`` of the configuration; see docs/daemon.md."""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, PlainSerializer, field_validator
from pydantic.functional_validators import BeforeValidator

from sync.daemon.timetable import Timetable
from sync.views.section import Section

#: Environment variables that the daemon itself reads; credentials of stores are those of every command.
CONFIG_VARIABLE: Final = "GDAC_CONFIG"
LISTEN_VARIABLE: Final = "GDAC_LISTEN"
LOG_VARIABLE: Final = "GDAC_LOG"

_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)?:([0-9]{1,5})")


def _parsed(found: Any) -> Any:
    if not isinstance(found, str | Timetable):
        raise ValueError("is a text such as 'daily 03:17'")
    return Timetable.parse(found) if isinstance(found, str) else found


Planned = Annotated[Timetable, BeforeValidator(_parsed), PlainSerializer(str)]


def _plan(text: str) -> Any:
    return Field(default_factory=lambda: Timetable.parse(text))


class DaemonSection(Section):
    """What ``gdac sync daemon`` does, and when (UTC).

    Attributes:
        sync: the daily run: observe, ingest, seal, replicate.
        index_check: runs in between, which cost next to nothing while no index file changed; by default hourly, but off
            where every run looks at the whole tree (a hub in place, a source that is observed by listing).
        audit: one part of every mirror.
        sweep: one part of the source, file by file.
        collect: submissions of the DACs, where ``[collect]`` is configured.
        clean: what collecting keeps beyond its time, where ``[collect]`` is configured.
        heal: audits mend what they find.
        jitter: a planned moment is put off by up to so much (never more than a quarter of its period), each time by
            another, so that deployments do not come all at once.
        grace: how long a job that is asked to stop may take to put its things in order.
        longest: a job that takes longer is stopped; what it did is kept.
        retry: how soon a job that failed is tried again; each time twice as late, until its next planned moment.
        listen: address of the pages, of health and of metrics; empty for none.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    sync: Planned = _plan("daily 03:17")
    index_check: Planned | None = None
    audit: Planned = _plan("daily 05:40")
    sweep: Planned = _plan("daily 08:20")
    collect: Planned = _plan("every 30m")
    clean: Planned = _plan("daily 10:50")
    heal: bool = True
    jitter: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=6))] = timedelta(minutes=2)
    grace: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(hours=1))] = timedelta(seconds=25)
    longest: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=31))] = timedelta(days=2)
    retry: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=1))] = timedelta(minutes=5)
    listen: str = "127.0.0.1:8080"

    @field_validator("listen")
    @classmethod
    def _check_listen(cls, listen: str) -> str:
        if listen:
            address(listen)
        return listen


def address(text: str) -> tuple[str, int]:
    """Host and port of an address to listen on; ``:8080`` is every interface, port 0 a free one.

    Raises:
        ValueError: it is no such address.
    """
    said = _ADDRESS.fullmatch(text)
    if said is None or int(said[2]) > 65535:
        raise ValueError(f"{text!a} is no address such as 127.0.0.1:8080, [::1]:8080 or :8080")
    return (said[1] or "").strip("[]"), int(said[2])
