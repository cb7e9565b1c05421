"""What a file says it is: DATA_TYPE and reference table 1, with the spellings of older files."""

from dataclasses import dataclass
from typing import Final

from gdac.check.dataset import Dataset
from gdac.check.derived import BY_CODE as MADE
from gdac.check.derived import Making, is_multi
from gdac.spec import FileType
from gdac.tables import Tables

#: File type by the id of its concept in table R01; those of `derived.BY_CODE` are made at GDACs.
BY_CODE: Final = {
    "PROF": FileType.PROFILE,
    "BPROF": FileType.B_PROFILE,
    "TRAJ": FileType.TRAJECTORY,
    "BTRAJ": FileType.B_TRAJECTORY,
    "META": FileType.METADATA,
    "TECH": FileType.TECHNICAL,
}
#: Spellings of files older than 3.1, case-sensitive.
LEGACY: Final = {
    "ARGO profile": FileType.PROFILE,
    "ARGO trajectory": FileType.TRAJECTORY,
    "Argo technical": FileType.TECHNICAL,
    "ARGO technical data": FileType.TECHNICAL,
}


@dataclass(frozen=True, slots=True)
class Content:
    """What a file is.

    Attributes:
        file_type: the type whose rules apply; a synthetic or merged file counts as a b-profile.
        making: whether a GDAC made it.
        multi: whether it holds the profiles of several cycles, which only its name says.
    """

    file_type: FileType
    making: Making = Making.SUBMITTED
    multi: bool = False

    @property
    def words(self) -> str:
        """The type in running text."""
        return self.making.value or self.file_type.words

    @property
    def label(self) -> str:
        """The type as reports name it: ``profile``, ``multi_profile``, ``synthetic_profile``, ..."""
        label = self.making.value.replace(" ", "_") or self.file_type.value
        return f"multi_{label}" if self.multi else label


def content_of(dataset: Dataset, name: str, tables: Tables) -> Content | None:
    """What DATA_TYPE and the file's name say it is; None when we have no specification of that."""
    if not dataset.is_char("DATA_TYPE", 1):
        return None
    text = next(iter(dataset.trimmed("DATA_TYPE")), "")
    concept = tables.concept("R01", text)
    if concept is not None and concept.id in MADE:
        return Content(FileType.B_PROFILE, MADE[concept.id], is_multi(name))
    file_type = LEGACY.get(text) if concept is None else BY_CODE.get(concept.id)
    if file_type is None:
        return None
    return Content(file_type, multi=file_type.is_profile and is_multi(name))
