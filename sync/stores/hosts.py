"""Host names."""

import re


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
