"""Files, versions and stays: by value for one path; and both roads, engine and triples, say the same of everything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from gdac.columns import connect
from gdac.manifest import local
from gdac.manifest.chain import survey
from gdac.manifest.history import History, history_of
from gdac.manifest.seal import prepare_seal
from tests.unit.gdac.manifest_rows import Row, make
from tests.unit.vocab.sealed_archive import ARCHIVE, RUNS
from vocab.described import Described
from vocab.names import DCAT, DCT, PROV, Names
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.provenance.dump import prepare, quads
from vocab.provenance.files import Origin, file_triples

BASE = "https://w3id.org/argo-gdac/"
OWN = f"{BASE}vocabulary#"
GRAPH = "https://w3id.org/argo-gdac/graph/provenance/files"
FLOAT = "dac/aoml/13857"
META, R1, D1 = f"{FLOAT}/13857_meta.nc", f"{FLOAT}/profiles/R13857_001.nc", f"{FLOAT}/profiles/D13857_001.nc"
ODD = [
    'aux/a b#c?"é%2F.txt',
    "ar_index_global_meta.txt",
    "geo/atlantic_ocean/2020/01/20200101_prof.nc",
    "dac/x y/z",
    "it's",
]
WRONG = ["dac/aoml/13857/13858_meta.nc", "dac/aoml/13857/profiles/R13858_001.nc", "dac/aoml/1385/1385_meta.nc"]
PLAIN = [META, R1, D1, f"{FLOAT}/13857_BRtraj.nc", f"{FLOAT}/13857_Sprof.nc", f"{FLOAT}/profiles/BD13857_1001D.nc"]
KNOWN = {
    1: Origin(f"{BASE}run/{RUNS[1]}", ""),
    2: Origin(f"{BASE}run/{RUNS[2]}", f"{BASE}archive/{ARCHIVE}/source/ifremer"),
}
NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)


def seal_all(con, tree, states):
    for at, state in enumerate(states):
        base = local.read_head(tree)
        if base is not None:
            local.open_manifest(con, tree, base.manifest, base.archive, "base")
        make(con, "state", state, serial=1)
        made = prepare_seal(
            con, base=base, base_table="base" if base else None, new_table="state", archive=ARCHIVE,
            now=NOW + at * timedelta(days=1), staging=local.make_staging(tree), expires_after=timedelta(days=3),
        )  # fmt: skip
        before = (tree / "manifest" / "head.json").read_bytes() if base else None
        local.publish(made, tree, before=before)
    return made.head


def by_the_engine(con, tree, head, pattern=None):
    dump = prepare(con, tree, Described(head, (), None, Names()), pattern)
    object.__setattr__(dump, "origins", KNOWN)  # records are sealed by the sync; here only their outcome matters
    pieces = list(quads(dump, GRAPH))
    text = "".join(piece for _, piece in pieces)
    assert sum(count for count, _ in pieces) == text.count("\n")
    return text


def by_triples(con, tree, head):
    history = History(con, survey(con, tree, head))
    con.execute("create or replace temp table all_paths as select path from state")
    history.touched("touched")
    con.execute("insert into all_paths from touched")
    history.of_paths("all_paths", "stays")
    paths = [path for (path,) in con.execute("select distinct path from stays").fetchall()]
    lines = set()
    for path in paths:
        triples = file_triples(Names(), ARCHIVE, history.of_path(path), KNOWN)
        lines |= {f"{one} <{GRAPH}> ." for one in triples}
    return lines


CONTENTS = st.builds(
    Row,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([None, datetime(2026, 1, 2, 3, 4, 5), datetime(999, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 60)]),
    st.sampled_from([None, datetime(2026, 11, 1, 12, 30, 15, 123456), datetime(1999, 12, 31)]),
)
STATES = st.lists(
    st.dictionaries(st.sampled_from([*PLAIN, *ODD, *WRONG]), CONTENTS, min_size=1), min_size=1, max_size=4
)


@settings(max_examples=8, deadline=None)
@given(STATES)
def test_both_roads_say_the_same(states):
    with TemporaryDirectory() as folder, connect() as con:
        kept = [state for at, state in enumerate(states) if at == 0 or state != states[at - 1]]
        head = seal_all(con, Path(folder), kept)
        engine = by_the_engine(con, Path(folder), head)
        assert set(engine.splitlines()) == by_triples(con, Path(folder), head)
        read = [quad.triple for quad in ox.parse(engine.encode(), format=ox.RdfFormat.N_QUADS)]
        assert {f"{one} <{GRAPH}> ." for one in read} == set(engine.splitlines())


LIFE = ({META: "m", R1: "r1"}, {META: "m2", R1: "r1"}, {META: "m2", D1: "d1"})


def test_the_history_of_a_path_by_value(tmp_path):
    with connect() as con:
        head = seal_all(con, tmp_path, LIFE)
        states = history_of(con, tmp_path, head, D1)
        triples = file_triples(Names(), ARCHIVE, states, {**KNOWN, 3: Origin(f"{BASE}run/{RUNS[3]}", "")})
    assert check_shapes(triples, Names(), provenance_shapes(Names())) == []
    store = ox.Store()
    store.extend(ox.Quad(one.subject, one.predicate, one.object) for one in triples)
    series = f"{BASE}archive/{ARCHIVE}"
    new, old = f"{series}/file/{D1}#since-3", f"{series}/file/{R1}#since-1"
    asked = f"""SELECT ?p ?o {{ <{new}> ?p ?o }}"""
    said = {(row[0].value, row[1].value) for row in store.query(asked)}
    assert {
        (OWN + "arrival", "renamed"), (OWN + "fromSerial", "3"), (OWN + "renamedFrom", f"{series}/file/{R1}"),
        (PROV + "wasRevisionOf", old), (PROV + "wasGeneratedBy", f"{BASE}run/{RUNS[3]}"),
    } <= said  # fmt: skip
    assert (OWN + "toSerial", "2") in {
        (one.predicate.value, one.object.value) for one in store.quads_for_pattern(ox.NamedNode(old), None, None)
    }
    versions = list(store.query(f"SELECT ?n ?o {{ ?n <{PROV}wasRevisionOf> ?o ; <{DCAT}byteSize> ?s }}"))
    assert [row[1].value for row in versions] == [f"{BASE}version/sha256-{states[0].sha256.hex()}"]
    assert not list(store.quads_for_pattern(None, ox.NamedNode(DCT + "nothing"), None))


def test_a_pattern_takes_what_its_files_were_renamed_from_with_them(tmp_path):
    with connect() as con:
        head = seal_all(con, tmp_path, LIFE)
        text = by_the_engine(con, tmp_path, head, "*/D13857_*")
    assert R1 in text
    assert META not in text
