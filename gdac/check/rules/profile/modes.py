"""Data modes of profiles and parameters, and the mission they belong to (PRF-MODE, PRF-PDM, PRF-CFG)."""

from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.profile.profiles import Profile, profiles

_MODES: Final = "PARAMETER_DATA_MODE"
#: Fill value of CONFIG_MISSION_NUMBER.
_NO_MISSION: Final = 99999


@rule("PRF-MODE-001", "E", "P B", manual="2.2.4")
def data_mode(ctx: Context) -> Iterator[Fault]:
    """DATA_MODE is R, A or D.

    Why: it says whether adjusted values are to be expected, and who has looked at them.
    Mend: write R (real time), A (adjusted in real time) or D (delayed mode).
    """
    for profile in ctx.once(profiles):
        if profile.mode not in {"R", "A", "D"}:
            yield Fault(at("DATA_MODE", profile.number), f"'{profile.mode}' is no data mode", profile.mode, "R, A or D")


@rule("PRF-PDM-001", "E", "B", manual="2.6")
def parameter_modes(ctx: Context) -> Iterator[Fault]:
    """PARAMETER_DATA_MODE is R, A, D or blank.

    Why: in b-files each parameter has a mode of its own: DOXY may be adjusted while CHLA is not.
    Mend: write R, A or D for each parameter in the order of STATION_PARAMETERS, blank where there is none.
    """
    for profile, modes in _own_modes(ctx):
        for slot, mode in enumerate(modes, start=1):
            if mode not in {"R", "A", "D", " "}:
                yield Fault(at(_MODES, profile.number, slot), f"'{mode}' is no data mode", mode, "R, A, D or blank")


@rule("PRF-PDM-002", "E", "B", manual="2.6")
def pressure_mode(ctx: Context) -> Iterator[Fault]:
    """PARAMETER_DATA_MODE of PRES is R in b-files.

    Why: PRES is in a b-file only to place its values; it is adjusted in the core file, whose mode counts.
    Mend: write R for PRES, whatever the mode of the other parameters.
    """
    for profile, modes in _own_modes(ctx):
        for slot, (name, mode) in enumerate(zip(profile.listed, modes, strict=True), start=1):
            if name.startswith("PRES") and mode != "R":
                yield Fault(at(_MODES, profile.number, slot), f"the mode of {name} is '{mode}'", mode, "R")


@rule("PRF-PDM-003", "W", "B", manual="2.6")
def modes_not_all_blank(ctx: Context) -> Iterator[Fault]:
    """A b-profile whose DATA_MODE is not R says so for its parameters too.

    Why: DATA_MODE of a b-profile sums up the modes of its parameters; if all are blank there is nothing to sum up.
    Mend: write the mode of each parameter into PARAMETER_DATA_MODE.
    """
    for profile, modes in _own_modes(ctx):
        if _combined(modes) == " " and profile.mode != "R":
            text = f"DATA_MODE is '{profile.mode}', but every PARAMETER_DATA_MODE is blank"
            yield Fault(at("DATA_MODE", profile.number), text, profile.mode, "R, or modes of the parameters")


@rule("PRF-PDM-004", "E", "B", manual="2.6")
def modes_sum_up(ctx: Context) -> Iterator[Fault]:
    """DATA_MODE of a b-profile is the highest of its PARAMETER_DATA_MODE: D before A before R.

    Why: the name and the index entry of the file follow DATA_MODE; readers of one parameter follow its own mode.
    Mend: write D if any parameter is D, else A if any is A, else R.
    """
    for profile, modes in _own_modes(ctx):
        combined = _combined(modes)
        if combined not in {" ", profile.mode}:
            text = f"it is '{profile.mode}', but PARAMETER_DATA_MODE says '{modes.rstrip()}'"
            yield Fault(at("DATA_MODE", profile.number), text, profile.mode, combined)


@rule("PRF-CFG-001", "E", "P B", manual="2.2.4")
def mission_number(ctx: Context) -> Iterator[Fault]:
    """CONFIG_MISSION_NUMBER is set in delayed mode, but for cycle 0.

    Why: it leads to the settings of the float on this cycle, in the metadata file; the delayed-mode operator knows it.
    Mend: write the mission of this cycle, as CONFIG_MISSION_NUMBER of the metadata file counts them.
    """
    delayed = [profile.number for profile in ctx.once(profiles) if profile.mode == "D"]
    if not delayed or "CONFIG_MISSION_NUMBER" not in ctx.dataset:
        return
    missions = ctx.dataset.array("CONFIG_MISSION_NUMBER").tolist()
    for number in delayed:
        if missions[number - 1] == _NO_MISSION and ctx.dataset.array("CYCLE_NUMBER")[number - 1] != 0:
            text = "the mission is missing in a delayed-mode profile"
            yield Fault(at("CONFIG_MISSION_NUMBER", number), text, str(_NO_MISSION), "1 or more")


def _own_modes(ctx: Context) -> Iterator[tuple[Profile, str]]:
    """Profiles with the modes of their parameters, in files that have these."""
    for profile in ctx.once(profiles):
        if profile.parameter_modes is not None:
            yield profile, profile.parameter_modes


def _combined(modes: str) -> str:
    """The mode that sums up others; anything but a blank counts as R at least."""
    return "D" if "D" in modes else "A" if "A" in modes else "R" if modes.strip(" ") else " "
