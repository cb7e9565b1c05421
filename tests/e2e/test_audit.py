"""Mirrors damaged on purpose: our audit and rclone name the same paths, healing mends them, and both agree again."""

import contextlib
import hashlib
import json
import os
import subprocess
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pytest

from gdac.sample.archive import make_archive, next_day
from gdac.store import Declared
from sync.audit.orders import Auditor, Order
from sync.audit.shares import Part
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state import State
from sync.stores.open import open_store
from sync.stores.settings import S3Settings, StoreSettings
from tests.deployment import SECRETS, Deployment, folder_mirror, rclone_remote, s3_mirror
from tests.servers import PASSWORD, USER, rclone, s3_moto, s3_rclone

EVERYTHING = Order(everything=True, download=True)


def audit(here: Deployment, order: Order = EVERYTHING, *names: str):
    with State.open(here.config.state_directory) as state:
        auditor = Auditor(here.config, state, Silent(), lambda: here.now)

        async def work():
            return await auditor.audit(names, order)

        return run_loop(work())


class Place:
    """A mirror with its deployment, and ways to damage it behind our back."""

    def __init__(self, name: str, tmp_path: Path, server=None) -> None:
        self.name, self.server = name, server
        mirror = s3_mirror(server) if server else folder_mirror(tmp_path / "mirror")
        self.remote = rclone_remote(server) if server else str(tmp_path / "mirror")
        self.here = Deployment(tmp_path / "here", str(tmp_path / "source"), {name: mirror})
        self._mirror = mirror
        self.source = tmp_path / "source"

    def _with_store(self, work):
        if self.server:
            s3 = S3Settings(endpoint=self.server.endpoint, access_key=USER, secret_key=PASSWORD)
            settings = StoreSettings(s3=s3)
        else:
            settings = StoreSettings()

        async def run():
            async with open_store(self._mirror["store"], settings) as store:
                return await work(store)

        return run_loop(run())

    def write(self, key: str, body: bytes) -> None:
        self._with_store(lambda store: store.write(key, body, Declared(len(body))))

    def delete(self, key: str) -> None:
        self._with_store(lambda store: store.delete(key))

    def differences_by_rclone(self) -> dict[str, str]:
        """Path to ``+`` (only at the hub), ``-`` (only at the mirror), ``*`` (other bytes), as rclone sees it."""
        command = [rclone(), "check", "--download", "--combined", "-", "--exclude", "/manifest/**"]
        done = subprocess.run(
            [*command, str(self.here.hub), self.remote, "--config", os.devnull],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        return {path: sign for sign, path in lines if sign != "="}


@contextmanager
def place(kind: str, tmp_path: Path):
    if kind == "folder":
        yield Place("folder", tmp_path)
    elif kind == "moto":
        with s3_moto() as server:
            yield Place("moto", tmp_path, server)
    else:
        with s3_rclone(tmp_path / "served") as server:
            yield Place("rclone", tmp_path, server)


@pytest.fixture
def on_folder(tmp_path, monkeypatch):
    """The same for tests that are alike everywhere."""
    with filled("folder", tmp_path, monkeypatch) as there:
        yield there


@pytest.fixture(params=["folder", pytest.param("moto", marks=pytest.mark.soak), "rclone"])
def mirrored(request, tmp_path, monkeypatch):
    """A place with a mirror at serial 2, nothing superseded left."""
    with filled(request.param, tmp_path, monkeypatch) as there:
        yield there


@contextmanager
def filled(kind, tmp_path, monkeypatch):
    if rclone() is None:
        pytest.skip("rclone is not installed")
    for name, value in SECRETS.items():
        if not name.startswith("GDAC_SOURCE"):
            monkeypatch.setenv(name, value)
    make_archive(tmp_path / "source", floats=2, cycles=3, seed=7, day=date(2025, 3, 1))
    with place(kind, tmp_path) as there:
        there.here.run()
        next_day(there.source)
        there.here.run()
        there.here.let_grace_pass()
        there.here.run()
        yield there


def damage(there: Place) -> dict[str, str]:
    """Damage the mirror in every way; returns path to kind of finding."""
    hub = there.here.hub
    profiles = sorted(each.relative_to(hub).as_posix() for each in hub.glob("dac/*/*/profiles/*.nc"))
    missing, truncated, changed, wrong = profiles[:4]
    there.delete(missing)
    there.write(truncated, (hub / truncated).read_bytes()[:-10])
    body = bytearray((hub / changed).read_bytes())
    body[len(body) // 2] ^= 0xFF
    there.write(changed, bytes(body))
    there.write(wrong, bytes(len(body)) + b"x")
    index = "ar_index_global_prof.txt"
    old = (hub / index).read_text().replace("# Date of update : 2025", "# Date of update : 2024")
    there.write(index, old.encode())
    there.write("dac/aoml/9999999/9999999_meta.nc", b"nobody asked for this")
    return {
        missing: "missing",
        truncated: "other-size",
        changed: "other-bytes",
        wrong: "other-size",
        index: "stale-index",
        "dac/aoml/9999999/9999999_meta.nc": "extra",
    }


def test_audit_and_rclone_agree_and_healing_mends(mirrored):
    here = mirrored.here
    (clean,) = audit(here)
    assert (clean.error, clean.left, clean.counts, clean.due) == (None, 0, {}, clean.listed)
    assert mirrored.differences_by_rclone() == {}

    due = damage(mirrored)
    (report,) = audit(here)
    assert {one.path: one.kind for one in report.first} == due
    assert report.left == sum(report.counts.values()) == len(due)
    by_rclone = mirrored.differences_by_rclone()
    assert by_rclone.keys() == due.keys()
    signs = {"missing": "+", "extra": "-"}
    assert by_rclone == {path: signs.get(kind, "*") for path, kind in due.items()}

    (report,) = audit(here, Order(everything=True, download=True, heal=True))
    assert (report.mended, report.deleted, report.left) == (len(due) - 1, 0, 1)
    assert mirrored.differences_by_rclone() == {"dac/aoml/9999999/9999999_meta.nc": "-"}
    (report,) = audit(here, Order(everything=True, heal=True, delete_extra=True))
    assert (report.deleted, report.left) == (1, 0)
    (report,) = audit(here)
    assert (report.left, report.notes) == (0, [])
    assert mirrored.differences_by_rclone() == {}


def test_a_listing_alone_proves_a_bucket(mirrored):
    (report,) = audit(mirrored.here, Order(everything=True))
    if mirrored.name == "folder":
        assert report.proven == 0
    else:
        assert (report.proven, report.read) == (report.due, 0)
    assert report.left == 0


def test_rclone_understands_our_metadata(mirrored):
    """Times as rclone itself writes them; the digest beside them where the server keeps what it is given."""
    command = [rclone(), "lsjson", "-M", "-R", "--files-only", "--config", os.devnull, f"{mirrored.remote}/dac"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout)
    files = {f"dac/{one['Path']}": one for one in listed}
    assert files
    for path, one in files.items():
        body = (mirrored.here.hub / path).read_bytes()
        modified = datetime.fromisoformat(one["ModTime"])
        assert abs(modified.timestamp() - (mirrored.here.hub / path).stat().st_mtime) < 1
        if mirrored.name == "moto":
            assert one["Metadata"]["sha256"] == hashlib.sha256(body).hexdigest()
    quick = [rclone(), "check", "--exclude", "/manifest/**", str(mirrored.here.hub), mirrored.remote]
    done = subprocess.run([*quick, "--config", os.devnull], capture_output=True, text=True, check=False, timeout=100)
    assert "0 differences found" in done.stderr


def test_all_parts_together_are_the_whole(on_folder):
    due = damage(on_folder)
    extra = "dac/aoml/9999999/9999999_meta.nc"  # a float that no manifest knows: only a look at everything sees it
    found, files = {}, 0
    for number in range(1, 4):
        (report,) = audit(on_folder.here, Order(part=Part(number, 3), download=True))
        found |= {one.path: one.kind for one in report.first}
        files += report.due
    (whole,) = audit(on_folder.here, Order(everything=True))
    assert files == whole.due
    assert found == {path: kind for path, kind in due.items() if path != extra}


def test_the_next_part_is_remembered(on_folder):
    parts = [audit(on_folder.here, Order())[0].part for _ in range(3)]
    assert parts == ["1/30", "2/30", "3/30"]


def test_a_foreign_mirror_is_adopted_and_not_filled_again(mirrored, tmp_path):
    """What `aws s3 sync` or `rclone copy` filled: compared, completed, and shown by a head."""
    if mirrored.name == "rclone":
        pytest.skip("its writes are slow")
    here, other = mirrored.here, tmp_path / "foreign"
    mirrors = dict(here.mirrors)
    with s3_moto() if mirrored.name == "moto" else contextlib.nullcontext() as server:
        target = rclone_remote(server) if server else str(other)
        here.mirrors = {**mirrors, "foreign": s3_mirror(server) if server else folder_mirror(other)}
        os.environ.update({f"GDAC_FOREIGN_{what}": value for what, value in (("USER", USER), ("PASSWORD", PASSWORD))})
        copy = [rclone(), "copy", "--exclude", "/manifest/**", "--exclude", "*_tech.nc", str(here.hub), target]
        subprocess.run([*copy, "--config", os.devnull], check=True, timeout=100)
        (report,) = audit(here, Order(everything=True), "foreign")
        assert "--adopt" in report.error
        if server:
            server.requests.clear()
        (report,) = audit(here, Order(adopt=True), "foreign")
        assert (report.error, report.left) == (None, 0)
        absent = len(list(here.hub.glob("dac/*/*/*_tech.nc")))
        assert report.counts["missing"] == absent
        if server:
            written = [one for one in server.requests if one.startswith("PUT") and "/manifest/" not in one]
            assert len(written) == absent
        (report,) = audit(here, EVERYTHING, "foreign")
        assert (report.error, report.left) == (None, 0)
        next_day(mirrored.source)
        record = here.run()
        assert [(one.mirror, one.way) for one in record.mirrors][-1] == ("foreign", "delta")


def test_damage_under_manifest_and_of_the_head(on_folder):
    here = on_folder.here
    sealed = sorted(each.relative_to(here.hub).as_posix() for each in (here.hub / "manifest").rglob("*.parquet"))
    on_folder.delete(sealed[0])
    on_folder.write(sealed[1], b"rubbish")
    (report,) = audit(here)
    assert {(one.kind, one.path) for one in report.first} == {("sealed-file", path) for path in sealed[:2]}
    on_folder.write("manifest/head.json", b"<html>gone</html>")
    (report,) = audit(here)
    assert report.counts["head"] == 1
    (report,) = audit(here, Order(everything=True, heal=True))
    assert (report.error, report.left) == (None, 0)
    (report,) = audit(here)
    assert (report.error, report.left) == (None, 0)
    assert here.run().mirrors[0].way == "current"


def test_a_damaged_hub_heals_from_its_mirrors(on_folder):
    here = on_folder.here
    victim = min(here.hub.glob("dac/*/*/profiles/*.nc"))
    before = victim.read_bytes()
    victim.write_bytes(before[:-1] + b"?")
    (report,) = audit(here, EVERYTHING, "hub")
    assert report.counts == {"other-bytes": 1}
    (report,) = audit(here, Order(everything=True, download=True, heal=True), "hub")
    assert report.left == 0
    assert victim.read_bytes() == before


def test_superseded_files_are_no_findings(on_folder):
    here = on_folder.here
    changes = next_day(on_folder.source)
    here.run()
    (report,) = audit(here)
    assert (report.left, report.superseded) == (0, len(changes.renamed) + len(changes.removed))


def test_too_many_extra_files_stay(on_folder):
    for number in range(11):
        on_folder.write(f"etc/rubbish-{number}", b"x")
    (report,) = audit(on_folder.here, Order(everything=True, heal=True, delete_extra=True))
    assert (report.deleted, report.left) == (0, 11)
    assert "none was deleted" in report.notes[0]
