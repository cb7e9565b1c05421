"""What a run did, for people: a few lines that can be read aloud."""

from gdac.records import IngestRecord, MirrorRecord, RunRecord, SealRecord, StoreRecord
from sync.progress import human_size


def summary(record: RunRecord) -> str:
    """The lines for one run, with a final newline."""
    lines: list[str] = []
    if record.ingest:
        lines += _ingest(record.ingest)
    if record.seal:
        lines += _seal(record.seal)
    for mirror in record.mirrors:
        lines += _mirror(mirror)
    lines += [store_line(one) for one in record.stores]
    lines += [f"note: {note}" for note in record.notes]
    seconds = (record.ended - record.started).total_seconds()
    lines.append(f"run {record.run}: {record.outcome.value} in {seconds:.1f} s")
    return "\n".join(lines) + "\n"


def store_line(one: StoreRecord) -> str:
    """What a store was seen to do, and what keeps two writers of its head apart."""
    seen = one.seen
    said = {
        "keeps times": seen.keeps_modified,
        "ETag is the MD5": seen.etag_is_md5,
        "refuses a wrong MD5": seen.refuses_wrong_md5,
        "refuses a wrong SHA-256": seen.refuses_wrong_sha256,
        "lists in order": seen.lists_sorted,
    }
    yes = [what for what, was in said.items() if was]
    no = [what for what, was in said.items() if was is False]
    told = "; ".join([", ".join(yes)] * bool(yes) + [f"not: {', '.join(no)}"] * bool(no))
    return f"store     {one.store}: head guarded by {one.guard}{f' ({told})' if told else ''}, tried {one.probed}"


def _ingest(done: IngestRecord) -> list[str]:
    lines = [f"indexes   {done.indexes_changed} of {done.indexes} had changed"]
    if done.listed:
        lines.append(
            f"ingest    {done.moved.files:,} of {done.planned:,} files ({human_size(done.moved.bytes)}),"
            f" {done.gone:,} gone, {done.listed:,} listed"
        )
    counts = {"unlisted": done.unlisted, "refused": done.refused, "set aside": done.set_aside, "kept back": done.kept}
    told = [f"{number:,} {what}" for what, number in counts.items() if number]
    if told:
        lines.append(f"          {', '.join(told)}")
    if done.deleted:
        lines.append(f"hub       {done.deleted:,} superseded files deleted after their grace")
    return lines


def _seal(done: SealRecord) -> list[str]:
    if not done.new:
        return [f"seal      nothing changed: serial {done.serial} issued again"]
    counts = f"{done.added:,} added, {done.changed:,} changed, {done.removed:,} removed, {done.renamed:,} renamed"
    return [
        f"seal      serial {done.serial}: {counts}; {done.rows:,} files, {human_size(done.bytes)}",
        f"          {done.manifest}",
    ] + ([f"          {done.delta}"] if done.delta else [])


def _mirror(done: MirrorRecord) -> list[str]:
    if done.way == "held":
        return [f"mirror    {done.mirror}: HELD: {done.error}"]
    if done.error:
        return [f"mirror    {done.mirror}: FAILED: {done.error}"]
    what = {
        "current": "already there",
        "delta": f"from serial {done.from_serial} by delta",
        "snapshot": "from a full manifest",
    }[done.way]
    moved = f", {done.moved.files:,} files ({human_size(done.moved.bytes)})" if done.way != "current" else ""
    extras = {"resumed": done.resumed, "deleted after their grace": done.deleted, "superseded": done.superseded}
    extras |= {"copied by the servers": done.by_server}
    extras |= {"there already": done.held, "exceptions (see manifest/mirror.json)": done.exceptions}
    told = "".join(f", {number:,} {name}" for name, number in extras.items() if number)
    return [f"mirror    {done.mirror}: serial {done.serial}, {what}{moved}{told}"]
