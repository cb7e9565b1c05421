"""What every file type and version of Argo must look like, as data, and a reader of it."""

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
    Specification,
    Status,
    Tolerance,
    UnsupportedError,
    VariableRule,
    load,
)

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
