"""What is wrong in a configuration: each mistake with its key, and the pages that explain the keys."""

import re
from collections.abc import Sequence
from typing import Final

from pydantic_core import ErrorDetails

#: Where the keys of a section are explained; all others are on `_PAGE`.
_PAGES: Final = {"collect": "docs/commands/collect.md", "daemon": "docs/daemon.md"}
_PAGE: Final = "docs/commands/sync.md"
_SECTION: Final = re.compile(r"[a-z]+")


def tell(errors: Sequence[ErrorDetails]) -> tuple[list[str], str]:
    """Sentences for mistakes, and a hint which pages explain the keys that are wrong.

    Args:
        errors: of a `pydantic.ValidationError`; what concerns several keys names them itself.
    """
    mistakes = [_told(one["loc"], one["msg"]) for one in errors]
    pages = list(dict.fromkeys(_page(one) for one in mistakes))
    return mistakes, f"{' and '.join(pages)} {'lists' if len(pages) == 1 else 'list'} every key."


def _told(where: tuple[int | str, ...], what: str) -> str:
    what = what.removeprefix("Value error, ")
    return f"{'.'.join(str(part) for part in where)}: {what}" if where else what


def _page(mistake: str) -> str:
    section = _SECTION.match(mistake)
    return _PAGES.get(section.group() if section else "", _PAGE)
