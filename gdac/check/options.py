"""How to check. Light: what `gdac check --help` may import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How to check. The defaults are those of the official checker.

    Attributes:
        strict: what the official checker lets pass although it is wrong (advice) becomes an error.
        format_only: no data phase and no date rules; the name is still checked.
        name_check: compare the file's name with what is in it.
        all_versions: run the data phase on versions older than 3.1 as well.
        null_warn: warn about NUL bytes in texts.
        extract: fill `Result.metadata`.
    """

    strict: bool = False
    format_only: bool = False
    name_check: bool = True
    all_versions: bool = False
    null_warn: bool = False
    extract: bool = False
