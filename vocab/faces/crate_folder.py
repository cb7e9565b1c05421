"""A crate as a folder: files chosen from a sealed tree, copied by their digests, put in place at once; and checked."""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from gdac.columns import connect
from gdac.errors import GdacError, RefusedError, UsageError
from gdac.manifest.files import digest, quoted
from gdac.manifest.states import state_at
from policies.distribution import judge_text
from vocab.described import Described
from vocab.faces.crate import METADATA_NAME, MOST_FILES, CrateFile, crate_metadata
from vocab.faces.crate_check import check_crate
from vocab.faces.wording import bytes_text
from vocab.preflight.finding import Finding, Severity

#: Bytes that are copied unless more are allowed.
MOST_BYTES: Final = 2_000_000_000
_BLOCK: Final = 1 << 20


def choose_files(tree: Path, described: Described, serial: int, patterns: Sequence[str]) -> list[CrateFile]:
    """Files of a serial whose paths match any of the patterns, by path; ``*`` crosses slashes.

    Raises:
        UsageError: none matches, or more than a crate takes.
        RefusedError: the tree does not tell that serial, or a file must not be published.
    """
    where = " OR ".join(f"path GLOB {quoted(pattern)}" for pattern in patterns)
    with tempfile.TemporaryDirectory(prefix="gdac-") as scratch, connect(temp_directory=scratch) as con:
        state_at(con, tree, described.head, serial, "state")
        rows = con.execute(
            f"SELECT path, size, lower(hex(sha256)), modified FROM state WHERE {where} ORDER BY path LIMIT ?",
            [MOST_FILES + 1],
        ).fetchall()
    if not rows:
        raise UsageError(f"no path of serial {serial} matches {', '.join(map(ascii, patterns))}.")
    if len(rows) > MOST_FILES:
        raise UsageError(
            f"more than {MOST_FILES:,} files match.", hint="A crate is for a subset; `gdac sync replicate` copies all."
        )
    for row in rows:
        if refusal := judge_text(row[0]):
            raise RefusedError(
                f"serial {serial} holds {row[0]!a}, which must not be published: {refusal}.",
                hint="Choose files without it.",
            )
    return [CrateFile(*row) for row in rows]


def write_crate(
    tree: Path,
    described: Described,
    serial: int,
    files: Sequence[CrateFile],
    folder: Path,
    *,
    copy: bool,
    address: str = "",
    most_bytes: int = MOST_BYTES,
) -> None:
    """Write a crate.

    Args:
        tree: the sealed tree.
        described: the same, opened.
        serial: of which the files are.
        files: those that go in.
        folder: a new one; an empty one may be there.
        copy: with the files themselves, each read back against its digest.
        address: of the archive, for files that are not copied.
        most_bytes: refuse to copy more.

    Raises:
        UsageError: the folder holds something, or more bytes than allowed would be copied.
        RefusedError: a file of the tree is not the one that was sealed; nothing is written.
    """
    total = sum(file.size for file in files)
    if copy and total > most_bytes:
        raise UsageError(
            f"{bytes_text(total)} would be copied; {bytes_text(most_bytes)} are allowed.",
            hint="Choose fewer files, or allow more with --most-bytes.",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there and not empty.", hint="Give a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        if copy:
            for file in files:
                _copy(tree / file.path, work / file.path, file)
        metadata = crate_metadata(described, serial, files, inside=copy, address=address)
        (work / METADATA_NAME).write_bytes(metadata)
        work.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        work.replace(folder)
    except OSError as error:
        raise GdacError(f"{error.filename or folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_crate_folder(folder: Path) -> list[Finding]:
    """Every error of a crate: of its metadata, and of files in it that are not those it tells of."""
    raw = (folder / METADATA_NAME).read_bytes()
    findings = check_crate(raw)
    if findings:
        return findings
    for one in json.loads(raw)["@graph"]:
        name, told = unquote(one["@id"]), one.get("sha256")
        if told is None or ":" in one["@id"]:
            continue  # not a file, or one that lies elsewhere
        if judge_text(name) is not None:  # climbing names above all: nothing outside the folder is looked at
            findings.append(_wrong(one["@id"], "it is no path that a crate of ours has."))
        elif not (folder / name).is_file():
            findings.append(_wrong(one["@id"], "it is not in the crate."))
        elif digest(folder / name) != told:
            findings.append(_wrong(one["@id"], "it has other bytes than its sha256 says."))
    return findings


def _wrong(subject: str, text: str) -> Finding:
    return Finding("ro-crate", Severity.ERROR, subject, text)


def _copy(source: Path, target: Path, file: CrateFile) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    hashed, size = sha256(), 0
    try:
        with source.open("rb") as reader, target.open("xb") as writer:
            while size <= file.size and (block := reader.read(_BLOCK)):
                hashed.update(block)
                size += len(block)
                writer.write(block)
    except FileNotFoundError as error:
        raise RefusedError(f"{source} is not there.", hint="Ask for the newest serial, or for one in reach.") from error
    if size != file.size or hashed.hexdigest() != file.sha256:
        raise RefusedError(
            f"{source} holds other bytes than those that were sealed.",
            hint="It changed since that serial, or it is damaged: `gdac manifest verify` says which.",
        )
    if file.modified is not None:
        stamp = file.modified.timestamp()
        os.utime(target, (stamp, stamp))
