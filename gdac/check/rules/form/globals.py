"""Global attributes (FMT-GAT): warnings all of them, announced as future errors."""

from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.spec import AttributeRule, Presence

_SCOPE: Final = "P3 B3.1 T3 BT3.1 M3.1 K3.1"


@rule("FMT-GAT-001", "W!", _SCOPE, manual="2.2")
def no_global_attribute_missing(ctx: Context) -> Iterator[Fault]:
    """Every global attribute of the format is there.

    Why: they say what the file is and where it comes from to programs that know nothing of Argo.
    Mend: add the attribute, as text.
    """
    for name, known in ctx.spec.global_attributes.items():
        if known.presence is Presence.REQUIRED and name not in ctx.dataset.attributes:
            yield Fault(at(attribute=name), "the global attribute is missing", expected=known.value or "")


@rule("FMT-GAT-002", "W!", _SCOPE, manual="2.2")
def global_attribute_is_text(ctx: Context) -> Iterator[Fault]:
    """The global attributes of the format are texts.

    Why: programs that harvest archives expect text and drop what is not.
    Mend: write the attribute as text.
    """
    for name, _ in _present(ctx):
        value = ctx.dataset.attributes[name]
        if not isinstance(value, str):
            yield Fault(at(attribute=name), "the global attribute is not text", found=str(value), expected="text")


@rule("FMT-GAT-003", "W!", _SCOPE, manual="2.2")
def global_attribute_value(ctx: Context) -> Iterator[Fault]:
    """A global attribute of fixed text has that text.

    Why: harvesters select files by it.
    Mend: write the expected text.
    """
    for name, known in _present(ctx):
        text = ctx.dataset.attributes[name]
        if isinstance(text, str) and known.value not in {None, text} and known.tolerance is None:
            yield Fault(at(attribute=name), f"the text is '{text}'", text, known.value or "")


@rule("FMT-GAT-004", "W!", _SCOPE, manual="2.2")
def global_attribute_pattern(ctx: Context) -> Iterator[Fault]:
    """The manual's version and the conventions are among those that the format lists.

    Why: they tell readers which rules the file follows.
    Mend: write the expected text.
    """
    for name, known in _present(ctx):
        text = ctx.dataset.attributes[name]
        if not isinstance(text, str) or known.tolerance is None or known.value in {None, text}:
            continue
        if not known.tolerance.accepts(text):
            yield Fault(at(attribute=name), f"the text is '{text}'", text, known.value or "")


def _present(ctx: Context) -> Iterator[tuple[str, AttributeRule]]:
    for name, known in ctx.spec.global_attributes.items():
        if name in ctx.dataset.attributes and known.presence is Presence.REQUIRED:
            yield name, known
