"""A comparison of two versions for people: a page of its own, without scripts, and plain text."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from html import escape
from typing import Final

from vocab.changes.compare import Kind, TableChange, TermChange
from vocab.changes.versions import VersionDiff
from vocab.names import concept

_WORDS: Final = {
    Kind.ADDED: "new",
    Kind.REMOVED: "removed",
    Kind.DEPRECATED: "deprecated",
    Kind.REINSTATED: "reinstated",
    Kind.LABEL: "label",
    Kind.CODE: "code",
    Kind.DEFINITION: "definition",
    Kind.ATTRIBUTES: "attributes",
    Kind.LINKS: "links",
    Kind.SUCCESSOR: "successor",
    Kind.VERSION: "version only",
}

#: Longest text that is compared word by word; of two longer ones both are shown whole.
_LONGEST: Final = 4_000

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35rem .5rem;
border-bottom: 1px solid var(--line); } th { background: var(--soft); } td { overflow-wrap: anywhere; }
td:first-child { width: 26%; } td:nth-child(2) { width: 8rem; white-space: nowrap; }
del { background: #d332; text-decoration-thickness: 2px; } ins { background: #2a42; text-decoration: none; }
.kind { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .85rem; }
.removed, .deprecated { border-color: #d33; } .added, .reinstated { border-color: #2a4; }
nav ul { columns: 3 14rem; padding-left: 1.2rem; } .note { font-size: .9rem; opacity: .85; }
"""


def diff_text(diff: VersionDiff) -> str:
    """The comparison as lines."""
    lines = [f"{diff.old} (tables to {diff.old_date}) -> {diff.new} (tables to {diff.new_date})"]
    for table in diff.tables:
        silent = "; the version of the table is the same" if table.silent else ""
        lines.append(f"{table.table} {table.title}: {_versions(table)}, {len(table.changes)} changes{silent}")
        lines += [f"  {_line(one, diff)}" for one in table.changes]
    lines.append(_summary(diff))
    return "\n".join(line if line.isprintable() else ascii(line) for line in lines) + "\n"


def diff_page(diff: VersionDiff) -> str:
    """The comparison as one HTML page; everything from the tables is escaped."""
    title = f"Argo vocabulary: {diff.old} to {diff.new}"
    contents = "".join(
        f'<li><a href="#{escape(one.table)}">{escape(one.table)}</a> {escape(one.title)} ({len(one.changes):,})</li>'
        for one in diff.tables
    )
    body = "".join(_section(one, diff) for one in diff.tables)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head>\n<body><main><h1>{escape(title)}</h1>'
        f"<p>Tables as of {escape(diff.old_date)} and {escape(diff.new_date)}. {escape(_summary(diff))}</p>"
        f'<nav aria-label="Tables"><ul>{contents}</ul></nav>\n{body}'
        '<p class="note">Terms: Argo Data Management Team and NERC Vocabulary Server (BODC), CC BY 4.0; compared by '
        "argo-gdac.</p></main></body></html>\n"
    )


def _section(table: TableChange, diff: VersionDiff) -> str:
    silent = '<p class="note">Terms differ although the version of the table does not.</p>' if table.silent else ""
    rows = "".join(
        f'<tr><td><a href="{escape(concept(one.table, one.identifier))}">{escape(one.identifier)}</a></td>'
        f'<td><span class="kind {one.kind.value}">{_WORDS[one.kind]}</span></td><td>{_detail(one, diff)}</td></tr>\n'
        for one in table.changes
    )
    body = (
        "<table><thead><tr><th>Term</th><th>What</th><th>Before and after</th></tr></thead>"
        f"<tbody>\n{rows}</tbody></table>"
        if rows
        else "<p>No term differs.</p>"
    )
    heading = f"{escape(table.table)} {escape(table.title)}"
    return f'<section><h2 id="{escape(table.table)}">{heading}</h2><p>{_versions(table)}</p>{silent}{body}</section>\n'


def _detail(one: TermChange, diff: VersionDiff) -> str:
    if one.kind is Kind.ADDED:
        return f"<ins>{escape(one.after)}</ins>"
    if one.kind is Kind.REMOVED:
        return f"<del>{escape(one.before)}</del>"
    if one.kind is Kind.DEPRECATED:
        return escape(diff.fates.get(concept(one.table, one.identifier), ""))
    if one.kind in {Kind.LINKS, Kind.VERSION, Kind.CODE, Kind.SUCCESSOR}:
        return " ".join(filter(None, (_mark("del", one.before), _mark("ins", one.after))))
    return "".join(_marked(one.before, one.after))


def _mark(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>" if text else ""


def _marked(before: str, after: str) -> Iterator[str]:
    """Two texts as one, with what went and what came marked word by word."""
    if len(before) > _LONGEST or len(after) > _LONGEST:
        yield f"{_mark('del', before)} {_mark('ins', after)}"
        return
    old, new = before.split(" "), after.split(" ")
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, came = " ".join(old[i:j]), " ".join(new[k:m])
        if tag == "equal":
            yield escape(came) + " "
        else:
            yield " ".join(filter(None, (_mark("del", gone), _mark("ins", came)))) + " "


def _versions(table: TableChange) -> str:
    if not table.before:
        return f"new table, version {table.after}"
    if not table.after:
        return f"version {table.before}, gone"
    if table.before == table.after:
        return f"version {table.after}"
    return f"version {table.before} to {table.after}"


def _line(one: TermChange, diff: VersionDiff) -> str:
    text = f"{_WORDS[one.kind]:<13}{one.identifier}"
    if one.kind is Kind.DEPRECATED:
        fate = diff.fates.get(concept(one.table, one.identifier), "")
        return f"{text}: {fate}" if fate else text
    if one.kind in {Kind.ADDED, Kind.REMOVED}:
        return f"{text}: {one.after or one.before}"
    return f"{text}: {_short(one.before)} -> {_short(one.after)}"


def _short(text: str) -> str:
    return f"{text[:70]}..." if len(text) > 73 else text or "(nothing)"


def _summary(diff: VersionDiff) -> str:
    if not diff.tables:
        return "No difference."
    kinds = ", ".join(f"{number:,} {_WORDS[Kind(kind)]}" for kind, number in diff.counts.items())
    return f"{len(diff.tables)} tables differ, {diff.changes:,} changes of terms" + (f": {kinds}." if kinds else ".")
