"""Facts of a plan, fingerprints, holds and approvals: from tables and a real state database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gdac.columns import connect
from gdac.errors import RefusedError, UsageError
from gdac.paths import ArchivePath, Kind
from policies.deletion import DEFAULT_LIMITS, DacDiff, Hold, Limit, Limits, Move, Rule
from policies.quarantine import Trouble
from sync.brakes.facts import delta_facts, plan_facts
from sync.brakes.hold import Brake, HeldError, check_public, leave_out
from sync.brakes.kinds import add_kinds
from sync.config import check_config
from sync.hub import plan
from sync.state import Ingested, State

OLD, NEW = datetime(2020, 1, 1), datetime(2021, 1, 1)
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
NONE = Limit(share=0, count=0, floor=0)
STRICT = Limits(NONE, NONE, NONE, NONE, NONE)


def profile(mode, cycle, dac="aoml", wmo="13857"):
    return f"dac/{dac}/{wmo}/profiles/{mode}{wmo}_{cycle:03d}.nc"


class Desk:
    """Tables of a plan: what is sealed, what the indexes list, what has been fetched."""

    def __init__(self, connection, state, workdir):
        self.connection, self.state, self.workdir = connection, state, workdir
        columns = ", ".join(f"{name} {kind}" for name, kind in plan.ROW.items())
        connection.execute(f"create table base ({columns}, serial integer)")
        self.brake = Brake(state, "(hub)", STRICT, lambda: NOW)

    def plan(self, base, wanted):
        self.connection.execute("delete from base")
        self.connection.execute(
            "create or replace table wanted (path varchar, date_update timestamp, index_name varchar)"
        )
        rows = [(path, 1, b"\x01" * 32, b"\x02" * 16, OLD, OLD) for path in base]
        if rows:
            self.connection.executemany("insert into base values (?, ?, ?, ?, ?, ?, 1)", rows)
        if wanted:
            self.connection.executemany("insert into wanted values (?, ?, 'x')", list(wanted.items()))
        plan.load_pending(self.connection, self.state, self.workdir)
        plan.overlay(self.connection)
        plan.compare_listed(self.connection)
        return plan_facts(self.connection, ())

    def judge(self, base, wanted, serial=1):
        return self.brake.judge(self.connection, self.plan(base, wanted), serial)

    def run(self):
        return self.state.start_run("run", NOW)


@pytest.fixture
def desk(tmp_path):
    with connect() as connection, State.open(tmp_path / "state") as state:
        yield Desk(connection, state, tmp_path)


def test_facts_of_a_plan(desk):
    base = [profile("R", 1), profile("R", 2), profile("R", 3), profile("R", 1, "jma", "29001"), "dac/x"]
    wanted = {
        profile("D", 1): NEW,
        profile("R", 2): NEW,
        profile("R", 4): NEW,
        profile("R", 1, "jma", "29001"): OLD,
        "dac/x": OLD,
    }
    facts = desk.plan(base, wanted)
    assert facts.dacs == (
        DacDiff("aoml", held=3, added=1, changed=1, removed=1, renamed=1),
        DacDiff("jma", held=1),
        DacDiff("x", held=1),
    )
    assert facts.moves == ()


def test_a_move_is_recognised(desk):
    base = [profile("R", cycle, "kordi", wmo) for cycle in (1, 2) for wmo in ("2900001", "2900002", "2900003")]
    wanted = {path.replace("kordi", "kiost"): OLD for path in base if "2900003" not in path}
    assert desk.plan(base, wanted).moves == (Move("kordi", "kiost", floats=2, files=4),)
    del wanted[profile("R", 2, "kiost", "2900002")]  # half a float is no move
    assert desk.plan(base, wanted).moves == (Move("kordi", "kiost", floats=1, files=2),)


def test_facts_of_a_delta(desk):
    desk.connection.execute("create table changes (change varchar, path varchar, from_path varchar)")
    desk.connection.executemany(
        "insert into changes values (?, ?, ?)",
        [
            ("renamed", profile("D", 1), profile("R", 1)),
            ("removed", profile("R", 2), None),
            ("added", profile("R", 3), None),
            ("changed", "ar_index_global_prof.txt", None),
        ],
    )
    goal = [profile("D", 1), profile("R", 3), profile("R", 4), "ar_index_global_prof.txt"]
    desk.connection.execute("create table goal as select unnest(?) as path", [goal])
    facts = delta_facts(desk.connection, "changes", "goal")
    assert facts.dacs == (DacDiff("aoml", held=3, added=1, removed=1, renamed=1),)


@pytest.mark.parametrize("change", ["added", "renamed", "changed"])
def test_a_private_path_of_the_hub_stops_a_mirror(desk, change):
    desk.connection.execute(f"create table changes as select '{change}' as change, 'etc/secret.txt' as path")
    with pytest.raises(RefusedError, match=r"must not be published: \[DIS-005\].*gdac policy explain DIS-005"):
        check_public(desk.connection, "changes")


def test_a_private_index_file_stops_a_mirror_and_a_private_file_may_leave(desk):
    desk.connection.execute("create table changes as select 'removed' as change, 'ar_greylist.txt' as path")
    check_public(desk.connection, "changes", ["ar_index_global_prof.txt"])
    with pytest.raises(RefusedError, match=r"\[DIS-002\]"):
        check_public(desk.connection, "changes", ["ar_index_global_prof.txt", "ar_greylist.txt"])


BASE = [profile("R", cycle) for cycle in range(1, 6)]
WANTED = dict.fromkeys(BASE[:2], OLD)


def test_held_approved_carried_out(desk):
    run = desk.run()
    judgement = desk.judge(BASE, WANTED)
    assert isinstance(judgement.hold, Hold)
    assert {one.rule for one in judgement.hold.reasons} == {Rule.DAC_REMOVALS, Rule.TOTAL_REMOVALS}
    with pytest.raises(HeldError, match="dac-removals") as held:
        desk.brake.enforce(judgement, called="this run")
    assert f"gdac sync approve {run}" in held.value.hint
    assert held.value.exit_code == 4
    (kept,) = desk.state.open_holds()
    assert kept.hold.preview["dacs"]["aoml"]["removed"] == 3
    assert kept.hold.preview["removed"] == BASE[2:]
    assert desk.state.approve(run, "ann", NOW) == 1
    approved = desk.judge(BASE, WANTED)
    assert approved.goes
    desk.brake.enforce(approved, called="this run")
    desk.brake.settle()
    assert desk.state.open_holds() == []
    assert not desk.judge(BASE, WANTED).goes  # an approval is good once


def test_the_same_plan_held_twice_is_one_hold_and_both_runs_name_it(desk):
    runs = []
    for _ in range(2):
        runs.append(desk.run())
        with pytest.raises(HeldError):
            desk.brake.enforce(desk.judge(BASE, WANTED), called="this run")
    assert [one.run for one in desk.state.open_holds()] == [runs[1]]
    assert desk.state.approve(runs[0], "ann", NOW) == 1
    assert desk.judge(BASE, WANTED).goes


@pytest.mark.parametrize(
    "other",
    [
        dict.fromkeys(BASE[:1], OLD),
        dict.fromkeys(BASE[1:3], OLD),
        {**WANTED, profile("R", 9): NEW},
        {**WANTED, BASE[0]: NEW},
    ],
    ids=["more leave", "others leave", "one comes", "one changes"],
)
def test_another_plan_is_not_approved(desk, other):
    run = desk.run()
    with pytest.raises(HeldError):
        desk.brake.enforce(desk.judge(BASE, WANTED), called="this run")
    desk.state.approve(run, "ann", NOW)
    assert not desk.judge(BASE, other).goes
    assert not desk.judge(BASE, WANTED, serial=2).goes
    assert desk.judge(BASE, WANTED).goes


def test_an_approval_outlives_a_run_that_broke_off(desk):
    """What was fetched before the break is still part of the plan that was approved."""
    run = desk.run()
    wanted = {**WANTED, profile("R", 8): NEW, profile("R", 9): NEW}
    with pytest.raises(HeldError):
        desk.brake.enforce(desk.judge(BASE, wanted), called="this run")
    desk.state.approve(run, "ann", NOW)
    desk.state.journal([Ingested(profile("R", 8), 1, b"\x03" * 32, b"\x04" * 16, None, NEW.replace(tzinfo=UTC))])
    assert desk.judge(BASE, wanted).goes


def test_what_was_approved_at_the_hub_is_left_out_at_a_mirror(desk):
    shape = "(change varchar, path varchar, from_path varchar)"
    desk.connection.execute(f"create table changes {shape}")
    desk.connection.execute(f"create table delta_2 {shape}")
    rows = [("removed", profile("R", cycle), None) for cycle in (1, 2, 3)]
    desk.connection.executemany("insert into changes values (?, ?, ?)", rows)
    desk.connection.executemany("insert into delta_2 values (?, ?, ?)", rows[:2])
    assert leave_out(desk.connection, "changes", []) == "changes"
    view = leave_out(desk.connection, "changes", ["delta_2"])
    assert desk.connection.execute(f"select path from {view}").fetchall() == [(profile("R", 3),)]
    mirror = Brake(desk.state, "aws", STRICT, lambda: NOW)
    run = desk.run()
    with pytest.raises(HeldError):
        desk.brake.enforce(desk.judge(BASE, WANTED), called="this run")
    desk.state.approve(run, "ann", NOW)
    desk.brake.settle(desk.judge(BASE, WANTED), 2)
    desk.brake.settle(None, 3)
    assert mirror.approved_serials(1, 5) == [2]
    assert mirror.approved_serials(2, 5) == []


def test_limits_of_the_configuration_and_of_a_mirror():
    raw = {
        "hub": {"store": "/srv/argo"},
        "source": {"gdac": {"store": "/srv/source", "retired": ["ar_index_global_tech"]}},
        "mirror": {"a": {"store": "/a", "brake": {"dac_removals": {"floor": 7}}}, "b": {"store": "/b"}},
        "brake": {"dac_removals": {"share": 0.5}, "index_loss": {"count": 9}},
    }
    config = check_config(raw, where="test")
    default = DEFAULT_LIMITS.dac_removals
    assert config.limits_for().dac_removals == replace(default, share=0.5)
    assert config.limits_for("a").dac_removals == replace(default, share=0.5, floor=7)
    assert config.limits_for("b") == config.limits_for()
    assert config.limits_for().index_loss.count == 9
    raw["brake"]["dac_removals"]["share"] = 5
    raw["source"]["gdac"]["retired"] = ["ar_index_global_teck"]
    with pytest.raises(UsageError) as wrong:
        check_config(raw, where="test")
    assert "brake.dac_removals.share" in wrong.value.what
    assert "source.gdac.retired" in wrong.value.what


def test_waiting_files_are_left_out_until_they_are_due_or_their_row_changes(desk):
    path, other = profile("D", 1), profile("D", 2)
    dated = NEW.replace(tzinfo=UTC)
    for _ in range(3):
        desk.state.set_aside(path, "404", dated, NOW, Trouble.ABSENT)
    (item,) = desk.state.all_set_aside()
    assert (item.tries, item.next_try, item.trouble) == (3, NOW + timedelta(hours=1), Trouble.ABSENT)
    assert (desk.state.due_count(NOW), desk.state.waiting_count()) == (0, 1)

    def left(wanted, now):
        desk.plan([], wanted)
        return plan.leave_waiting(desk.connection, desk.state.all_set_aside(), now), plan.count(desk.connection, "todo")

    wanted = {path: NEW, other: NEW}
    assert left(wanted, NOW) == ([path], 1)
    assert left(wanted, NOW + timedelta(hours=1)) == ([], 2)
    assert left({**wanted, path: NEW + timedelta(days=1)}, NOW) == ([], 2)
    desk.state.set_aside(path, "404", dated + timedelta(days=1), NOW, Trouble.ABSENT)
    assert desk.state.all_set_aside()[0].tries == 1
    assert desk.state.retry(path) == 1
    assert desk.state.due_count(NOW) == 1


def test_kinds_in_sql_are_those_of_the_parser(desk):
    paths = [f"dac/aoml/13857/{name}" for name in ("13857_meta.nc", "13857_BRtraj.nc", "13858_tech.nc", "13857_x.nc")]
    paths += [f"dac/aoml/13857/profiles/{name}" for name in ("R13857_001.nc", "SD13857_1000D.nc", "BR13858_001.nc")]
    paths += ["geo/indian_ocean/2020/01/20200101_prof.nc", "etc/x", "aux/y", "ar_index_global_prof.txt", "ä"]
    desk.connection.execute("create table offered as select unnest(?) as path", [paths])
    add_kinds(desk.connection, "offered", "named")
    found = dict(desk.connection.execute("select path, kind from named").fetchall())
    assert {path: Kind(kind) for path, kind in found.items()} == {path: ArchivePath.parse(path).kind for path in paths}
