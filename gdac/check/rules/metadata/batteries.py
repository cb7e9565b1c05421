"""Batteries. The official checker computes these rules and reports none of them: advice."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from gdac.check.context import Context
from gdac.check.dataset import trim
from gdac.check.finding import Fault, at
from gdac.check.rule import Check, Rule, rule

_TYPE: Final = re.compile(r"(\w+)\s+(\w+)\s+([0-9]+(?:\.[0-9]+)?)\s*V", re.ASCII)
_PACK: Final = re.compile(r"([0-9]+)(\w+)\s+(\w+)", re.ASCII)
_UNKNOWN_PACK: Final = "U"
_SHOW: Final = "Mend: use a code that `gdac tables show {}` lists."


@dataclass(frozen=True, slots=True)
class Batteries:
    """BATTERY_TYPE and BATTERY_PACKS, taken apart.

    Attributes:
        types: (piece, maker, type) of each piece of BATTERY_TYPE; maker is None for a piece that has not the form.
        packs: (piece, style, type) of each piece of BATTERY_PACKS; style is None likewise, and empty for ``U``.
    """

    types: tuple[tuple[str, str | None, str], ...]
    packs: tuple[tuple[str, str | None, str], ...]


def batteries(ctx: Context) -> Batteries:
    """What the file says of its batteries."""
    return Batteries(tuple(_types(_text(ctx, "BATTERY_TYPE"))), tuple(_packs(_text(ctx, "BATTERY_PACKS"))))


def _text(ctx: Context, name: str) -> str:
    return next(iter(ctx.dataset.trimmed(name)), "") if name in ctx.dataset else ""


def _types(text: str) -> Iterator[tuple[str, str | None, str]]:
    for piece in map(trim, text.split("+")) if text else ():
        found = _TYPE.fullmatch(piece)
        yield (piece, found[1], found[2]) if found else (piece, None, "")


def _packs(text: str) -> Iterator[tuple[str, str | None, str]]:
    for piece in map(trim, text.split("+")) if text else ():
        found = _PACK.fullmatch(piece)
        if piece == _UNKNOWN_PACK:
            yield piece, "", ""
        else:
            yield (piece, found[2], found[3]) if found else (piece, None, "")


@rule("META-BAT-001", "L>W", "M3.1", manual="2.4.3")
def type_is_set(ctx: Context) -> Iterator[Fault]:
    """BATTERY_TYPE is not blank.

    Why: endurance is judged by it.
    Mend: write maker, type and voltage of each battery, as in "ELECTROCHEM Lithium 14.4 V".
    """
    if "BATTERY_TYPE" in ctx.dataset and not _text(ctx, "BATTERY_TYPE"):
        yield Fault(at("BATTERY_TYPE"), "it is blank", "", "MAKER TYPE VOLTS V")


@rule("META-BAT-002", "L>W", "M3.1", manual="2.4.3")
def type_has_form(ctx: Context) -> Iterator[Fault]:
    """Each piece of BATTERY_TYPE, between plus signs, is maker, type, voltage and V.

    Why: only then can a program read it.
    Mend: write pieces as in "ELECTROCHEM Lithium 14.4 V + DURACELL Alkaline 15 V".
    """
    for piece, maker, _ in ctx.once(batteries).types:
        if maker is None:
            yield Fault(at("BATTERY_TYPE"), f"'{piece}' is not of that form", piece, "MAKER TYPE VOLTS V")


def _codes(which: str, position: int) -> Callable[[Context], Iterator[str]]:
    def codes(ctx: Context) -> Iterator[str]:
        for piece in getattr(ctx.once(batteries), which):
            if piece[position]:
                yield piece[position]

    return codes


def _known(variable: str, codes: Callable[[Context], Iterator[str]], table: str, *, by_label: bool) -> Check:
    def check(ctx: Context) -> Iterator[Fault]:
        legal = _labels(ctx, table) if by_label else ctx.tables.codes(table)
        for code in codes(ctx):
            if code not in legal:
                yield Fault(at(variable), f"'{code}' is not in reference table {table}", code, f"table {table}")

    return check


def _current(variable: str, codes: Callable[[Context], Iterator[str]], table: str, *, by_label: bool) -> Check:
    def check(ctx: Context) -> Iterator[Fault]:
        old = ctx.tables.deprecated(table)
        if by_label:
            old = frozenset(ctx.tables.label(table, code) for code in old)
        for code in codes(ctx):
            if code in old:
                yield Fault(at(variable), f"'{code}' is deprecated in reference table {table}", code)

    return check


def _labels(ctx: Context, table: str) -> frozenset[str]:
    return frozenset(each.label for each in ctx.tables.concepts(table))


def _lookups(
    ids: tuple[str, str],
    variable: str,
    codes: Callable[[Context], Iterator[str]],
    table: str,
    what: str,
    by_label: bool = False,
) -> tuple[Rule, Rule]:
    known_page = (
        f"Each {what} in {variable} is in reference table {table}.\n\nWhy: one spelling for one thing.\n"
        + _SHOW.format(table)
    )
    current_page = (
        f"No {what} in {variable} is deprecated in reference table {table}.\n\n"
        "Why: another code has taken its place.\n" + _SHOW.format(table)
    )
    unknown = _known(variable, codes, table, by_label=by_label)
    old = _current(variable, codes, table, by_label=by_label)
    return (
        rule(ids[0], "L>W", "M3.1", manual=table, page=known_page)(unknown),
        rule(ids[1], "L>W", "M3.1", manual=table, page=current_page)(old),
    )


MAKERS = _lookups(("META-BAT-003", "META-BAT-004"), "BATTERY_TYPE", _codes("types", 1), "R33", "maker")
TYPES = _lookups(("META-BAT-005", "META-BAT-006"), "BATTERY_TYPE", _codes("types", 2), "R34", "type")


@rule("META-BAT-007", "L>W", "M3.1", manual="2.4.3")
def packs_have_form(ctx: Context) -> Iterator[Fault]:
    """Each piece of BATTERY_PACKS is U, or number and style followed by the type.

    Why: only then can a program read it.
    Mend: write pieces as in "4DD Li + 1C Alk", or U where nothing is known.
    """
    for piece, style, _ in ctx.once(batteries).packs:
        if style is None:
            yield Fault(at("BATTERY_PACKS"), f"'{piece}' is not of that form", piece, "4DD Li, or U")


STYLES = _lookups(("META-BAT-008", "META-BAT-009"), "BATTERY_PACKS", _codes("packs", 1), "R35", "style")
PACK_TYPES = _lookups(
    ("META-BAT-010", "META-BAT-011"), "BATTERY_PACKS", _codes("packs", 2), "R34", "type", by_label=True
)


@rule("META-BAT-012", "L>W", "M3.1", manual="2.4.3")
def as_many(ctx: Context) -> Iterator[Fault]:
    """BATTERY_TYPE and BATTERY_PACKS have the same number of pieces.

    Why: they describe the same batteries, one by one.
    Mend: give one piece for each battery in both; U in BATTERY_PACKS where nothing is known.
    """
    found = ctx.once(batteries)
    if found.packs and len(found.types) != len(found.packs):
        text = f"{len(found.packs)} pieces, BATTERY_TYPE has {len(found.types)}"
        yield Fault(at("BATTERY_PACKS"), text, str(len(found.packs)), str(len(found.types)))


@rule("META-BAT-013", "L>W", "M3.1", manual="2.4.3")
def same_type(ctx: Context) -> Iterator[Fault]:
    """BATTERY_TYPE and BATTERY_PACKS name the same type for each battery.

    Why: they describe the same batteries, one by one.
    Mend: correct whichever of the two is wrong.
    """
    found = ctx.once(batteries)
    for (_, maker, kind), (_, style, label) in zip(found.types, found.packs, strict=False):
        if maker and style and kind in ctx.tables.codes("R34") and label in _labels(ctx, "R34"):
            expected = ctx.tables.label("R34", kind)
            if label != expected:
                yield Fault(at("BATTERY_PACKS"), f"'{label}' is not the type '{kind}' of BATTERY_TYPE", label, expected)
