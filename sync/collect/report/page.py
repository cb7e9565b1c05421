"""The page of a DAC, its twin for programs, and the front page of all DACs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sync.collect.report.facts import SCHEMA, Counted, Facts, gather
from sync.collect.report.html import page, rule_rows, said, tile
from sync.collect.report.text import name_of, when
from sync.state import State
from sync.state.collected import Verdict

#: Submissions that a DAC's page shows.
SUBMISSIONS: Final = 100
#: Findings that it shows, and that its twin for programs keeps of each submission.
TOP: Final = 15
#: Submissions that are counted anew when their counts are lost; each can take seconds.
_ANEW: Final = 10
#: The twin for programs: it saves counting a hundred submissions after each one.
LIST: Final = "submissions.json"


def collect_facts(state: State, dac: str, folder: Path, newest: Facts) -> list[Facts]:
    """Facts of a DAC's latest submissions, newest first: as they are known from its folder, or counted anew.

    Args:
        state: where the submissions are.
        dac: whose.
        folder: with its reports.
        newest: of the submission that is reported now.
    """
    known = {(one.number, one.began): one for one in _read_list(folder / LIST)}
    known[newest.number, newest.began] = newest
    found: list[Facts] = []
    anew = 0
    for one in state.submissions(dac, SUBMISSIONS):
        facts = known.get((one.number, one.began))
        if facts is None and one.ended is not None and anew < _ANEW:
            anew += 1
            facts = gather(state, one, one.ended)
        if facts is not None:
            found.append(facts)
    return found


def list_document(dac: str, found: Iterable[Facts]) -> str:
    """The twin of a DAC's page for programs."""
    return json.dumps({"schema": SCHEMA, "dac": dac, "submissions": [_short(one) for one in found]}, indent=1) + "\n"


def dac_page(dac: str, found: list[Facts], *, title: str) -> Iterator[str]:
    """A DAC's page, in pieces.

    Args:
        dac: whose.
        found: facts of its latest submissions, newest first.
        title: what the archive is called.
    """
    return page(f"Submissions of {dac}", _dac_body(dac, found, title), _foot())


def front_page(folder: Path, dacs: Iterable[str], *, title: str) -> Iterator[str]:
    """The page that leads to the DACs' pages, in pieces.

    Args:
        folder: with a folder for each DAC.
        dacs: those that have an account.
        title: what the archive is called.
    """
    latest = {dac: found for dac in dacs if (found := _read_list(folder / dac / LIST))}
    return page("Submissions", _front_body(latest, title), _foot())


def rate(found: Iterable[Facts]) -> str:
    """Share of files that were accepted: ``96.4 %``; a dash where nothing was decided."""
    taken, files = 0, 0
    for one in found:
        taken += one.taken
        files += one.taken + one.refused
    # Never "100.0 %" while something was refused.
    return f"{min(taken * 1000 // files, 1000) / 10:.1f} %" if files else "-"


def most_often(found: Iterable[Facts], *, refuses: bool) -> list[Counted]:
    """Policies and rules over several submissions, most files first.

    Args:
        found: facts of the submissions.
        refuses: those that keep files out, counted by the files that were refused; else the others.
    """
    sums: dict[str, Counted] = {}
    for one in (each for facts in found for each in facts.counted if each.refuses is refuses):
        files = one.refused if refuses else one.files
        old = sums.get(one.id, Counted(one.id, one.severity, 0, 0, 0))
        sums[one.id] = Counted(
            one.id, one.severity, old.files + files, old.places + one.places, old.refused + one.refused
        )
    return sorted((one for one in sums.values() if one.files), key=lambda one: (-one.files, one.id))


def _read_list(file: Path) -> list[Facts]:
    """What a DAC's list holds; nothing where it is missing or damaged, because it can be made again."""
    try:
        made: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return [Facts.from_json(one) for one in made["submissions"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _short(facts: Facts) -> dict[str, Any]:
    made = facts.as_json()
    kept = [one for one in facts.counted if one.refuses][:TOP] + [one for one in facts.counted if not one.refuses][:TOP]
    names = {one.id for one in kept}
    return {**made, "counted": [one for one in made["counted"] if one["id"] in names]}


def _dac_body(dac: str, found: list[Facts], title: str) -> Iterator[str]:
    yield f'<p class="soft">{said(title)}</p>\n<h1>Submissions of {said(dac)}</h1>\n'
    yield f'<nav><a href="{LIST}">JSON</a></nav>\n<ul class="tiles">\n'
    yield tile("accepted", rate(found), f"accepted, of {_files(found)} in {_submissions(found)}")
    for name in (Verdict.PUBLISHED, Verdict.REMOVED, Verdict.REFUSED):
        if count := sum(one.verdicts.get(name, 0) for one in found):
            yield tile(name, f"{count:,}", "lists of removals" if name is Verdict.REMOVED else name)
    yield "</ul>\n"
    yield "<h2>Last submissions</h2>\n"
    yield from _table(found)
    for refuses, heading in ((True, "What kept files out most often"), (False, "What else was found most often")):
        if counted := most_often(found, refuses=refuses):
            yield f"<h2>{heading}</h2>\n"
            yield from rule_rows(counted, TOP)


def _table(found: list[Facts]) -> Iterator[str]:
    yield '<div class="scroll" role="region" aria-label="last submissions" tabindex="0"><table>\n<thead><tr>'
    yield '<th scope="col">submission</th><th scope="col" class="n">files</th>'
    yield '<th scope="col" class="n">accepted</th><th scope="col" class="n">refused</th>'
    yield '<th scope="col" class="n">serial</th></tr></thead>\n<tbody>\n'
    for one in found:
        link = f'<a href="{name_of(one, "html")}">{one.number}</a>'
        refused = f'<b class="refused">{one.refused:,}</b>' if one.refused else "0"
        yield (
            f'<tr><td>{link} <span class="soft">{when(one.began)}</span></td><td class="n">{one.files:,}</td>'
            f'<td class="n">{rate([one])}</td><td class="n">{refused}</td><td class="n">{one.serial or "-"}</td></tr>\n'
        )
    yield "</tbody>\n</table></div>\n"


def _front_body(latest: Mapping[str, list[Facts]], title: str) -> Iterator[str]:
    yield f'<p class="soft">{said(title)}</p>\n<h1>Submissions</h1>\n'
    yield '<div class="scroll" role="region" aria-label="DACs" tabindex="0"><table>\n<thead><tr>'
    yield '<th scope="col">DAC</th><th scope="col">last submission</th><th scope="col" class="n">files</th>'
    yield '<th scope="col" class="n">refused</th><th scope="col" class="n">accepted lately</th></tr></thead>\n<tbody>\n'
    for dac, found in latest.items():
        newest = found[0]
        refused = f'<b class="refused">{newest.refused:,}</b>' if newest.refused else "0"
        yield (
            f'<tr><th scope="row"><a href="{dac}/index.html">{said(dac)}</a></th><td>{when(newest.began)}</td>'
            f'<td class="n">{newest.files:,}</td><td class="n">{refused}</td><td class="n">{rate(found)}</td></tr>\n'
        )
    yield "</tbody>\n</table></div>\n"


def _files(found: list[Facts]) -> str:
    files = sum(one.taken + one.refused for one in found)
    return f"{files:,} {'file' if files == 1 else 'files'}"


def _submissions(found: list[Facts]) -> str:
    return f"{len(found):,} {'submission' if len(found) == 1 else 'submissions'}"


def _foot() -> Iterator[str]:
    yield "<p>Why a rule is there, and how to mend: <code>gdac explain RULE-ID</code>; a policy:"
    yield " <code>gdac policy explain ID</code>.</p>\n"
