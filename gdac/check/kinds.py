"""What a file says it is: DATA_TYPE and reference table 1, with the spellings of older files."""

from typing import Final

from gdac.check.dataset import Dataset
from gdac.spec import FileType
from gdac.tables import Tables

#: File type by the id of its concept in table R01; the others are types that the official checker cannot check.
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


def file_type_of(dataset: Dataset, tables: Tables) -> FileType | None:
    """The type that DATA_TYPE names; None when it names none that we have a specification of."""
    if not dataset.is_char("DATA_TYPE", 1):
        return None
    text = next(iter(dataset.trimmed("DATA_TYPE")), "")
    concept = tables.concept("R01", text)
    if concept is not None:
        return BY_CODE.get(concept.id)
    return LEGACY.get(text)
