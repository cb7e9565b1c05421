"""What must never be public, whoever offers it to us. Pure; names, directories, the allow-list and sources are data.

Policies DIS-001 (sensor exclusion lists) to DIS-006 (unsafe paths): ``gdac policy show distribution``. What is asked is
the path alone. It is asked without regard to case, and below ``pub/`` as at the root, since that is where a layout puts
an archive: a restricted file stays restricted in whatever mirror it lies.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from gdac.paths import ArchivePath, PathError
from policies.law import Refusal, values

#: Policies that go by names of files or folders, in the order in which they are asked.
_BY_NAME: Final = ("DIS-001", "DIS-002")
_TOLD: Final[dict[str, str]] = {
    each: values("distribution", each)["told"] for each in (*_BY_NAME, "DIS-003", "DIS-004", "DIS-005")
}
_NAMED: Final = {each: re.compile(values("distribution", each)["names"]) for each in _BY_NAME}
_INBOXES: Final = frozenset(values("distribution", "DIS-003")["directories"])
_REMOVED: Final[str] = values("distribution", "DIS-004")["prefix"]
#: What of ``etc/`` the public GDACs publish: index files, logs and products made from public files.
PUBLIC_ETC: Final[tuple[str, ...]] = values("distribution", "DIS-005")["public"]
#: Where a layout puts a whole archive.
_BELOW: Final = "pub/"
#: RE2 for paths that are certainly public: the files of a float by their names. All others take the road through
#: `judge`; a property test holds both together.
SURELY_PUBLIC: Final = (
    rf"(?:{_BELOW})?dac/(?:{'|'.join(values('acceptance', 'ACC-001')['dac'])})"
    r"/[0-9]{5,7}/(?:profiles/[BSM]?[RD][0-9]{5,7}_[0-9]{3,4}D?"
    r"|[0-9]{5,7}_(?:meta|tech|prof|Sprof|Mprof|B?[RD]traj))\.nc"
)


def judge(path: ArchivePath) -> Refusal | None:
    """Which policy forbids that this path is published; None when it may be."""
    shown = unicodedata.normalize("NFKC", path.text).casefold()
    for policy, named in _NAMED.items():
        if named.search(shown):
            return _refuse(policy)
    if not _INBOXES.isdisjoint(shown.split("/")[:-1]):
        return _refuse("DIS-003")
    if shown.removeprefix(_BELOW).startswith("etc/"):
        return _judge_etc(path.text.removeprefix(_BELOW))
    return None


def _judge_etc(text: str) -> Refusal | None:
    if text.casefold().startswith(_REMOVED):
        return _refuse("DIS-004")
    for entry in PUBLIC_ETC:
        if text.startswith(entry) if entry.endswith("/") else text in {entry, f"{entry}.gz"}:
            return None
    return _refuse("DIS-005")


def _refuse(policy: str) -> Refusal:
    return Refusal(policy, _TOLD[policy])


def judge_text(text: str) -> Refusal | None:
    """As `judge`, of any text; one that no archive may hold is refused by DIS-006."""
    try:
        path = ArchivePath.parse(text)
    except PathError as error:
        return Refusal("DIS-006", error.why)
    return judge(path)


def why_private(path: ArchivePath) -> str | None:
    """Why this path must not be published, beginning with the policy's id; None when it may be."""
    refusal = judge(path)
    return str(refusal) if refusal else None


def judge_wishes(dacs: Iterable[str] = (), indexes: Iterable[str] = ()) -> Iterator[tuple[str, Refusal]]:
    """What a configuration asks for and must not get: the word in it, and the policy.

    Args:
        dacs: directories below ``dac/`` that a mirror's filter names.
        indexes: files at the root that a source's ``indexes`` name, without extension.
    """
    for dac in dacs:
        if refusal := judge_text(f"dac/{dac}/any"):
            yield dac, refusal
    for name in indexes:
        if refusal := judge_text(f"{name}.txt"):
            yield name, refusal
