"""What an operator's configuration makes of the policies: values it overrides, and wishes that a policy forbids.

The file is read plainly: its sections are `sync`'s, which checks them whole (``gdac sync plan`` does); here only the
keys that policies name in ``overridable`` are looked at, and what sources and mirrors ask for.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gdac.errors import UsageError
from policies.distribution import judge_wishes
from policies.law import Policy, Refusal, policies

#: Sizes of configurations that make sense.
_MOST_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Override:
    """A value that the operator chose.

    Attributes:
        policy: id of the policy it belongs to.
        key: in the configuration, names of mirrors filled in.
        value: as written.
        standard: what the policy says, where it says it by that key; None where it has no single value for it.
    """

    policy: str
    key: str
    value: Any
    standard: Any


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that the configuration asks for and a policy forbids.

    Attributes:
        key: in the configuration.
        word: what is asked for.
        refusal: the policy, and why.
    """

    key: str
    word: str
    refusal: Refusal


def read_plainly(file: Path) -> dict[str, Any]:
    """The tables of a configuration.

    Raises:
        UsageError: it is not there, or no TOML.
    """
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MOST_BYTES)
        return tomllib.loads(raw.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read the configuration {file}: {error}.") from error


def overrides(raw: Mapping[str, Any]) -> Iterator[Override]:
    """Values of a configuration that take the place of a policy's own, each once, in the order of the policies."""
    told: set[str] = set()
    for policy in policies().values():
        for pattern in policy.overridable:
            for key, value in _found(raw, pattern.split(".")):
                if key in told:
                    continue
                told.add(key)
                yield Override(policy.id, key, value, _standard(policy, key.rpartition(".")[2]))


def wishes(raw: Mapping[str, Any]) -> Iterator[Wish]:
    """What a configuration's sources and mirrors ask for and must not get."""
    for key, asked in _found(raw, ["mirror", "*", "filter", "dacs"]):
        for word, refusal in judge_wishes(dacs=_texts(asked)):
            yield Wish(key, word, refusal)
    for key, asked in _found(raw, ["source", "*", "indexes"]):
        for word, refusal in judge_wishes(indexes=_texts(asked)):
            yield Wish(key, word, refusal)


def _found(raw: Any, pattern: list[str], before: str = "") -> Iterator[tuple[str, Any]]:
    """Keys that fit a dotted pattern, with their values."""
    if not pattern:
        yield before, raw
        return
    if not isinstance(raw, Mapping):
        return
    for name in sorted(raw) if pattern[0] == "*" else [pattern[0]]:
        if name in raw:
            yield from _found(raw[name], pattern[1:], f"{before}.{name}" if before else name)


def _texts(asked: Any) -> list[str]:
    return [one for one in asked if isinstance(one, str)] if isinstance(asked, list) else []


def _standard(policy: Policy, name: str) -> Any:
    """What the policy says for the last word of a key: the licence, the limit, the period."""
    held = policy.values
    if name in {"licence", "licence_url"}:
        return held.get({"licence": "spdx", "licence_url": "url"}[name])
    if name in held:
        return held[name]
    if name in {"most_extra", "most_extra_share"}:
        return held[name.replace("_extra", "")]
    return dict(held) if set(held) in ({"share", "count", "floor"}, {"hours"}, {"days"}) else None
