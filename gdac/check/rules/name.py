"""The file name says the same as the file (NAM). Only the last part of a path is compared."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.derived import Making
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.spec import FileType


@rule("NAM-001", "E", "ALL", manual="4.1")
def name(ctx: Context) -> Iterator[Fault]:
    """The file has the name that its content calls for.

    Why: the archive, its indexes and its users find a file by float, cycle, direction and mode in its name.
    Mend: rename the file, or correct PLATFORM_NUMBER, CYCLE_NUMBER, DIRECTION or DATA_MODE in it.
    """
    expected = ctx.once(expected_name)
    if expected is None or ctx.name == expected:
        return
    legacy = ctx.version.startswith(("2.", "3.0")) and expected.endswith("_Rtraj.nc")
    if legacy and ctx.name == expected.replace("_Rtraj", "_traj"):
        return
    yield Fault(at(), f"the name is {ctx.name}, the content calls for {expected}", ctx.name, expected)


@rule("NAM-002", "E", "P", manual="4.1")
def mode_of_core_profile(ctx: Context) -> Iterator[Fault]:
    """The first DATA_MODE of a core profile is R, A or D.

    Why: the name of the file begins with it.
    Mend: write R (real time), A (adjusted in real time) or D (delayed mode).
    """
    mode = ctx.dataset.text("DATA_MODE")[:1]
    if mode not in {"R", "A", "D"}:
        yield Fault(at("DATA_MODE", 1), f"'{mode}' is no data mode, so the file cannot be named", mode, "R, A or D")


@rule("NAM-003", "E", "B T BT", manual="4.1")
def modes(ctx: Context) -> Iterator[Fault]:
    """Every DATA_MODE is R, A or D.

    Why: the name of the file says whether any of them is D.
    Mend: write R (real time), A (adjusted in real time) or D (delayed mode).
    """
    if ctx.content.making is Making.SYNTHETIC:
        return  # it has a mode per parameter only
    data_modes = ctx.dataset.bytes("DATA_MODE").decode("latin-1")
    wrong = [number for number, mode in enumerate(data_modes, start=1) if mode not in "RAD"]
    if wrong:
        mode = data_modes[wrong[0] - 1]
        text = f"'{mode}' is no data mode, so the file cannot be named"
        yield Fault(at("DATA_MODE", wrong[0]), text, mode, "R, A or D", count=len(wrong))


@rule("NAM-004", "E", "P B", manual="4.1")
def direction(ctx: Context) -> Iterator[Fault]:
    """The first DIRECTION is A or D.

    Why: the name of a profile taken on the way down ends in D.
    Mend: write A (ascending) or D (descending).
    """
    way = ctx.dataset.text("DIRECTION")[:1]
    if way not in {"A", "D"}:
        yield Fault(at("DIRECTION", 1), f"'{way}' is no direction, so the file cannot be named", way, "A or D")


def expected_name(ctx: Context) -> str | None:
    """The name that the content calls for; None when a mode or direction makes that impossible."""
    wmo = next(iter(ctx.dataset.trimmed("PLATFORM_NUMBER")), "")
    if ctx.file_type is FileType.METADATA:
        return f"{wmo}_meta.nc"
    if ctx.file_type is FileType.TECHNICAL:
        return f"{wmo}_tech.nc"
    if ctx.content.multi:
        return _multi(ctx, wmo)
    mode = _mode(ctx)
    if mode is None:
        return None
    if ctx.file_type.is_trajectory:
        return f"{wmo}_{'B' if ctx.file_type.is_bio else ''}{mode}traj.nc"
    way = ctx.dataset.text("DIRECTION")[:1]
    if way not in {"A", "D"}:
        return None
    cycle = int(ctx.dataset.array("CYCLE_NUMBER").flat[0])
    number = f"{'-' if cycle < 0 else ''}{abs(cycle):03d}"
    return f"{_prefix(ctx)}{mode}{wmo}_{number}{'D' if way == 'D' else ''}.nc"


def _prefix(ctx: Context) -> str:
    if ctx.content.making:
        return "S" if ctx.content.making is Making.SYNTHETIC else "M"
    return "B" if ctx.file_type.is_bio else ""


def _multi(ctx: Context, wmo: str) -> str | None:
    """All profiles of a float; the files of a day have names that say nothing of what is in them."""
    if ctx.name[:8].isdigit() or ctx.name[1:9].isdigit():
        return None
    return f"{wmo}_{_prefix(ctx)}prof.nc"


def _mode(ctx: Context) -> str | None:
    """R or D; a core profile goes by its first profile, a synthetic one by its parameters, all others by any."""
    synthetic = ctx.content.making is Making.SYNTHETIC
    every = ctx.dataset.bytes("PARAMETER_DATA_MODE" if synthetic else "DATA_MODE").decode("latin-1")
    if synthetic:
        return "D" if "D" in every else "R"
    modes_that_count = every[:1] if ctx.file_type is FileType.PROFILE else every
    if not set(modes_that_count) <= set("RAD") or not modes_that_count:
        return None
    return "D" if "D" in modes_that_count else "R"
