"""Variables and dimensions that come together (FMT-GRP)."""

from collections.abc import Iterator
from functools import lru_cache

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.spec import Group, Specification


@rule("FMT-GRP-001", "E", "ALL", manual="2.2")
def groups_are_complete(ctx: Context) -> Iterator[Fault]:
    """Where one variable of a group is, the others are too.

    Why: a parameter without its flags, its adjusted values or their errors cannot be used.
    Mend: add the missing variables, with fill values where there is nothing to say, or remove the whole group.
    """
    variables, dimensions = ctx.dataset.variables, ctx.dataset.dimensions
    for group in _groups(ctx.spec, tuple(variables), tuple(dimensions)):
        for name in group.members:
            if name not in variables and name not in dimensions:
                place = at(dimension=name) if name in ctx.spec.dimensions else at(name)
                yield Fault(place, f"it is missing from group {group.name}", expected=" ".join(group.members))


@lru_cache(maxsize=1024)
def _groups(spec: Specification, variables: tuple[str, ...], dimensions: tuple[str, ...]) -> tuple[Group, ...]:
    """The groups that a file with these names must complete; files of a float share their names."""
    found = (spec.group_of(name) for name in (*variables, *dimensions))
    return tuple(dict.fromkeys(group for group in found if group is not None))
