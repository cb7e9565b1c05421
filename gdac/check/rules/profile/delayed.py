"""What delayed mode asks of a core profile: state, calibration records, history (PRF-DM)."""

from collections.abc import Iterator
from dataclasses import dataclass

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.profile.profiles import Profile, profiles
from gdac.spec.parameters import Role


@dataclass(frozen=True, slots=True)
class Calibration:
    """One entry of a calibration record of a delayed-mode profile.

    Attributes:
        profile: which.
        record: along N_CALIB, 1-based.
        slot: along N_PARAM, 1-based.
        name: PARAMETER, trimmed; never blank.
        flat: place among all entries of the file, 0-based.
        letter: PROFILE_<name>_QC of the profile; None when the file has no such variable.
    """

    profile: Profile
    record: int
    slot: int
    name: str
    flat: int
    letter: str | None

    @property
    def checked(self) -> bool:
        """Its comment and date are looked at."""
        return self.letter not in {None, "X"}


def _delayed(ctx: Context) -> list[Profile]:
    return [profile for profile in ctx.once(profiles) if profile.mode == "D"]


def calibrations(ctx: Context) -> tuple[Calibration, ...]:
    """The entries of all calibration records of delayed-mode profiles, in file order."""
    delayed = _delayed(ctx)
    if not delayed:
        return ()
    _, records, slots = ctx.dataset.strings_shape("PARAMETER")
    names = ctx.dataset.trimmed("PARAMETER")
    found = []
    for profile in delayed:
        for record in range(records):
            start = ((profile.number - 1) * records + record) * slots
            for slot, name in enumerate(names[start : start + slots]):
                if name:
                    letter = _letter(ctx, profile, name)
                    found.append(Calibration(profile, record + 1, slot + 1, name, start + slot, letter))
    return tuple(found)


def _letter(ctx: Context, profile: Profile, name: str) -> str | None:
    variable = Role.PROFILE_QC.of(name)
    if variable not in ctx.dataset:
        return None
    return ctx.dataset.bytes(variable)[profile.number - 1 : profile.number].decode("latin-1")


@rule("PRF-DM-001", "E", "P", manual="reference table 6")
def delayed_state(ctx: Context) -> Iterator[Fault]:
    """DATA_STATE_INDICATOR of a delayed-mode core profile is 2C or 2C+.

    Why: 2C is the state that data reach by delayed-mode processing.
    Mend: write 2C (2C+ when it was processed again), or correct DATA_MODE.
    """
    states = ctx.dataset.trimmed("DATA_STATE_INDICATOR")
    for profile in _delayed(ctx):
        state = states[profile.number - 1]
        if state not in {"2C", "2C+"}:
            text = f"the state of a delayed-mode profile is '{state}'"
            yield Fault(at("DATA_STATE_INDICATOR", profile.number), text, state, "2C or 2C+")


@rule("PRF-DM-002", "E", "P", manual="reference table 6")
def other_state(ctx: Context) -> Iterator[Fault]:
    """DATA_STATE_INDICATOR of a core profile that is not delayed mode does not begin with 2C.

    Why: 2C is the state that data reach by delayed-mode processing only.
    Mend: write 2B (2B+ when adjusted in real time), or correct DATA_MODE.
    """
    states = ctx.dataset.trimmed("DATA_STATE_INDICATOR")
    for profile in ctx.once(profiles):
        state = states[profile.number - 1]
        if profile.mode != "D" and state.startswith("2C"):
            text = f"the state is '{state}', but the mode is {profile.mode}"
            yield Fault(at("DATA_STATE_INDICATOR", profile.number), text, state, "2B or 2B+")


@rule("PRF-DM-003", "E", "P", manual="2.2.6")
def calibrated_parameter_exists(ctx: Context) -> Iterator[Fault]:
    """PARAMETER of a delayed-mode calibration names a parameter of the file.

    Why: a calibration of something that is not there is mostly a misspelt name.
    Mend: write the name exactly as in STATION_PARAMETERS, in capitals; leave unused entries blank.
    """
    seen: set[str] = set()
    for each in ctx.once(calibrations):
        if each.letter is None and each.name not in seen:
            seen.add(each.name)
            text = f"there is no {Role.PROFILE_QC.of(each.name)}"
            yield Fault(at("PARAMETER", each.profile.number, each.record, each.slot), text, each.name)


@rule("PRF-DM-004", "E", "P", manual="2.2.6")
def calibration_looked_at(ctx: Context) -> Iterator[Fault]:
    """Calibration records of a delayed-mode profile can be checked.

    Why: a record whose parameter has no PROFILE_<PARAM>_QC is not looked at.
    Mend: correct the name in PARAMETER, or add the variables of the parameter, then check again.
    """
    for each in ctx.once(calibrations):
        if not each.checked:
            reason = f"{Role.PROFILE_QC.of(each.name)} is missing or no letter"
            text = f"comment and date of its calibration are not checked, because {reason}"
            yield Fault(at("PARAMETER", each.profile.number, each.record, each.slot), text, each.name)


@rule("PRF-DM-005", "W", "P", manual="2.2.6")
def calibration_comment(ctx: Context) -> Iterator[Fault]:
    """SCIENTIFIC_CALIB_COMMENT is set for each calibrated parameter of a delayed-mode profile.

    Why: it tells users how the values were adjusted and how far to trust them.
    Mend: write what was done, in a sentence, even when no adjustment was needed.
    """
    return _blank(ctx, "SCIENTIFIC_CALIB_COMMENT")


@rule("PRF-DM-006", "W", "P", manual="2.2.6")
def calibration_date(ctx: Context) -> Iterator[Fault]:
    """SCIENTIFIC_CALIB_DATE is set for each calibrated parameter of a delayed-mode profile.

    Why: it tells which of several adjustments is the newest.
    Mend: write the date (UTC) of the calibration as YYYYMMDDhhmmss.
    """
    name = "SCIENTIFIC_CALIB_DATE"
    return _blank(ctx, name if name in ctx.dataset else "CALIBRATION_DATE")  # the latter in version 2.2


def _blank(ctx: Context, name: str) -> Iterator[Fault]:
    for each in ctx.once(calibrations):
        if each.checked and not ctx.dataset.trimmed(name)[each.flat]:
            place = at(name, each.profile.number, each.record, each.slot)
            yield Fault(place, f"it is blank for {each.name}")


@rule("PRF-DM-007", "E", "P", manual="2.2.6")
def all_calibrated(ctx: Context) -> Iterator[Fault]:
    """Each calibration record of a delayed-mode profile names all parameters of the profile.

    Why: every parameter is judged in delayed mode, if only to say that it needs no change.
    Mend: write all STATION_PARAMETERS into PARAMETER of every record; write no more records than are used (N_CALIB).
    """
    records = ctx.dataset.strings_shape("PARAMETER")[1]
    named = ctx.once(calibrations)
    for profile in _delayed(ctx):
        for record in range(1, records + 1):
            have = {each.name for each in named if each.profile is profile and each.record == record}
            for name in profile.parameters:
                if name not in have:
                    found = " ".join(sorted(have))
                    yield Fault(at("PARAMETER", profile.number, record), f"{name} is missing", found, name)


@rule("PRF-DM-008", "E", "P", manual="2.2.6")
def calibrated_is_listed(ctx: Context) -> Iterator[Fault]:
    """PARAMETER of a delayed-mode profile names only parameters in its STATION_PARAMETERS.

    Why: a calibration of something that the profile did not measure belongs to another profile.
    Mend: leave the entry blank, or add the parameter to STATION_PARAMETERS if it was measured.
    """
    for each in ctx.once(calibrations):
        if each.name not in each.profile.parameters:
            text = f"{each.name} is not in STATION_PARAMETERS"
            listed = " ".join(each.profile.parameters)
            yield Fault(at("PARAMETER", each.profile.number, each.record, each.slot), text, each.name, listed)


@rule("PRF-DM-009", "E", "P", manual="2.2.7")
def history_kept(ctx: Context) -> Iterator[Fault]:
    """A core profile has at least one history record, in real time too.

    Why: the history tells which tests were made and who changed what; the official checker accepts no core profile
    without it.
    Mend: write a record for the first processing step (HISTORY_STEP ARFM or ARGQ), with institution and date.
    """
    if ctx.dataset.dimensions.get("N_HISTORY", 0) < 1:
        yield Fault(at("HISTORY_*"), "the file has no history record (N_HISTORY is 0)", "0", "1 or more")
