"""Dimensions: those that the format names, with their lengths, and no others (FMT-DIM)."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule


def extra_dimensions(ctx: Context) -> tuple[str, ...]:
    """Dimensions that the format does not name but allows for parameters of several values per level."""
    known = ctx.spec.dimensions
    return tuple(name for name in ctx.dataset.dimensions if name not in known and ctx.spec.is_extra_dimension(name))


@rule("FMT-DIM-001", "E", "ALL", manual="2.2.1")
def no_unknown_dimension(ctx: Context) -> Iterator[Fault]:
    """The file has no dimension that its format does not name.

    Why: programs that read the archive rely on the names; an unknown one is mostly a misspelt one.
    Mend: remove the dimension, or give it the name of the format.
    """
    extra = ctx.once(extra_dimensions)
    for name, length in ctx.dataset.dimensions.items():
        if name not in ctx.spec.dimensions and name not in extra:
            text = f"{ctx.content.words} files of version {ctx.version} have no such dimension"
            yield Fault(at(dimension=name), text, found=str(length))


@rule("FMT-DIM-002", "E", "ALL", manual="2.2.1")
def fixed_length(ctx: Context) -> Iterator[Fault]:
    """A dimension of fixed length has that length.

    Why: texts of another length do not fit into the variables that readers have made for them.
    Mend: write the dimension with the length of the format.
    """
    for name, length in ctx.dataset.dimensions.items():
        known = ctx.spec.dimensions.get(name)
        if known is not None and known.length is not None and known.length != length:
            yield Fault(at(dimension=name), f"the length is {length}", str(length), str(known.length))


@rule("FMT-DIM-003", "E", "ALL", manual="2.2.1")
def no_dimension_missing(ctx: Context) -> Iterator[Fault]:
    """Every dimension of the format is there, even one that no variable uses.

    Why: programs look dimensions up before they read.
    Mend: add the dimension.
    """
    for name, known in ctx.spec.dimensions.items():
        if name not in ctx.dataset.dimensions and not known.optional:
            expected = "" if known.length is None else str(known.length)
            yield Fault(at(dimension=name), "the dimension is missing", expected=expected)


@rule("FMT-DIM-004", "X", "B BT3.1 T3.2", manual="2.2.1")
def one_extra_dimension(ctx: Context) -> Iterator[Fault]:
    """At most one dimension is added for parameters of several values per level.

    Why: the official checker fails on a file with two of them, so the GDACs do not take it.
    Mend: let all such parameters share one dimension N_VALUES<n>, or drop what is not needed.
    """
    extra = ctx.once(extra_dimensions)
    if len(extra) > 1:
        yield Fault(at(dimension=extra[1]), f"there are {len(extra)} added dimensions", " ".join(extra), "one")
