"""The data centres (DACs) and the DATA_CENTRE codes that each may use, as the official checker has them."""

from collections.abc import Mapping
from typing import Final

#: Codes by the name of a DAC's directory. The official checker does not read these from table R04.
CENTRES: Final[Mapping[str, tuple[str, ...]]] = {
    "aoml": ("AO", "MB", "NA", "PM", "SI", "UW", "WH"),
    "bodc": ("BO",),
    "coriolis": ("AW", "GE", "IO", "IF", "LV", "RU", "SP", "VL", "DK", "EA"),
    "csio": ("HZ",),
    "csiro": ("CS",),
    "incois": ("IN",),
    "jma": ("JA", "JM"),
    "kma": ("KM",),
    "kordi": ("KO",),
    "kiost": ("KO",),
    "meds": ("CI", "ME"),
    "nmdis": ("NM",),
}
