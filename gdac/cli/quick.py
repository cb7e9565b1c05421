"""Arguments of a command without typer's machinery: what that imports takes longer than checking a file.

The options are those of the command's signature, read from the same annotations. Whatever is not plain - help, an
unknown option, a value that does not fit - is left to typer, which says what is wrong.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import typer

#: How a text becomes a value.
_MAKERS: Final[Mapping[Any, Callable[[str], Any]]] = {str: str, int: int, float: float, Path: Path}


class _NotPlainError(Exception):
    """Typer shall deal with it."""


def parsed(command: Callable[..., None], arguments: Sequence[str]) -> dict[str, Any] | None:
    """What to call a command with; None when typer must parse the arguments.

    Args:
        command: a function whose parameters are annotated for typer; one positional parameter, a list of paths.
        arguments: those behind the name of the command.
    """
    hints = get_type_hints(command, include_extras=True)
    values = {name: each.default for name, each in inspect.signature(command).parameters.items()}
    options, positional = _declared(hints)
    given: list[Path] = []
    rest = list(arguments)
    try:
        while rest:
            text = rest.pop(0)
            if text == "--":
                given += map(Path, rest)
                break
            if text.startswith("-") and text != "-":
                name, value = _option(text, rest, options, hints)
                values[name] = value
            else:
                given.append(Path(text))
    except (_NotPlainError, ValueError, IndexError):
        return None
    values[positional] = given
    return values if given else None


def _declared(hints: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """Parameter by option, and the parameter that takes what is no option."""
    options: dict[str, str] = {}
    positional = ""
    for name, hint in hints.items():
        for info in get_args(hint)[1:]:
            if isinstance(info, typer.models.OptionInfo):
                # in an annotation, typer keeps the first name of an option as its default
                options |= dict.fromkeys((str(info.default), *(info.param_decls or ())), name)
            elif isinstance(info, typer.models.ArgumentInfo):
                positional = name
    return options, positional


def _option(text: str, rest: list[str], options: Mapping[str, str], hints: Mapping[str, Any]) -> tuple[str, Any]:
    """The parameter that an option sets, and its value."""
    option, assigned, value = text.partition("=") if text.startswith("--") else (text, "", "")
    name = options.get(option)
    if name is None:
        raise _NotPlainError(option)
    kind, info = get_args(hints[name])[:2]
    kind = _plain(kind)
    if kind is bool:
        if assigned:
            raise _NotPlainError(text)
        return name, True
    made = _made(kind, value if assigned else rest.pop(0))
    if info.min is not None and made < info.min:
        raise _NotPlainError(text)
    return name, made


def _plain(kind: Any) -> Any:
    """The type of an annotation such as ``int | None``."""
    if get_origin(kind) in {UnionType, Union}:
        (kind,) = [each for each in get_args(kind) if each is not NoneType]
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _made(kind: Any, text: str) -> Any:
    if kind in _MAKERS:
        return _MAKERS[kind](text)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(text)
    raise _NotPlainError(text)
