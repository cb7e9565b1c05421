"""What must never be public, whoever offers it to us.

Sources: the greylist left the public GDAC on 2025-06-30 and became a sensor exclusion list that is sent on request
only (argo.ucsd.edu, "changes coming to GDACs on 30 June 2025"); a DAC's ``submit`` and ``reject`` directories are its
inbox at the GDAC, not part of the archive (GDAC cookbook 1.1, section 2).
"""

import re
from typing import Final

from gdac.paths import ArchivePath

_EXCLUSION_LISTS: Final = re.compile(r"(?:.*/)?(?:ar_greylist|argo_sensor_exclusion_list|[a-z]+_greylist)\b[^/]*")
_INBOX: Final = re.compile(r"(?:.*/)?(?:submit|reject)/.*")


def why_private(path: ArchivePath) -> str | None:
    """Why this path must not be published, or None when it may be."""
    if _EXCLUSION_LISTS.fullmatch(path.text):
        return "sensor exclusion lists and greylists are restricted since 2025-06-30"
    if _INBOX.fullmatch(path.text):
        return "a DAC's submit and reject directories are not part of the archive"
    return None
