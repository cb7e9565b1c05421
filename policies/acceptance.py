"""Whether a submitted file is published, and where: decisions of the acceptance policies. Pure.

`decide` is given what is known of one file and of what the archive holds under its path, and answers with the place it
goes to, or with every policy that keeps it out: a DAC that mends one thing shall not meet the next one tomorrow.
Lists and archives are judged by what can be known before they are opened; `policies.removal` judges a removal list's
lines, and each member of an archive is a submission of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gdac.paths import ArchivePath
from policies.law import Refusal, values
from policies.submission import Recognised, Submission, place, recognise

_DACS: Final[Mapping[str, Mapping[str, Any]]] = values("acceptance", "ACC-001")["dac"]
_SIZES: Final = values("acceptance", "ACC-008")
_QUOTA: Final = values("acceptance", "ACC-009")
#: Directories of the DACs, those that submit no more included.
DACS: Final = tuple(_DACS)
#: DATA_CENTRE codes that each DAC may use.
CODES: Final[Mapping[str, tuple[str, ...]]] = {name: tuple(one["codes"]) for name, one in _DACS.items()}
#: DACs that submit no more, and under which name their files are now.
MOVED: Final[Mapping[str, str]] = {name: one["now"] for name, one in _DACS.items() if "now" in one}
_MOST: Final = {
    Submission.ARCHIVE: int(_SIZES["archive_bytes"]),
    Submission.REMOVAL_LIST: int(_SIZES["list_bytes"]),
    Submission.EXCLUSION_LIST: int(_SIZES["list_bytes"]),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One submitted file.

    Attributes:
        account: the DAC through whose account it came.
        name: its bare name.
        size: bytes.
        sha256: of its bytes; None where not known yet.
        centre: DATA_CENTRE in the file, stripped; None for what is no NetCDF file.
        platform: PLATFORM_NUMBER in the file, stripped; None likewise.
        date_update: DATE_UPDATE in the file (UTC); None where there is none.
        is_accepted: the checker's verdict is ACCEPTED; not asked for lists and archives.
    """

    account: str
    name: str
    size: int
    sha256: bytes | None = None
    centre: str | None = None
    platform: str | None = None
    date_update: datetime | None = None
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """What the archive holds now, as far as the candidate is concerned.

    Attributes:
        owner: the DAC in whose directory the float lies; None for a new float.
        sha256: of the file under the candidate's path; None when there is none.
        date_update: that file's DATE_UPDATE (UTC); None when not known.
        has_twin: the same profile is published in the other mode (R or D).
    """

    owner: str | None = None
    sha256: bytes | None = None
    date_update: datetime | None = None
    has_twin: bool = False


@dataclass(frozen=True, slots=True)
class Publish:
    """The file goes into the archive.

    Attributes:
        path: where.
        replaces: the R profile that leaves because this D profile comes; None otherwise.
        is_new: nothing was published under the path.
    """

    path: ArchivePath
    replaces: ArchivePath | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class Unchanged:
    """These very bytes are published under that path: fine, and nothing to do."""

    path: ArchivePath


@dataclass(frozen=True, slots=True)
class Open:
    """An archive or a removal list: what it holds is judged next."""

    kind: Submission


@dataclass(frozen=True, slots=True)
class Keep:
    """A sensor exclusion list: stored with its versions, never published.

    Attributes:
        dac: whose list it is.
        policy: the policy that restricts it.
    """

    dac: str
    policy: str = "ACC-012"


@dataclass(frozen=True, slots=True)
class Refuse:
    """The file goes back; at least one reason, in the order of the policies."""

    reasons: tuple[Refusal, ...]


Decision = Publish | Unchanged | Open | Keep | Refuse


def decide(candidate: Candidate, published: Published, *, forced: bool = False) -> Decision:
    """What becomes of a submitted file.

    Args:
        candidate: the file.
        published: what the archive holds.
        forced: the operator says that an older file may take the place of a newer one; nothing else gives way.
    """
    known = recognise(candidate.name)
    reasons = [*_judge_account(candidate), *_judge_size(candidate, known.kind if known else None)]
    if known is None:
        reasons.append(Refusal("ACC-002", _why_unknown(candidate.name)))
    elif known.kind.is_file:
        return _decide_file(candidate, known, published, reasons, forced=forced)
    elif known.kind.is_list and known.dac != candidate.account:
        policy = "ACC-010" if known.kind is Submission.REMOVAL_LIST else "ACC-012"
        reasons.append(
            Refusal(policy, f"{candidate.name} is named after {known.dac}, but came from {candidate.account}")
        )
    if reasons or known is None:
        return Refuse(tuple(reasons))
    return Keep(candidate.account) if known.kind is Submission.EXCLUSION_LIST else Open(known.kind)


def _decide_file(
    candidate: Candidate, known: Recognised, published: Published, reasons: list[Refusal], *, forced: bool
) -> Decision:
    path = place(candidate.account if candidate.account in _DACS else "any", candidate.name)
    assert path is not None  # `recognise` knew it
    reasons = [
        *reasons,
        *_judge_content(candidate, known),
        *_judge_owner(candidate, known, published),
        *_judge_order(candidate, path, published, forced=forced),
    ]
    if reasons:
        return Refuse(tuple(sorted(reasons, key=lambda one: one.policy)))
    if candidate.sha256 is not None and candidate.sha256 == published.sha256:
        return Unchanged(path)
    replaces = path.twin if published.has_twin and path.mode == "D" and path.kind.is_single_profile else None
    return Publish(path, replaces, published.sha256 is None)


def _why_unknown(name: str) -> str:
    if place("any", name) is not None:
        return f"{name} is a kind of file that the GDAC makes itself"
    if name.lower().endswith((".tar.gz", ".tgz")):
        return (
            f"{name!a} is no name for an archive: letters, digits, dots, hyphens and underscores,"
            " a letter or digit first, .tar.gz or .tgz last"
        )
    return f"{name!a} is no name that a DAC submits"


def _judge_account(candidate: Candidate) -> Iterator[Refusal]:
    if candidate.account not in _DACS:
        yield Refusal("ACC-001", f"there is no DAC {candidate.account!a}")
    elif now := MOVED.get(candidate.account):
        yield Refusal("ACC-001", f"{candidate.account} submits no more: its files are under {now}")


def _judge_size(candidate: Candidate, kind: Submission | None) -> Iterator[Refusal]:
    most = _MOST.get(kind, int(_SIZES["most_bytes"])) if kind else int(_SIZES["most_bytes"])
    if candidate.size < _SIZES["least_bytes"]:
        yield Refusal("ACC-008", "the file is empty")
    elif candidate.size > most:
        yield Refusal("ACC-008", f"{candidate.size:,} bytes are more than the {most:,} that such a file may have")


def _judge_content(candidate: Candidate, known: Recognised) -> Iterator[Refusal]:
    codes = CODES.get(candidate.account, ())
    if candidate.centre is not None and codes and candidate.centre not in codes:
        told = f"DATA_CENTRE is {candidate.centre!a}; {candidate.account} uses {', '.join(codes)}"
        yield Refusal("ACC-001", told)
    if not candidate.is_accepted:
        yield Refusal("ACC-003", "the checker does not accept the file")
    if candidate.platform is not None and candidate.platform != known.wmo:
        told = f"the name says float {known.wmo}, PLATFORM_NUMBER says {candidate.platform!a}"
        yield Refusal("ACC-005", told)


def _judge_owner(candidate: Candidate, known: Recognised, published: Published) -> Iterator[Refusal]:
    if published.owner is not None and published.owner != candidate.account:
        yield Refusal("ACC-004", f"float {known.wmo} belongs to {published.owner}")


def _judge_order(candidate: Candidate, path: ArchivePath, published: Published, *, forced: bool) -> Iterator[Refusal]:
    if published.has_twin and path.mode == "R" and path.kind.is_single_profile:
        twin = path.twin
        yield Refusal("ACC-007", f"the profile is published in delayed mode ({twin.name if twin else ''})")
    if forced or published.date_update is None or candidate.sha256 == published.sha256:
        return
    if candidate.date_update is None:
        if candidate.is_accepted:  # of a file that could not be read it would say nothing
            yield Refusal("ACC-006", "the file has no DATE_UPDATE, and the one that is published has")
    elif candidate.date_update < published.date_update:
        told = f"{candidate.date_update:%Y-%m-%dT%H:%M:%SZ} is before {published.date_update:%Y-%m-%dT%H:%M:%SZ}"
        yield Refusal("ACC-006", f"DATE_UPDATE {told} of the file that is published")


@dataclass(frozen=True, slots=True)
class Packed:
    """What an archive turned out to hold, so far.

    Attributes:
        size: bytes of the archive itself.
        members: entries.
        total: bytes of them all, unpacked.
    """

    size: int
    members: int
    total: int


def judge_archive(packed: Packed) -> Refusal | None:
    """Why an archive must not be unpacked any further; None while it may. Monotone in members and bytes."""
    if packed.members > _SIZES["members"]:
        return Refusal("ACC-008", f"the archive holds more than {_SIZES['members']:,} members")
    if packed.total > _SIZES["total_bytes"]:
        return Refusal("ACC-008", f"the archive holds more than {_SIZES['total_bytes']:,} bytes")
    if packed.total > _SIZES["most_bytes"] and packed.total > packed.size * _SIZES["ratio"]:
        return Refusal("ACC-008", f"the archive swells to more than {_SIZES['ratio']} times its size")
    return None


def judge_quota(files: int, size: int) -> Refusal | None:
    """Why a DAC's next file waits until tomorrow; None when it may come.

    Args:
        files: files of the DAC taken today, this one included.
        size: their bytes.
    """
    if files > _QUOTA["files_a_day"]:
        return Refusal("ACC-009", f"{files:,} files today are more than {_QUOTA['files_a_day']:,}")
    if size > _QUOTA["bytes_a_day"]:
        return Refusal("ACC-009", f"{size:,} bytes today are more than {_QUOTA['bytes_a_day']:,}")
    return None
