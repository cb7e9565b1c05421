"""`gdac vocab fair`: FAIR assessments of a vocabulary as tests, each with its reason."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vocab.cli.make import AsJson
from vocab.cli.printing import dumps

if TYPE_CHECKING:
    from vocab.fair.assess import FairReport
    from vocab.fair.outcome import Assessment


def fair(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH|URL",
            help="A built vocabulary, one RDF file, a sealed archive (its landing pages), or the address of a page.",
        ),
    ],
    compare: Annotated[
        Path | None, typer.Option("--compare", metavar="FILE", help="Another file by the same tests: a raw NVS table.")
    ] = None,
    outside: Annotated[bool, typer.Option("--outside/--no-outside", help="Ask OWL API where it is installed.")] = True,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="IRI", help="Where IRIs of an archive live; what its hub says otherwise."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Assess how FAIR a vocabulary or an archive is: FOOPS, a subset of O'FAIRe, F-UJI 0.8; no outside server is asked.

    A test that could not be assessed is never counted as passed. A build or an archive is also served, on this machine,
    for as long as the tests take. Of an archive, F-UJI judges the page of the archive and that of its newest serial.
    """
    report = _assess(path, compare, outside, base)
    sys.stdout.write(dumps(_as_json(report)) if as_json else _as_text(report))


def _assess(path: str, compare: Path | None, outside: bool, base: str | None) -> "FairReport":
    from vocab.cli.faces import sealed_tree
    from vocab.fair.assess import FairReport, assess
    from vocab.fair.landing import assess_address, assess_archive
    from vocab.names import Names

    if path.startswith(("http://", "https://")):
        return FairReport(assess_address(path), ())
    if (tree := sealed_tree(Path(path))) is not None:
        return FairReport(assess_archive(tree, Names(base) if base else None), ())
    return assess(Path(path), compare, outside=outside)


def _as_text(report: "FairReport") -> str:
    lines = [line for one in report.assessments for line in _lines(one)]
    for other in report.compared:
        own = next(one for one in report.assessments if one.name == other.name)
        lines += _comparison(own, other)
    return "\n".join(line if line.isprintable() else ascii(line) for line in lines) + "\n"


def _lines(one: "Assessment") -> list[str]:
    lines = [f"{one.name}: {one.subject}"]
    for check in one.checks:
        score = f"{check.points:g}/{check.most:g}"
        lines.append(f"  {check.state:<13}{check.id:<15}{score:>9}  {check.title}")
        lines += [f"{'':<41}{part.name}: {part.state}: {part.reason}" for part in check.parts if part.state != "pass"]
    lines += [_score(one), ""]
    return lines


def _score(one: "Assessment") -> str:
    states = ", ".join(f"{number} {state}" for state, number in one.states.items() if number)
    return f"  {one.over_assessed:.1%} of what was assessed, {one.over_all:.1%} of all: {states}"


def _comparison(own: "Assessment", other: "Assessment") -> list[str]:
    lines = [f"{own.name}: {own.subject} beside {other.subject}"]
    for ours, theirs in zip(own.checks, other.checks, strict=True):
        lines.append(f"  {ours.id:<15}{ours.state:<14}{theirs.state:<14}{ours.title}")
    return [*lines, f"  {own.subject}: {_score(own).strip()}", f"  {other.subject}: {_score(other).strip()}", ""]


def _as_json(report: "FairReport") -> dict[str, Any]:
    return {
        "assessments": [_one_as_json(one) for one in report.assessments],
        "compared": [_one_as_json(one) for one in report.compared],
    }


def _one_as_json(one: "Assessment") -> dict[str, Any]:
    return {
        "name": one.name,
        "subject": one.subject,
        "over_all": one.over_all,
        "over_assessed": one.over_assessed,
        "states": dict(one.states),
        "checks": [
            {
                "id": check.id,
                "principle": check.principle,
                "title": check.title,
                "state": check.state,
                "points": check.points,
                "most": check.most,
                "parts": [
                    {"name": part.name, "state": part.state, "reason": part.reason, "points": part.points,
                     "most": part.most}
                    for part in check.parts
                ],
            }
            for check in one.checks
        ],
    }  # fmt: skip
