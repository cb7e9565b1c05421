"""Which boot of the machine this is: what was written but not made durable is there as long as the system runs on."""

import ctypes
import sys
from pathlib import Path
from typing import Final

_LINUX: Final = Path("/proc/sys/kernel/random/boot_id")
_DARWIN: Final = b"kern.bootsessionuuid"

#: In the place of a boot's id: the bytes survive any end of this machine's system.
DURABLE: Final = ""


def boot_id() -> str | None:
    """An id that is new with every boot and the same until the next one; None where the system tells none."""
    if sys.platform == "darwin":
        return _darwin()
    try:
        return _LINUX.read_text(encoding="ascii").strip() or None
    except OSError:
        return None


def _darwin() -> str | None:
    value = ctypes.create_string_buffer(64)
    size = ctypes.c_size_t(len(value))
    try:
        failed = ctypes.CDLL(None).sysctlbyname(_DARWIN, value, ctypes.byref(size), None, 0)
    except (OSError, AttributeError):
        return None
    return None if failed else value.value.decode("ascii", "replace") or None
