"""Policies for readers: lines for a terminal, and docs/policies.md. Pure."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.law import Group, Policy

_WIDTH = 100


def overview(groups: Iterable[Group]) -> str:
    """One line per policy, by groups."""
    lines: list[str] = []
    for part in groups:
        lines += [part.title, *(_line(one) for one in part.policies), ""]
    return "\n".join([*lines, "gdac policy show ID shows one with its values; gdac policy explain ID says why.", ""])


def _line(policy: Policy) -> str:
    mark = "  (configurable)" if policy.overridable else ""
    return f"  {policy.id:<12}{policy.title}{mark}"


def shown(policy: Policy) -> str:
    """A policy with its values."""
    lines = [f"{policy.id}  {policy.title}", "", *_wrapped(policy.statement)]
    if policy.values:
        lines += ["", "values", *(f"  {name:<18}{value}" for name, value in _flat(policy.values))]
    lines += ["", f"since             {policy.since}", f"configuration     {_keys(policy)}"]
    return "\n".join(lines) + "\n"


def explained(policy: Policy) -> str:
    """A policy with everything that is known of it."""
    lines = [shown(policy), "where it comes from", *(f"  {one}" for one in policy.source)]
    lines += ["", "where it is enforced", *(f"  {_told(one)}" for one in policy.enforced_by)]
    if policy.mend:
        lines += ["", "what to do", *(f"  {line}" for line in _wrapped(policy.mend))]
    if policy.gap:
        lines += ["", "what we cannot enforce", *(f"  {line}" for line in _wrapped(policy.gap))]
    return "\n".join(lines) + "\n"


def document(groups: Iterable[Group]) -> str:
    """The page docs/policies.md."""
    lines = [
        "# The rules of the house",
        "",
        "Made by `gdac policy show --markdown` out of `policies/data/`; a test holds both together. Ids are permanent.",
        "The command has [its own page](commands/policy.md); brakes and holds are explained in [brakes](brakes.md).",
    ]
    for part in groups:
        lines += ["", f"## {part.title}", "", *_wrapped(part.about, 120)]
        for one in part.policies:
            lines += ["", f"### {one.id}: {one.title}", "", *_wrapped(one.statement, 120), "", *_rows(one)]
    return "\n".join(lines) + "\n"


def _rows(policy: Policy) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for name, value in _flat(policy.values):
        yield f"| {name} | {_cell(value)} |"
    yield f"| since | {policy.since} |"
    yield f"| source | {_cell('; '.join(policy.source))} |"
    yield f"| enforced by | {', '.join(f'`{_told(one)}`' for one in policy.enforced_by)} |"
    yield f"| configuration | {', '.join(f'`{one}`' for one in policy.overridable) or 'no'} |"
    if policy.mend:
        yield f"| what to do | {_cell(policy.mend)} |"
    if policy.gap:
        yield f"| not enforced | {_cell(' '.join(policy.gap.split()))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _keys(policy: Policy) -> str:
    return ", ".join(policy.overridable) or "no: nothing in a configuration changes it"


def _told(reference: str) -> str:
    kind, _, what = reference.partition(":")
    return what if kind == "command" else f"{kind} {what}"


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Values as pairs of text; tables in tables by dotted names."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, tuple):
            yield f"{before}{name}", ", ".join(str(one) for one in value)
        else:
            yield f"{before}{name}", f"{value:,}" if _is_large(value) else str(value)


def _is_large(value: Any) -> bool:
    """A number that is easier to read in groups; years are not."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 10_000


def _wrapped(text: str, width: int = _WIDTH) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)
