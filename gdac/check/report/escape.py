"""Texts out of files, made safe for where they are shown: bytes of a hostile file reach every report."""

import re
from typing import Final

from gdac.check.finding import Finding

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
#: What XML 1.0 cannot hold, or what nobody should be shown.
_NO_XML: Final = re.compile(rf"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|(?![\t\n]){_UNPRINTABLE.pattern}")
#: Longest value shown; the rest is cut.
SHOWN: Final = 200


def printable(text: str) -> str:
    """Without anything that moves a terminal's cursor or turns text around; such characters become their code."""
    return _UNPRINTABLE.sub(lambda found: _escaped(ord(found[0])), text)


def shown(text: str) -> str:
    """A value to show: printable, and not longer than people want to read."""
    safe = printable(text)
    return safe if len(safe) <= SHOWN else f"{safe[:SHOWN]}... ({len(text)} characters)"


def xml(text: str) -> str:
    """A text as XML content or attribute; control characters become ``-``, as the official program has it."""
    kept = _NO_XML.sub("-", text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def sentence(finding: Finding) -> str:
    """What a finding says, values included, without rule and place: ``flag 7 is none (found '7', expected 0 to 5)``."""
    values = [f"found {_quoted(finding.found)}"] if finding.found and finding.found not in finding.text else []
    if finding.expected and finding.expected not in finding.text:
        values.append(f"expected {shown(finding.expected)}")
    said = f"{printable(finding.text)} ({', '.join(values)})" if values else printable(finding.text)
    return f"{said}, in {finding.count} places" if finding.count > 1 else said


def _quoted(text: str) -> str:
    return f"'{shown(text)}'"


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
