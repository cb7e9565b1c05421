"""What the checker says of itself: a rule that failed, a worker that died, a file that took too long (CHK).

Nothing runs these; the engine and the pool report them. They are rules so that every finding has a page.
"""

from collections.abc import Iterator

from gdac.check.finding import Fault, Phase
from gdac.check.rule import rule


def _never(_: object) -> Iterator[Fault]:
    return iter(())


failed = rule(
    "CHK-001",
    "E",
    "ALL",
    phase=Phase.OPEN,
    page="""Every rule comes to an end on this file.

    Why: a rule of ours failed, so nobody can say that the file is right. This is a bug in the checker.
    Mend: report it with the file; the other findings of this file hold.
    """,
)(_never)

died = rule(
    "CHK-002",
    "E",
    "ALL",
    phase=Phase.OPEN,
    page="""The file can be read without harm to the process that reads it.

    Why: reading the file killed the process, most likely inside the HDF5 library: the file is damaged or hostile.
    Mend: write the file again, best as NetCDF classic; if it comes out the same, report it with the file.
    """,
)(_never)

late = rule(
    "CHK-003",
    "E",
    "ALL",
    phase=Phase.OPEN,
    page="""The file can be checked within the time limit.

    Why: the check was stopped at the time limit; a damaged file may never end.
    Mend: write the file again; for a very large file give a longer --time-limit.
    """,
)(_never)

skipped = rule(
    "CHK-004",
    "W",
    "ALL",
    phase=Phase.OPEN,
    page="""Only files named .nc are checked.

    Why: the archive takes NetCDF files; anything else in a submission is left alone and listed, so that nothing is
    lost unseen.
    Mend: name the file .nc if it is NetCDF; otherwise leave it out of the submission.
    """,
)(_never)

unusable = rule(
    "CHK-005",
    "E",
    "ALL",
    phase=Phase.OPEN,
    page="""An archive of files can be read, and holds plain files only.

    Why: a damaged archive hides what was sent; links, devices, names that lead out of it and contents that swell beyond
    reason are how archives do harm. What stands before the bad member was checked, nothing behind it was.
    Mend: pack plain files with relative names (tar czf submission.tar.gz folder) and send it again.
    """,
)(_never)
