"""Counting by DAC and kind in columns is what the parser says of every single path."""

from collections import Counter
from itertools import product

from gdac.columns import connect
from gdac.manifest.states import count_kinds
from gdac.paths import ArchivePath

FLOATS = (
    "dac/aoml/13857/",
    "dac/csio/1900722/",
    "dac/a/13857/",
    "dac/aoml/138570/",
    "dac/AOML/13857/",
    "aux/aoml/13857/",
)
NAMES = (
    *(
        f"profiles/{letter}{mode}{wmo}_{cycle}.nc"
        for letter, mode, wmo, cycle in product(
            ("", "B", "S", "M", "X"), "RDX", ("13857", "1900722"), ("001", "001D", "1000", "0100", "01", "001R")
        )
    ),
    *(
        f"{wmo}_{word}.nc"
        for wmo, word in product(
            ("13857", "1900722"),
            ("meta", "tech", "prof", "Sprof", "Mprof", "Rtraj", "Dtraj", "BRtraj", "BDtraj", "traj"),
        )
    ),
    "profiles/R13857_001.nc.gz",
    "profiles/13857_meta.nc",
    "13857_meta.nc.part",
    "é_meta.nc",
)
OTHERS = (
    "ar_index_global_prof.txt.gz",
    "geo/atlantic_ocean/2025/03/20250301_prof.nc",
    "geo/atlantic_ocean/2025/04/20250301_prof.nc",
    "latest_data/R20250301_prof_0.nc",
    "etc/argo-index/argo_aux-profile_index.txt",
    "readme.txt",
)


def test_every_path_counts_where_the_parser_puts_it():
    paths = [f"{folder}{name}" for folder in FLOATS for name in NAMES] + list(OTHERS)
    assert len(paths) > 1000
    with connect() as con:
        con.execute("create table p as select unnest($1::varchar[]) as path", [paths])
        con.execute("create table state as select path, strlen(path)::bigint as size from p")
        found = {(one.dac, one.kind): (one.files, one.bytes) for one in count_kinds(con, "state")}
    parsed = [ArchivePath.parse(path) for path in paths]
    files = Counter((one.dac or "", one.kind) for one in parsed)
    weights: Counter[object] = Counter()
    for one in parsed:
        weights[one.dac or "", one.kind] += len(one.text.encode())
    assert found == {key: (files[key], weights[key]) for key in files}
