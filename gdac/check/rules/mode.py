"""What hangs on the version as it is written: delayed-mode core profiles must be of 3.1 or later (OPN-012, 013)."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, Phase, at
from gdac.check.rule import rule


@rule("OPN-012", "E", "P", phase=Phase.MODE, manual="2.2.2")
def delayed_mode_is_current(ctx: Context) -> Iterator[Fault]:
    """A delayed-mode core profile has format version 3.1 or later.

    Why: the GDACs have refused delayed-mode profiles of older versions since the move to format 3.
    Mend: write the profile in version 3.1.
    """
    if ctx.dataset.is_char("DATA_MODE") and ctx.dataset.text("DATA_MODE")[:1] == "D" and ctx.raw_version < "3.1":
        yield Fault(
            at("FORMAT_VERSION"),
            f"DATA_MODE is D, but the format version is {ctx.version}",
            found=ctx.version,
            expected="3.1 or later",
        )


@rule("OPN-013", "X", "P", phase=Phase.MODE, manual="2.2.4")
def data_mode_present(ctx: Context) -> Iterator[Fault]:
    """DATA_MODE is there, as text.

    Why: it tells real-time from delayed-mode profiles; the official checker stops at a file without it.
    Mend: add the variable `char DATA_MODE(N_PROF)`.
    """
    if not (ctx.dataset.is_char("DATA_MODE") and ctx.dataset.bytes("DATA_MODE")):
        yield Fault(at("DATA_MODE"), "there is no such variable, or it is not text, or it is empty")


@rule("CHK-007", "E", "ALL", phase=Phase.FORMAT, manual="2.2.2")
def version_is_flush_left(ctx: Context) -> Iterator[Fault]:
    """FORMAT_VERSION has no blank in front.

    Why: the official checker takes such a file for one older than any version: it looks for other attributes in
    profiles and trajectories, and skips the values of all types.
    Mend: write the version from the first character on, such as `3.1 `.
    """
    if ctx.raw_version < "2" <= ctx.version:
        harmless = ctx.letter in {"M", "K"}  # they have no attributes that depend on the version
        text = f"'{ctx.raw_version}' begins with a blank"
        yield Fault(at("FORMAT_VERSION"), text, ctx.raw_version, f"{ctx.version} ", quirk=harmless)
