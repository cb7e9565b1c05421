"""Index files of a GDAC: what they are, reading, writing, comparing, making them out of a tree.

`gdac.index.spec` and `gdac.index.header` are pure; `read`, `write`, `diff` and `build` work in DuckDB and on disk and
are imported by name, so that looking at a spec loads no engine.
"""

from gdac.index.header import IndexHeader, new_header, parse_header, with_profile
from gdac.index.spec import BUILT, SPECS, Column, IndexSpec, Type, spec_of

__all__ = [
    "BUILT",
    "SPECS",
    "Column",
    "IndexHeader",
    "IndexSpec",
    "Type",
    "new_header",
    "parse_header",
    "spec_of",
    "with_profile",
]
