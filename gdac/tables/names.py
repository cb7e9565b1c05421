"""Technical (R14) and configuration (R18) names: literal ones, and templates such as ``<short_sensor_name>Counts``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from gdac.tables.model import Concept, Found, NameMatch

#: What each placeholder captures (the official checker's classes); any other captures word characters.
CAPTURES: Final = {
    **dict.fromkeys(("D", "I", "N", "N+1", "S", "SubS", "Z", "int"), r"(\d+?)"),
    "digit": r"(\d)",
    "short_sensor_name": r"([A-Z][a-z]+?|CTD)",
    "cycle_phase_name": r"([A-Z][a-z]+(?:[A-Z][a-z]+)*?Phase)",
    "param": r"([A-Z][a-z]+(?:[A-Z][a-z]+)??)",
    "PARAM": r"([A-Z]+?)",
}
#: Placeholders whose captured value must be in the entry's list.
ENFORCED: Final = frozenset({"short_sensor_name", "cycle_phase_name", "param", "PARAM", "N", "N+1", "digit"})
#: Placeholders that must have a list.
LISTED: Final = ("short_sensor_name", "cycle_phase_name", "param")
_PLACEHOLDER = re.compile(r"<([^>]+)>")


@dataclass(frozen=True)
class Template:
    """A name with placeholders, without its unit.

    Attributes:
        label: label of its entry, unit included.
        pieces: literal text and placeholders by turns, literal first and last.
        values: lists of legal values by placeholder, as written.
    """

    label: str
    pieces: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = (CAPTURES.get(p, r"(\w+)") if at % 2 else re.escape(p) for at, p in enumerate(self.pieces))
        return re.compile("".join(parts), re.ASCII)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the placeholders, in order."""
        return self.pieces[1::2]

    @property
    def expandable(self) -> bool:
        """Whether the table lists each name that it stands for."""
        return all(self._list(placeholder) for placeholder in self.placeholders)

    def match(self, name: str) -> tuple[tuple[str, str], ...] | None:
        """None when the name is not of this template, else its captured values that are not in the lists."""
        # Most names are of another template: its first and last words tell without compiling anything.
        if not (name.startswith(self.pieces[0]) and name.endswith(self.pieces[-1])):
            return None
        found = self._pattern.fullmatch(name)
        if found is None:
            return None
        captured = zip(self.placeholders, found.groups(), strict=True)
        return tuple((what, text) for what, text in captured if not self._accepts(what, text))

    def _list(self, placeholder: str) -> tuple[str, ...]:
        if placeholder not in ENFORCED:
            return ()
        return self.values.get("N" if placeholder == "N+1" else placeholder, ())

    def _accepts(self, placeholder: str, text: str) -> bool:
        items = self._list(placeholder)
        if not items or (placeholder == "short_sensor_name" and text == "CTD"):
            return True
        if any(_holds(item, text) for item in items):
            return True
        return placeholder == "N+1" and text == str(1 + max(_last(item) for item in items))


class Names:
    """The names of one table, searched in the official order: active before deprecated, literal before template."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self._literal: dict[bool, dict[str, str]] = {False: {}, True: {}}
        self._templates: dict[bool, list[Template]] = {False: [], True: []}
        for concept in concepts:
            name, _, _ = concept.label.rpartition("_")
            pieces = tuple(_PLACEHOLDER.split(name))
            if len(pieces) == 1:
                self._literal[concept.deprecated][name] = concept.label
            else:
                self._templates[concept.deprecated].append(Template(concept.label, pieces, concept.values))

    def match(self, name: str) -> NameMatch | None:
        """What a name (without its unit) is, or None."""
        for deprecated in (False, True):
            label = self._literal[deprecated].get(name)
            if label is not None:
                return NameMatch(Found.DEPRECATED_NAME if deprecated else Found.NAME, label)
            found = self._best(name, self._templates[deprecated])
            if found is not None:
                template, unlisted = found
                missing = tuple(
                    what for what in LISTED if what in template.placeholders and not template.values.get(what)
                )
                kind = Found.DEPRECATED_TEMPLATE if deprecated else Found.TEMPLATE
                return NameMatch(kind, template.label, unlisted, missing)
        return None

    def is_variable(self, name: str) -> bool:
        """Whether a time series may bear the name: an active literal, or one that a template's lists spell out."""
        if name in self._literal[False]:
            return True
        return any(each.expandable and each.match(name) == () for each in self._templates[False])

    @staticmethod
    def _best(name: str, templates: Iterable[Template]) -> tuple[Template, tuple[tuple[str, str], ...]] | None:
        matches = [(each, unlisted) for each in templates if (unlisted := each.match(name)) is not None]
        return min(matches, key=lambda match: len(match[1]), default=None)


def _holds(item: str, text: str) -> bool:
    """Whether a list item, ``Ctd`` or ``1..5``, stands for the text."""
    first, dots, last = item.partition("..")
    if not dots or not (first.isdecimal() and last.isdecimal()):
        return item == text
    return text.isdecimal() and text == str(int(text)) and int(first) <= int(text) <= int(last)


def _last(item: str) -> int:
    number = item.rpartition("..")[2]
    return int(number) if number.isdecimal() else 0
