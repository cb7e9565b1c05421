"""The sample archive as a whole: the same every time, honest about what a day changed, careful with directories."""

import gzip
import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import netCDF4
import pytest
from typer.testing import CliRunner

from gdac.cli.sample import app
from gdac.columns import connect
from gdac.errors import GdacError, RefusedError, UsageError
from gdac.index.build import build_indexes
from gdac.netcdf import read_variables, text
from gdac.paths import ArchivePath, Kind
from gdac.sample import SampleChanges, make_archive, next_day

DAY = date(2025, 3, 1)


def tree(root: Path) -> dict[str, tuple[str, int, int]]:
    """Every file: digest, size, modification time."""
    return {
        path.relative_to(root).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_size,
            path.stat().st_mtime_ns,
        )
        for path in root.rglob("*")
        if path.is_file()
    }


def make(root: Path, *, floats: int = 12, cycles: int = 8, seed: int = 1) -> Path:
    make_archive(root, floats=floats, cycles=cycles, seed=seed, day=DAY)
    return root


def test_the_same_seed_gives_the_same_bytes_and_times(tmp_path: Path) -> None:
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    assert tree(one) == tree(two)
    for _ in range(3):
        assert next_day(one) == next_day(two)
    assert tree(one) == tree(two)


def test_another_seed_gives_another_archive(tmp_path: Path) -> None:
    one, two = tree(make(tmp_path / "one", floats=2)), tree(make(tmp_path / "two", floats=2, seed=2))
    assert {path for path in one if path in two and one[path][0] == two[path][0]} <= {
        # nothing was seen, so there is nothing that differs
        "argo_bio-traj_index.txt",
        "argo_bio-traj_index.txt.gz",
        # their times and identities do not depend on the seed
        *(path for path in one if path.endswith(("_tech.nc",)) or path.startswith("ar_index_global_tech")),
        *(path for path in one if path.startswith("ar_index_global_meta")),
    }


def compare(
    before: dict[str, tuple[str, int, int]], after: dict[str, tuple[str, int, int]], day: date
) -> SampleChanges:
    """The changes between two trees, found without looking at how the generator works."""
    gone, come = set(before) - set(after), set(after) - set(before)
    changed = {path for path in set(before) & set(after) if before[path][0] != after[path][0]}
    renamed = {path: twin.text for path in gone if (twin := ArchivePath.parse(path).twin) and twin.text in come}
    kinds = {path: ArchivePath.parse(path).kind for path in before.keys() | after.keys()}
    derived = {path for path in changed if kinds[path].is_derived}
    indexes = {path for path in changed if kinds[path] is Kind.INDEX}
    return SampleChanges(
        day=day,
        added=tuple(sorted(come - set(renamed.values()))),
        changed=tuple(sorted(changed - derived - indexes)),
        renamed=tuple(sorted(renamed.items())),
        removed=tuple(sorted(gone - renamed.keys())),
        derived=tuple(sorted(derived)),
        indexes=tuple(sorted(indexes)),
    )


def test_the_report_of_a_day_is_what_changed_in_the_tree(tmp_path: Path) -> None:
    root = make(tmp_path / "archive")
    seen = {"added": 0, "changed": 0, "renamed": 0, "removed": 0}
    before = tree(root)
    for number in range(1, 6):
        told = next_day(root)
        after = tree(root)
        assert told == compare(before, after, date(2025, 3, 1 + number))
        for path in told.changed:
            if ArchivePath.parse(path).kind.is_single_profile:
                assert before[path][1] == after[path][1], "a corrected file has the size of the old one"
        for path in (*told.changed, *told.derived):
            assert before[path][2] < after[path][2], path
        for key in seen:
            seen[key] += len(getattr(told, key))
        before = after
    assert all(seen.values()), seen


def test_every_path_has_its_place_in_the_grammar(tmp_path: Path) -> None:
    kinds = {ArchivePath.parse(path).kind for path in tree(make(tmp_path / "archive"))}
    assert kinds == {
        Kind.PROFILE,
        Kind.BIO_PROFILE,
        Kind.SYNTHETIC_PROFILE,
        Kind.META,
        Kind.TECH,
        Kind.TRAJECTORY,
        Kind.MULTI_PROFILE,
        Kind.SYNTHETIC_MULTI_PROFILE,
        Kind.INDEX,
    }


@pytest.mark.parametrize("days", [0, 2])
def test_indexes_are_those_that_the_files_give(tmp_path: Path, days: int) -> None:
    root = make(tmp_path / "archive", floats=14, cycles=6)
    for _ in range(days):
        next_day(root)
    with connect() as con:
        built = build_indexes(
            con, root, tmp_path / "built", updated=datetime(2025, 3, 1 + days, 8, 24, 2, tzinfo=UTC), suffix=".txt"
        )
    assert built.problems == ()
    for path in (tmp_path / "built").glob("*.txt"):
        assert (root / path.name).read_text() == path.read_text(), path.name
        assert gzip.decompress((root / f"{path.name}.gz").read_bytes()) == path.read_bytes()


def test_date_update_of_every_file_is_its_index_row_and_not_after_its_arrival(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", floats=3, cycles=4)
    for path in (root / "dac").rglob("*.nc"):
        updated = text(read_variables(path, {"DATE_UPDATE"}).variables["DATE_UPDATE"])
        when = datetime.strptime(updated, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        assert 0 <= path.stat().st_mtime - when.timestamp() < 86_400


def test_nothing_but_the_archive_is_in_the_archive(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", floats=1, cycles=1)
    assert {path.name for path in root.iterdir() if path.is_dir()} == {"dac"}
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "archive.sample.json"}


def test_one_float_of_one_cycle_lives_on(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", floats=1, cycles=1)
    assert next_day(root).added == ("dac/aoml/4980000/profiles/R4980000_002.nc",)
    for _ in range(9):
        assert next_day(root).added == ()
    assert next_day(root).added == ("dac/aoml/4980000/profiles/R4980000_003.nc",)


def test_strange_directories_are_left_alone(tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.txt").write_text("years of work")
    with pytest.raises(RefusedError, match="not a sample archive of ours"):
        make(strange)
    with pytest.raises(RefusedError, match="not a sample archive"):
        next_day(strange)
    root = make(tmp_path / "archive", floats=1, cycles=1)
    (root / "thesis.txt").write_text("years of work")
    with pytest.raises(RefusedError, match="not a sample archive of ours"):
        make(root)
    assert (strange / "thesis.txt").exists()
    assert (root / "thesis.txt").exists()
    with pytest.raises(RefusedError, match="not a directory"):
        make(strange / "thesis.txt")


def test_a_place_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GdacError, match="cannot be written"):
        make(tmp_path / "file" / "archive", floats=1, cycles=1)


def test_a_broken_record_is_refused(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", floats=1, cycles=1)
    (tmp_path / "archive.sample.json").write_text('{"floats": 1')
    with pytest.raises(RefusedError, match=r"archive\.sample\.json"):
        next_day(root)


def test_what_was_interrupted_is_made_or_played_again(tmp_path: Path) -> None:
    root, twin = make(tmp_path / "archive", floats=4), make(tmp_path / "twin", floats=4)
    record = tmp_path / "archive.sample.json"
    first = record.read_text()
    told = next_day(root)
    record.write_text(first)  # as if the process had died before it noted the day
    assert next_day(root) == told == next_day(twin)
    assert tree(root) == tree(twin)

    def die(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_archive(root, floats=4, cycles=8, seed=1, day=DAY, progress=die)
    with pytest.raises(RefusedError, match="not finished"):
        next_day(root)
    make(root, floats=4)
    next_day(root)
    assert tree(root) == tree(twin)


@pytest.mark.parametrize(("floats", "cycles", "seed"), [(0, 1, 1), (1, 0, 1), (1, 1000, 1), (1, 1, -1), (10**9, 1, 1)])
def test_impossible_numbers_are_refused(tmp_path: Path, floats: int, cycles: int, seed: int) -> None:
    with pytest.raises(UsageError):
        make(tmp_path / "archive", floats=floats, cycles=cycles, seed=seed)
    assert not (tmp_path / "archive").exists()


def test_an_older_sample_is_replaced(tmp_path: Path) -> None:
    root = make(tmp_path / "archive", floats=5, cycles=2)
    make(root, floats=2, cycles=2)
    assert len(list((root / "dac").iterdir())) == 2


def test_commands(tmp_path: Path) -> None:
    run = CliRunner().invoke
    root = str(tmp_path / "archive")
    made = run(app, ["make", root, "--floats", "3", "--cycles", "2", "--seed", "4", "--day", "2024-02-28", "--json"])
    assert made.exit_code == 0
    assert json.loads(made.stdout)["day"] == "2024-02-28"
    moved = run(app, ["next", root, "--json"])
    assert json.loads(moved.stdout)["day"] == "2024-02-29"
    assert json.loads(moved.stdout)["added"]
    shown = run(app, ["next", root])
    assert "moved on to 2024-03-01" in shown.stdout
    assert run(app, ["make", root, "--day", "yesterday"]).exit_code == 2


def test_the_netcdf_library_reads_every_file_as_we_do(tmp_path: Path) -> None:
    for path in (make(tmp_path / "archive", floats=11, cycles=2) / "dac").rglob("*.nc"):
        ours = read_variables(path, None)
        with netCDF4.Dataset(path) as dataset:
            dataset.set_auto_maskandscale(False)
            dataset.set_auto_chartostring(False)
            assert list(dataset.variables) == list(ours.variables)
            for name, variable in dataset.variables.items():
                assert variable[...].tobytes() == ours.variables[name].tobytes(), (path, name)
