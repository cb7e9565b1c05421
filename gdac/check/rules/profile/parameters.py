"""What a profile lists as measured and what the file holds (PRF-SP)."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.profile.profiles import holds_data, parameters_in_file, profiles

_NAME: Final = "STATION_PARAMETERS"


@rule("PRF-SP-001", "E", "P B", manual="reference table 3")
def names_allowed(ctx: Context) -> Iterator[Fault]:
    """STATION_PARAMETERS names parameters that may stand in this type of file.

    Why: readers find the data by these names. Core files hold PRES, TEMP, PSAL and what belongs to the CTD; all other
    parameters go into the b-file.
    Mend: write the name as reference table 3 has it (a further sensor: _2, _3, _4, never DOXY2), or move the parameter
    to the file it belongs to.
    """
    for profile in ctx.once(profiles):
        for slot, name in enumerate(profile.listed, start=1):
            if name and name not in profile.parameters:
                expected = ", ".join(get_close_matches(name, ctx.tables.parameters, n=2, cutoff=0.75))
                text = _why_not(ctx, name)
                yield Fault(at(_NAME, profile.number, slot), text, name, f"{expected}?" if expected else "")


def _why_not(ctx: Context, name: str) -> str:
    entry = ctx.tables.parameters.get(name)
    if entry is None:
        return f"'{name}' is no parameter of reference table 3"
    where = "a core file" if entry.category in {"c", "ic"} else "a b-file"
    return f"'{name}' belongs into {where}, not into this one"


@rule("PRF-SP-002", "E", "P B", manual="2.2.4")
def names_once(ctx: Context) -> Iterator[Fault]:
    """STATION_PARAMETERS names each parameter once.

    Why: two entries of one name share one variable, so one of them is wrong.
    Mend: drop the second entry, or give a second sensor its own name with _2.
    """
    for profile in ctx.once(profiles):
        for slot, name in profile.repeated:
            yield Fault(at(_NAME, profile.number, slot), f"'{name}' is listed twice", name)


@rule("PRF-SP-003", "W", "P B", manual="reference table 3")
def names_current(ctx: Context) -> Iterator[Fault]:
    """STATION_PARAMETERS names no parameter that reference table 3 has deprecated.

    Why: another name has taken its place, and readers look for that one.
    Mend: use the name that the table gives as its successor (`gdac tables show R03 NAME`).
    """
    for profile in ctx.once(profiles):
        for slot, name in enumerate(profile.listed, start=1):
            parameter = profile.parameters.get(name)
            if parameter is not None and parameter.deprecated:
                yield Fault(at(_NAME, profile.number, slot), f"'{name}' is deprecated in reference table 3", name)


@rule("PRF-SP-004", "W", "P B", manual="2.2.4")
def no_gaps(ctx: Context) -> Iterator[Fault]:
    """STATION_PARAMETERS has no blank entry before a name.

    Why: some readers stop at the first blank and miss what follows.
    Mend: move the names together and leave the blanks at the end; PARAMETER_DATA_MODE moves along.
    """
    for profile in ctx.once(profiles):
        names = profile.listed
        blanks = [slot for slot, name in enumerate(names, start=1) if not name and any(names[slot:])]
        if blanks:
            text = "a blank entry stands before a name"
            yield Fault(at(_NAME, profile.number, blanks[0]), text, " ".join(names), count=len(blanks))


@rule("PRF-SP-005", "E", "P B", manual="2.2.4")
def mandatory_listed(ctx: Context) -> Iterator[Fault]:
    """The first profile lists PRES, and TEMP in a core file.

    Why: without pressure no value has a depth; a core profile without temperature is none.
    Mend: list the parameter in STATION_PARAMETERS of the first profile.
    """
    for profile in ctx.once(profiles):
        for name in profile.required:
            listed = " ".join(filter(None, profile.listed))
            yield Fault(at(_NAME, profile.number), f"{name} is not listed", listed, name)


@rule("PRF-SP-006", "E", "P B", manual="2.2.4")
def listed_have_variables(ctx: Context) -> Iterator[Fault]:
    """Each parameter in STATION_PARAMETERS has its variables.

    Why: the list says what was measured; a reader who follows it finds nothing.
    Mend: add the variables of the parameter, or drop its name from the list.
    """
    for profile in ctx.once(profiles):
        for name in profile.without_variable:
            yield Fault(at(_NAME, profile.number), f"{name} is listed, but there is no such variable", name)


@rule("PRF-SP-007", "E", "P B", manual="2.2.4")
def data_are_listed(ctx: Context) -> Iterator[Fault]:
    """Each parameter with data in a profile is in its STATION_PARAMETERS.

    Why: readers who follow the list would miss the data.
    Mend: add the name to the list of that profile, or set the values of that profile to the fill value.
    """
    every = ctx.once(profiles)
    for parameter in ctx.once(parameters_in_file):
        unlisted = [profile for profile in every if parameter.name not in profile.parameters]
        if not unlisted:
            continue
        data = holds_data(ctx, parameter.name)
        for profile in unlisted:
            if data[profile.number - 1]:
                text = f"{parameter.name} holds data, but is not listed"
                listed = " ".join(filter(None, profile.listed))
                yield Fault(at(_NAME, profile.number), text, listed, parameter.name)


@rule("PRF-SP-008", "W", "P B", manual="2.2.2")
def slots_used(ctx: Context) -> Iterator[Fault]:
    """N_PARAM is the largest number of parameters that any profile lists.

    Why: spare slots make the file larger and lists full of blanks.
    Mend: write the file with N_PARAM as large as needed and no larger.
    """
    have = ctx.dataset.dimensions["N_PARAM"]
    used = max((have - profile.listed.count("") for profile in ctx.once(profiles)), default=have)
    if used < have:
        yield Fault(at(dimension="N_PARAM"), f"{have - used} slots are never used", str(have), str(used))
