"""The sensors on the float, their makers and models."""

import re
from collections.abc import Iterator
from typing import Final

from gdac.check.coded import pair, values_of
from gdac.check.context import Context
from gdac.check.finding import Fault, Place, at
from gdac.check.rule import Rule, rule
from gdac.check.rules.metadata.parameters import repeated

#: What tells several sensors of one kind apart.
_NUMBER: Final = re.compile(r"_[0-9]+\Z")
#: A model whose relations are not looked at.
_ANY_MODEL: Final = "UNKNOWN"


def _sensors(ctx: Context) -> Iterator[tuple[Place, str]]:
    for number, text in enumerate(ctx.dataset.trimmed("SENSOR"), start=1):
        yield at("SENSOR", number), _NUMBER.sub("", text)


SENSOR = pair(
    ("META-SEN-001", "META-SEN-002"),
    "R25",
    _sensors,
    "Each SENSOR, without the number at its end,",
    "it says what kind of sensor there is.",
)
MAKER = pair(
    ("META-SEN-003", "META-SEN-004"),
    "R26",
    values_of("SENSOR_MAKER", numbered=True),
    "Each SENSOR_MAKER",
    "it names the maker of the sensor.",
)
MODEL = pair(
    ("META-SEN-005", "META-SEN-006"),
    "R27",
    values_of("SENSOR_MODEL", numbered=True),
    "Each SENSOR_MODEL",
    "accuracy and known faults go with the model.",
)


def _goes_with(id_: str, variable: str, relation: str, table: str, noun: str) -> Rule:
    page = (
        f"Each SENSOR_MODEL goes with its {variable} by reference table R27.\n\n"
        f"Why: a model has {noun}; a pair that is not in the table is a slip in one of them.\n"
        f"Mend: `gdac tables show R27 MODEL` lists the {table} codes of a model; correct whichever is wrong."
    )

    def check(ctx: Context) -> Iterator[Fault]:
        models, others = ctx.dataset.trimmed("SENSOR_MODEL"), ctx.dataset.trimmed(variable)
        for number, (model, listed) in enumerate(zip(models, others, strict=False), start=1):
            other = _NUMBER.sub("", listed) if variable == "SENSOR" else listed
            both = model in ctx.tables.codes("R27") and other in ctx.tables.codes(table)
            if both and model != _ANY_MODEL and not ctx.tables.linked("R27", model, relation, table, other):
                legal = " or ".join(ctx.tables.linked_codes("R27", model, relation, table))
                text = f"'{model}' does not go with {variable} '{other}'"
                expected = f"{variable} {legal or 'none that table R27 knows'}"
                yield Fault(at("SENSOR_MODEL", number), text, f"{model} / {other}", expected)

    return rule(id_, "E", "M3.1", manual="R27", page=page)(check)


MODEL_AND_MAKER = _goes_with("META-XRF-003", "SENSOR_MAKER", "broader", "R26", "one maker")
MODEL_AND_SENSOR = _goes_with("META-XRF-004", "SENSOR", "related", "R25", "its kinds of sensor")


@rule("META-SEN-007", "W", "M3.1", manual="2.4.8")
def once(ctx: Context) -> Iterator[Fault]:
    """No SENSOR is there twice.

    Why: two entries of one name cannot be told apart.
    Mend: number further sensors of one kind (CTD_TEMP_2), or drop the repetition.
    """
    yield from repeated(ctx, "SENSOR")
