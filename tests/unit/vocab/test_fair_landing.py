"""F-UJI's metrics of landing pages: of an archive, of a bare one with its losses explained, and at an address."""

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import web
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest
from gdac.errors import StoreError
from gdac.manifest.head import parse_head, render_head
from tests.unit.vocab.described_archives import described
from vocab.cli.vocab import app
from vocab.faces import describe_archive, describe_serial
from vocab.fair.fuji import identifiers
from vocab.fair.landing import assess_archive, assess_page
from vocab.fair.outcome import State
from vocab.names import Names

META = "dac/aoml/13857/13857_meta.nc"


@pytest.fixture
def tree(tmp_path):
    (tmp_path / META).parent.mkdir(parents=True)
    (tmp_path / META).write_bytes(b"CDF")
    sealed = CliRunner().invoke(manifest, ["build", str(tmp_path), "--seal", "--all", "--title", "Sample"])
    assert sealed.exit_code == 0, sealed.output
    return tmp_path


def states(assessment):
    return {check.id.removeprefix("FsF-"): check.state for check in assessment.checks}


def reasons(assessment):
    return {part.reason for check in assessment.checks for part in check.parts if part.state is State.FAIL}


def test_an_archive_and_its_newest_serial(tree):
    archive, serial = assess_archive(tree, Names())
    assert archive.subject.endswith(serial.subject.removesuffix("/serial/1").rpartition("/")[2])
    assert states(archive)["F1-02MD"] is State.PARTIAL, "whether a registry redirects is not asked"
    assert {one for one, state in states(archive).items() if state is not State.PASS} == {"F1-02MD"}
    assert {one for one, state in states(serial).items() if state is not State.PASS} == {"F1-02MD"}
    assert reasons(serial) == set()


def test_lost_points_are_explained(tree):
    head = tree / "manifest" / "head.json"
    plain = replace(parse_head(head.read_bytes()), record=None)  # as sealed before there were records
    head.write_bytes(render_head(plain))
    _, serial = assess_archive(tree, Names())
    assert {one for one, state in states(serial).items() if state is not State.PASS} == {"F1-02MD", "R1.3-02D"}
    assert reasons(serial) == {
        "application/vnd.apache.parquet: not among the open formats of the assessment, as far as they are known here"
    }
    head.write_bytes(render_head(replace(plain, doi=None)))
    archive, _ = assess_archive(tree, Names())
    assert states(archive)["F2-01M"] is State.FAIL
    assert "it does not state creator, publisher" in reasons(archive)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_prints_both_pages(tree, form):
    done = CliRunner().invoke(app, ["fair", str(tree), *(["--json"] if form == "json" else [])])
    assert done.exit_code == 0, done.output
    if form == "json":
        found = json.loads(done.output)["assessments"]
        assert [one["subject"].endswith("/serial/1") for one in found] == [False, True]
        assert all(0.9 < one["over_all"] <= 1 for one in found)
    else:
        assert done.output.count("F-UJI metrics 0.8: https://w3id.org/argo-gdac/archive/") == 2
        assert "registered: not assessed" in done.output


def test_stored_pages_on_a_server_that_negotiates_nothing(tmp_path):
    whole = described()
    made = {**describe_archive(whole), **describe_serial(whole, 3)}
    for name, data in made.items():
        file = tmp_path / "manifest" / "about" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    async def ask():
        plain = web.Application()
        plain.add_routes([web.static("/", tmp_path)])
        runner = web.AppRunner(plain)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/manifest/about/"
            found = await assess_page(f"{url}3/index.html")
            with pytest.raises(StoreError, match="no page"):
                await assess_page(f"{url}9/index.html")
            with pytest.raises(StoreError, match="no page"):
                await assess_page(f"{url}archive.ttl")
            return found
        finally:
            await runner.cleanup()

    found = states(asyncio.run(ask()))
    assert found["A1-02MD"] is State.PARTIAL, "the sealed files are not there"
    assert found["R1.2-01M"] is State.PASS, "its RDF was found by the page's signposts"
    assert found["F3-01M"] is State.PASS


def test_identifiers_in_every_form():
    doi = {"@type": "PropertyValue", "value": "doi:10.1/x", "url": "https://doi.org/10.1/x"}
    assert identifiers({"identifier": [doi, "urn:x"]}) == ["https://doi.org/10.1/x", "urn:x"]
    assert identifiers({"identifier": {"value": "wmo:1"}}) == ["wmo:1"]
    assert identifiers({"identifier": "https://x/"}) == ["https://x/"]
    assert identifiers({}) == []
