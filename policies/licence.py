"""Under which licence an archive is published, and how it is cited.

Source: Argo data policy as stated with the archive's DOI record (10.17882/42182): CC-BY 4.0. An operator of another
archive overrides all of it in the configuration.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence and the words that go with it.

    Attributes:
        spdx: SPDX identifier.
        url: the licence text.
        doi: DOI of the archive as a whole, without resolver.
    """

    spdx: str
    url: str
    doi: str


ARGO: Final = Licence(spdx="CC-BY-4.0", url="https://creativecommons.org/licenses/by/4.0/", doi="10.17882/42182")
