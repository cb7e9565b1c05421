"""What every file type and version of Argo must look like, as data, and a reader of it.

spec = gdac.spec.load(FileType.PROFILE, "3.1")
spec.variable("DOXY_2_ADJUSTED_QC"), spec.group_of("PRES_QC"), spec.dimensions["STRING64"]
"""

from gdac.spec.model import (
    AttributeRule,
    DeprecatedValue,
    DimensionRule,
    FileType,
    Group,
    JuldVariable,
    Kind,
    Parameter,
    Presence,
    Status,
    Tolerance,
    UnsupportedError,
    VariableRule,
)
from gdac.spec.specification import Specification, load

__all__ = [
    "AttributeRule",
    "DeprecatedValue",
    "DimensionRule",
    "FileType",
    "Group",
    "JuldVariable",
    "Kind",
    "Parameter",
    "Presence",
    "Specification",
    "Status",
    "Tolerance",
    "UnsupportedError",
    "VariableRule",
    "load",
]
