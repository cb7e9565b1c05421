"""Explain a rule of the checker: what it demands, why, and how to mend a finding."""

import json
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from gdac.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=False)
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE-ID", help="Such as PRF-JULD-001; all rules when left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FOLDER", help="Write the whole reference as Markdown into FOLDER."),
    ] = None,
) -> None:
    """Explain a rule of the checker: what it demands, why, and how to mend a finding. Needs no network."""
    from gdac.check.plan import every_rule, rule_called
    from gdac.check.report.pages import documents, explained

    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name, text in documents(every_rule().values()).items():
            (write / name).write_text(text, encoding="utf-8", newline="\n")
        return
    if not rule:
        _list(as_json)
        return
    found = rule_called(rule.upper())
    if found is None:
        near = get_close_matches(rule.upper(), every_rule(), 3) or [
            each for each in every_rule() if rule.upper() in each
        ]
        hint = f"Did you mean {', '.join(near[:3])}?" if near else "`gdac explain` lists all rules."
        raise UsageError(f"there is no rule {rule}.", hint=hint)
    sys.stdout.write(json.dumps(_facts(found), indent=1) + "\n" if as_json else explained(found))


def _list(as_json: bool) -> None:
    from gdac.check.plan import every_rule

    rules = sorted(every_rule().values(), key=lambda rule: rule.id)
    if as_json:
        sys.stdout.write(json.dumps([_facts(rule) for rule in rules], indent=1) + "\n")
        return
    for rule in rules:
        sys.stdout.write(f"{rule.id:<14}{rule.severity:<9}{rule.title}\n")
    sys.stdout.write(f"{len(rules)} rules; gdac explain RULE-ID prints the page of one\n")


def _facts(rule: Any) -> dict[str, Any]:
    from gdac.check.report.pages import scopes

    return {
        "rule": rule.id,
        "severity": rule.severity,
        "declared": rule.declared,
        "title": rule.title,
        "files": scopes(rule),
        "phase": rule.phase,
        "manual": rule.manual or None,
        "why": rule.why or None,
        "mend": rule.mend or None,
    }
