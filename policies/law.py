"""The rules of the house: read from data, each with a permanent id, its source and where it is enforced.

The files are ``policies/data/GROUP.toml``. Each has one ``[group]`` table and ``[[policy]]`` tables; a file is read
once, and only when something of it is asked for, so that a decision costs no more than its own group. The decisions
themselves are plain functions beside this module; their limits, lists and periods come from `values`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from gdac import __version__
from gdac.errors import UsageError

#: The groups, in the order in which they are told; a group is there when its file is.
GROUPS: Final = (
    "licence",
    "acceptance",
    "distribution",
    "deletion",
    "retention",
    "quarantine",
    "vocabulary",
    "citation",
    "principles",
)


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule of the house.

    Attributes:
        id: permanent, such as ``DIS-001``; never given twice.
        group: one of `GROUPS`.
        title: a few words.
        statement: what it demands.
        values: limits, lists, periods and texts that belong to it.
        source: where the rule comes from.
        since: from when it is the rule: a day, a month or a year.
        enforced_by: where it is asked: ``code:module.name``, ``command:gdac ...``, ``test:file::name``, ``policy:ID``.
        overridable: keys of the configuration that change it (``*`` for any name); empty where nothing does.
        mend: what to do when it says no; empty where there is nothing to do.
        gap: what of it we cannot enforce, said plainly; empty where there is nothing.
    """

    id: str
    group: str
    title: str
    statement: str
    values: Mapping[str, Any]
    source: tuple[str, ...]
    since: str
    enforced_by: tuple[str, ...]
    overridable: tuple[str, ...] = ()
    mend: str = ""
    gap: str = ""

    def as_json(self) -> dict[str, Any]:
        """The policy as plain JSON values."""
        return {
            "id": self.id,
            "group": self.group,
            "title": self.title,
            "statement": self.statement,
            "values": _plain(self.values),
            "source": list(self.source),
            "since": self.since,
            "enforced_by": list(self.enforced_by),
            "overridable": list(self.overridable) or "no",
            "mend": self.mend,
            "gap": self.gap,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """The policies of one file.

    Attributes:
        name: one of `GROUPS`.
        title: a few words.
        about: a sentence or two for people who meet it first.
        policies: in the order of the file.
    """

    name: str
    title: str
    about: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a policy forbids, and why.

    Attributes:
        policy: its id.
        text: one clause for the reader.
    """

    policy: str
    text: str

    def __str__(self) -> str:
        return f"[{self.policy}] {self.text}"


@cache
def group(name: str) -> Group:
    """The policies of a group.

    Raises:
        KeyError: there is no such group.
    """
    raw = _raw(name)
    head = raw["group"]
    return Group(name, head["title"], head["about"], tuple(_policy(name, one, raw) for one in raw["policy"]))


@cache
def groups() -> tuple[Group, ...]:
    """All groups that are there."""
    return tuple(group(name) for name in GROUPS if _file(name).is_file() and "group" in _raw(name))


@cache
def policies() -> Mapping[str, Policy]:
    """All policies by their ids."""
    return MappingProxyType({one.id: one for part in groups() for one in part.policies})


def policy(policy_id: str) -> Policy:
    """The policy with an id, in capitals or not.

    Raises:
        UsageError: there is none.
    """
    found = policies().get(policy_id.upper())
    if found is None:
        raise UsageError(f"there is no policy {policy_id!a}.", hint="`gdac policy show` lists them all.")
    return found


@cache
def version() -> str:
    """Version of the policies: that of the package, and a digest of all their data; for the record of a decision."""
    found = sha256()
    for name in GROUPS:
        if _file(name).is_file():
            found.update(_file(name).read_bytes())
    return f"{__version__}+{found.hexdigest()[:12]}"


def values(name: str, policy_id: str) -> Mapping[str, Any]:
    """The values of a policy of a group; reads that group's file only.

    Raises:
        KeyError: there is no such policy in it.
    """
    return {one.id: one for one in group(name).policies}[policy_id].values


def _file(name: str) -> Any:
    return files("policies.data") / f"{name}.toml"


@cache
def _raw(name: str) -> dict[str, Any]:
    if name not in GROUPS:
        raise KeyError(name)
    return tomllib.loads(_file(name).read_text(encoding="utf-8"))


def _policy(name: str, raw: dict[str, Any], file: dict[str, Any]) -> Policy:
    """One policy; its values are its own, or another table of the same file (``values_from``)."""
    held = file[raw["values_from"]] if "values_from" in raw else raw.get("values", {})
    return Policy(
        id=raw["id"],
        group=name,
        title=raw["title"],
        statement=raw["statement"],
        values=_frozen(held),
        source=tuple(raw["source"]),
        since=str(raw["since"]),
        enforced_by=tuple(raw["enforced_by"]),
        overridable=tuple(raw.get("overridable", ())),
        mend=raw.get("mend", ""),
        gap=raw.get("gap", ""),
    )


def _frozen(value: Any) -> Any:
    """Tables and arrays of TOML that nobody can change any more."""
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(inner) for name, inner in value.items()})
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
