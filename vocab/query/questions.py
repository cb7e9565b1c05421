"""The named questions: `.rq` files shipped beside this module, each with its title and what to know about it."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from gdac.errors import UsageError
from vocab.names import BASE, Names

#: In the order of the questions that the vocabulary says it answers (`vocab.header.QUESTIONS`).
_NAMES: Final = (
    "models",
    "deprecated-since",
    "no-successor",
    "platforms",
    "unmapped-platforms",
    "no-p01",
    "shared-p01",
    "deprecated-models",
    "units-and-ranges",
    "configuration-names",
    "changes",
    "deprecated-sensors",
    "file-versions",
    "rejected-today",
    "what-to-cite",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that the vocabulary answers.

    Attributes:
        number: from 1.
        name: for the command line.
        title: the question.
        explanation: what to know about the answer.
        text: SPARQL.
    """

    number: int
    name: str
    title: str
    explanation: str
    text: str


@cache
def questions(names: Names) -> tuple[Question, ...]:
    """Every named question, with the base that the operator chose."""
    return tuple(_question(number, name, names) for number, name in enumerate(_NAMES, 1))


def _question(number: int, name: str, names: Names) -> Question:
    text = (files("vocab.query") / "questions" / f"{name}.rq").read_text(encoding="utf-8")
    head = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    title = head[0].removeprefix("title: ")
    return Question(number, name, title, " ".join(head[1:]), text.replace(f"<{BASE}", f"<{names.base}"))


def question(name: str, names: Names) -> Question:
    """A question by its name or number.

    Raises:
        UsageError: there is none.
    """
    for one in questions(names):
        if name in {one.name, str(one.number)}:
            return one
    raise UsageError(f"{name!a} is no named question.", hint=f"One of: {', '.join(_NAMES)}.")
