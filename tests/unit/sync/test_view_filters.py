"""Filters of views: what they keep, against a model in plain Python, and that they commute with deltas."""

import re
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdac.columns import connect
from gdac.errors import UsageError
from gdac.manifest.delta import apply, diff
from gdac.paths import ArchivePath, Kind
from sync.config import check_config
from sync.views.definition import Area, Definition, Filter
from sync.views.layout import LAYOUTS
from sync.views.select import classify, select_paths

HUB = "0b5a3c52-8a53-4a0e-9d5f-6c1f6f2f4c11"
FLOATS = ("dac/aoml/1901234", "dac/coriolis/6902345", "dac/jma/29012")
COLUMNS = "path VARCHAR, size BIGINT, sha256 BLOB, md5 BLOB, modified TIMESTAMP, date_update TIMESTAMP, serial INTEGER"


def names_of(folder: str) -> list[str]:
    wmo = folder.rpartition("/")[2]
    profiles = [
        f"{folder}/profiles/{set_}{mode}{wmo}_{cycle}.nc"
        for set_ in ("", "B", "S")
        for mode in "RD"
        for cycle in ("001", "001D", "002")
    ]
    whats = ("meta", "tech", "Rtraj", "BRtraj", "prof", "Sprof")
    return [*profiles, *(f"{folder}/{wmo}_{what}.nc" for what in whats), f"{folder}/odd.txt"]


PATHS = [
    *(name for folder in FLOATS for name in names_of(folder)),
    "aux/aoml/1901234/1901234_Rtraj_aux.nc",
    "geo/atlantic_ocean/2024/01/20240101_prof.nc",
    "geo/atlantic_ocean/2024/13/20241301_prof.nc",
    "latest_data/R20240101_prof_0.nc",
    "etc/readme.txt",
    "dac/aoml/1901234/1901235_meta.nc",
    "dac/été/1901234/1901234_meta.nc",
]
#: (size, serial) by path: small states of an archive.
STATES = st.dictionaries(st.sampled_from(PATHS), st.integers(1, 3), max_size=40)
PLACES = st.tuples(
    st.sampled_from([None, datetime(2019, 12, 31, 23, 59, 59), datetime(2020, 1, 1), datetime(2024, 6, 1)]),
    st.sampled_from([None, -95.0, -20.0, 0.0, 40.0]),
    st.sampled_from([None, -179.9, -5.0, 10.0, 170.0, 180.0, 190.0, 355.0, -999.999]),
    st.sampled_from(["A", "I", "P", None]),
)
ROWS = st.dictionaries(st.sampled_from([path for path in PATHS if "/profiles/" in path]), PLACES, max_size=30)
AREAS = st.sampled_from(
    [None, Area(-30.0, 45.0, -10.0, 15.0), Area(-90.0, 90.0, 170.0, -170.0), Area(0.0, 0.0, 0.0, 180.0)]
)
FILTERS = st.builds(
    Filter,
    dacs=st.frozensets(st.sampled_from(["aoml", "jma"]), max_size=2),
    kinds=st.frozensets(st.sampled_from([Kind.PROFILE, Kind.META, Kind.GEO, Kind.MULTI_PROFILE, Kind.ETC]), max_size=4),
    wmos=st.frozensets(st.sampled_from(["1901234", "29012"]), max_size=2),
    bgc_only=st.booleans(),
    since=st.sampled_from([None, None, date(2020, 1, 1)]),
    oceans=st.frozensets(st.sampled_from("AP"), max_size=1),
    area=AREAS,
)


def model(kept: Filter, paths: set[str], rows: dict) -> set[str]:
    """The same filter, one path at a time."""
    parsed = [ArchivePath.parse(path) for path in paths]

    def inside(path: str) -> bool:
        when, north, east, ocean = rows.get(path, (None, None, None, None))
        if kept.since and (when is None or when.date() < kept.since):
            return False
        if kept.oceans and ocean not in kept.oceans:
            return False
        if kept.area is None:
            return True
        box = kept.area
        if north is None or east is None or abs(north) > 90 or abs(east) > 360 or not box.south <= north <= box.north:
            return False
        turned = (east + 180.0) % 360.0 - 180.0
        ways = [turned, 180.0] if turned == -180.0 else [turned]
        wide = box.west > box.east
        return any(way >= box.west or way <= box.east if wide else box.west <= way <= box.east for way in ways)

    cycles = {}
    for one in parsed:
        if one.kind.is_single_profile:
            key = (one.dac, one.wmo, one.cycle, one.descending)
            cycles[key] = cycles.get(key, False) or (one.text in rows and inside(one.text))
    bgc = {
        (one.dac, one.wmo)
        for one in parsed
        if one.kind in (Kind.BIO_PROFILE, Kind.SYNTHETIC_PROFILE, Kind.BIO_TRAJECTORY, Kind.SYNTHETIC_MULTI_PROFILE)
    }

    def keeps(one: ArchivePath) -> bool:
        own = {key: chosen for key, chosen in cycles.items() if key[:2] == (one.dac, one.wmo)}
        if (kept.dacs and one.dac not in kept.dacs) or (kept.wmos and one.wmo not in kept.wmos):
            return False
        if kept.kinds and one.kind not in kept.kinds:
            return False
        if (kept.bgc_only and (one.dac, one.wmo) not in bgc) or (kept.by_float and one.wmo is None):
            return False
        if not kept.by_cycle:
            return True
        if one.kind.is_single_profile:
            return cycles[one.dac, one.wmo, one.cycle, one.descending]
        chosen = any(own.values())
        return chosen if one.kind in (Kind.META, Kind.TECH) else chosen and all(own.values())

    return {one.text for one in parsed if keeps(one)}


@pytest.fixture(scope="module")
def con():
    with connect() as opened:
        yield opened


def make(con, table, state) -> None:
    con.execute(f"create or replace table {table} ({COLUMNS})")
    for path, size in state.items():
        con.execute(
            f"insert into {table} values (?, ?, ?, ?, null, null, 1)", [path, size, bytes([size]) * 32, bytes(16)]
        )


def make_rows(con, table, rows) -> None:
    columns = "path varchar, date timestamp, latitude double, longitude double, ocean varchar"
    con.execute(f"create or replace table {table} ({columns})")
    for path, values in rows.items():
        con.execute(f"insert into {table} values (?, ?, ?, ?, ?)", [path, *values])


def view(con, kept, table, rows, out) -> None:
    make_rows(con, "placed", rows)
    select_paths(con, kept, table, ["placed"], f"{out}_paths")
    con.execute(f"create or replace table {out} as select * from {table} semi join {out}_paths using (path)")


def contents(con, table) -> dict[str, int]:
    return dict(con.execute(f"select path, size from {table}").fetchall())


def test_every_path_is_classified_as_the_grammar_does(con):
    make(con, "all_paths", dict.fromkeys(PATHS, 1))
    classify(con, "all_paths", "classified")
    found = {row[0]: row[1:] for row in con.execute("select path, kind, dac, wmo from classified").fetchall()}
    expected = {one.text: (one.kind.value, one.dac, one.wmo) for one in map(ArchivePath.parse, PATHS)}
    assert found == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=FILTERS, state=STATES, rows=ROWS)
def test_the_filter_is_the_model(con, kept, state, rows):
    make(con, "base", state)
    view(con, kept, "base", rows, "seen")
    assert set(contents(con, "seen")) == model(kept, set(state), rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=FILTERS, old=STATES, new=STATES, old_rows=ROWS, new_rows=ROWS)
def test_views_and_deltas_commute(con, kept, old, new, old_rows, new_rows):
    """view(apply(base, delta)) is apply(view(base), view(delta)), where files also come and go by their index rows."""
    make(con, "base", old)
    make(con, "goal", new)
    diff(con, "base", "goal", "delta")
    apply(con, "base", "delta", "after", serial=2)
    view(con, kept, "after", new_rows, "view_after")
    view(con, kept, "base", old_rows, "view_base")
    diff(con, "view_base", "view_after", "view_delta")
    apply(con, "view_base", "view_delta", "stepped", serial=2)
    assert contents(con, "stepped") == contents(con, "view_after")
    # What the view's delta brings is what the hub's delta brings into the view, and what came in by its index rows.
    changed = {row[0] for row in con.execute("select path from delta where change <> 'removed'").fetchall()}
    brought = {row[0] for row in con.execute("select path from view_delta where change <> 'removed'").fetchall()}
    before, after = model(kept, set(old), old_rows), model(kept, set(new), new_rows)
    assert brought == (changed & after) | (after - before)


def test_an_id_follows_from_hub_and_definition():
    one = Definition("gdac", Filter(dacs=frozenset({"aoml", "jma"})))
    same = Definition("gdac", Filter(dacs=frozenset({"jma", "aoml"})))
    assert one.archive_id(HUB) == same.archive_id(HUB)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one.archive_id(HUB))
    others = [Definition("asdi", one.filter), Definition(), Definition("gdac", Filter(dacs=frozenset({"jma"})))]
    assert len({one.archive_id(HUB), *(other.archive_id(HUB) for other in others)}) == 4
    assert one.archive_id(HUB) != one.archive_id(HUB.replace("0b", "0c"))
    # Ids are kept by whoever mirrors a view: they must never change by accident.
    assert Definition("asdi").archive_id(HUB) == Definition("asdi").archive_id(HUB)
    assert Definition("asdi").text == '{"filter":{},"layout":"asdi","rules":1}'


def test_a_definition_too_long_for_a_head_is_refused():
    many = frozenset(f"{number:07d}" for number in range(5000))
    with pytest.raises(UsageError, match="fit into a head"):
        _ = Definition("gdac", Filter(wmos=many)).text


def config(**mirrors):
    return check_config({"hub": {"store": "h"}, "source": {"s": {"store": "s"}}, "mirror": mirrors}, where="test")


def test_filters_in_the_configuration():
    found = config(
        med={
            "store": "/m",
            "filter": {
                "dacs": ["coriolis"],
                "kinds": ["profile"],
                "wmos": [6902345, "29012"],
                "bgc_only": True,
                "since": "2020-01-01",
                "oceans": ["A"],
                "area": {"south": 30, "north": 46, "west": -6, "east": 37},
            },
        }
    )
    assert found.mirror["med"].view.filter == Filter(
        frozenset({"coriolis"}),
        frozenset({Kind.PROFILE}),
        frozenset({"6902345", "29012"}),
        True,
        date(2020, 1, 1),
        frozenset({"A"}),
        Area(30.0, 46.0, -6.0, 37.0),
    )
    assert config(a={"store": "/a"}).mirror["a"].view.is_plain


@pytest.mark.parametrize(
    ("mirrors", "what"),
    [
        ({"a": {"store": "/a", "layout": "flat"}}, "mirror.a.layout"),
        ({"a": {"store": "s3://b/pub", "layout": "asdi"}}, "leave /pub out"),
        ({"a": {"store": "/a", "filter": {"kinds": ["profiles"]}}}, "mirror.a.filter.kinds"),
        ({"a": {"store": "/a", "filter": {"dacs": ["../x"]}}}, "mirror.a.filter.dacs"),
        ({"a": {"store": "/a", "filter": {"wmos": ["1'); drop"]}}}, "mirror.a.filter.wmos"),
        ({"a": {"store": "/a", "filter": {"area": {"south": 1, "north": 0, "west": 0, "east": 1}}}}, "south is north"),
        ({"a": {"store": "/a", "filter": {"areas": {}}}}, "mirror.a.filter.areas"),
        ({"a": {"store": "/a", "from": "b"}}, "no mirror 'b'"),
        ({"a": {"store": "/a", "from": "b"}, "b": {"store": "/b", "from": "a"}}, "in a circle"),
        ({"a": {"store": "/a", "from": "b"}, "b": {"store": "/b", "layout": "asdi"}}, "is a view"),
    ],
)
def test_mistakes_are_named(mirrors, what):
    with pytest.raises(UsageError, match=re.escape(what)):
        config(**mirrors)


def test_layouts_of_the_configuration_are_all_there():
    for name in LAYOUTS:
        assert config(a={"store": "/a", "layout": name}).mirror["a"].view.how is LAYOUTS[name]
