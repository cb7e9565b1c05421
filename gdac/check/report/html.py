"""One HTML page per batch: self-contained, without scripts, readable on a phone."""

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Final, TextIO

from gdac.check.finding import Finding, Result, Severity, Verdict
from gdac.check.plan import rule_called
from gdac.check.report.aside import Aside
from gdac.check.report.escape import printable, sentence
from gdac.check.report.style import STYLE
from gdac.check.report.tally import ORDER, REFUSED, RuleTally, Tally, versions_line

#: Findings of one rule that are shown for one file; the others are counted.
SHOWN: Final = 5
#: Files that are shown with their findings; a page of more is of no use, and JSON Lines have them all.
FILES: Final = 2000


class Writer:
    """Writes one page; the files wait aside, because the sums come first."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._kept = {refused: _Files() for refused in (True, False)}

    def add(self, result: Result) -> None:
        """Keep one file, if there is anything to say."""
        if result.findings or (result.verdict is not Verdict.ACCEPTED and not result.known):
            self._kept[result.verdict in REFUSED].add(_file(result))

    def close(self, tally: Tally) -> None:
        """Write the page."""
        title = f"gdac check: {tally.words()}"
        self._out.write(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        )
        self._out.writelines(_sums(tally))
        self._out.writelines(_rules(tally))
        for refused, heading in ((True, "Files that would be returned"), (False, "Other files with findings")):
            self._out.writelines(self._kept[refused].told(heading))
        self._out.write(f'</main>\n<footer class="soft">\n<p>{escape(versions_line(tally.versions))}</p>\n')
        self._out.write("<p>Why a rule is there, and how to mend: <code>gdac explain RULE-ID</code>.</p>\n</footer>\n")
        self._out.write("</body>\n</html>\n")


class _Files:
    """Files of one heading, kept until the sums are known."""

    def __init__(self) -> None:
        self._kept = Aside()
        self._number = 0

    def add(self, text: str) -> None:
        self._number += 1
        if self._number <= FILES:
            self._kept.write(text)

    def told(self, heading: str) -> Iterator[str]:
        if not self._number:
            return
        yield f"<h2>{heading} ({self._number:,})</h2>\n"
        yield from self._kept.told()
        if self._number > FILES:
            yield f'<p class="soft">and {self._number - FILES:,} more; JSON Lines list all of them.</p>\n'


def _sums(tally: Tally) -> Iterator[str]:
    yield f"<h1>Submission check</h1>\n<p>{escape(tally.words())}</p>\n"
    yield '<ul class="tiles">\n'
    for verdict in Verdict:
        if tally.verdicts[verdict]:
            yield f'<li class="{verdict}"><b>{tally.verdicts[verdict]:,}</b>{verdict}</li>\n'
    for severity in ORDER:
        if tally.severities[severity]:
            word = {"error": "errors", "warning": "warnings", "advice": "pieces of advice"}[severity]
            yield f'<li class="{severity}"><b>{tally.severities[severity]:,}</b>{word}</li>\n'
    yield "</ul>\n"
    yield from (f"<p><b>{escape(dac)}</b> {escape(words)}</p>\n" for dac, words in tally.by_dac().items())


def _rules(tally: Tally) -> Iterator[str]:
    if not tally.rules:
        yield "<p>Nothing was found.</p>\n"
        return
    yield "<h2>What was found, by rule</h2>\n"
    for rule_id, known in tally.most_often():
        yield _rule(rule_id, known)


def _rule(rule_id: str, known: RuleTally) -> str:
    rule = rule_called(rule_id)
    places = f", {known.findings:,} places" if known.findings > known.files else ""
    files = f"{known.files:,} {'file' if known.files == 1 else 'files'}{places}"
    title = escape(rule.title) if rule else ""
    parts = ((word, text) for word, text in (("Why", rule.why), ("Mend", rule.mend)) if text) if rule else ()
    inner = "".join(f"<p><b>{word}</b> {escape(text)}</p>\n" for word, text in parts)
    return (
        f'<details><summary><span class="tag {known.severity}">{known.severity}</span><code>{escape(rule_id)}</code> '
        f'{title}<span class="soft">{files}</span></summary>\n{inner}</details>\n'
    )


def _file(result: Result) -> str:
    facts = [f"{result.file_type} {result.format_version}".replace("b_", "bio ")] if result.file_type else []
    facts += [result.dac] if result.dac else []
    about = f'<span class="soft">{escape(", ".join(facts))}</span>' if facts else ""
    opened = " open" if result.verdict in REFUSED else ""
    heaviest_first = sorted(result.findings, key=lambda finding: ORDER.index(finding.severity))
    groups = groupby(heaviest_first, key=lambda finding: (finding.severity, finding.rule))
    findings = "".join(_group(severity, rule_id, list(group)) for (severity, rule_id), group in groups)
    return (
        f'<details{opened}><summary><span class="tag {result.verdict}">{result.verdict}</span>'
        f"<code>{escape(printable(result.path))}</code>{about}</summary>\n"
        f'<ul class="findings">\n{findings}</ul>\n</details>\n'
    )


def _group(severity: Severity, rule_id: str, findings: list[Finding]) -> str:
    shown = "<br>".join(
        f"<code>{escape(printable(finding.where))}</code> {escape(sentence(finding))}" for finding in findings[:SHOWN]
    )
    more = sum(finding.count for finding in findings[SHOWN:])
    rest = f'<br><span class="soft">and {more:,} more</span>' if more else ""
    mend = next((finding.mend for finding in findings if finding.mend), "")
    mended = f'<span class="mend">{escape(printable(mend))}</span>' if mend else ""
    return (
        f'<li><span class="tag {severity}">{severity} <code>{escape(rule_id)}</code></span>{shown}{rest}{mended}</li>\n'
    )
