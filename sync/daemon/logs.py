"""What the daemon says: one JSON object per line, or plain lines on a terminal; never a secret."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TextIO

#: Environment variables whose values are secrets, by what is in their names.
_SECRET_NAMES: Final = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|CREDENTIAL|CONNECTION_STRING", re.IGNORECASE)
_HIDDEN: Final = "***"
#: Shorter values are words of every text.
_SHORTEST_SECRET: Final = 4
_LOGIN_IN_URL: Final = re.compile(r"(?<=://)[^/@\s\"']+@")
_SIGNATURE_IN_URL: Final = re.compile(
    r"(?i)([?&](?:x-amz-signature|x-amz-credential|x-amz-security-token|sig)=)[^&\s\"']+"
)
#: A text in a line is cut there, so that no error page fills the disk.
_MOST_TEXT: Final = 4000


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """Values of an environment that must be in no log."""
    return frozenset(
        value
        for name, value in environment.items()
        if _SECRET_NAMES.search(name) and len(value) >= _SHORTEST_SECRET and not value.startswith("/")
    )


def hide(text: str, secrets: Iterable[str]) -> str:
    """A text without those values, without logins in addresses, and no longer than a line may be."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    text = _LOGIN_IN_URL.sub(f"{_HIDDEN}@", text)
    text = _SIGNATURE_IN_URL.sub(rf"\1{_HIDDEN}", text)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}... ({len(text):,} characters)"


class Log:
    """Lines on a stream.

    Args:
        out: the stream.
        now: the clock (UTC).
        as_json: one object per line; else plain lines for people.
        secrets: values that must not appear.
    """

    def __init__(self, out: TextIO, now: Callable[[], datetime], *, as_json: bool, secrets: Iterable[str] = ()) -> None:
        self._out, self._now, self._as_json, self._secrets = out, now, as_json, frozenset(secrets)
        self._gone = False

    def info(self, event: str, msg: str, **facts: Any) -> None:
        """What happens on a good day."""
        self._line("info", event, msg, facts)

    def warning(self, event: str, msg: str, **facts: Any) -> None:
        """What may need somebody, if it stays."""
        self._line("warning", event, msg, facts)

    def error(self, event: str, msg: str, **facts: Any) -> None:
        """What needs somebody."""
        self._line("error", event, msg, facts)

    def _line(self, level: str, event: str, msg: str, facts: Mapping[str, Any]) -> None:
        if self._gone:
            return
        msg = hide(msg, self._secrets)
        when = self._now()
        if self._as_json:
            told = {name: self._hidden(value) for name, value in facts.items() if value is not None}
            first = {"ts": when.isoformat(timespec="milliseconds"), "level": level, "event": event}
            line = json.dumps({**first, **told, "msg": msg}, default=str, ensure_ascii=False)
        else:
            job = f"{facts['job']}: " if facts.get("job") else ""
            mark = "" if level == "info" else f"{level}: "
            line = " ".join(f"{when:%Y-%m-%dT%H:%M:%SZ} {job}{mark}{msg}".splitlines())
        try:
            self._out.write(line + "\n")
            self._out.flush()
        except (OSError, ValueError):
            self._gone = True  # nobody listens any more; the work does not end for that

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            return hide(value, self._secrets)
        if isinstance(value, Mapping):
            return {name: self._hidden(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._hidden(one) for one in value[:100]]
        return value


class LibraryLines(logging.Handler):
    """What libraries log by Python's own means, as lines of ours."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        say = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        more = f": {record.exc_info[1]!r}" if record.exc_info and record.exc_info[1] is not None else ""
        say("library", f"{record.getMessage()}{more}", logger=record.name)
