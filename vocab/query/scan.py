"""What a query may do, told from its tokens before anything runs it.

The engine would follow ``SERVICE`` to any address, so the word must be found wherever the engine could read it, and
only there: a literal, a comment, a variable or an IRI may hold it. The engine has no separate lexer (it tries what fits
at each place), so ``trueSERVICE`` or ``1SERVICE`` can be two tokens to it, and ``<`` opens an IRI in one place and
compares in another; where both readings are possible the query is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gdac.errors import ExitCode, RefusedError

#: Characters that a query may have, and how deep its brackets may go: the engine's parser descends on its stack.
MAX_QUERY: Final = 64 * 1024
MAX_DEPTH: Final = 80

_UPDATES: Final = frozenset(["INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"])
_FORMS: Final = frozenset(["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"])

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\r\n]*)
      | (?P<string>\"\"\"(?:\\.|(?!\"\"\").)*\"\"\"|'''(?:\\.|(?!''').)*'''
                  |"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*')
      | (?P<iri><(?:\\[uU][0-9A-Fa-f]{4,8}|[^<>"{}|^`\\\x00-\x20])*>)
      | (?P<variable>[?$][^\W]+)
      | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
      | (?P<blank>_:\w(?:[\w.·-]*[\w·-])?)
      | (?P<prefixed>(?:[^\W\d_](?:[\w.·-]*[\w·-])?)?:(?:(?:[\w:·-]|\.(?=[\w:%\\.·-])|%[0-9A-Fa-f]{2}
                  |\\[-_~.!$&'()*+,;=/?\#@%])*))
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_ABSOLUTE = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://")


class Form(StrEnum):
    """What a query asks for."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"

    @property
    def graph(self) -> bool:
        """Whether the answer is a graph and not a table."""
        return self in {Form.CONSTRUCT, Form.DESCRIBE}


class Why(StrEnum):
    """Why a query is not run, or not to its end."""

    SIZE = "size"
    SYNTAX = "syntax"
    UPDATE = "update"
    SERVICE = "service"
    TIME = "time"
    MEMORY = "memory"
    ROWS = "rows"
    BUSY = "busy"


class QueryRefusedError(RefusedError):
    """A query that is not run, or was ended.

    Attributes:
        why: for programs.
    """

    def __init__(self, why: Why, what: str, *, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.why = why
        if why in {Why.SIZE, Why.SYNTAX, Why.UPDATE, Why.SERVICE}:
            self.exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind (a group of the pattern above), text and line."""

    kind: str
    text: str
    line: int


def check_query(text: str) -> Form:
    """Read a query as far as it takes to know that it only reads, and only here.

    Raises:
        QueryRefusedError: too long, too deep, an update, with SERVICE, or without a form.
    """
    if len(text) > MAX_QUERY:
        raise QueryRefusedError(
            Why.SIZE, f"the query has {len(text):,} characters; at most {MAX_QUERY:,} are read.",
            hint="Ask for less at a time.",
        )  # fmt: skip
    tokens = list(_tokens(text))
    form = _form(tokens)
    for token, after in zip(tokens, [*tokens[1:], Token("end", "", 0)], strict=True):
        if _calls_out(token, after):
            raise QueryRefusedError(
                Why.SERVICE, f"line {token.line}: SERVICE would send the query to another address; it is not run.",
                hint="Ask for what is here and join with other sources yourself.",
            )  # fmt: skip
    return form


def _tokens(text: str) -> Iterator[Token]:
    """Every token but blanks and comments; brackets are counted, because ``<`` compares only within ``(``."""
    place = 0
    line = 1
    open_brackets: list[str] = []
    last = Token("mark", "(", 0)
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match is not None  # the last group takes any character
        kind = match.lastgroup or "mark"
        found = match[0]
        if kind == "iri" and open_brackets[-1:] == ["("] and _ends_value(last):
            _check_comparison(found, line)
        if kind == "mark":
            _count(found, open_brackets, line)
        if kind != "space":
            last = Token(kind, found, line)
            yield last
        line += found.count("\n")
        place = match.end()


def _ends_value(last: Token) -> bool:
    return last.kind != "mark" or last.text in ")]}"


def _check_comparison(found: str, line: int) -> None:
    """``?a<?b#>`` is an IRI to a lexer and a comparison with a comment to the engine."""
    if not _ABSOLUTE.match(found) and re.search(r"[)'#?$]", found):
        raise QueryRefusedError(
            Why.SYNTAX, f"line {line}: {found[:60]!a} can be read as an IRI and as a comparison.",
            hint="Write blanks around the sign <.",
        )  # fmt: skip


def _count(mark: str, open_brackets: list[str], line: int) -> None:
    if mark in "([{":
        open_brackets.append(mark)
        if len(open_brackets) > MAX_DEPTH:
            raise QueryRefusedError(
                Why.SYNTAX, f"line {line}: brackets go deeper than {MAX_DEPTH}.", hint="Write a flatter query."
            )
    elif mark in ")]}" and open_brackets:
        open_brackets.pop()


def _form(tokens: list[Token]) -> Form:
    """The first keyword after the prologue."""
    words = iter(tokens)
    for token in words:
        word = token.text.upper()
        if token.kind == "word" and word in {"PREFIX", "BASE", "VERSION"}:
            for part in words:  # up to the IRI (or the text of VERSION) that ends the declaration
                if part.kind in {"iri", "string"}:
                    break
            continue
        if token.kind == "word" and word in _UPDATES:
            raise QueryRefusedError(
                Why.UPDATE, f"line {token.line}: {word} is an update; the vocabulary is only read.",
                hint="Change the tables and build again.",
            )  # fmt: skip
        if token.kind == "word" and word in _FORMS:
            return Form(word)
        raise QueryRefusedError(
            Why.SYNTAX, f"line {token.line}: a query starts with SELECT, ASK, CONSTRUCT or DESCRIBE, "
            f"not with {token.text[:40]!a}."
        )  # fmt: skip
    raise QueryRefusedError(Why.SYNTAX, "the query is empty.")


def _calls_out(token: Token, after: Token) -> bool:
    if token.kind == "word":
        return "SERVICE" in token.text.upper()
    # An undeclared prefix, or one before a brace, is tried as the keyword and a name with the empty prefix.
    if token.kind == "prefixed":
        return "SERVICE" in token.text.partition(":")[0].upper() and after.text == "{"
    return False
