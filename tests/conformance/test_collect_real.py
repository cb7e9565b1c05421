"""Real files, submitted as two DACs would: tree, indexes, accounts and reports are as expected, file by file.

What is accepted of honest submissions is not our word: it is what the official checker said of these very files. Their
index rows are those of the real index files.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdac.columns import connect
from gdac.errors import ExitCode
from gdac.index import BUILT
from gdac.manifest.head import parse_head
from gdac.netcdf import read_variables
from sync.collect.record import CollectRecord
from sync.state import State
from sync.state.collected import Step, Verdict
from tests.collecting import Collecting, packed, restamped

pytestmark = pytest.mark.shared

#: Floats, and how many of their cycles are submitted.
FLOATS = {"aoml/13857": 40, "aoml/5900446": 25, "coriolis/3902131": 20}
CYCLE = re.compile(r"_(\d{3})D?\.nc$")
ARCHIVE_OF_A_DAY = "nc_2026.11.22_05.30.tar.gz"
BIO = "3902131_bgc.tgz"
EXCLUDED = (
    b"PLATFORM_CODE,PARAMETER_NAME,START_DATE,END_DATE,QUALITY_CODE,COMMENT,DAC\r\n3902131,DOXY,20200101,,4,x,IF\r\n"
)
REMOVED = ("R13857_039.nc", "R13857_040.nc")
#: As a real list looks: carriage returns, blanks at the ends of lines.
REMOVAL_LIST = "".join(f"{name}  \r\n" for name in REMOVED).encode()


@dataclass(frozen=True)
class Run:
    """What one run left: its record, what each report says of each file, and copies of what everybody sees."""

    record: CollectRecord
    told: dict[str, tuple[str, frozenset[str]]]
    tree: dict[str, bytes]
    manifest: dict[str, bytes]
    indexes: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Story:
    """Two DACs, three runs."""

    place: Collecting
    real: Path
    official: dict[str, str]
    runs: list[Run]

    def file(self, path: str) -> bytes:
        return (self.real / "dac" / path).read_bytes()

    def accepted(self, *floats: str, without: str = r"$^") -> dict[str, bytes]:
        """Files of real floats that a DAC submits and the official checker accepts, by archive path."""
        return {
            f"dac/{path}": self.file(path)
            for float_ in floats
            for path in submitted(self.real, float_)
            if self.official[path] == "FILE-ACCEPTED" and not re.search(without, path)
        }


def submitted(real: Path, float_: str) -> list[str]:
    """Paths below ``dac/`` of what a DAC submits of the first cycles of a float: not what GDACs make."""
    found = (each.relative_to(real / "dac").as_posix() for each in sorted((real / "dac" / float_).rglob("*.nc")))
    mine = [path for path in found if not re.search(r"prof\.nc$|/SD", path)]
    return [path for path in mine if not (one := CYCLE.search(path)) or int(one[1]) <= FLOATS[float_]]


def bare(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path.rpartition("/")[2]: raw for path, raw in files.items()}


@pytest.fixture(scope="module")
def story(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    lines = (shared / "checker" / "real.verdicts.jsonl").read_text().splitlines()
    verdicts = [json.loads(line) for line in lines]
    official = {
        one["path"].removeprefix("gdac/dac/"): one["status"] for one in verdicts if one["path"].startswith("gdac/dac/")
    }
    place = Collecting(tmp_path_factory.mktemp("real"), dacs=("aoml", "coriolis"), options={"node": "CORIOLIS"})
    told = Story(place, shared / "gdac", official, [])
    first_day(told)
    second_day(told)
    third_day(told)
    return told


def first_day(story: Story) -> None:
    """Honest work: one float packed, one loose, one part packed and part loose; B profiles still in real time."""
    files = {
        path: story.file(path) for float_ in ("aoml/13857", "aoml/5900446") for path in submitted(story.real, float_)
    }
    packed_ = {path: raw for path, raw in files.items() if path.startswith("aoml/13857/")}
    loose = {path: raw for path, raw in files.items() if path not in packed_}
    story.place.put("aoml", {ARCHIVE_OF_A_DAY: packed(bare(packed_)), **bare(loose)})
    argo = {path: story.file(path) for path in submitted(story.real, "coriolis/3902131") if "/BD" not in path}
    bio = {path: raw for path, raw in argo.items() if "/BR" in path}
    story.place.put(
        "coriolis", {BIO: packed(bare(bio)), **bare({path: argo[path] for path in argo.keys() - bio.keys()})}
    )
    play(story)


def second_day(story: Story) -> None:
    """Delayed mode, a removal list, an exclusion list; and everything that goes wrong, wilfully or not."""
    profile = story.file("aoml/5900446/profiles/D5900446_010.nc")
    story.place.put(
        "aoml",
        {
            "aoml_removal.txt": REMOVAL_LIST,
            "again.tar.gz": packed(
                {name: story.file(f"aoml/13857/profiles/{name}") for name in ("R13857_001.nc", "R13857_002.nc")}
            ),
            "D5900446_010.nc": older(profile),
            "D13857_011.nc": story.file("aoml/5900446/profiles/D5900446_011.nc"),
            "R13857_020.nc": story.file("aoml/13857/profiles/R13857_020.nc")[:-5000],
            "3902131_meta.nc": story.file("coriolis/3902131/3902131_meta.nc"),
            "5900446_prof.nc": story.file("aoml/5900446/5900446_prof.nc"),
            "readme.txt": b"please take these\n",
            "csiro_removal.txt": REMOVAL_LIST,
        },
    )
    delayed = {path: story.file(path) for path in submitted(story.real, "coriolis/3902131") if "/BD" in path}
    story.place.put(
        "coriolis",
        {
            "delayed.tar.gz": packed(bare(delayed)),
            "coriolis_removal.txt": b"BR3902131_001.nc\nR13857_001.nc\n",
            "coriolis_greylist.csv": EXCLUDED,
        },
    )
    play(story)


def third_day(story: Story) -> None:
    """Real-time profiles that come too late, and an older file that the operator lets pass."""
    story.place.put("coriolis", {"BR3902131_005.nc": story.file("coriolis/3902131/profiles/BR3902131_005.nc")})
    story.place.put("aoml", {"D5900446_010.nc": older(story.file("aoml/5900446/profiles/D5900446_010.nc"))})
    play(story, forced=True)


def older(raw: bytes) -> bytes:
    """The same profile as it was a second before; the checker accepts it."""
    return restamped(raw, datetime(2014, 7, 18, 14, 3, tzinfo=UTC))


def play(story: Story, *, forced: bool = False) -> None:
    story.place.now += timedelta(days=1)
    record = story.place.run(forced=forced)
    told: dict[str, tuple[str, frozenset[str]]] = {}
    for one in record.submissions:
        assert one.ended
        told |= reported(story.place, one.dac, one.number)
    with State.open(story.place.state) as state:
        assert state.open_submissions() == []
        assert state.pending_count() == state.leaving_count() == 0
    tree = story.place.published()
    indexes = {name: rows(story.place.hub / f"{name}.txt") for name in BUILT}
    story.runs.append(Run(record, told, tree, manifest(story.place.hub), indexes))


def reported(place: Collecting, dac: str, number: int) -> dict[str, tuple[str, frozenset[str]]]:
    """What the CSV report of a submission says of each file; the copy in the DAC's account is the same."""
    text = (place.state / f"reports/{dac}/submission-{number}.csv").read_text()
    assert (place.account(dac, "report") / f"submission-{number}.csv").read_text() == text
    return {
        row["file"]: (row["verdict"], frozenset(row["reasons"].split())) for row in csv.DictReader(io.StringIO(text))
    }


def manifest(hub: Path) -> dict[str, bytes]:
    """SHA-256 by path, of what the head names; the bytes in the tree are those."""
    key = parse_head((hub / "manifest/head.json").read_bytes()).manifest.key
    with connect() as connection:
        found = dict(connection.execute("select path, sha256 from read_parquet(?)", [str(hub / key)]).fetchall())
    for path, sha256 in found.items():
        assert hashlib.sha256((hub / path).read_bytes()).digest() == sha256, path
    return found


def rows(file: Path) -> dict[str, str]:
    """Rows of an index file by the file that they list."""
    lines = [line for line in file.read_text().splitlines() if line and line[0] != "#"][1:]
    assert len({line.partition(",")[0] for line in lines}) == len(lines)
    return {line.partition(",")[0]: line for line in lines}


def single(paths: Iterable[str]) -> set[str]:
    """Paths of a manifest that DACs submit: all but what the GDAC makes."""
    return {path for path in paths if path.startswith("dac/") and not path.endswith("_prof.nc")}


def expected(story: Story) -> list[dict[str, bytes]]:
    """The archive after each run, as far as DACs make it."""
    first = story.accepted("aoml/13857", "aoml/5900446") | story.accepted("coriolis/3902131", without="/BD")
    second = {path: raw for path, raw in first.items() if "/BR" not in path and not path.endswith(REMOVED)}
    second |= story.accepted("coriolis/3902131", without="/(?!BD)[^/]*$")
    changed = "dac/aoml/5900446/profiles/D5900446_010.nc"
    return [first, second, {**second, changed: older(second[changed])}]


def test_the_archive_is_what_the_official_checker_accepts_file_by_file(story):
    for run, files in zip(story.runs, expected(story), strict=True):
        assert single(run.manifest) == files.keys()
        assert {path: run.tree[path] for path in files} == files
    assert len(expected(story)[0]) > 100


def test_what_left_stays_readable_for_the_grace(story):
    first, second, _ = expected(story)
    assert {path: story.runs[1].tree[path] for path in first.keys() - second.keys()} == {
        path: raw for path, raw in first.items() if path not in second
    }


@pytest.mark.parametrize("name", BUILT)
def test_index_rows_are_the_real_ones(story, name):
    for run, day in zip(story.runs, ("gdac", "gdac-next", "gdac-next"), strict=True):
        real = {
            file: row
            for file, row in rows(story.real.parent / day / f"{name}.txt").items()
            if f"dac/{file}" in run.manifest
        }
        ours = dict(run.indexes[name])
        if day == "gdac-next" and name == "argo_bio-profile_index":  # that index says RRRRR of files in which DOXY is D
            ours = {file: row.replace(",RRRRD,", ",RRRRR,") for file, row in ours.items()}
        if run is story.runs[2] and name == "ar_index_global_prof":
            changed = "aoml/5900446/profiles/D5900446_010.nc"
            assert ours.pop(changed) == real.pop(changed).replace("20140718140301", "20140718140300")
        assert ours == real
    assert name == "argo_synthetic-profile_index" or story.runs[0].indexes[name]


def test_the_first_day_is_told_file_by_file(story):
    told = story.runs[0].told
    archives = {ARCHIVE_OF_A_DAY: "aoml/13857", BIO: "coriolis/3902131"}
    assert {label for label, (verdict, _) in told.items() if verdict == "opened"} == archives.keys()
    files = {
        path.rpartition("/")[2]: path
        for float_ in FLOATS
        for path in submitted(story.real, float_)
        if "/BD" not in path
    }
    assert {label.rpartition("!")[2] for label in told} == files.keys() | archives.keys()
    for label, (verdict, reasons) in told.items():
        if label in archives:
            continue
        accepted = story.official[files[label.rpartition("!")[2]]] == "FILE-ACCEPTED"
        assert verdict == ("published" if accepted else "refused"), label
        assert ("ACC-003" in reasons) is not accepted
    assert story.runs[0].record.exit_code == ExitCode.DIFFERENCES


def test_the_second_day_is_told_file_by_file(story):
    told = dict(story.runs[1].told)
    delayed = {label: one for label, one in told.items() if label.startswith("delayed.tar.gz!BD")}
    assert len(delayed) == 21
    assert {verdict for verdict, _ in delayed.values()} == {"published"}
    policies = {
        label: (verdict, {reason for reason in reasons if reason.startswith("ACC-")})
        for label, (verdict, reasons) in told.items()
        if label not in delayed
    }
    assert policies == {
        "aoml_removal.txt": ("removed", set()),
        "again.tar.gz": ("opened", set()),
        "again.tar.gz!R13857_001.nc": ("unchanged", set()),
        "again.tar.gz!R13857_002.nc": ("unchanged", set()),
        "D5900446_010.nc": ("refused", {"ACC-006"}),
        "D13857_011.nc": ("refused", {"ACC-003", "ACC-005"}),
        "R13857_020.nc": ("refused", {"ACC-003"}),
        "3902131_meta.nc": ("refused", {"ACC-001", "ACC-003", "ACC-004"}),
        "5900446_prof.nc": ("refused", {"ACC-002"}),
        "readme.txt": ("refused", {"ACC-002"}),
        "csiro_removal.txt": ("refused", {"ACC-010"}),
        "delayed.tar.gz": ("opened", set()),
        "coriolis_removal.txt": ("refused", {"ACC-010"}),
        "coriolis_greylist.csv": ("kept", set()),
    }


def test_a_late_real_time_profile_is_refused_even_when_forced(story):
    assert story.runs[2].told == {
        "BR3902131_005.nc": ("refused", frozenset({"ACC-007"})),
        "D5900446_010.nc": ("published", frozenset()),
    }


def test_what_was_refused_is_back_with_its_dac_with_the_reasons(story):
    for dac in ("aoml", "coriolis"):
        assert list(story.place.account(dac).iterdir()) == []
    reject = story.place.account("coriolis", "reject")
    assert {each.name for each in reject.iterdir()} == {
        f"{name}{end}" for name in ("coriolis_removal.txt", "BR3902131_005.nc") for end in ("", ".filecheck")
    }
    refused = {
        "D13857_011.nc": story.file("aoml/5900446/profiles/D5900446_011.nc"),
        "R13857_020.nc": story.file("aoml/13857/profiles/R13857_020.nc")[:-5000],
        "3902131_meta.nc": story.file("coriolis/3902131/3902131_meta.nc"),
        "5900446_prof.nc": story.file("aoml/5900446/5900446_prof.nc"),
        "readme.txt": b"please take these\n",
        "csiro_removal.txt": REMOVAL_LIST,
        "D5900446_010.nc": older(story.file("aoml/5900446/profiles/D5900446_010.nc")),
    }
    rejected = [
        path for path, status in story.official.items() if path.startswith("aoml/") and status == "FILE-REJECTED"
    ]
    loose = [path for path in rejected if path.startswith("aoml/5900446/profiles/")]
    refused |= bare({path: story.file(path) for path in loose})
    folder = story.place.account("aoml", "reject")
    (archive,) = (each for each in folder.iterdir() if each.is_dir())
    assert archive.name.startswith("nc_2026.11.22_05.30.")
    assert {each.name for each in archive.iterdir()} == {"13857_meta.nc", "13857_meta.nc.filecheck"}
    found = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    assert {name: raw for name, raw in found.items() if not name.endswith(".filecheck")} == refused
    for name in refused:
        assert b"<status>FILE-REJECTED</status>" in found[f"{name}.filecheck"]
    assert b"ACC-005" in found["D13857_011.nc.filecheck"]


def test_removed_files_are_kept_and_published_nowhere(story):
    kept = story.place.hub / "etc/removed/aoml/13857"
    assert {each.name: each.read_bytes() for each in kept.rglob("*.nc")} == {
        name: story.file(f"aoml/13857/profiles/{name}") for name in REMOVED
    }
    assert not any(path.startswith("etc/") for path in story.runs[2].manifest)


def test_the_exclusion_list_is_kept_and_seen_nowhere(story):
    (kept,) = (story.place.state / "collect/exclusion/coriolis").iterdir()
    assert kept.read_bytes() == EXCLUDED
    everywhere = [story.place.hub, story.place.root / "accounts", story.place.state / "reports"]
    seen = [
        each
        for root in everywhere
        for each in root.rglob("*")
        if each.is_file() and EXCLUDED[-30:] in each.read_bytes()
    ]
    assert seen == []
    with State.open(story.place.state) as state:
        assert [one.dac for one in state.exclusions("coriolis")] == ["coriolis"]


def test_every_decision_is_known_by_its_bytes_and_rules(story):
    for item in story.place.items():
        assert item.step is Step.FILED
        assert item.sha256 is not None
        assert item.rules.policies
        assert (item.serial is not None) == (item.verdict in {Verdict.PUBLISHED, Verdict.REMOVED}), item.label


def test_float_files_are_made_of_what_is_published(story):
    merged = {f"dac/{float_}/{float_.rpartition('/')[2]}_prof.nc" for float_ in FLOATS}
    for run in story.runs:
        assert {path for path in run.manifest if path.endswith("_prof.nc") and path.startswith("dac/")} == merged
    cycles = read_variables(story.place.hub / "dac/aoml/13857/13857_prof.nc", {"CYCLE_NUMBER"}).variables[
        "CYCLE_NUMBER"
    ]
    assert max(cycles.tolist()) == 38
