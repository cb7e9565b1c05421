"""What the checker and the policies said of an item, as one result of a check: what its ``.filecheck`` is made of."""

from typing import Any, Final

from gdac.check.finding import Finding, Phase, Place, Result, Severity, Verdict, Versions
from sync.state.collected import Item

#: That the checker does not accept the file is told by what it found.
_BY_THE_CHECKER: Final = "ACC-003"


def result_of(item: Item, dac: str) -> Result:
    """An item's result: what the checker found, and as errors why the policies refused it.

    Args:
        item: the item; refused.
        dac: the DAC that it was checked for.
    """
    told = item.result or {}
    findings = tuple(_finding(one) for one in told.get("findings", ()))
    has_errors = any(one.severity is Severity.ERROR for one in findings)
    refusals = tuple(
        Finding(one.policy, Severity.ERROR, Place(), _sentence(one.told))
        for one in item.reasons
        if not (has_errors and one.policy == _BY_THE_CHECKER)
    )
    verdict = Verdict(told.get("verdict", Verdict.REJECTED))
    versions = told.get("versions")
    return Result(
        item.label,
        dac,
        Verdict.REJECTED if verdict in {Verdict.ACCEPTED, Verdict.SKIPPED} else verdict,
        findings + refusals,
        told.get("file_type") or "",
        told.get("format_version") or "",
        Phase(told.get("phase", Phase.NAME if item.kind is None else Phase.OPEN)),
        versions=Versions(versions["checker"], versions["specification"] or "", versions["tables"])
        if versions
        else Versions(item.rules.checker, item.rules.specification, item.rules.tables),
    )


def _finding(told: dict[str, Any]) -> Finding:
    index = told.get("index") or ()
    place = Place(told.get("variable") or "", tuple(index), told.get("attribute") or "", told.get("dimension") or "")
    return Finding(
        told["rule"],
        Severity(told["severity"]),
        place,
        told["text"],
        told.get("found") or "",
        told.get("expected") or "",
        told.get("mend") or "",
        told.get("count", 1),
    )


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}{'' if clause.endswith('.') else '.'}"
