"""The course of a check: open, format, version of delayed-mode profiles, dates or data, name.

The order, and what keeps a later step from running, are those of the official checker (its flow for one file), so that
the verdict is the same. Every rule of a step runs, whatever the rules before it found.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from gdac import __version__
from gdac.check import plan
from gdac.check.context import Context, Opening, Options
from gdac.check.dataset import Dataset, trim
from gdac.check.derived import made_specification
from gdac.check.extract import extracted
from gdac.check.finding import Fault, Finding, Phase, Place, Result, Severity, Verdict, Versions, is_rejected
from gdac.check.kinds import Content, content_of
from gdac.check.rule import Rule
from gdac.netcdf import NetcdfError
from gdac.spec import Specification, UnsupportedError
from gdac.spec import load as load_specification
from gdac.tables import Tables

#: Most findings of one rule that are kept for one file; the last one kept counts the rest.
MOST_OF_A_RULE: Final = 200
#: Synthetic and merged files have versions of their own; the profiles in them follow this one.
_PROFILES_VERSION: Final = "3.1 "


@dataclass(frozen=True, slots=True)
class Request:
    """One file to check.

    Attributes:
        path: how reports name it.
        name: basename that the name rules compare.
        dac: the data centre it is checked for, or None.
        size: bytes; None when the file cannot be read at all.
        received: receipt time, seconds since 1970 UTC.
        trouble: why it cannot be read as NetCDF, one clause; empty when it can.
    """

    path: str
    name: str
    dac: str | None
    size: int | None
    received: float
    trouble: str = ""


def check(request: Request, dataset: Dataset | None, tables: Tables, options: Options) -> Result:
    """Check one file.

    Args:
        request: which file, for whom.
        dataset: the file; None when it cannot be read (then ``request`` says why).
        tables: reference tables.
        options: how to check.

    Raises:
        NetcdfError: the data turn out to be unreadable on the way: ask again with ``trouble``.
    """
    run = _Run(request, options)
    opened = _open(run, dataset, tables)
    if opened is None:
        return run.result(tables, None)
    run.proceed(Phase.FORMAT, opened)
    format_passed = not run.rejected
    if run.proceed(Phase.MODE, opened):
        return run.result(tables, opened)
    if format_passed and not options.format_only:
        # the official checker compares the untrimmed text, so that " 3.1" counts as old
        old = opened.raw_version < "3.1" and not options.all_versions
        run.proceed(Phase.DATES if old else Phase.DATA, opened)
    if format_passed and options.name_check:
        run.proceed(Phase.NAME, opened)
    return run.result(tables, opened, format_passed=format_passed)


class _Run:
    """The findings on one file, as they come."""

    def __init__(self, request: Request, options: Options) -> None:
        self.request = request
        self.options = options
        self.findings: list[Finding] = []
        self.phase = Phase.OPEN
        self.failed_in: Phase | None = None
        self.rejected = False
        self.crashed = False

    def proceed(self, phase: Phase, ctx: Context) -> bool:
        """Run all rules of a phase; says whether any of them found something."""
        before = len(self.findings)
        for each in plan.planned(ctx.content, ctx.version)[phase]:
            self.apply(each, ctx, phase)
        found = len(self.findings) > before
        if found or phase is not Phase.MODE:
            self.phase = phase
        return found

    def apply(self, each: Rule, subject: Context | Opening, phase: Phase) -> None:
        """Run one rule; if it fails, that is a finding too."""
        try:
            faults = _most(each.check(subject))
        except NetcdfError:
            raise
        except Exception as error:  # noqa: BLE001 - a crash of a rule is a finding about the checker, not the end of a run
            if _beside_the_version(error, subject):
                return
            self.crashed = True
            kind = type(error).__name__
            self.add(
                _finding(plan.rules_of("engine")[0], Fault(Place(), f"rule {each.id} failed: {kind}: {error}")), phase
            )
            return
        for fault in faults:
            self.rejected = self.rejected or (each.severity is Severity.ERROR and not fault.quirk)
            self.add(_finding(each, fault, strict=self.options.strict), phase)

    def add(self, finding: Finding, phase: Phase) -> None:
        self.findings.append(finding)
        if finding.severity is Severity.ERROR and self.failed_in is None:
            self.failed_in = phase

    def result(self, tables: Tables, ctx: Context | None, *, format_passed: bool = False) -> Result:
        """What there is to say in the end."""
        verdict = Verdict.REJECTED if is_rejected(self.findings) else Verdict.ACCEPTED
        return Result(
            path=self.request.path,
            dac=self.request.dac,
            verdict=Verdict.CRASH if self.crashed else verdict,
            findings=tuple(self.findings),
            file_type=ctx.content.label if ctx else "",
            format_version=ctx.version if ctx else "",
            phase=self.phase,
            failed_in=self.failed_in,
            versions=Versions(__version__, ctx.spec.spec_version if ctx else "", tables.version),
            metadata=extracted(ctx, format_passed=format_passed) if ctx and self.options.extract else (),
        )


def _beside_the_version(error: Exception, subject: Context | Opening) -> bool:
    """A rule of the current format asked an older file for a variable that its version need not have."""
    if not isinstance(error, KeyError) or not isinstance(subject, Context) or subject.raw_version >= "3.1":
        return False
    name = error.args[0]
    if not isinstance(name, str) or name in subject.dataset:
        return False
    known = subject.spec.variables.get(name)
    return known is None or known.optional


def _open(run: _Run, dataset: Dataset | None, tables: Tables) -> Context | None:
    """Find out what the file is; None when that is impossible (the findings say why)."""
    request = run.request
    opening = Opening(request.name, request.size, request.trouble, dataset, tables)
    content = content_of(dataset, request.name, tables) if dataset else None
    spec = _specification(opening, content, dataset, tables)
    for each in plan.rules_of("opening"):
        run.apply(each, opening, Phase.OPEN)
        if run.rejected:
            return None
    if dataset is None or content is None or spec is None:
        raise AssertionError("a file that no opening rule rejects has a specification")
    raw = dataset.text("FORMAT_VERSION")
    compared = _PROFILES_VERSION if content.making else raw
    return Context(
        dataset, spec, tables, content, trim(raw), compared, request.dac, request.name, request.received, run.options
    )


def _specification(
    opening: Opening, content: Content | None, dataset: Dataset | None, tables: Tables
) -> Specification | None:
    if content is None or dataset is None or not dataset.is_char("FORMAT_VERSION"):
        return None
    version = trim(dataset.text("FORMAT_VERSION"))
    try:
        if content.making:
            return made_specification(content.making, version, tables)
        return load_specification(content.file_type, version, tables)
    except UnsupportedError as error:
        opening.unsupported = error.why
        return None


def _most(faults: Iterable[Fault]) -> list[Fault]:
    """The first of a rule's faults; the last one kept stands for all that follow."""
    iterator = iter(faults)
    kept = list(islice(iterator, MOST_OF_A_RULE))
    more = sum(fault.count for fault in iterator) if len(kept) == MOST_OF_A_RULE else 0
    if more:
        kept[-1] = replace(kept[-1], count=kept[-1].count + more)
    return kept


def _finding(each: Rule, fault: Fault, *, strict: bool = False) -> Finding:
    severity = Severity.ADVICE if fault.quirk else each.severity
    if strict and severity is Severity.ADVICE:
        severity = Severity.ERROR
    return Finding(
        each.id,
        severity,
        fault.place,
        fault.text,
        fault.found,
        fault.expected,
        fault.mend or each.mend,
        fault.count,
    )
