"""The Argo reference tables: the collections that make up the vocabulary today."""

from typing import Final

from gdac.errors import UsageError

#: The list of section VII of the ArgoVocabs README (AVTT); another is given on the command line.
ARGO_TABLES: Final = (
    "R01", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14", "R15", "R16", "R18",
    "R19", "R20", "R21", "R22", "R23", "R24", "R25", "R26", "R27", "R28", "R31", "R33", "R34", "R35", "R40", "R41",
    "RD2", "RMC", "RP2", "RR2", "RTV",
)  # fmt: skip


def chosen_tables(text: str) -> tuple[str, ...]:
    """Table ids of a command line, ``R03,R27``; all Argo tables when empty.

    Raises:
        UsageError: something that is no id of an NVS collection.
    """
    if not text.strip():
        return ARGO_TABLES
    found = tuple(dict.fromkeys(one.strip().upper() for one in text.split(",") if one.strip()))
    for one in found:
        if not (one.isascii() and one.isalnum() and 2 <= len(one) <= 8):
            raise UsageError(f"{one!a} is not the id of an NVS collection.", hint="Ids look like R03, RD2 or RTV.")
    return found
