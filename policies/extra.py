"""How many files that no manifest names may be deleted at once.

An audit that finds many of them more likely looks at the wrong place, or by a wrong manifest, than at so much rubbish.
The limits are data (BRK-009).
"""

from typing import Final

from policies.law import values

_LIMITS: Final = values("deletion", "BRK-009")
#: Most extra files that are deleted without being told so.
MOST_EXTRA: Final[int] = _LIMITS["most"]
#: Most of them in relation to the files that the manifest names.
MOST_EXTRA_SHARE: Final[float] = _LIMITS["most_share"]
#: So few may always go: in a small archive one file is more than a hundredth.
ALWAYS_FINE: Final[int] = _LIMITS["always_fine"]


def why_not_delete(extra: int, named: int, *, most: int = MOST_EXTRA, share: float = MOST_EXTRA_SHARE) -> str | None:
    """Why so many extra files must stay, or None when they may go.

    Args:
        extra: files that would be deleted.
        named: files that the manifest names in the same part of the archive.
        most: most files.
        share: most files in relation to ``named``.
    """
    if extra <= min(ALWAYS_FINE, most):
        return None
    if extra > most:
        return f"{extra:,} extra files are more than the {most:,} that may be deleted at once"
    if extra > named * share:
        return f"{extra:,} extra files are more than {share:.1%} of the {named:,} files that the manifest names here"
    return None
