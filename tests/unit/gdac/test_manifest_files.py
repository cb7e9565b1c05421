"""Manifest and delta files: round trips, and everything a reader must refuse."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from gdac.columns import connect
from gdac.errors import RefusedError
from gdac.manifest import delta
from gdac.manifest.files import digest, load_delta, load_manifest, write_delta, write_manifest
from gdac.manifest.model import Link, ManifestError
from gdac.manifest.rows import plain_path_sql
from gdac.paths import ArchivePath, PathError
from tests.unit.gdac.manifest_rows import ARCHIVE, OTHER_ARCHIVE, Row, State, delta_rows, make, read, utc

FLOAT = "dac/aoml/13857"
R1, D1, META = f"{FLOAT}/profiles/R13857_001.nc", f"{FLOAT}/profiles/D13857_001.nc", f"{FLOAT}/13857_meta.nc"
OLD: State = {
    META: Row("m", date_update=utc("2026-01-01")),
    R1: Row("r", modified=None),
    "etc/caf\u00e9 au lait.txt": "c",
}
NEW: State = {META: "m2", D1: "dd", "etc/caf\u00e9 au lait.txt": "c", "latest_data/x": "x"}
PREVIOUS = Link(1, "000000001-" + "0" * 16 + ".manifest.parquet", "0" * 64)


SECOND = "000000002-" + "0" * 16 + ".delta.parquet"
UNCHANGED = (
    "SELECT * REPLACE ("
    + ", ".join(
        f"CASE change WHEN 'changed' THEN old_{name} ELSE {name} END AS {name}"
        for name in ("size", "sha256", "md5", "modified", "date_update")
    )
    + ") FROM FILE"
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        yield opened


def rewrite(con: duckdb.DuckDBPyConnection, file: Path, select: str, about: object = None) -> Path:
    """The same file with other rows or other metadata, as a careless or hostile writer would make it."""
    if about is None:
        raw = con.execute("SELECT value FROM parquet_kv_metadata($1) WHERE key = 'argo-gdac'", [str(file)]).fetchone()
        assert raw is not None
        text = raw[0].decode()
    else:
        text = about if isinstance(about, str) else json.dumps(about)
    bad = file.with_name("bad.parquet")
    rows, quoted = select.replace("FILE", f"'{file}'"), text.replace("'", "''")
    con.execute(f"COPY ({rows}) TO '{bad}' (FORMAT parquet, KV_METADATA {{'argo-gdac': '{quoted}'}})")
    return bad


def metadata(con: duckdb.DuckDBPyConnection, file: Path) -> dict[str, object]:
    raw = con.execute("SELECT value FROM parquet_kv_metadata($1) WHERE key = 'argo-gdac'", [str(file)]).fetchone()
    assert raw is not None
    found: dict[str, object] = json.loads(raw[0])
    return found


def written(con: duckdb.DuckDBPyConnection, dest: Path) -> Path:
    make(con, "old", OLD)
    return write_manifest(con, "old", dest, archive=ARCHIVE, serial=3).path


def written_delta(con: duckdb.DuckDBPyConnection, dest: Path) -> Path:
    make(con, "old", OLD)
    make(con, "new", NEW)
    delta.diff(con, "old", "new", "d")
    return write_delta(con, "d", dest, archive=ARCHIVE, from_serial=1, serial=2, previous=None).path


def test_a_manifest_reads_as_it_was_written(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    make(con, "old", dict(reversed(OLD.items())))  # any order goes in
    made = write_manifest(con, "old", tmp_path, archive=ARCHIVE, serial=3, previous=PREVIOUS)
    assert made.key == f"manifest/000000003-{made.sha256[:16]}.manifest.parquet"
    assert (made.path.name, made.size, made.sha256) == (made.name, made.path.stat().st_size, digest(made.path))
    info = load_manifest(con, made.path, "seen", expect_sha256=made.sha256, archive=ARCHIVE)
    assert (info.archive, info.serial, info.rows, info.bytes, info.previous) == (ARCHIVE, 3, 3, 3, PREVIOUS)
    assert read(con, "seen") == read(con, "old")
    assert [row[0] for row in con.execute("SELECT path FROM seen").fetchall()] == sorted(OLD, key=str.encode)
    load_manifest(con, made.path, "kept", expect_sha256=None, archive=None, in_memory=True)
    made.path.unlink()
    assert read(con, "kept") == read(con, "old")


def test_a_delta_reads_as_it_was_written(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    make(con, "old", OLD)
    make(con, "new", NEW)
    counts = delta.diff(con, "old", "new", "d")
    link = Link(2, "000000002-" + "a" * 16 + ".delta.parquet", "a" * 64)
    made = write_delta(con, "d", tmp_path, archive=ARCHIVE, from_serial=2, serial=3, previous=link)
    info = load_delta(con, made.path, "seen", expect_sha256=made.sha256, archive=ARCHIVE)
    assert (info.from_serial, info.serial, info.previous, info.counts) == (2, 3, link, counts)
    assert made.counts == counts
    assert delta_rows(con, "seen") == delta_rows(con, "d")


def test_an_empty_archive_has_a_manifest(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    make(con, "none", {})
    made = write_manifest(con, "none", tmp_path, archive=ARCHIVE, serial=1)
    assert load_manifest(con, made.path, "seen", expect_sha256=made.sha256, archive=ARCHIVE).rows == 0


def test_the_same_rows_give_the_same_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    con.execute(
        """CREATE TABLE many AS SELECT format('dac/aoml/{}/x{:06d}.nc', 10000 + i // 900, i) AS path, i AS size,
        unhex(sha256(i::VARCHAR)) AS sha256, unhex(md5(i::VARCHAR)) AS md5, make_timestamp(i * 1000003) AS modified,
        NULL::TIMESTAMP AS date_update, 1 + i % 3 AS serial FROM range(140000) r(i)"""
    )
    digests = set()
    for order, threads in (("path", 1), ("path DESC", 2), ("md5", 2)):
        con.execute(f"SET threads = {threads}")
        con.execute(f"CREATE OR REPLACE TABLE shuffled AS FROM many ORDER BY {order}")
        digests.add(write_manifest(con, "shuffled", tmp_path, archive=ARCHIVE, serial=3).sha256)
    con.execute("CREATE VIEW halves AS SELECT * FROM many WHERE size % 2 = 0 UNION ALL FROM many WHERE size % 2 = 1")
    digests.add(write_manifest(con, "halves", tmp_path, archive=ARCHIVE, serial=3).sha256)
    assert len(digests) == 1


def test_directories_with_letters_that_mean_something_to_globs(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    odd = tmp_path / "it's [day]=1 {a}"
    odd.mkdir()
    file = written(con, odd)
    assert load_manifest(con, file, "seen", expect_sha256=None, archive=ARCHIVE).rows == 3


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("UPDATE old SET path = 'dac/../x' WHERE size = 1", "climbs"),
        ("UPDATE old SET path = 'manifest/head.json' WHERE size = 1", "hub seals"),
        ("INSERT INTO old FROM old LIMIT 1", "is there twice"),
        ("UPDATE old SET size = -1", "no valid size"),
        ("UPDATE old SET sha256 = 'x'::BLOB", "no valid sha256"),
        ("UPDATE old SET md5 = NULL", "no valid md5"),
        ("UPDATE old SET serial = 4", "no valid serial"),
        ("UPDATE old SET path = NULL", "no valid path"),
    ],
)
def test_rows_that_no_manifest_may_hold_are_not_written(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, spoil: str, why: str
) -> None:
    make(con, "old", {META: "m"})
    con.execute(spoil)
    with pytest.raises(ManifestError, match=why):
        write_manifest(con, "old", tmp_path, archive=ARCHIVE, serial=3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("SELECT * FROM FILE ORDER BY path DESC", "is out of order"),
        ("SELECT * FROM FILE UNION ALL SELECT * FROM FILE ORDER BY path", "is there twice"),
        ("SELECT * REPLACE ('../' || path AS path) FROM FILE", "climbs"),
        ("SELECT * REPLACE ('/' || path AS path) FROM FILE", "absolute"),
        ("SELECT * REPLACE (path || chr(10) AS path) FROM FILE", "control character"),
        ("SELECT * REPLACE (replace(path, '13857_meta', 'cafe' || chr(769)) AS path) FROM FILE ORDER BY 1", "NFC"),
        ("SELECT * REPLACE (9::INTEGER AS serial) FROM FILE", "no valid serial"),
        ("SELECT * REPLACE (unhex('00') AS sha256) FROM FILE", "no valid sha256"),
        ("SELECT * EXCLUDE md5 FROM FILE", "column 'md5' is missing"),
        ("SELECT * REPLACE (size::VARCHAR AS size) FROM FILE", "column 'size' is VARCHAR"),
        ("SELECT * REPLACE (modified::TIMESTAMP AS modified) FROM FILE", "column 'modified' is TIMESTAMP"),
        ("SELECT * FROM FILE LIMIT 2", "says 3 rows"),
    ],
)
def test_manifests_that_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, select: str, why: str) -> None:
    bad = rewrite(con, written(con, tmp_path), select)
    with pytest.raises(ManifestError, match=why):
        load_manifest(con, bad, "seen", expect_sha256=None, archive=ARCHIVE)
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM seen")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "argo-gdac manifest 2"}, "this gdac reads"),
        ({"format": "argo-gdac delta 1"}, "not 'argo-gdac manifest 1'"),
        ({"format": 1}, "'format' is not a text"),
        ({"archive": "me"}, "no archive id"),
        ({"archive": OTHER_ARCHIVE}, "belongs to archive"),
        ({"serial": 0}, "'serial' is outside"),
        ({"serial": True}, "'serial' is not"),
        ({"rows": 4}, "says 4 rows"),
        ({"bytes": 1}, "1 bytes"),
        ({"bytes": None}, "'bytes' is missing"),
        ({"previous": {"serial": 2, "name": "../x", "sha256": "0" * 64}}, "no name of a sealed file"),
        ({"previous": {"serial": 2, "name": PREVIOUS.name, "sha256": "0" * 64}}, "is not that of"),
        ("[]", "no JSON object"),
        ("{", "no JSON"),
        ('{"format": "argo-gdac manifest 1", "format": "argo-gdac manifest 1"}', "twice"),
        ("{" + '"a": "' + "x" * 70_000 + '"}', "longer than"),
    ],
)
def test_metadata_that_are_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, change: dict[str, object] | str, why: str
) -> None:
    file = written(con, tmp_path)
    about = change if isinstance(change, str) else {**metadata(con, file), **change}
    bad = rewrite(con, file, "SELECT * FROM FILE", about)
    with pytest.raises(ManifestError, match=why):
        load_manifest(con, bad, "seen", expect_sha256=None, archive=ARCHIVE)


def test_unknown_fields_and_columns_are_passed_over(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = written(con, tmp_path)
    more = rewrite(con, file, "SELECT 1 AS first, *, 2 AS more FROM FILE", {**metadata(con, file), "new": [1]})
    load_manifest(con, more, "seen", expect_sha256=None, archive=ARCHIVE)
    assert read(con, "seen") == read(con, "old")


@pytest.mark.parametrize("keep", [0, 10, 400, -1])
def test_cut_or_foreign_bytes_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, keep: int) -> None:
    file = written(con, tmp_path)
    raw, sha256 = file.read_bytes(), digest(file)
    file.write_bytes(raw[:keep])
    with pytest.raises(ManifestError, match="expected"):
        load_manifest(con, file, "seen", expect_sha256=sha256, archive=ARCHIVE)
    with pytest.raises(ManifestError, match="no readable Parquet"):
        load_manifest(con, file, "seen", expect_sha256=None, archive=ARCHIVE)
    file.write_text("<html>404</html>" * 10)
    with pytest.raises(ManifestError, match="no readable Parquet"):
        load_manifest(con, file, "seen", expect_sha256=None, archive=ARCHIVE)
    with pytest.raises(ManifestError, match="is not there"):
        load_manifest(con, file.with_name("nothing"), "seen", expect_sha256=None, archive=None)


def test_damage_in_the_middle_is_refused_even_without_a_digest(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = written(con, tmp_path)
    raw = bytearray(file.read_bytes())
    raw[60:120] = b"\xff" * 60
    file.write_bytes(raw)
    with pytest.raises(RefusedError):
        load_manifest(con, file, "seen", expect_sha256=None, archive=ARCHIVE)


def test_a_parquet_file_of_somebody_else_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    con.execute(f"COPY (SELECT 1 AS path) TO '{tmp_path}/x.parquet' (FORMAT parquet)")
    with pytest.raises(ManifestError, match="no manifest or delta"):
        load_manifest(con, tmp_path / "x.parquet", "seen", expect_sha256=None, archive=None)


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("SELECT * FROM FILE ORDER BY path DESC", "is out of order"),
        ("SELECT * REPLACE ('moved' AS change) FROM FILE", "unknown change"),
        ("SELECT * REPLACE (NULL::VARCHAR AS change) FROM FILE", "unknown change"),
        ("SELECT * REPLACE (NULL::BIGINT AS size) FROM FILE", "lacks valid new values"),
        ("SELECT * REPLACE (NULL::BLOB AS old_md5) FROM FILE", "lacks valid old values"),
        ("SELECT * REPLACE (2::INTEGER AS old_serial) FROM FILE", "lacks valid old values"),
        ("SELECT * REPLACE (coalesce(old_size, 1) AS old_size) FROM FILE", "has old values though it is added"),
        ("SELECT * REPLACE (path AS from_path) FROM FILE", "its from_path do not agree"),
        ("SELECT * REPLACE (replace(from_path, '001', '002') AS from_path) FROM FILE", "not its R/D twin"),
        (UNCHANGED, "changed into what it was"),
        ("SELECT * REPLACE ('x/../' || path AS path) FROM FILE", "climbs"),
        ("SELECT * FROM FILE LIMIT 1", "says"),
    ],
)
def test_deltas_that_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, select: str, why: str) -> None:
    bad = rewrite(con, written_delta(con, tmp_path), select)
    with pytest.raises(ManifestError, match=why):
        load_delta(con, bad, "seen", expect_sha256=None, archive=ARCHIVE)


def test_the_origin_of_a_rename_may_not_have_a_row_of_its_own(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = written_delta(con, tmp_path)
    both = (
        "SELECT * FROM FILE UNION ALL SELECT 'removed', from_path, NULL, NULL, NULL, NULL, NULL, NULL, old_size, "
        "old_sha256, old_md5, old_modified, old_date_update, old_serial FROM FILE WHERE change = 'renamed' "
        "ORDER BY path"
    )
    about = metadata(con, file) | {"removed": 1, "rows": 5}
    with pytest.raises(ManifestError, match="origin of a rename"):
        load_delta(con, rewrite(con, file, both, about), "seen", expect_sha256=None, archive=ARCHIVE)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"serial": 1}, "'serial' is outside 2"),
        ({"from_serial": 2}, "back to 2"),
        ({"added": 2}, "says"),
        ({"archive": OTHER_ARCHIVE}, "belongs to archive"),
        ({"format": "argo-gdac delta 9"}, "this gdac reads"),
        ({"previous": {"serial": 1, "name": PREVIOUS.name, "sha256": "0" * 64}}, "is not that of a delta"),
        ({"previous": {"serial": 2, "name": SECOND, "sha256": "0" * 64}}, "as the one before"),
    ],
)
def test_delta_metadata_that_are_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    file = written_delta(con, tmp_path)
    bad = rewrite(con, file, "SELECT * FROM FILE", {**metadata(con, file), **change})
    with pytest.raises(ManifestError, match=why):
        load_delta(con, bad, "seen", expect_sha256=None, archive=ARCHIVE)


def test_rows_judged_before_need_no_second_look_but_their_digest_does(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = written(con, tmp_path)
    bad = rewrite(con, file, "SELECT * FROM FILE ORDER BY path DESC")
    assert load_manifest(con, bad, "seen", expect_sha256=digest(bad), archive=ARCHIVE, rows_known=True).rows == 3
    with pytest.raises(ManifestError, match="expected"):
        load_manifest(con, bad, "seen", expect_sha256=digest(file), archive=ARCHIVE, rows_known=True)
    with pytest.raises(ManifestError, match="out of order"):  # without a digest nothing is known
        load_manifest(con, bad, "seen", expect_sha256=None, archive=ARCHIVE, rows_known=True)


def test_sql_vouches_only_for_paths_that_parse_accepts(con: duckdb.DuckDBPyConnection) -> None:
    letters = [chr(code) for code in (*range(0x180), 0x200B, 0x2028, 0x3000, 0xE000, 0xFEFF, 0x1F600)]
    places = ("{}", "a{}", "{}a", "a/{}", "a/{}b", "a/b{}/d", "a{0}{0}b", "{}/a", "aux/{0}{0}/b")
    paths = [place.format(letter) for place in places for letter in letters]
    paths += ["", "..", "a/../b", "manifest", "manifest/x", "a" * 255, "a" * 256, "a/" * 100 + "b", "x\\x41"]
    asked = f"SELECT p FROM (SELECT unnest(?) AS p) WHERE {plain_path_sql('p')}"
    vouched = {path for (path,) in con.execute(asked, [paths]).fetchall()}
    assert {META, R1, D1} <= {path for (path,) in con.execute(asked, [[META, R1, D1, "a\x00b"]]).fetchall()}
    assert len(vouched) > 500
    for path in vouched:
        try:
            ArchivePath.parse(path)
        except PathError as error:
            pytest.fail(str(error))
