"""Names of technical and configuration parameters: NAME_unit, by reference tables R14 and R18."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, Place, at
from gdac.check.rule import Rule, rule
from gdac.tables import NameMatch


@dataclass(frozen=True, slots=True)
class Named:
    """One distinct entry of a file.

    Attributes:
        place: where it is first.
        text: trimmed, with its unit.
        name: the part before the last ``_``; None where there is no such part.
        unit: the part behind it.
        match: what the table knows of the name; None when nothing.
    """

    place: Place
    text: str
    name: str | None
    unit: str = ""
    match: NameMatch | None = None


Entries = Callable[[Context], tuple[Named, ...]]


def entries(ctx: Context, table: str, variables: Sequence[str]) -> tuple[Named, ...]:
    """The distinct entries of some variables, in order."""
    found: dict[str, Named] = {}
    for variable in variables:
        if variable not in ctx.dataset:
            continue
        for number, text in enumerate(ctx.dataset.trimmed(variable), start=1):
            if text not in found:
                found[text] = _named(ctx, table, at(variable, number), text)
    return tuple(found.values())


def _named(ctx: Context, table: str, place: Place, text: str) -> Named:
    name, line, unit = text.rpartition("_")
    if not line or not name:
        return Named(place, text, None)
    return Named(place, text, name, unit, ctx.tables.match_name(table, name))


def _form(named: tuple[Named, ...]) -> Iterator[Fault]:
    for each in named:
        if each.name is None:
            what = f"'{each.text}' has no unit" if each.text else "it is blank"
            yield Fault(each.place, what, each.text, "NAME_unit")


def _unknown(named: tuple[Named, ...]) -> Iterator[Fault]:
    for each in _first_of_each(named, lambda one: one.name):
        if each.match is None:
            yield Fault(each.place, f"no entry or template has the name '{each.name}'", each.text)


def _deprecated(named: tuple[Named, ...]) -> Iterator[Fault]:
    for each in _first_of_each(named, lambda one: one.name):
        if each.match and each.match.deprecated:
            yield Fault(each.place, f"the name '{each.name}' is deprecated", each.text)


def _unlisted(named: tuple[Named, ...]) -> Iterator[Fault]:
    for each in _first_of_each(named, lambda one: one.name):
        for placeholder, value in each.match.unlisted if each.match else ():
            text = f"'{value}' is no value of <{placeholder}> in template {each.match.label if each.match else ''}"
            yield Fault(each.place, text, each.text)


def _without_list(named: tuple[Named, ...]) -> Iterator[Fault]:
    for each in _first_of_each(named, lambda one: one.name):
        for placeholder in each.match.without_list if each.match else ():
            text = f"the table has no list of values for <{placeholder}> in template {each.match.label}"  # type: ignore[union-attr]
            yield Fault(each.place, text, each.text)


def _first_of_each(named: tuple[Named, ...], key: Callable[[Named], str | None]) -> Iterator[Named]:
    """The first entry of each name (or unit); entries without one are left out."""
    seen: set[str] = set()
    for each in named:
        what = key(each)
        if each.name is not None and what is not None and what not in seen:
            seen.add(what)
            yield each


def _pages(table: str, kind: str) -> dict[str, str]:
    show = f"`gdac tables show {table}`"
    why = f"{kind} parameters are found by their names; a name of one's own is found by nobody."
    return {
        "form": f"Each {kind} parameter has the form NAME_unit.\n\nWhy: the part behind the last _ is its unit.\n"
        f"Mend: write name and unit as in {show}; leave no entry blank (make the dimension shorter).",
        "unknown": f"Each {kind} name is an entry or fits a template of reference table {table}.\n\nWhy: {why}\n"
        f"Mend: use a name of {show}, or ask for a new entry.",
        "deprecated": f"No {kind} name is deprecated in reference table {table}.\n\n"
        "Why: another name has taken its place.\n"
        f"Mend: use the current name from {show}.",
        "unlisted": f"What stands for a placeholder of a template in table {table} is one of its listed values.\n\n"
        "Why: the list keeps one spelling for one thing.\n"
        f"Mend: use a listed value (see the entry in {show}), or ask for yours to be added.",
        "without_list": f"Templates of table {table} that a {kind} name fits have lists of values.\n\n"
        "Why: without a list nobody can say whether the name is right.\n"
        "Mend: nothing in the file; ask for a list in the reference table.",
        "unit": f"The unit of each {kind} parameter is one of the specification's list.\n\n"
        "Why: a value is worth nothing without a unit that everybody reads alike.\n"
        "Mend: use a unit of the list, in its very spelling (capitals count).",
        "old unit": f"The unit of no {kind} parameter is a deprecated one.\n\n"
        "Why: another spelling has taken its place.\n"
        "Mend: use the current spelling of the unit.",
    }


_CHECKS: Final[dict[str, Callable[[tuple[Named, ...]], Iterator[Fault]]]] = {
    "form": _form,
    "unknown": _unknown,
    "deprecated": _deprecated,
    "unlisted": _unlisted,
    "without_list": _without_list,
}


def name_rules(ids: dict[str, tuple[str, str, str]], table: str, kind: str, of_file: Entries) -> tuple[Rule, ...]:
    """The rules about names and units.

    Args:
        ids: id, declared severity and types, by what a rule looks at: ``form unknown deprecated unlisted without_list
            unit`` and ``old unit``.
        table: reference table of the names.
        kind: ``technical`` or ``configuration``.
        of_file: the file's entries; a module-level function, asked once per file.
    """
    pages = _pages(table, kind)
    return tuple(rule(*id_, manual=table, page=pages[what])(_check(what, of_file)) for what, id_ in ids.items())


def _check(what: str, of_file: Entries) -> Callable[[Context], Iterator[Fault]]:
    def names(ctx: Context) -> Iterator[Fault]:
        yield from _CHECKS[what](ctx.once(of_file))

    def unit(ctx: Context) -> Iterator[Fault]:
        for each in _first_of_each(ctx.once(of_file), lambda one: one.unit):
            if each.unit not in ctx.spec.units and each.unit not in ctx.spec.deprecated_units:
                yield Fault(each.place, f"'{each.unit}' is no unit of the list", each.text)

    def old_unit(ctx: Context) -> Iterator[Fault]:
        for each in _first_of_each(ctx.once(of_file), lambda one: one.unit):
            if each.unit not in ctx.spec.units and each.unit in ctx.spec.deprecated_units:
                yield Fault(each.place, f"the unit '{each.unit}' is deprecated", each.text)

    return {"unit": unit, "old unit": old_unit}.get(what, names)
