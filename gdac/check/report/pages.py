"""Pages of the rules: what `gdac explain` prints, and the generated reference in docs/rules/."""

from collections.abc import Iterable, Mapping
from typing import Final

from gdac.check.rule import Rule, Scope

#: Families, by what ids begin with.
FAMILIES: Final[Mapping[str, str]] = {
    "OPN": "Opening a file, and finding out what it is",
    "FMT": "Format: dimensions, variables, attributes, groups",
    "RUD": "Dates of files older than 3.1",
    "DAT": "Dates of every file",
    "COM": "Texts",
    "PRF": "Profiles, core and bio",
    "TRJ": "Trajectories, core and bio",
    "META": "Metadata files",
    "TECH": "Technical files",
    "NAM": "File names",
    "CHK": "The checker itself",
}
_TYPES: Final = {
    "ALL": "all types",
    "P": "core profile",
    "B": "bio profile",
    "T": "trajectory",
    "BT": "bio trajectory",
    "M": "metadata",
    "K": "technical",
}
_DECLARED: Final = {
    "E": "error: the file is rejected",
    "S": "error: the file is rejected while it is opened",
    "X": "error: the file is rejected (the official checker fails on it)",
    "W": "warning",
    "W!": "warning; the official checker announces that it will become an error",
    "L>E": "advice, an error with --strict (the official checker computes it and never reports it)",
    "L>W": "advice, an error with --strict (the official checker computes it and never reports it)",
}


def family_of(rule_id: str) -> str:
    """What an id begins with: ``PRF``."""
    return rule_id.partition("-")[0]


def explained(rule: Rule) -> str:
    """The page of one rule, as text."""
    lines = [
        f"{rule.id}: {rule.title}",
        "",
        f"weighs   {_DECLARED[rule.declared]}",
        f"files    {scopes(rule)}",
        f"phase    {rule.phase}",
        *([f"manual   Argo user's manual, section {rule.manual}"] if rule.manual else []),
        *(["", "why", f"  {rule.why}"] if rule.why else []),
        *(["", "how to mend", f"  {rule.mend}"] if rule.mend else []),
    ]
    return "\n".join(lines) + "\n"


def scopes(rule: Rule) -> str:
    """Which files a rule looks at, in words: ``core profile, metadata 3.1``."""
    return ", ".join(_scope(scope) for scope in rule.scopes)


def documents(rules: Iterable[Rule]) -> dict[str, str]:
    """The reference: Markdown by file name, one page per family and an index."""
    ordered = sorted(rules, key=lambda rule: rule.id)
    families = {name: [rule for rule in ordered if family_of(rule.id) == name] for name in FAMILIES}
    pages = {f"{name}.md": _page(name, members) for name, members in families.items() if members}
    return {"README.md": _index({name: members for name, members in families.items() if members}), **pages}


def _index(families: Mapping[str, list[Rule]]) -> str:
    lines = [
        "# Rules",
        "",
        "Every rule of `gdac check`, by family. These pages are generated (`gdac explain --write docs/rules`);",
        "`gdac explain RULE-ID` prints any of them without a network. Ids are permanent.",
        "",
        "| family | | rules |",
        "|---|---|---|",
        *(f"| [{name}]({name}.md) | {FAMILIES[name]} | {len(members)} |" for name, members in families.items()),
    ]
    return "\n".join(lines) + "\n"


def _page(name: str, members: list[Rule]) -> str:
    return "\n".join([f"# {name}: {FAMILIES[name]}", "", *(line for rule in members for line in _section(rule))])


def _section(rule: Rule) -> list[str]:
    manual = f" Argo user's manual, section {rule.manual}." if rule.manual else ""
    return [
        f"## {rule.id}",
        _plain(rule.title),
        "",
        f"*{_DECLARED[rule.declared]}. {scopes(rule)}. {rule.phase}.*{manual}",
        "",
        *([f"**Why.** {_plain(rule.why)}", ""] if rule.why else []),
        *([f"**Mend.** {_plain(rule.mend)}", ""] if rule.mend else []),
    ]


def _plain(text: str) -> str:
    """Text in Markdown that must not become markup: names such as ``X_ADJUSTED`` and ``<param>``."""
    return text.replace("\\", "\\\\").replace("<", "&lt;").replace("*", "\\*").replace("|", "\\|")


def _scope(scope: Scope) -> str:
    words = _TYPES[scope.letter]
    if not scope.version:
        return words
    comparison = {"<": "before ", ">=": "from ", "": ""}[scope.comparison]
    return f"{words} {comparison}{scope.version}"
