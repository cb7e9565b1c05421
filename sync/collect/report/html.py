"""The report as one page: self-contained, without scripts, readable on a phone and on paper."""

from collections.abc import Collection, Iterable, Iterator
from html import escape
from itertools import islice
from typing import Final

from gdac.check.report.escape import printable
from gdac.check.report.style import STYLE
from sync.collect.report.facts import Counted, Facts, happened, items_of, removals_of
from sync.collect.report.text import about, back, decided_by, name_of, when
from sync.collect.report.told import Why, explained, findings_of, grouped, reasons_of
from sync.state import State
from sync.state.collected import Item, RuleSet, Verdict

#: Refused files that are shown with all reasons, accepted files that are listed; JSON and CSV have all of them.
REFUSED: Final = 500
ACCEPTED: Final = 500
#: Removed files that are named, of each list; rules that are explained; places of one rule in one file.
REMOVED: Final = 500
RULES: Final = 50
_SHOWN: Final = 5
_REASONS: Final = 20
#: Refused files that are unfolded when the page opens.
_OPEN: Final = 20

_MORE_STYLE: Final = """
.published, .unchanged, .removed, .kept { color: var(--accepted); } .refused { color: var(--error); }
.opened, .waiting { color: var(--soft); } a { color: var(--advice); }
nav { margin: .4rem 0; } nav a { margin-right: 1rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); } th, td { overflow-wrap: normal; }
td.n, th.n { text-align: right; } td.n { white-space: nowrap; }
ul.files { margin: .4rem 0; padding: 0; list-style: none; } ul.files li { margin: .35rem 0; }
ul.files .soft { display: block; }
"""


def page(title: str, body: Iterable[str], foot: Iterable[str]) -> Iterator[str]:
    """A whole page, in pieces.

    Args:
        title: text.
        body: markup of what the page says.
        foot: markup of what stands below.
    """
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<link rel="icon" href="data:,">\n'  # else a browser asks the server for one
    yield f"<title>{said(title)}</title>\n<style>{STYLE}{_MORE_STYLE}</style>\n</head>\n<body>\n<main>\n"
    yield from body
    yield '</main>\n<footer class="soft">\n'
    yield from foot
    yield "</footer>\n</body>\n</html>\n"


def html_report(state: State, facts: Facts, *, title: str, reject: str, endings: Collection[str]) -> Iterator[str]:
    """The page of a submission, in pieces.

    Args:
        state: where it is.
        facts: of it.
        title: what the archive is called.
        reject: folder of the account in which refused files lie.
        endings: of the other reports that there are.
    """
    heading = f"Submission {facts.number} of {facts.dac}: {facts.words()}"
    return page(heading, _body(state, facts, title, reject, endings), _foot(facts.rules))


def said(text: str) -> str:
    """A text from anywhere as markup."""
    return escape(printable(text))


def rule_rows(counted: Iterable[Counted], most: int = RULES) -> Iterator[str]:
    """Policies and rules with what they demand and what to do, folded."""
    for one in islice(counted, most):
        known = explained(one.id)
        places = f", {one.places:,} places" if one.places > one.files else ""
        files = f"{one.files:,} {'file' if one.files == 1 else 'files'}{places}"
        parts = ((word, text) for word, text in (("Why", known.why), ("Mend", known.mend)) if text)
        inner = "".join(f"<p><b>{word}</b> {escape(text)}</p>\n" for word, text in parts)
        yield (
            f'<details><summary><span class="tag {one.severity or "refused"}">{one.severity or "policy"}</span>'
            f'<code>{said(one.id)}</code> {escape(known.title)}<span class="soft">{files}</span></summary>\n'
            f"{inner}</details>\n"
        )


def tile(name: str, number: str, word: str) -> str:
    """One number of the sums."""
    return f'<li class="{name}"><b>{number}</b>{escape(word)}</li>\n'


def _body(state: State, facts: Facts, title: str, reject: str, endings: Collection[str]) -> Iterator[str]:
    yield f'<p class="soft">{said(title)}</p>\n<h1>Submission {facts.number} of {said(facts.dac)}</h1>\n'
    yield f"<p>{escape(facts.words())}</p>\n"
    yield f'<p class="soft">Taken {when(facts.began)}, reported {when(facts.reported)}</p>\n'
    yield from (f"<p>{escape(one)}</p>\n" for one in about(facts))
    yield "<nav>"
    for ending, word in (("txt", "text"), ("csv", "CSV"), ("json", "JSON"), ("ttl", "provenance")):
        if ending in endings:
            yield f'<a href="{name_of(facts, ending)}">{word}</a>'
    yield f'<a href="index.html">all submissions of {said(facts.dac)}</a></nav>\n'
    yield '<ul class="tiles">\n'
    yield from (tile(name, f"{count:,}", name) for name, count in _in_order(facts))
    yield "</ul>\n"
    refusing = [one for one in facts.counted if one.refuses and one.refused]
    if refusing:
        yield "<h2>Why files were refused</h2>\n"
        yield from rule_rows(refusing)
    if facts.refused:
        yield from _refused(state, facts, reject)
    others = [one for one in facts.counted if not one.refuses]
    if others:
        yield "<h2>What did not keep a file out, and should be mended</h2>\n"
        yield from rule_rows(others)
    yield from _accepted(state, facts)


def _in_order(facts: Facts) -> Iterator[tuple[str, int]]:
    for name in (*(str(one) for one in Verdict), "waiting"):
        if name != Verdict.OPENED and facts.verdicts.get(name):
            yield name, facts.verdicts[name]


def _refused(state: State, facts: Facts, reject: str) -> Iterator[str]:
    yield f"<h2>Refused files ({facts.refused:,})</h2>\n<p>{escape(back(reject))} Mend them and send them again; what"
    yield " was accepted need not be sent again.</p>\n"
    refused = items_of(state, facts.number, Verdict.REFUSED)
    for number, item in enumerate(islice(refused, REFUSED)):
        yield _refused_file(item, opened=number < _OPEN)
    yield _more(facts, facts.refused - REFUSED)


def _refused_file(item: Item, *, opened: bool) -> str:
    whys = reasons_of(item, shown=_SHOWN)
    others = grouped((one for one in findings_of(item) if one.severity != "error"), shown=_SHOWN)
    unread = '<p class="soft">Not read, and so not in that folder.</p>\n' if item.sha256 is None else ""
    kind = f'<span class="soft">{escape(item.kind.replace("-", " "))}</span>' if item.kind else ""
    return (
        f'<details{" open" if opened else ""}><summary><span class="tag refused">refused</span>'
        f"<code>{said(item.label)}</code>{kind}</summary>\n{unread}"
        f'<ul class="findings">\n{"".join(_why(one) for one in (*whys, *others))}</ul>\n</details>\n'
    )


def _why(why: Why) -> str:
    shown = "<br>".join(escape(text) for text in why.texts[:_REASONS])
    more = why.more + max(0, len(why.texts) - _REASONS)
    rest = f'<br><span class="soft">and {more:,} more</span>' if more else ""
    mend = f'<span class="mend">{escape(why.mend)}</span>' if why.mend else ""
    tag = f"{why.severity or 'policy'} <code>{said(why.id)}</code>"
    return f'<li><span class="tag {why.severity or "refused"}">{tag}</span>{shown}{rest}{mend}</li>\n'


def _accepted(state: State, facts: Facts) -> Iterator[str]:
    left = ACCEPTED
    for verdict in (Verdict.REMOVED, Verdict.KEPT, Verdict.PUBLISHED, Verdict.UNCHANGED, Verdict.OPENED):
        count = facts.verdicts.get(verdict, 0)
        if not count:
            continue
        heading = "Archives" if verdict is Verdict.OPENED else verdict.capitalize()
        yield f'<h2>{heading} ({count:,})</h2>\n<ul class="files">\n'
        for item in islice(items_of(state, facts.number, verdict), left):
            yield from _taken(state, item, facts.dac)
        yield f"</ul>\n{_more(facts, count - left)}"
        left = max(0, left - count)


def _taken(state: State, item: Item, dac: str) -> Iterator[str]:
    told = happened(state, item, dac)
    yield f'<li><code>{said(item.label)}</code><span class="soft">{said(told)}</span>'
    if item.verdict is Verdict.REMOVED:
        removals = removals_of(state, item)
        yield '<ul class="findings">\n'
        yield from (f"<li><code>{said(one.path)}</code></li>\n" for one in islice(removals, REMOVED))
        more = sum(1 for _ in removals)
        yield f"<li>and {more:,} more</li>\n</ul>\n" if more else "</ul>\n"
    yield "</li>\n"


def _more(facts: Facts, number: int) -> str:
    if number <= 0:
        return ""
    csv = name_of(facts, "csv")
    return f'<p class="soft">and {number:,} more: <a href="{csv}">{csv}</a> lists all of them.</p>\n'


def _foot(rules: Iterable[RuleSet]) -> Iterator[str]:
    yield from (f"<p>Decided by {said(decided_by(one))}</p>\n" for one in rules)
    yield "<p>Why a rule is there, and how to mend: <code>gdac explain RULE-ID</code>; a policy:"
    yield " <code>gdac policy explain ID</code>.</p>\n"
