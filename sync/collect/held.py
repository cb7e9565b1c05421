"""Where the bytes of items lie while a submission is under way: beside the state, never where the public looks."""

from pathlib import Path
from typing import Final

from sync.state.collected import Item

_FOLDER: Final = "collect/held"
#: What a file is called here whose own name no DAC submits: such a name may be made to harm.
_NAMELESS: Final = "file"


def held_folder(state: Path, submission: int) -> Path:
    """The folder of a submission."""
    return state / _FOLDER / str(submission)


def held_file(state: Path, item: Item) -> Path:
    """Where an item's bytes lie; under its own name when that is one that a DAC submits, because names are checked."""
    name = item.name if item.kind is not None else _NAMELESS
    return held_folder(state, item.submission) / str(item.id) / name
