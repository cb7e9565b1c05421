"""What the float measures: PARAMETER and its calibration before launch."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import Rule, rule


def repeated(ctx: Context, variable: str) -> Iterator[Fault]:
    """Values of an array that stand there more than once."""
    seen: set[str] = set()
    told: set[str] = set()
    for number, text in enumerate(ctx.dataset.trimmed(variable), start=1):
        if text in seen and text not in told:
            told.add(text)
            yield Fault(at(variable, number), f"'{text}' is there more than once", text)
        seen.add(text)


@rule("META-PRM-001", "E", "M3.1", manual="R03")
def names(ctx: Context) -> Iterator[Fault]:
    """Each PARAMETER is a physical parameter of reference table R03.

    Why: profiles and trajectories of the float use these names; a name that no table knows cannot be matched.
    Mend: use a name of `gdac tables show R03`; several sensors of one kind are told apart by _2, _3, _4.
    """
    listed = ctx.dataset.trimmed("PARAMETER")
    if not listed:
        yield Fault(at("PARAMETER"), "the file lists no parameter: dimension N_PARAM is 0", "0", "at least PRES")
    for number, text in enumerate(listed, start=1):
        if ctx.spec.parameter(text) is None:
            yield Fault(at("PARAMETER", number), f"'{text}' is no physical parameter", text, "a name of table R03")


@rule("META-PRM-002", "W", "M3.1", manual="2.4.9")
def names_once(ctx: Context) -> Iterator[Fault]:
    """No PARAMETER is there twice.

    Why: two entries of one name cannot be told apart.
    Mend: number further sensors of one kind (TEMP_2), or drop the repetition.
    """
    yield from repeated(ctx, "PARAMETER")


def _filled(id_: str, variable: str, what: str, mend: str) -> Rule:
    page = (
        f"Each {variable} is set.\n\nWhy: without {what} the parameter's values cannot be followed back.\nMend: {mend}"
    )

    def check(ctx: Context) -> Iterator[Fault]:
        for number, text in enumerate(ctx.dataset.trimmed(variable), start=1):
            if not text:
                yield Fault(at(variable, number), "it is blank", "", what)

    return rule(id_, "E", "M3.1", manual="2.4.9", page=page)(check)


UNITS = _filled("META-PRM-003", "PARAMETER_UNITS", "its unit", "write the unit, as table R03 has it.")


@rule("META-PRM-004", "E", "M3.1", manual="2.4.9")
def sensors(ctx: Context) -> Iterator[Fault]:
    """Each PARAMETER_SENSOR names the sensor of its parameter.

    Why: it links a parameter to the sensor that measures it.
    Mend: write the SENSOR of this file that measures the parameter.
    """
    raw = ctx.dataset.texts("PARAMETER_SENSOR")
    for number, (text, trimmed) in enumerate(zip(raw, ctx.dataset.trimmed("PARAMETER_SENSOR"), strict=True), start=1):
        if not trimmed:
            # the official checker sees a text of blanks as set
            yield Fault(at("PARAMETER_SENSOR", number), "it is blank", "", "a SENSOR of this file", quirk=bool(text))


COEFFICIENTS = _filled(
    "META-PRM-005",
    "PREDEPLOYMENT_CALIB_COEFFICIENT",
    "its calibration coefficients",
    "write the coefficients of the equation; n/a where there are none, 'not available' where they are lost.",
)
EQUATIONS = _filled(
    "META-PRM-006",
    "PREDEPLOYMENT_CALIB_EQUATION",
    "its calibration equation",
    "write the equation; n/a where there is none, 'not available' where it is lost.",
)
