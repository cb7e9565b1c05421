"""The jobs of a deployment, as its configuration wants them."""

from typing import Final

from sync.config import Config
from sync.daemon.schedule import Job
from sync.daemon.timetable import Timetable

RUN: Final = ("sync", "run")
#: Every job that a daemon may have; what is in the logs, the book and the metrics.
NAMES: Final = ("sync", "index_check", "audit", "sweep", "collect", "clean")


def jobs_of(config: Config) -> tuple[Job, ...]:
    """The jobs, the more important ones first; those that are off are among them, those without a sense are not."""
    plan = config.daemon
    found = [Job("sync", RUN, plan.sync, at_once=True), Job("index_check", RUN, _between(config), at_once=True)]
    if config.collect is not None:
        found.append(Job("collect", ("collect", "run"), plan.collect))
        found.append(Job("clean", ("collect", "clean", "--delete"), plan.clean))
    else:
        found.append(Job("sweep", ("sync", "sweep"), plan.sweep))
    # A hub without mirrors is looked at, too; there is nobody to mend it from.
    audited = (["--heal"] if plan.heal else []) if config.mirror else ["hub"]
    found.append(Job("audit", ("sync", "audit", *audited), plan.audit))
    return tuple(found)


def _between(config: Config) -> Timetable:
    """A run in between is cheap where it sees by index files that nothing changed."""
    if config.daemon.index_check is not None:
        return config.daemon.index_check
    whole_tree = config.in_place or (config.collect is None and config.the_source.observe == "listing")
    return Timetable.parse("off" if whole_tree else "hourly")
