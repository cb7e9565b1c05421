"""What the object-store data path says when something fails, in one sentence without headers, keys or tokens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from obstore.exceptions import BaseError

from sync.stores.answers import shown

#: What the data path raises, besides FileNotFoundError.
ERRORS: Final = (BaseError, OSError, ValueError)
#: Codes of a bucket or container that is not there: S3 and GCS, Azure.
NO_BUCKET: Final = ("NoSuchBucket", "ContainerNotFound")
_STATUS: Final = re.compile(r"status code: (\d{3}[^:\n]*)")
_CODE: Final = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<\n]*)")
_SYSTEM: Final = re.compile(r'message: "([^"]+)"')
_CERTIFICATE: Final = re.compile(r"invalid peer certificate: (\w+)")
#: Answers after which the same request may succeed, although their status would not say so.
_TEMPORARY_CODES: Final = {"RequestTimeout", "OperationAborted", "ConditionalRequestConflict", "ServerBusy", "SlowDown"}
_LATER: Final = "Try again later."


@dataclass(frozen=True, slots=True)
class Explained:
    """An error in words.

    Attributes:
        said: what went wrong, no full stop.
        hint: what to do about it.
        temporary: the same request may succeed later.
    """

    said: str
    hint: str = ""
    temporary: bool = False


def explain(error: Exception, hints: Mapping[str, str]) -> Explained:
    """Read an error of the data path; its full text may quote headers and is never repeated.

    Args:
        error: what it raised.
        hints: what to do, by the provider's error codes.
    """
    text = str(error)
    status, code, message = _STATUS.search(text), _CODE.search(text), _MESSAGE.search(text)
    temporary = status is not None and (status[1][0] == "5" or status[1][:3] in {"408", "425", "429"})
    if code:
        said = code[1] + (f", {message[1]}" if message else "")
        temporary = temporary or code[1] in _TEMPORARY_CODES
        return Explained(shown(said).rstrip("."), hints.get(code[1], _LATER if temporary else ""), temporary)
    if status:
        return Explained(f"the server answered {shown(status[1])}", _LATER if temporary else "", temporary)
    certificate = _CERTIFICATE.search(text)
    if certificate:
        hint = "Check the host name; for an authority of your own give its certificate as ca_file."
        return Explained(f"it shows no valid certificate ({certificate[1]})", hint)
    if "TimedOut" in text or "timed out" in text:
        return Explained("it did not answer in time", f"Check the endpoint, or {_LATER.lower()}", temporary=True)
    system = _SYSTEM.search(text)
    if system:
        return Explained(shown(system[1]), f"Check the endpoint, or {_LATER.lower()}", temporary=True)
    said = shown(text.partition("\n")[0].rpartition(" - ")[2]).rstrip(".")
    return Explained(said, temporary="reqwest" in text or "HTTP error" in text)
