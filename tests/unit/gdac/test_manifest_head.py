"""The head: golden bytes, the schema and the parser on the same bad heads, and the rules for following one."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gdac.manifest.head import (
    MAX_HEAD_BYTES,
    Advance,
    DeltaEntry,
    ForkError,
    Head,
    HeadError,
    IndexEntry,
    Licence,
    ManifestEntry,
    OtherArchiveError,
    RollbackError,
    UnknownFormatError,
    check_successor,
    parse_head,
    render_head,
)
from tests.unit.gdac.manifest_rows import ARCHIVE, OTHER_ARCHIVE

DAY = timedelta(days=1)
BEGAN = datetime(2026, 11, 1, 2, 0, 0, tzinfo=UTC)
SCHEMA = json.loads(files("gdac.manifest").joinpath("head.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def sha(serial: int, letter: str) -> str:
    return f"{serial:063x}{letter}"[::-1]


def manifest(serial: int, letter: str = "a") -> ManifestEntry:
    name = f"{serial:09d}-{sha(serial, letter)[:16]}.manifest.parquet"
    return ManifestEntry(serial, name, sha(serial, letter), 95_000_000, 4_300_000, 280 * 10**9, BEGAN + serial * DAY)


def step(serial: int, letter: str = "d") -> DeltaEntry:
    name = f"{serial:09d}-{sha(serial, letter)[:16]}.delta.parquet"
    numbers = {"size": 300_000, "rows": 10, "added": 1, "changed": 2, "removed": 3, "renamed": 4, "bytes": 5_000_000}
    return DeltaEntry(serial, name, sha(serial, letter), **numbers, sealed=BEGAN + serial * DAY)


def index(serial: int, name: str = "ar_index_global_prof.txt.gz") -> IndexEntry:
    return IndexEntry(
        name, f"index/{serial:09d}-{sha(serial, 'f')[:16]}-{name}", sha(serial, "f"), 58_700_000, BEGAN + serial * DAY
    )


def head(serial: int, *, deltas: int | None = None) -> Head:
    count = min(serial - 1, 100) if deltas is None else deltas
    return Head(
        archive=ARCHIVE,
        serial=serial,
        sealed=BEGAN + serial * DAY,
        published=BEGAN + serial * DAY,
        expires=BEGAN + (serial + 3) * DAY,
        manifest=manifest(serial),
        manifests=tuple(manifest(older) for older in range(1, serial, 7)),
        deltas=tuple(step(number) for number in range(serial - count + 1, serial + 1)),
        indexes=(index(serial), replace(index(1, "argo_bio-traj_index.txt"), updated=None)),
        title="Argo \u2013 sample",
        licence=Licence("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        doi="10.17882/42182",
        generator="argo-gdac 0.1.0",
    )


GOLDEN = """{
 "archive": "0b5a3c52-8a53-4a0e-9d5f-6c1f6f2f4c11",
 "deltas": [],
 "doi": null,
 "expires": "2026-11-05T02:00:00Z",
 "format": "argo-gdac head 1",
 "generator": "argo-gdac 0.1.0",
 "indexes": [
  {
   "name": "index/000000001-f100000000000000-ar_index_global_prof.txt.gz",
   "path": "ar_index_global_prof.txt.gz",
   "sha256": "f100000000000000000000000000000000000000000000000000000000000000",
   "size": 58700000,
   "updated": "2026-11-02T02:00:00Z"
  }
 ],
 "licence": {
  "spdx": "CC-BY-4.0",
  "url": "https://creativecommons.org/licenses/by/4.0/"
 },
 "manifest": {
  "bytes": 280000000000,
  "name": "000000001-a100000000000000.manifest.parquet",
  "rows": 4300000,
  "sealed": "2026-11-02T02:00:00Z",
  "serial": 1,
  "sha256": "a100000000000000000000000000000000000000000000000000000000000000",
  "size": 95000000
 },
 "manifests": [],
 "published": "2026-11-02T02:00:00Z",
 "sealed": "2026-11-02T02:00:00Z",
 "serial": 1,
 "title": "Argo \u2013 sample"
}
"""


def test_the_golden_head() -> None:
    first = replace(head(1), doi=None, indexes=(index(1),))
    assert render_head(first).decode() == GOLDEN
    assert parse_head(GOLDEN.encode()) == first


@pytest.mark.parametrize("serial", [1, 2, 30, 101, 360])
def test_heads_read_as_they_were_written_and_fit_the_schema(serial: int) -> None:
    raw = render_head(head(serial))
    assert parse_head(raw) == head(serial)
    assert render_head(parse_head(raw)) == raw
    VALIDATOR.validate(json.loads(raw))


def test_a_head_of_many_years_is_still_small() -> None:
    busy = replace(head(360), indexes=tuple(index(360, f"argo_{at:02d}_index.txt.gz") for at in range(30)))
    assert len(busy.manifests) == 52
    assert len(busy.deltas) == 100
    assert len(render_head(busy)) < MAX_HEAD_BYTES


def test_unknown_fields_are_passed_over() -> None:
    found = json.loads(render_head(head(3)))
    found["mirrors"] = ["x"]
    found["manifest"]["blake3"] = "00"
    VALIDATOR.validate(found)
    assert parse_head(json.dumps(found).encode()) == head(3)


def test_the_schema_itself_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


Spoil = Callable[[dict[str, Any]], object]


def put(*where: str | int, value: object) -> Spoil:
    def spoil(found: dict[str, Any]) -> None:
        inside: Any = found
        for key in where[:-1]:
            inside = inside[key]
        inside[where[-1]] = value

    return spoil


def drop(*where: str | int) -> Spoil:
    def spoil(found: dict[str, Any]) -> None:
        inside: Any = found
        for key in where[:-1]:
            inside = inside[key]
        del inside[where[-1]]

    return spoil


BOTH_REFUSE: list[Spoil] = [
    put("format", value="argo-gdac head 2"),
    put("format", value="something else"),
    *(drop(name) for name in SCHEMA["required"]),
    *(drop("deltas", 0, name) for name in SCHEMA["$defs"]["delta"]["required"]),
    *(drop("manifest", name) for name in SCHEMA["$defs"]["manifest"]["required"]),
    *(drop("indexes", 0, name) for name in ("path", "name", "sha256", "size")),
    put("archive", value="0B5A3C52-8A53-4A0E-9D5F-6C1F6F2F4C11"),
    put("archive", value="0b5a3c52-8a53-1a0e-9d5f-6c1f6f2f4c11"),
    put("serial", value=0),
    put("serial", value="5"),
    put("serial", value=True),
    put("serial", value=5.5),
    put("serial", value=1_000_000_000),
    put("sealed", value="2026-11-06"),
    put("sealed", value="2026-11-06T02:00:00+00:00"),
    put("sealed", value="2026-13-06T02:00:00Z"),
    put("manifest", value=[]),
    put("manifest", "name", value="../000000005-a500000000000000.manifest.parquet"),
    put("manifest", "name", value="/etc/passwd"),
    put("manifest", "sha256", value="A5" + "0" * 62),
    put("manifest", "size", value=-1),
    put("manifest", "rows", value=1 << 63),
    put("manifests", value=None),
    put("manifests", 0, "name", value="x.parquet"),
    put("deltas", value={}),
    put("deltas", 0, "added", value=None),
    put("deltas", 0, "name", value="index/../../x"),
    put("indexes", 0, "name", value="index/000000005-f500000000000000-../x"),
    put("indexes", 0, "path", value="../ar_index_global_prof.txt.gz"),
    put("indexes", 0, "path", value="/ar_index_global_prof.txt.gz"),
    put("licence", value="CC-BY-4.0"),
    put("licence", value={}),
    put("doi", value=10.17882),
    put("title", value=""),
    put("title", value="x" * 1001),
]

#: A schema cannot tie fields to each other; these are the parser's alone.
PARSER_ALONE: list[Spoil] = [
    put("serial", value=6),
    put("manifest", "sha256", value="b" + "0" * 63),
    put("manifest", "sealed", value="2026-11-01T00:00:00Z"),
    put("manifest", "name", value="000000004-a500000000000000.manifest.parquet"),
    put("deltas", 0, "serial", value=3),
    put("deltas", 0, "rows", value=11),
    drop("deltas", 1),
    drop("deltas", 3),
    put("expires", value="2026-11-01T00:00:00Z"),
    put("published", value="2026-11-01T00:00:00Z"),
    put("published", value="2026-02-30T00:00:00Z"),
    lambda found: found["indexes"].reverse(),
    lambda found: found["indexes"].append(found["indexes"][1]),
    lambda found: found["manifests"].append(found["manifest"]),
    put("indexes", 0, "path", value="ar_index_global_meta.txt.gz"),
    put("indexes", 0, "path", value="dac/../ar_index_global_prof.txt.gz"),
    put("indexes", 0, "path", value="manifest/ar_index_global_prof.txt.gz"),
    put("indexes", 0, "name", value="index/000000005-0000000000000000-ar_index_global_prof.txt.gz"),
    put("indexes", 0, "name", value="index/000000006-f500000000000000-ar_index_global_prof.txt.gz"),
    put("title", value="line\nbreak"),
]


def spoiled(spoil: Spoil) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(json.loads(render_head(head(5))))
    spoil(found)
    return found


@pytest.mark.parametrize("spoil", BOTH_REFUSE)
def test_bad_heads_are_refused_by_schema_and_parser(spoil: Spoil) -> None:
    found = spoiled(spoil)
    assert not VALIDATOR.is_valid(found)
    with pytest.raises(HeadError):
        parse_head(json.dumps(found).encode())


@pytest.mark.parametrize("spoil", PARSER_ALONE)
def test_heads_that_contradict_themselves_are_refused_by_the_parser(spoil: Spoil) -> None:
    found = spoiled(spoil)
    assert VALIDATOR.is_valid(found), "move it to BOTH_REFUSE"
    with pytest.raises(HeadError):
        parse_head(json.dumps(found).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><body>404 Not Found</body></html>",
        b"[]",
        b"null",
        b'"argo-gdac head 1"',
        b"\xff\xfe{}",
        b'{"format": "argo-gdac head 1", "format": "argo-gdac head 1"}',
        b'{"serial": NaN}',
        b"[" * 50_000,
        b" " * MAX_HEAD_BYTES,
        b'{"serial": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_head_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(HeadError):
        parse_head(raw)


def test_a_cut_head_is_refused_wherever_it_is_cut() -> None:
    raw = render_head(head(3))
    for end in range(0, len(raw) - 2, 37):
        with pytest.raises(HeadError):
            parse_head(raw[:end])


def test_a_newer_format_says_so() -> None:
    with pytest.raises(UnknownFormatError, match="head 2"):
        parse_head(json.dumps(spoiled(put("format", value="argo-gdac head 2"))).encode())


def test_times_that_would_not_come_back_are_not_written() -> None:
    with pytest.raises(HeadError, match="UTC to the second"):
        render_head(replace(head(3), published=head(3).published.replace(microsecond=5)))


def test_an_expired_head_is_stale_and_usable() -> None:
    found = head(3)
    assert not found.is_stale(found.expires - timedelta(seconds=1))
    assert found.is_stale(found.expires)
    assert check_successor(found, found) is Advance.SAME


def test_following_a_head() -> None:
    reissued = replace(head(5), published=head(5).published + DAY, expires=head(5).expires + DAY)
    assert check_successor(None, head(5)) is Advance.FIRST
    assert check_successor(head(5), head(5)) is Advance.SAME
    assert check_successor(head(5), reissued) is Advance.REISSUED
    assert check_successor(reissued, head(5)) is Advance.SAME
    assert check_successor(head(5), head(6)) is Advance.DELTAS
    assert check_successor(head(5), head(105)) is Advance.DELTAS
    assert check_successor(head(5), head(106)) is Advance.SNAPSHOT
    assert check_successor(head(5), head(9, deltas=3)) is Advance.SNAPSHOT
    assert check_successor(head(5), head(9, deltas=4)) is Advance.DELTAS


def test_the_deltas_from_a_serial_on() -> None:
    found = head(9, deltas=3)
    assert [entry.serial for entry in found.deltas_after(6) or ()] == [7, 8, 9]
    assert found.deltas_after(5) is None
    assert found.deltas_after(9) == ()


def test_heads_that_must_not_be_followed() -> None:
    with pytest.raises(OtherArchiveError, match=OTHER_ARCHIVE):
        check_successor(head(5), replace(head(6), archive=OTHER_ARCHIVE))
    with pytest.raises(RollbackError, match="serial 4"):
        check_successor(head(5), head(4))
    with pytest.raises(ForkError, match="manifest of serial 5"):
        check_successor(head(5), replace(head(5), manifest=manifest(5, "b")))
    with pytest.raises(ForkError, match="manifest of serial 1"):
        check_successor(head(5), replace(head(6), manifests=(manifest(1, "b"),)))
    with pytest.raises(ForkError, match="manifest of serial 5"):
        check_successor(head(5), replace(head(6), manifests=(manifest(5, "b"),)))
    with pytest.raises(ForkError, match="delta of serial 4"):
        check_successor(head(5), replace(head(6), deltas=(step(4, "e"), step(5), step(6))))


def test_another_archive_can_be_adopted_by_forgetting_the_old_one() -> None:
    assert check_successor(None, replace(head(1), archive=OTHER_ARCHIVE)) is Advance.FIRST
