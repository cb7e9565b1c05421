"""Our verdicts beside those of the official checker, on real files and on mutants of them.

    python -m tests.conformance.verdicts                    # everything
    python -m tests.conformance.verdicts --aim PRF          # mutants that aim at rules of a family (or PRF-JULD-003)
    python -m tests.conformance.verdicts --type meta        # mutants of files of a type (R D BR BD traj traj32 ...)
    python -m tests.conformance.verdicts --ids dev-0012 -v  # all that both say of some mutants
    python -m tests.conformance.verdicts --real -v          # real files only; -v: every finding beside every message
    python -m tests.conformance.verdicts --warnings PRF     # also where the kinds of warnings differ (not judged)

"Accepted" is FILE-ACCEPTED; whatever else the official program does (it may fail on a file) is not accepted. A mutant
that it rejects should be named: some finding of ours is about a variable, attribute or dimension that one of its
messages names. Synthetic and multi-profile files, which it cannot judge, are left out. Mutants are built once, into
the folder for temporary files.
"""

import argparse
import hashlib
import importlib.util
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gdac.check.context import Options
from gdac.check.file import check_here
from gdac.check.finding import Result, Severity
from gdac.netcdf import NetcdfError, read_header
from gdac.tables import load
from tests.conftest import SHARED

MUTANTS = Path(tempfile.gettempdir()) / "mutants"
_OUTSIDE = re.compile(r"(^S[RD]\d|_S?prof\.nc$|_Mprof\.nc$|^M[RD]\d)")
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,}")
_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,}")


@dataclass
class Case:
    """One file with the official verdict: ``status``, ``errors`` and ``warnings`` are the official program's."""

    id: str
    path: Path
    dac: str
    aim: str
    type: str
    about: str
    status: str
    errors: list[str] = field(repr=False)
    warnings: list[str] = field(repr=False)

    @property
    def accepted(self):
        return self.status == "FILE-ACCEPTED"


@dataclass
class Compared:
    case: Case
    result: Result
    named: bool | None  # None: the official program rejects nothing, or names nothing

    @property
    def agrees(self):
        return self.case.accepted == (self.result.verdict == "accepted")


def real_cases(shared: Path) -> Iterator[Case]:
    """Every real file that the official checker can judge."""
    for row in _rows(shared / "checker" / "real.verdicts.jsonl"):
        path = shared / row["path"] if (shared / row["path"]).exists() else shared / "checker" / row["path"]
        if not _OUTSIDE.search(path.name):
            yield _case(row["path"], path, row["dac"], "", path.name, "", row)


def mutant_cases(shared: Path, folder: Path = MUTANTS) -> Iterator[Case]:
    """Every mutant, built when it is not there yet."""
    folder /= hashlib.sha256((shared / "checker" / "dev.jsonl").read_bytes()).hexdigest()[:12]
    verdicts = {row["id"]: row for row in _rows(shared / "checker" / "dev.verdicts.jsonl")}
    build = None
    for recipe in _rows(shared / "checker" / "dev.jsonl"):
        path = folder / recipe["dac"] / recipe["id"] / recipe["name"]
        if not path.exists():
            build = build or _mutate(shared).build
            _build(build, recipe, shared, path)
        row = verdicts[recipe["id"]]
        yield _case(recipe["id"], path, recipe["dac"], recipe["rule"], recipe["type"], recipe["about"], row)


def _build(build, recipe, shared, path):
    """Built aside and moved, so that two runs at once cannot see half a file."""
    with tempfile.TemporaryDirectory(dir=_made(path.parent)) as aside:
        Path(build(recipe, str(shared), aside)).replace(path)


def _made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _case(name, path, dac, aim, kind, about, row):
    return Case(name, path, dac, aim, kind, about, row["status"], row["errors"], row["warnings"])


def _mutate(shared):
    spec = importlib.util.spec_from_file_location("mutate", shared / "checker" / "mutate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _tables():
    return load()


def compare(case: Case) -> Compared:
    """Check one file as the official checker does by default, and hold the verdicts against each other."""
    result = check_here(case.path, _tables(), Options(), dac=case.dac)
    official = names_in(case.errors, known_names(case.path)) if case.status == "FILE-REJECTED" else set()
    return Compared(case, result, bool(official & names_of(result)) if official else None)


def known_names(path: Path) -> set[str]:
    """Names of dimensions, variables and attributes of a file, as far as it can be read."""
    try:
        header = read_header(path)
    except NetcdfError:
        return set()
    attributes = {name for variable in header.variables.values() for name in variable.attributes}
    return {*header.dimensions, *header.variables, *header.attributes, *attributes}


def names_in(messages, known=frozenset()) -> set[str]:
    """What official messages name; values that they quote do not count."""
    found = set()
    for message in messages:
        if "file name" in message:
            found.add("(file name)")
        first = message.partition("\n")[0]
        if first.startswith("Parameter group"):
            found |= set(_TOKEN.findall(message.partition("Missing variables")[2])) | set(_TOKEN.findall(first)[2:])
        elif first.startswith(("attribute", "STATION_PARAMETERS", "TRAJECTORY_PARAMETERS")):
            found |= set(_TOKEN.findall(first))
        else:
            found |= set(_TOKEN.findall(re.sub(r"'[^']*'", " ", first)))
    return {name for name in found if name in known or name == "(file name)" or _NAME.fullmatch(name)}


def names_of(result: Result) -> set[str]:
    """What our errors name."""
    found = set()
    for each in result.findings:
        if each.severity is Severity.ERROR:
            found |= {each.place.variable.rstrip("*"), each.place.attribute, each.place.dimension}
            if each.rule.startswith("NAM"):
                found.add("(file name)")
    return found - {""}


def compare_all(cases, workers: int = 2) -> list[Compared]:
    """Compare many files, in the order given."""
    cases = list(cases)
    if workers < 2 or len(cases) < 20:
        return [compare(case) for case in cases]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(compare, cases, chunksize=16))


def disagreements(compared: list[Compared]) -> str:
    """Where verdicts differ, and where we name nothing that they name, grouped by the rule aimed at."""
    groups: dict[str, list[str]] = defaultdict(list)
    for each in compared:
        if not each.agrees:
            groups[each.case.aim or "(real)"].append(_shown(each, "VERDICT"))
        elif each.named is False:
            groups[each.case.aim or "(real)"].append(_shown(each, "NAMING"))
    lines = []
    for aim, shown in sorted(groups.items()):
        lines += [f"== {aim}", *shown]
    return "\n".join(lines)


def _shown(each: Compared, what: str, most: int = 4) -> str:
    case, ours = each.case, [f for f in each.result.findings if f.severity is Severity.ERROR]
    lines = [f"{what} {case.id} [{case.type}] {case.about}: official {case.status}, ours {each.result.verdict}"]
    lines += [f"    official: {_line(message)}" for message in case.errors[:most]]
    lines += [f"    ours:     {f.rule} {f.where}: {f.text}" for f in ours[:most]]
    return "\n".join(lines)


def _line(message):
    return " ".join(message.split())[:170]


def everything(each: Compared) -> str:
    """All that both say of one file."""
    lines = [f"{each.case.path} ({each.case.about}) official {each.case.status}, ours {each.result.verdict}"]
    lines += [f"    official E: {_line(message)}" for message in each.case.errors]
    lines += [f"    official W: {_line(message)}" for message in each.case.warnings]
    lines += [f"    ours {f.severity:7}: {f.rule} {f.where}: {f.text} x{f.count}" for f in each.result.findings]
    return "\n".join(lines)


def warnings_differ(compared: list[Compared], family: str) -> str:
    """Variables that only one side warns about, among findings of a family."""
    lines = []
    for each in compared:
        ours = {f.place.variable for f in each.result.findings if f.severity is Severity.WARNING} - {""}
        theirs = names_in(each.case.warnings)
        relevant = [f for f in each.result.findings if f.rule.startswith(family) and f.severity is Severity.WARNING]
        if not (relevant or theirs):
            continue
        if bool(theirs) != bool(ours) or (ours and not ours & theirs):
            lines.append(f"{each.case.id}: official {sorted(theirs)[:8]}, ours {sorted(ours)[:8]}")
    return "\n".join(lines)


def summary(title: str, compared: list[Compared]) -> str:
    """Agreement in numbers."""
    agreeing = sum(each.agrees for each in compared)
    named = [each.named for each in compared if each.named is not None]
    total = len(compared) or 1
    share = f", named {sum(named)} of {len(named)} ({100 * sum(named) / len(named):.2f} %)" if named else ""
    return f"{title}: verdicts equal {agreeing} of {len(compared)} ({100 * agreeing / total:.2f} %){share}"


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aim", default="", help="rule id or its beginning")
    parser.add_argument("--type", default="", help="type of the mutated file")
    parser.add_argument("--ids", nargs="*", help="mutants by id, or real files by a part of their path")
    parser.add_argument("--real", action="store_true", help="real files only")
    parser.add_argument("--mutants", action="store_true", help="mutants only")
    parser.add_argument("--warnings", metavar="FAMILY", help="show differing warnings of a family")
    parser.add_argument("-v", "--verbose", action="store_true", help="show everything both say")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(argv)
    shown = []
    if not asked.real:
        wanted = [
            each
            for each in mutant_cases(SHARED)
            if asked.aim in each.aim and asked.type in {"", each.type} and (not asked.ids or each.id in asked.ids)
        ]
        shown.append(("mutants", compare_all(wanted, asked.jobs)))
    if not asked.mutants and not asked.aim and not asked.type:
        wanted = [each for each in real_cases(SHARED) if not asked.ids or any(part in each.id for part in asked.ids)]
        shown.append(("real files", compare_all(wanted, asked.jobs)))
    for _, compared in shown:
        for each in compared if asked.verbose else ():
            print(everything(each))
        print(disagreements(compared))
        if asked.warnings is not None:
            print(warnings_differ(compared, asked.warnings))
    for title, compared in shown:
        print(summary(title, compared))
    return 0 if all(each.agrees for _, compared in shown for each in compared) else 1


if __name__ == "__main__":
    sys.exit(main())
