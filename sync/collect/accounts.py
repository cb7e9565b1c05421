"""Where accounts of DACs may lie: apart from the archive, from our state, and from each other. Pure but for links."""

import os
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from sync.options import StoreOptions
from sync.places import lies_in, local_path, overlap


def why_not_apart(accounts: Mapping[str, StoreOptions], ours: Mapping[str, str]) -> str | None:
    """Why accounts cannot be where they are, with the key to mend; None when they can.

    Who writes into an account must write nowhere else, and what is in it must not be public.

    Args:
        accounts: by DAC.
        ours: local directories of our own by what they are called, such as ``the hub``.
    """
    return next(_troubles(accounts, ours), None)


def why_not_shown(reports: Path, state: Path, accounts: Mapping[str, StoreOptions]) -> str | None:
    """Why reports cannot be written to a directory, with the key to mend; None when they can.

    Reports are for a web server: what lies among them is shown, and what lies in an account is its DAC's to change.

    Args:
        reports: the directory.
        state: our state directory, in which reports may lie.
        accounts: by DAC.
    """
    if lies_in(state, reports):
        return f"collect.reports: the state ({state}) lies in {reports}; give the reports a directory of their own"
    here = Path(os.path.realpath(reports))
    for dac, account in accounts.items():
        place = _place(account)
        if place is not None and _overlap(here, place):
            where = f"{reports} and the account of {dac} ({account.store})"
            return f"collect.reports: {where} lie in one another; give the reports a directory of their own"
    return None


def _troubles(accounts: Mapping[str, StoreOptions], ours: Mapping[str, str]) -> Iterator[str]:
    for dac, account in accounts.items():
        place = _place(account)
        for name, directory in ours.items():
            if place is not None and _overlap(place, Path(os.path.realpath(directory))):
                yield f"collect.inbox.{dac}.store: {account.store} and {name} ({directory}) lie in one another"
    for one, other in combinations(accounts, 2):
        if overlap(accounts[one], accounts[other]):
            yield f"collect.inbox.{other}.store: this is, or lies in, the account of {one}, or the other way round"


def _place(options: StoreOptions) -> Path | None:
    found = local_path(options.store)
    return None if found is None else Path(os.path.realpath(found))


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
