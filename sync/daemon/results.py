"""What jobs report, as lines of the log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sync.daemon.children import Done
from sync.daemon.logs import Log
from sync.daemon.schedule import Ending
from sync.progress import human_size

#: Stages of fewer files only say how they ended.
_LONG_STAGE: Final = 1000
_COPIED: Final = {"copied": "files", "copied_bytes": "bytes"}


def tell_event(lines: Log, job: str, run: str, event: Mapping[str, Any]) -> None:
    """What a job reports while it is on."""
    kind = str(event.get("event", ""))
    if kind == "note":
        lines.info("note", str(event.get("text", "")), job=job, run=run)
        return
    facts = {name: event.get(name) for name in ("stage", "planned", "files", "bytes", "seconds")}
    files, size = facts["files"], facts["bytes"]
    if kind == "stage-ended" and files:
        moved = f", {human_size(size)}" if isinstance(size, int) and size else ""
        msg = f"{facts['stage']}: {files:,} files{moved} in {facts['seconds']} s"
        lines.info(kind, msg, job=job, run=run, **facts)
    elif kind == "stage-began" and isinstance(facts["planned"], int) and facts["planned"] >= _LONG_STAGE:
        lines.info(kind, f"{facts['stage']}: {facts['planned']:,} files to do", job=job, run=run, **facts)


def tell_results(lines: Log, job: str, run: str, done: Done, seconds: float, again: datetime | None) -> None:
    """How a job ended, and what of it needs somebody."""
    facts: dict[str, Any] = {"job": job, "run": run, "outcome": done.ending.value, "seconds": round(seconds, 3)}
    for found in done.results:
        facts |= _counted(found)
        _tell_parts(lines, job, run, found)
    msg = f"{done.ending.value} in {seconds:.1f} s{_in_words(facts)}"
    if again is not None:
        facts["again"] = again.isoformat(timespec="seconds")
    if done.ending.is_failure:
        when = f"; tried again at {again:%Y-%m-%dT%H:%M:%SZ}" if again is not None else ""
        lines.error("job-ended", f"{msg}: {done.error}{when}", error=done.error, **facts)
    elif done.ending is Ending.HELD:
        lines.warning("job-ended", f"{msg}: held until somebody approves; `gdac sync approve` shows why", **facts)
    else:
        say = lines.warning if done.ending is Ending.PARTIAL else lines.info
        say("job-ended", msg, **facts)


def _counted(found: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of a run that are worth a search."""
    facts: dict[str, Any] = {}
    if isinstance(found.get("run"), int):
        facts["number"] = found["run"]
    seal, ingest, mirrors = found.get("seal"), found.get("ingest"), found.get("mirrors")
    if isinstance(seal, dict):
        facts |= {"serial": seal.get("serial"), "new": seal.get("new")}
    if isinstance(ingest, dict) and isinstance(ingest.get("moved"), dict):
        facts |= {"fetched": ingest["moved"].get("files"), "fetched_bytes": ingest["moved"].get("bytes")}
    if isinstance(mirrors, list):
        moved = [one["moved"] for one in mirrors if isinstance(one, dict) and isinstance(one.get("moved"), dict)]
        facts |= {name: sum(int(one.get(key, 0)) for one in moved) for name, key in _COPIED.items()}
    return facts


def _tell_parts(lines: Log, job: str, run: str, found: Mapping[str, Any]) -> None:
    """Stores that failed, where the others went on; notes."""
    for one in found.get("mirrors") or ():
        if isinstance(one, dict) and one.get("error"):
            store, why = one.get("mirror"), one["error"]
            lines.warning("mirror-failed", f"mirror {store}: {why}", job=job, run=run, store=store, error=why)
    if found.get("store") and "part" in found:
        _tell_audit(lines, job, run, found)
    if "submissions" in found:
        _tell_collected(lines, job, run, found)
    for note in found.get("notes") or ():
        lines.info("note", str(note), job=job, run=run)


def _tell_collected(lines: Log, job: str, run: str, found: Mapping[str, Any]) -> None:
    for one in found["submissions"]:
        counts = ", ".join(f"{count:,} {verdict}" for verdict, count in one["counts"].items()) or "nothing yet"
        facts = {name: one.get(name) for name in ("dac", "items", "counts", "ended")}
        said = f"{one['dac']}: submission {one['number']}: {counts}"
        lines.info("submission", said, job=job, run=run, submission=one["number"], **facts)
    if found.get("failed"):
        lines.warning("accounts-failed", f"accounts that failed: {', '.join(found['failed'])}", job=job, run=run)


def _tell_audit(lines: Log, job: str, run: str, found: Mapping[str, Any]) -> None:
    facts = {name: found.get(name) for name in ("store", "part", "serial", "due", "left", "mended", "counts", "error")}
    where = f"{found['store']}, part {found['part']}"
    if found.get("error"):
        lines.warning("audited", f"{where}: {found['error']}", job=job, run=run, **facts)
    elif found.get("left"):
        lines.warning("audited", f"{where}: {found['left']:,} differences are left", job=job, run=run, **facts)
    else:
        mended = f"{found['mended']:,} mended" if found.get("mended") else "no differences"
        lines.info("audited", f"{where}: {found.get('due') or 0:,} files due, {mended}", job=job, run=run, **facts)


def _in_words(facts: Mapping[str, Any]) -> str:
    told = f", serial {facts['serial']}{'' if facts.get('new') else ' again'}" if facts.get("serial") else ""
    for name, word in (("fetched", "fetched"), ("copied", "copied")):
        if facts.get(name):
            told += f", {facts[name]:,} files {word}"
    return told
