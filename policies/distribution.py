"""What must never be public, whoever offers it to us.

Sources: the greylist left the public GDAC on 2025-06-30 and became a sensor exclusion list that is sent on request
only (argo.ucsd.edu, "changes coming to GDACs on 30 June 2025"); a DAC's ``submit`` and ``reject`` directories are its
inbox at the GDAC, not part of the archive (GDAC cookbook 1.1, section 2); files that a DAC removed go to
``etc/removed`` for three months (the same, on removals). What lies under ``etc/`` follows no grammar, so only what is
known to be public there passes.
"""

import re
from typing import Final

from gdac.paths import ArchivePath, Kind

_EXCLUSION_LISTS: Final = re.compile(r"(?:.*/)?(?:ar_greylist|argo_sensor_exclusion_list|[a-z]+_greylist)\b[^/]*")
_INBOX: Final = re.compile(r"(?:.*/)?(?:submit|reject)/.*")
#: What of ``etc/`` the public GDACs publish: index files, logs and products made from public files.
PUBLIC_ETC: Final = (
    "etc/FileChecker/",
    "etc/argo-ast9-item13-AltimeterComparison/",
    "etc/argo-index/",
    "etc/argo-synthetic-profile-log/",
    "etc/argo_sprof_index.txt",
    "etc/bufr/",
    "etc/gts-bufr-msg-index/",
    "etc/wis2/",
)
#: RE2 for paths that are certainly public: the files of a float by their names. All others take the road through
#: `why_private`; a property test holds both together.
SURELY_PUBLIC: Final = r"dac/[a-z]+/[0-9]{5,7}/(?:profiles/)?[BSM]?[RD]?[0-9]{5,7}_[0-9A-Za-z]+\.nc"
#: DAC names that `SURELY_PUBLIC` would let pass and `why_private` does not.
NOT_SURELY: Final = ("dac/submit/", "dac/reject/")


def why_private(path: ArchivePath) -> str | None:
    """Why this path must not be published, or None when it may be."""
    if _EXCLUSION_LISTS.fullmatch(path.text):
        return "sensor exclusion lists and greylists are restricted since 2025-06-30"
    if _INBOX.fullmatch(path.text):
        return "a DAC's submit and reject directories are not part of the archive"
    if path.kind is Kind.ETC and not path.text.startswith(PUBLIC_ETC):
        return "of etc/ only what is known to be public is published (docs/brakes.md lists it)"
    return None
