"""The levels of a profile, judged by their kinds instead of one by one.

Each rule is a predicate over one `Level`, asked once for each kind of level that a series has (see `series`). The
answers are kept, so that from the second file on nearly every question has been answered before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from gdac.check.context import Context
from gdac.check.fills import fill_of
from gdac.check.finding import Fault, at
from gdac.check.rule import Rule, rule
from gdac.check.rules.profile.series import BLANK, Series, Symbols, names_of
from gdac.spec.parameters import Role


@dataclass(frozen=True, slots=True)
class Level:
    """What rules may ask of one level of one parameter.

    Attributes:
        mode: data mode of the parameter.
        core: the file is a core profile.
        mandatory: the parameter must be in every file.
        intermediate: the parameter is an intermediate one.
        flag: its flag; empty when the flag table does not know it.
        adjusted_flag: the flag of the adjusted value, likewise.
        deprecated: the table has deprecated the flag.
        adjusted_deprecated: the same of the adjusted one.
        value: there is a value (anything but the fill value, NaN included).
        adjusted: there is an adjusted value.
        error: there is an error of the adjusted value.
        error_99999: the error is 99999, whatever the fill value.
    """

    mode: str
    core: bool
    mandatory: bool
    intermediate: bool
    flag: str
    adjusted_flag: str
    deprecated: bool
    adjusted_deprecated: bool
    value: bool
    adjusted: bool
    error: bool
    error_99999: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule broken by a parameter of a profile.

    Attributes:
        series: which.
        level: the first level that breaks it, 0-based.
        count: how many levels do.
    """

    series: Series
    level: int
    count: int


Hits = dict[str, list[Hit]]
Predicate = Callable[[Level], bool]


@dataclass(eq=False)
class LevelRules:
    """The predicates of one stage of the level checks.

    Attributes:
        hits: what they give on a file; a module-level function for ``ctx.once``.
        predicates: by rule id, in the order of definition.
    """

    hits: Callable[[Context], Hits]
    predicates: dict[str, Predicate] = field(default_factory=dict)

    def rule(
        self, id_: str, declared: str, applies: str, role: Role, text: str, expected: str = ""
    ) -> Callable[[Predicate], Rule]:
        """Make a rule of a predicate that is true of a wrong level; its docstring is the rule's page.

        Args:
            id_: the id of the rule.
            declared: as for `gdac.check.rule.rule`.
            applies: as for `gdac.check.rule.rule`.
            role: which variable of the parameter the finding is about.
            text: what is wrong, as a clause that "at 3 of 80 levels" can follow; ``{}`` is the parameter.
            expected: what should be there.
        """

        def made(predicate: Predicate) -> Rule:
            self.predicates[id_] = predicate

            def check(ctx: Context) -> Iterator[Fault]:
                return (_fault(ctx, hit, role, text, expected) for hit in ctx.once(self.hits).get(id_, ()))

            return rule(id_, declared, applies, manual="2.2.5", page=predicate.__doc__ or "")(check)

        return made

    def judge(self, hits: Hits, one: Series) -> None:
        """Add what the rules say of one series."""
        broken: dict[str, list[tuple[int, int]]] = {}
        for state in one.states:
            parameter = one.parameter
            context = (one.symbols, one.mode, one.core, parameter.mandatory, parameter.intermediate)
            for rule_id in _broken(self, *context, state[0]):
                broken.setdefault(rule_id, []).append(state)
        for rule_id, states in broken.items():
            row = one.column.codes[one.profile - 1]
            first = min(int((row == code).argmax()) for code, _ in states)
            hits.setdefault(rule_id, []).append(Hit(one, first, sum(count for _, count in states)))


@lru_cache(maxsize=65536)
def _broken(
    rules: LevelRules,
    known: Symbols,
    mode: str,
    core: bool,
    mandatory: bool,
    intermediate: bool,
    code: int,
) -> tuple[str, ...]:
    flag, adjusted_flag = known.flag(code), known.adjusted_flag(code)
    value, adjusted, error, error_99999 = (bool(code >> bit & 1) for bit in range(8, 12))
    level = Level(
        mode=mode,
        core=core,
        mandatory=mandatory,
        intermediate=intermediate,
        flag=flag,
        adjusted_flag=adjusted_flag,
        deprecated=flag in known.deprecated,
        adjusted_deprecated=adjusted_flag in known.deprecated,
        value=value,
        adjusted=adjusted,
        error=error,
        error_99999=error_99999,
    )
    return tuple([rule_id for rule_id, wrong in rules.predicates.items() if wrong(level)])


def _fault(ctx: Context, hit: Hit, role: Role, text: str, expected: str) -> Fault:
    one = hit.series
    name = names_of(one.parameter.name)[role]
    return Fault(
        at(name, one.profile, hit.level + 1),
        f"{text.format(one.parameter.name)} at {hit.count} of {one.levels} levels",
        found=_shown(ctx, name, role, hit),
        expected=expected,
        count=hit.count,
    )


def _shown(ctx: Context, name: str, role: Role, hit: Hit) -> str:
    row = hit.series.profile - 1
    if role in {Role.QC, Role.ADJUSTED_QC}:
        flag = ctx.dataset.array(name)[row, hit.level].decode("latin-1")
        return "blank" if flag == BLANK else "NUL" if not flag else str(flag)
    value = hit.series.column.values[role][row, hit.level]
    return "missing" if value == np.float32(fill_of(ctx.dataset, hit.series.parameter.name)) else str(value)
