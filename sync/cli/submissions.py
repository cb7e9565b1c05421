"""What became of submissions, for people and as JSON: the lines of ``gdac collect run`` and ``status``."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gdac.check.finding import Severity
from gdac.check.report.escape import printable, sentence
from gdac.errors import StoreError, UsageError
from sync.collect.inbox import check_there
from sync.collect.record import CollectRecord, SubmissionRecord
from sync.collect.report.facts import changes_in, removals_of
from sync.collect.report.told import CHECKED, findings_of
from sync.collect.section import InboxSection
from sync.collect.seen import GROWING, Seen
from sync.config import Config
from sync.progress import human_size
from sync.state import State
from sync.state.collected import Item, Submission, Verdict

_PAGE: Final = 200
#: Files of one verdict that are told one by one; a report has them all.
_MOST_FILES: Final = 100
_MOST_REASONS: Final = 10
#: In this order; what needs attention first.
_VERDICTS: Final = (
    Verdict.REFUSED,
    Verdict.REMOVED,
    Verdict.KEPT,
    Verdict.PUBLISHED,
    Verdict.UNCHANGED,
    Verdict.OPENED,
)


def run_text(config: Config, record: CollectRecord) -> str:
    """What a run did, with a final newline."""
    lines: list[str] = []
    for one in record.submissions:
        lines += _submission_lines(config, one)
    if not record.submissions:
        lines.append("nothing waits in the other inboxes" if record.failed else "nothing waits in the inboxes")
    if record.seal is not None:
        lines += _seal_lines(record)
    failed = tuple(f"{dac}: " for dac in record.failed)
    lines += [f"FAILED    {note}" if note.startswith(failed) else f"note: {note}" for note in record.notes]
    seconds = (record.ended - record.began).total_seconds()
    lines.append(f"run {record.run}: {record.outcome.value} in {seconds:.1f} s")
    return "\n".join(lines) + "\n"


def _submission_lines(config: Config, one: SubmissionRecord) -> Iterator[str]:
    resumed = ", resumed" if one.resumed else ""
    yield f"{one.dac:<10}submission {one.number}: {_counted(one.counts)}{resumed}"
    if one.ended:
        yield f"          {config.reports_directory / one.dac / f'submission-{one.number}.txt'}"
    else:
        yield "          not done yet: the next run goes on with it"
    for note in one.notes:
        yield f"          note: {note}"


def _seal_lines(record: CollectRecord) -> Iterator[str]:
    done = record.seal
    assert done is not None
    if not done.new:
        yield f"seal      nothing changed: serial {done.serial} issued again"
        return
    counts = f"{done.added:,} added, {done.changed:,} changed, {done.removed:,} removed, {done.renamed:,} renamed"
    yield f"seal      serial {done.serial}: {counts}; {done.rows:,} files, {human_size(done.bytes)}"


def _counted(counts: Mapping[str, int]) -> str:
    """Verdicts in a line, such as ``12 files: 9 published, 3 refused``; an archive counts by what it held."""
    files = sum(number for name, number in counts.items() if name != Verdict.OPENED)
    parts = [f"{counts[one]:,} {one}" for one in reversed(_VERDICTS) if counts.get(one) and one is not Verdict.OPENED]
    parts += [f"{number:,} {name}" for name, number in counts.items() if name not in set(_VERDICTS)]
    return f"{files:,} {'file' if files == 1 else 'files'}" + (f": {', '.join(parts)}" if parts else "")


def failing_accounts(accounts: Mapping[str, InboxSection]) -> dict[str, str]:
    """Local accounts that a run could not look into, each with why; accounts elsewhere are not asked."""
    found: dict[str, str] = {}
    for dac, options in accounts.items():
        try:
            check_there(dac, options)
        except StoreError as error:
            found[dac] = str(error)
    return found


def newest(
    state: State,
    accounts: Iterable[str],
    dacs: tuple[str, ...],
    most: int,
    *,
    failing: Mapping[str, str],
    as_json: bool,
) -> str:
    """The newest submissions of some DACs, or of all, newest first; and what stays in their inboxes.

    Args:
        state: knows them.
        accounts: of the configuration.
        dacs: only these; all when empty.
        most: submissions.
        failing: from `failing_accounts`.
        as_json: one JSON object.
    """
    found = [one for dac in dacs or (None,) for one in state.submissions(dac, most)]
    found = sorted(found, key=lambda one: -one.number)[:most]
    counts = {one.number: _counts(state, one.number) for one in found}
    unsealed, leaving = state.pending_count(), state.leaving_count()
    stays = {dac: sorted(state.left_in_inbox(dac).items()) for dac in dacs or accounts}
    if as_json:
        told = [{**_submission_json(one), "counts": counts[one.number]} for one in found]
        inboxes = {dac: [name for name, _ in names] for dac, names in stays.items()}
        waiting = {"unsealed": {"came": unsealed, "left": leaving}, "stay_in_inbox": inboxes}
        return json.dumps({"submissions": told, **waiting, "failing": dict(failing)}) + "\n"
    lines = [f"{'number':>8}  {'DAC':<10}{'taken (UTC)':<18}{'is':<12}{'serial':>6}  files"]
    for one in found:
        serial = "-" if one.serial is None else str(one.serial)
        stands = "done" if one.ended else "under way"
        facts = f"{one.number:>8}  {one.dac:<10}{one.began:%Y-%m-%d %H:%M}  {stands:<12}{serial:>6}"
        lines.append(f"{facts}  {_counted(counts[one.number])}")
    if not found:
        lines = ["no submission yet: `gdac collect run` takes what waits in the inboxes"]
    for dac, names in stays.items():
        lines += [f"{dac}: {printable(name)} {_why_it_stays(seen)}" for name, seen in names[:_MOST_FILES]]
    lines += [f"FAILING   {why}" for why in failing.values()]
    if unsealed or leaving:
        lines.append(f"not sealed yet: {unsealed:,} files that came, {leaving:,} that left; the next run seals them")
    return "\n".join(lines) + "\n"


def _why_it_stays(kept: str) -> str:
    seen = Seen.read(kept)
    if seen is not None and seen.why == GROWING:
        return f"waits in the inbox until it is whole, since {seen.since:%Y-%m-%d %H:%M}Z"
    return "stays in the inbox and is never taken: too large, no plain file, or no name; its DAC was told"


def _counts(state: State, number: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for (_, verdict), count in state.count_items(number).items():
        name = verdict or "waiting"
        counts[name] = counts.get(name, 0) + count
    return counts


def one(config: Config, state: State, number: int, *, as_json: bool) -> str:
    """One submission, file by file.

    Raises:
        UsageError: there is none with this number.
    """
    found = state.submission(number)
    if found is None:
        raise UsageError(f"there is no submission {number}.", hint="`gdac collect status` lists them.")
    if as_json:
        items = [_item_json(item) for item in _items(state, number, None)]
        return json.dumps({**_submission_json(found), "counts": _counts(state, number), "items": items}) + "\n"
    lines = list(_head_lines(config, state, found))
    for verdict in _VERDICTS:
        lines += _verdict_lines(state, number, verdict, found.dac)
    return "\n".join(lines) + "\n"


def _head_lines(config: Config, state: State, found: Submission) -> Iterator[str]:
    done = f"done {found.ended:%Y-%m-%d %H:%M:%S}Z" if found.ended else "still under way"
    sealed = f", sealed in serial {found.serial}" if found.serial is not None else ""
    yield f"submission {found.number} of {found.dac}, taken {found.began:%Y-%m-%d %H:%M:%S}Z, {done}{sealed}"
    yield f"  {_counted(_counts(state, found.number))}"
    if found.replay_of is not None:
        yield f"  takes refused files of submission {found.replay_of} again"
    if found.forced:
        yield "  forced: older files take the place of newer ones"
    if found.mailed is not None:
        yield f"  report mailed {found.mailed:%Y-%m-%d %H:%M}Z"
    if found.ended:
        yield f"  reports: {config.reports_directory / found.dac / f'submission-{found.number}.*'}"
    for note in found.notes:
        yield f"  note: {note}"


def _verdict_lines(state: State, number: int, verdict: Verdict, dac: str) -> Iterator[str]:
    told = more = 0
    for item in _items(state, number, verdict):
        if told == _MOST_FILES:
            more += 1
            continue
        told += 1
        where = f"  -> {item.path}" if item.path else ""
        replaced = f" (takes the place of {item.replaces.rpartition('/')[2]})" if item.replaces else ""
        yield f"{verdict:<10} {printable(item.label)}{where}{replaced}"
        if item.sha256 is not None:
            yield f"{'':<10} sha256 {item.sha256.hex()}"
        reasons = list(_reasons(state, item, dac))
        yield from (f"{'':<10} {one}" for one in reasons[:_MOST_REASONS])
        if len(reasons) > _MOST_REASONS:
            yield f"{'':<10} and {len(reasons) - _MOST_REASONS:,} reasons more"
    if more:
        yield f"{verdict:<10} and {more:,} files more; the reports and --json have them all"


def _reasons(state: State, item: Item, dac: str) -> Iterator[str]:
    """Why a file was refused, or what came of a list; what the checker says is told in place of that it refuses."""
    errors = [one for one in findings_of(item) if one.severity is Severity.ERROR]
    for reason in item.reasons:
        if reason.policy != CHECKED or not errors:
            yield f"[{reason.policy}] {printable(reason.told)}"
    if item.verdict is Verdict.REFUSED:
        yield from (f"[{one.rule}] {printable(one.where)}: {sentence(one)}" for one in errors)
    if item.verdict is Verdict.REMOVED:
        yield from (printable(one.path) for one in removals_of(state, item))
    if item.verdict is Verdict.KEPT and (changes := changes_in(state, item, dac)):
        yield str(changes)


def _items(state: State, number: int, verdict: Verdict | None) -> Iterator[Item]:
    after = 0
    while page := state.items(number, verdict=verdict, after=after, most=_PAGE):
        after = page[-1].id
        yield from page


def _submission_json(one: Submission) -> dict[str, Any]:
    return {
        "number": one.number,
        "dac": one.dac,
        "run": one.run,
        "began": one.began.isoformat(),
        "ended": one.ended.isoformat() if one.ended else None,
        "forced": one.forced,
        "replay_of": one.replay_of,
        "serial": one.serial,
        "mailed": one.mailed.isoformat() if one.mailed else None,
        "notes": list(one.notes),
    }


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "label": item.label,
        "size": item.size,
        "sha256": item.sha256.hex() if item.sha256 else None,
        "kind": item.kind,
        "arrived": item.arrived.isoformat(),
        "step": item.step,
        "verdict": item.verdict,
        "path": item.path,
        "replaces": item.replaces,
        "reasons": [{"policy": one.policy, "text": one.told} for one in item.reasons],
        "rules": {
            "checker": item.rules.checker,
            "specification": item.rules.specification,
            "tables": item.rules.tables,
            "policies": item.rules.policies,
        },
        "serial": item.serial,
    }
