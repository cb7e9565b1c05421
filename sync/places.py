"""Where stores of the configuration lie, as far as their addresses tell."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def local_path(store: str) -> str | None:
    """The path of a local store, or None for one elsewhere."""
    if store.startswith("file:"):
        return unquote(urlsplit(store).path)
    return None if "://" in store else store


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


def why_not_outside(hub: str, ours: Mapping[str, str]) -> str | None:
    """Why what is ours alone cannot be where it is, with the key to mend; None when it can.

    Args:
        hub: the store of the hub, of which everybody may read every file.
        ours: stores and directories by key of the configuration, such as ``hub.state``.
    """
    tree = local_path(hub)
    for key, store in ours.items():
        place = local_path(store)
        if tree is not None and place is not None and lies_in(place, tree):
            return f"{key}: {place} lies in the hub ({tree}), where everything is published; put it beside"
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
