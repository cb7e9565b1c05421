"""Under which licence an archive is published, and the line that its licence asks readers to repeat.

The values and their sources are data (policies LIC-001 and LIC-002). An operator of another archive overrides all of
them in the configuration.
"""

from dataclasses import dataclass
from typing import Final

from policies.law import values


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence and the words that go with it.

    Attributes:
        spdx: SPDX identifier.
        url: the licence text.
        doi: DOI of the archive as a whole, without resolver; empty where it has none.
    """

    spdx: str
    url: str
    doi: str


ARGO: Final = Licence(**values("licence", "LIC-001"))


def attribution(licence: Licence, title: str) -> str:
    """The line that names an archive as its licence demands.

    Args:
        licence: of the archive.
        title: of the archive.
    """
    line: str = values("licence", "LIC-002")["line" if licence.doi else "line_without_doi"]
    return line.format(title=title, spdx=licence.spdx, url=licence.url, doi=licence.doi)
