"""Two rules for a variable whose values are codes of a reference table: known, and not deprecated."""

from collections.abc import Callable, Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, Place, at
from gdac.check.rule import Rule, rule

Codes = Callable[[Context], Iterator[tuple[Place, str]]]


def values_of(variable: str, *, numbered: bool = False) -> Codes:
    """The trimmed values of a variable with their places.

    Args:
        variable: its name.
        numbered: whether places have the number of the value, as those of arrays do.
    """

    def values(ctx: Context) -> Iterator[tuple[Place, str]]:
        if variable in ctx.dataset:
            for number, value in enumerate(ctx.dataset.trimmed(variable), start=1):
                yield at(variable, *([number] if numbered else [])), value

    return values


def known(id_: str, declared: str, applies: str, table: str, codes: Codes, page: str) -> Rule:
    """A rule: each code is one of a table."""

    def check(ctx: Context) -> Iterator[Fault]:
        for place, value in codes(ctx):
            if value not in ctx.tables.codes(table):
                yield Fault(place, f"'{value}' is not in reference table {table}", value, f"a code of table {table}")

    return rule(id_, declared, applies, manual=table, page=page)(check)


def current(id_: str, applies: str, table: str, codes: Codes, page: str) -> Rule:
    """A rule: no code is deprecated."""

    def check(ctx: Context) -> Iterator[Fault]:
        for place, value in codes(ctx):
            if value in ctx.tables.deprecated(table):
                yield Fault(place, f"'{value}' is deprecated in reference table {table}", value)

    return rule(id_, "W", applies, manual=table, page=page)(check)


def pair(
    ids: tuple[str, str],
    table: str,
    codes: Codes,
    subject: str,
    why: str,
    *,
    declared: str = "E",
    applies: str = "M3.1",
) -> tuple[Rule, Rule]:
    """The usual two rules of a variable.

    Args:
        ids: of the rule about unknown codes, and of the one about deprecated codes.
        table: reference table.
        codes: where the codes are.
        subject: what begins the page: ``PLATFORM_FAMILY``.
        why: why it matters, a sentence.
        declared: severity of an unknown code.
        applies: file types and versions, as `gdac.check.rule.rule` takes them.
    """
    unknown_page = (
        f"{subject} is a code of reference table {table}.\n\nWhy: {why}\n"
        f"Mend: write one of the codes that `gdac tables show {table}` lists, or ask for a new entry in that table."
    )
    deprecated_page = (
        f"{subject} is not a deprecated code of reference table {table}.\n\n"
        "Why: deprecated codes are kept for old files; readers are told to expect the code that took its place.\n"
        f"Mend: `gdac tables show {table}` says which codes are current; use the one that replaces it."
    )
    return (
        known(ids[0], declared, applies, table, codes, unknown_page),
        current(ids[1], applies, table, codes, deprecated_page),
    )
