"""Statuses as values, for tests of what is made of them: with any number of mirrors, and with all that can be wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sync.status.facts import AuditStatus, Day, Delta, HubStatus, MirrorStatus, Missing, Status, Word
from sync.status.parts import (
    Aside,
    CollectStatus,
    DacStatus,
    Held,
    HeldDac,
    JobStatus,
    Quarantine,
    RunStatus,
    Total,
    Why,
)
from sync.status.words import aged

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: What no page and no terminal may take for its own.
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"


def days(bad=()):
    """A history of thirty days; ``bad`` names days back that failed, every seventh had no run."""
    found = []
    for back in reversed(range(30)):
        day = (NOW - timedelta(days=back)).date()
        failed = 1 if back in bad else 0
        good = 0 if failed and back % 2 else (0 if back % 7 == 6 else 3)
        found.append(Day(day, good, failed, 1 if back == 12 else 0))
    return tuple(found)


def deltas(count=90):
    """Serials of a season: thousands a day, a burst, quiet days."""
    found = []
    for at in range(count):
        burst = 4 if at % 41 == 40 else 1
        sealed = NOW - timedelta(days=count - at)
        counts = (2000 * burst + at * 7, 900 + at * 3, 40 * burst, 120)
        found.append(Delta(101 + at, sealed, *counts, bytes=sum(counts) * 90_000))
    return tuple(found)


def hub(**changes):
    facts = HubStatus(
        Word.CURRENT,
        "source",
        "ifremer",
        "12345678-1234-4234-8234-123456789012",
        "Argo Global Data Assembly Centre",
        190,
        NOW - 26 * HOUR,
        NOW - HOUR,
        NOW + 47 * HOUR,
        4_312_345,
        271_300_000_000,
        NOW - 3 * HOUR,
        NOW - HOUR,
        NOW - HOUR,
        audit=AuditStatus(30, 1.0, NOW, NOW - timedelta(days=29), 4_312_345),
        days=days(),
        deltas=deltas(),
    )
    return replace(facts, **changes)


def mirror(name, serial=190, **changes):
    """A mirror that shows a serial; behind the hub's 190 where that is less."""
    lacks = 190 - (serial or 190)
    facts = MirrorStatus(
        name,
        Word.CURRENT,
        serial=serial,
        shown=NOW - HOUR,
        expires=NOW + 47 * HOUR,
        behind_serials=lacks,
        behind_since=NOW - 24 * lacks * HOUR if lacks else None,
        behind_hours=0.0,
        last_try=NOW - HOUR,
        last_good=NOW - HOUR,
        audit=AuditStatus(30, 0.9, NOW - HOUR, None, 3_900_000),
        days=days(),
    )
    return replace(facts, **changes)


def troubled():
    """Mirrors with everything that a mirror can have."""
    return (
        mirror("aws"),
        mirror("copernicus", 188, view="layout asdi, a part", days=days((1, 2, 3))),
        mirror(
            "disk",
            184,
            last_error="no answer from disk.example.org: connection refused.",
            days=days(range(6)),
            audit=AuditStatus(30, 0.4, NOW, None, 100, 7, 3),
            missing_count=61,
            missing=(Missing("dac/aoml/1900722/profiles/D1900722_001.nc", "the hub has other bytes by now.", NOW),),
        ),
        mirror("google", expires=NOW - HOUR),
        mirror("new", None, behind_serials=None, behind_since=None, behind_hours=None, shown=None, expires=None),
        mirror("held-back", 189),
    )


HOLD = Held(
    17,
    "held-back",
    NOW - 5 * HOUR,
    None,
    (Why("dac_removals", "aoml loses 5,200 of 41,000 files (12.7 %); up to 5 % pass."),),
    (HeldDac("aoml", 41_000, 3, 12, 5_200, 4),),
    ("dac/aoml/1900722/profiles/R1900722_001.nc",),
    (),
    ("dac/aoml/1900722/profiles/D1900722_002.nc",),
    "gdac sync approve 17",
)
QUARANTINE = Quarantine(
    73,
    NOW - 40 * HOUR,
    {"absent": 70, "broken": 3},
    {"aoml": 70, "coriolis": 3},
    tuple(
        Aside(
            f"dac/aoml/19007{at:02d}/19007{at:02d}_prof.nc",
            "absent",
            "the source does not have it.",
            NOW,
            4,
            NOW + HOUR,
        )
        for at in range(50)
    ),
)
RUNS = (
    RunStatus(52, "run", NOW - timedelta(minutes=2), None, "under way"),
    RunStatus(
        51,
        "run",
        NOW - HOUR,
        NOW,
        "partial",
        190,
        True,
        2412,
        310_000_000,
        9000,
        900_000_000,
        ("disk",),
        "",
        ("a note",),
    ),
    RunStatus(50, "run", NOW - 2 * HOUR, NOW - HOUR, "failed", error="no answer from ifremer: the name is unknown."),
    RunStatus(49, "replicate", NOW - 3 * HOUR, NOW - 3 * HOUR, "held", error="the brake holds the mirror."),
    RunStatus(48, "run", NOW - 9 * HOUR, None, "broken off"),
)
JOBS = (
    JobStatus("sync", "daily 03:17", None, NOW - 3 * HOUR, NOW - 2 * HOUR, "fine", "", NOW - 2 * HOUR, NOW + 21 * HOUR),
    JobStatus("audit", "daily 05:40", None, NOW - HOUR, NOW, "failed", "no answer from disk", None, NOW + 23 * HOUR),
    JobStatus("sweep", "off"),
)
COLLECT = CollectStatus(
    NOW - HOUR,
    NOW - HOUR,
    dacs=(
        DacStatus(
            "aoml",
            12,
            NOW - HOUR,
            88,
            1,
            {"published": 410, "refused": 12},
            {"ACCEPTED": 410, "REJECTED": 12},
            0.9716,
            {"ACC-003": 9},
        ),
        DacStatus("coriolis"),
    ),
)
TOTALS = (Total("runs", "run", "fine", 40), Total("bytes", "aws", "", 10**12))


def status(mirrors=3, **changes):
    """A status with so many mirrors, all is well."""
    made = Status(
        NOW, "argo-gdac 0.1.0", hub(), tuple(mirror(f"mirror-{at + 1}") for at in range(mirrors)), totals=TOTALS
    )
    return aged(replace(made, **changes), NOW)


def full():
    """A status in which everything happens that can."""
    return aged(
        Status(
            NOW,
            "argo-gdac 0.1.0",
            hub(last_error="no answer from ifremer: the name is unknown.", swept=3, days=days((0, 1))),
            troubled(),
            (HOLD,),
            QUARANTINE,
            RUNS[1:],
            JOBS,
            COLLECT,
            TOTALS,
            NOW + 21 * HOUR,
        ),
        NOW,
    )
