"""Where stores of the configuration lie, as far as their addresses tell."""

import os
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sync.options import StoreOptions


def from_home(path: str) -> str:
    """A path with the home directory for ``~``; as it is where there is no such user."""
    return os.path.expanduser(path)  # noqa: PTH111 - pathlib's raises for a user that there is not


def local_path(store: str) -> str | None:
    """The path of a local store, with the home directory for ``~``, or None for one elsewhere."""
    if store.startswith("file:"):
        return from_home(unquote(urlsplit(store).path))
    return None if "://" in store else from_home(store)


def same_place(one: Any, other: Any) -> bool:
    """Whether two stores are one; local ones by where their paths lead."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    here, there = local_path(one), local_path(other)
    if here is None or there is None:
        return one.rstrip("/") == other.rstrip("/")
    return os.path.realpath(here) == os.path.realpath(there)


def lies_in(place: str | Path, folder: str | Path) -> bool:
    """Whether a local path is a folder or leads below it; links are followed."""
    return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder))


def overlap(one: StoreOptions, other: StoreOptions) -> bool:
    """Whether two stores are one, or one lies in the other, as far as addresses tell: local ones and buckets."""
    here, there = local_path(one.store), local_path(other.store)
    if here is not None and there is not None:
        return lies_in(here, there) or lies_in(there, here)
    if not (_is_bucket(one) and _is_bucket(other)) or one.endpoint != other.endpoint:
        return False  # one address of an FTP server is another folder for each user
    first, second = (f"{each.store.rstrip('/')}/" for each in (one, other))
    return first.startswith(second) or second.startswith(first)


def _is_bucket(options: StoreOptions) -> bool:
    return options.store.startswith(("s3:", "gs:", "az:"))


def why_not_disjoint(stores: Mapping[str, StoreOptions]) -> str | None:
    """Why archives cannot be where they are, with the key to mend; None when they can.

    What one of them holds would be files that do not belong there to the other, and audits delete such.

    Args:
        stores: by key of the configuration, such as ``hub.store``.
    """
    for one, other in combinations(stores, 2):
        if overlap(stores[one], stores[other]):
            here, there = stores[other].store, stores[one].store
            return f"{other}: {here} and {one} ({there}) are one, or lie in one another; give each a place of its own"
    return None


def why_not_outside(trees: Mapping[str, str], ours: Mapping[str, str]) -> str | None:
    """Why what is ours alone cannot be where it is, with the key to mend; None when it can.

    Args:
        trees: archives, of which everybody may read every file, by what they are called, such as ``the hub``.
        ours: stores and directories by key of the configuration, such as ``hub.state``.
    """
    for name, store in trees.items():
        tree = local_path(store)
        for key, each in ours.items():
            place = local_path(each)
            if tree is not None and place is not None and lies_in(place, tree):
                return f"{key}: {place} lies in {name} ({tree}), where everything is published; put it beside"
    return None


def is_in_place(raw: dict[str, Any]) -> bool:
    """Whether a parsed configuration has no source, or only the hub itself; a hub that collects never is."""
    hub, sources = raw.get("hub"), raw.get("source")
    if not isinstance(hub, dict) or "store" not in hub or "collect" in raw:
        return False
    if "source" not in raw:
        return True
    stores = [one.get("store") for one in sources.values() if isinstance(one, dict)] if sources else []
    return bool(stores) and all(same_place(one, hub["store"]) for one in stores)


def why_not_in_place(hub: str, state: Path, sources: list[str]) -> str | None:
    """Why a hub cannot be sealed in place, with the key to mend, or None when it can."""
    if any(not same_place(one, hub) for one in sources):
        return "hub.in_place: a tree that is sealed in place has no source; remove the one or the other"
    tree = local_path(hub)
    if tree is None:
        return "hub.store: only a local directory can be sealed in place; name the archive it mirrors under [source]"
    if lies_in(state, tree):
        return "hub.state: it lies in the tree that is sealed in place; put it beside"
    return None
