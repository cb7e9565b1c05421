"""The one state database: what a hub remembers between runs, and the lock of the run that is on.

SQLite through sqlite-utils, migrated by named steps, opened only here. Everything in it can be rebuilt from the head,
at the price of work done again: it holds no truth about what is published.

Tables:

- ``run``: one row per run, what it did and how it ended.
- ``source_index``: index files as last fetched, with the validator that makes the next fetch conditional.
- ``pending``: files that are in the hub's store and not yet sealed; the journal that makes a broken-off run resume.
- ``set_aside``: files that could not be had, with the reason; tried again at growing distances.
- ``hold``: plans that the brake holds or held, with previews and approvals.
- ``published``: the serial that each store showed last, and when it published it.
- ``superseded``: per store, paths that left the manifest and wait for the end of their grace.
- ``copied``: per mirror, files copied for a serial whose head is not yet there; the journal of replicate.
- ``mirror_exception``: per mirror, sealed paths that it cannot hold just now.
- ``part``: which part of rolling work (an audit of a store, the sweep of the source) is next.
- ``vaulted``: bytes in the vault by digest, and when they were put there last.
- ``swept``: files that a sweep found changed at the source; the next run's ingest takes them.
- ``probe``: per store, what it did when it was tried, and when; ``identity``: the id of this state among writers.
- ``described``: per store, a digest of what its descriptions were made from.
- ``submission``, ``item``: what DACs submitted, each file with every step that it took; the audit trail of collecting.
- ``leaving``: paths out of the archive and not yet out of a sealed manifest; with ``pending`` collecting's journal.
- ``arrival``: when published files came, for ``latest_data/``; the last 30 days.
- ``left_in_inbox``: files that must not be read; ``exclusion``: versions of the restricted sensor exclusion lists.
- ``removal``: what removal lists took out of the archive, and where its bytes are kept.
- ``made``: what merged files and index files of a hub that collects were made of, and which wait to be made.
- ``shown_head``: per store, the head that it was seen to show last; ``audited``: per store and part, its last audit.
- ``total``: sums over all runs that only grow, for metrics.
- ``ingest_stop``: why runs do not ingest for now (after a revert); at most one row.
"""

from sync.state.database import STATE_NAME, State
from sync.state.records import Ingested, KeptHold, KeptProbe, KnownIndex, MirrorException, NewHold, SetAside

__all__ = [
    "STATE_NAME",
    "Ingested",
    "KeptHold",
    "KeptProbe",
    "KnownIndex",
    "MirrorException",
    "NewHold",
    "SetAside",
    "State",
]
