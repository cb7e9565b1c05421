"""Importing tables from a server that behaves like NVS, or not: what is taken, what is refused, what is said."""

import asyncio
import functools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gdac.errors import GdacError, UsageError
from policies.vocabulary import DEFAULT_LIMITS
from tests.contract.nvs_server import NvsLike, nvs_like
from tests.unit.vocab.nvs_tables import Word, small_tables
from vocab.cli import sources
from vocab.cli.vocab import app
from vocab.nvs.fetch import Answer, Politeness, fetch_tables
from vocab.nvs.folder import read_folder
from vocab.nvs.known import ARGO_TABLES
from vocab.nvs.update import ImportFolder, take_all

QUICK = Politeness(pause=0.0, tries=3, wait=0.01, longest_wait=2.0, connect=2.0, silence=0.5, total=1.5)
NOW = "2026-11-22T20:00:00Z"


@pytest.fixture
def nvs():
    with nvs_like(small_tables()) as server:
        yield server


def fetch(nvs: NvsLike, folder: Path, *, politeness=QUICK, media="application/ld+json", tables=None, accept=()):
    held = ImportFolder(folder)
    tables = tuple(tables or nvs.words)
    known = {table: held.known(table) for table in tables}
    answers = asyncio.run(fetch_tables(nvs.url, tables, known, media, politeness))
    return {one.table: one for one in take_all(held, tables, answers, NOW, DEFAULT_LIMITS, accept)}


def states(updates):
    return {one.state for one in updates.values()}


@pytest.mark.parametrize("media", ["application/ld+json", "text/turtle", "application/rdf+xml"])
def test_all_tables_come_in_any_syntax_and_are_the_same(nvs, tmp_path, media):
    assert states(fetch(nvs, tmp_path / "a", media=media)) == {"new"}
    assert states(fetch(nvs, tmp_path / "b")) == {"new"}
    one, other = ({each.table.id: each for each in read_folder(tmp_path / name)} for name in ("a", "b"))
    assert {key: each.digest for key, each in one.items()} == {key: each.digest for key, each in other.items()}
    assert {each.retrieved for each in one.values()} == {NOW}
    assert next(iter(one.values())).origin.startswith(nvs.url)


@pytest.mark.parametrize("etags", [True, False])
def test_the_second_time_only_what_changed_travels(nvs, tmp_path, etags):
    nvs.etags = etags
    fetch(nvs, tmp_path)
    assert not any(conditional for _, conditional in nvs.requests)
    assert states(fetch(nvs, tmp_path)) == {"unchanged"}
    assert all(conditional for _, conditional in nvs.requests[len(nvs.words) :])


def test_drift_is_told_term_by_term(nvs, tmp_path):
    fetch(nvs, tmp_path)
    nvs.version = 2
    words = {word.id: word for word in nvs.words["R27"]}
    nvs.words["R27"] = [
        replace(words["OPT1"], label="A new name", links={"related": ["R25/OPTODE_DOXY", "R27/OPT0"]}),
        replace(words["OPT0"], deprecated=False),
        replace(words["OPT2"], definition="Another meter.", deprecated=True),
        replace(words["OPT3"], code="OTHER"), replace(words["OPT4"], version=2), words["OPT5"], Word("FRESH"),
    ]  # fmt: skip
    updates = fetch(nvs, tmp_path)
    found = {(one.identifier, one.kind.value, one.before, one.after) for one in updates["R27"].changes}
    assert {(identifier, kind) for identifier, kind, _, _ in found} == {
        ("OPT1", "label"), ("OPT1", "links"), ("OPT0", "reinstated"), ("OPT2", "deprecated"), ("OPT2", "definition"),
        ("OPT3", "code"), ("OPT4", "version"), ("FRESH", "added"),
    }  # fmt: skip
    assert ("OPT1", "links", "broader R26/SBE", "") in found
    assert not updates["R27"].silent
    assert updates["R26"].changes == ()
    assert updates["R26"].version == "2"


def test_a_change_without_a_new_version_is_called_silent(nvs, tmp_path):
    fetch(nvs, tmp_path)
    nvs.words["R26"].append(Word("ANOTHER"))
    update = fetch(nvs, tmp_path)["R26"]
    assert (update.state, update.silent) == ("updated", True)


def test_the_version_before_is_kept_beside(nvs, tmp_path):
    fetch(nvs, tmp_path)
    before = sorted(one.name for one in tmp_path.glob("R26-*"))
    nvs.version, nvs.words["R26"] = 2, [*nvs.words["R26"], Word("ANOTHER")]
    fetch(nvs, tmp_path)
    assert sorted(one.name for one in (tmp_path / "previous").glob("R26-*")) == before
    assert len(list(tmp_path.glob("R26-*"))) == 1
    assert len(read_folder(tmp_path)) == len(nvs.words)


def test_a_table_that_lost_half_its_terms_is_held_until_accepted(nvs, tmp_path):
    fetch(nvs, tmp_path)
    nvs.version, nvs.words["R27"] = 2, nvs.words["R27"][:3]
    update = fetch(nvs, tmp_path)["R27"]
    assert (update.state, update.version) == ("held", "1")
    assert [reason.rule.value for reason in update.reasons] == ["table-shrunk"]
    assert sum(one.kind.value == "removed" for one in update.changes) == 3
    held = {one.table.id: one.table for one in read_folder(tmp_path)}
    assert len(held["R27"].terms) == 6
    assert held["R26"].version == "2"
    assert fetch(nvs, tmp_path)["R27"].state == "held"  # it was not remembered as seen
    assert fetch(nvs, tmp_path, accept={"R27"})["R27"].state == "updated"
    assert len({one.table.id: one.table for one in read_folder(tmp_path)}["R27"].terms) == 3


def test_a_table_that_goes_back_is_held(nvs, tmp_path):
    nvs.version = 5
    fetch(nvs, tmp_path)
    nvs.version = 4
    updates = fetch(nvs, tmp_path)
    assert states(updates) == {"held"}
    assert "went back from version 5 to 4" in updates["R03"].reasons[0].text


@pytest.mark.parametrize(
    "fault", ["status 503", "status 500", "status 429 0", "truncated", "close", "hang", "dripping"]
)
def test_what_may_pass_is_asked_again(nvs, tmp_path, fault):
    nvs.faults["R27"] = [fault]
    updates = fetch(nvs, tmp_path)
    assert states(updates) == {"new"}
    assert nvs.asked("R27") == 2
    assert len({one.table.id: one.table for one in read_folder(tmp_path)}["R27"].terms) == 6


@pytest.mark.parametrize(
    ("fault", "words", "times"),
    [
        ("status 404", "404", 1),
        ("status 410", "410", 1),
        ("status 406", "another syntax", 1),
        ("html", "text/html", 1),
        ("cut", "not whole", 1),
        ("broken", "is not JSON", 1),
        ("status 503 3600", "asks to wait 3,600 s", 1),
        ("status 503", "no answer in 3 tries: 503", 3),
        ("truncated", "no answer in 3 tries", 3),
        ("hang", "no answer in 3 tries", 3),
        ("dripping", "no answer in 3 tries", 3),
        ("endless", "more than 2,000,000 bytes", 1),
        ("redirect http://localhost:9/", "another one than asked", 1),
        ("redirect ftp://127.0.0.1/x", "another one than asked", 1),
        ("redirect {url}/collection/{name}/current/?{query}", "more than five redirects", 6),
    ],
)
def test_one_bad_table_fails_alone_and_leaves_what_is_held(nvs, tmp_path, fault, words, times):
    fetch(nvs, tmp_path)
    nvs.requests.clear()
    nvs.version = 2
    nvs.faults["R27"] = [fault] * 10
    updates = fetch(nvs, tmp_path, politeness=replace(QUICK, size=2_000_000, total=0.8))
    assert updates["R27"].state == "failed"
    assert words in updates["R27"].error
    assert "R27" in updates["R27"].error
    assert {one.state for key, one in updates.items() if key != "R27"} == {"updated"}
    assert nvs.asked("R27") == times
    held = {one.table.id: one.table for one in read_folder(tmp_path)}
    assert held["R27"].version == "1"
    assert held["R26"].version == "2"


def test_a_redirect_on_the_same_server_is_followed_and_named(nvs, tmp_path):
    nvs.faults["R27"] = ["redirect /moved/{name}/current/?{query}"]
    fetch(nvs, tmp_path)
    assert "/moved/R27/" in {one.table.id: one for one in read_folder(tmp_path)}["R27"].origin


def test_never_more_requests_at_once_than_promised(nvs, tmp_path):
    fetch(nvs, tmp_path, politeness=replace(QUICK, together=2))
    assert nvs.busiest <= 2


def test_requests_keep_a_distance(nvs):
    async def timed():
        loop = asyncio.get_running_loop()
        started = loop.time()
        await fetch_tables(nvs.url, tuple(nvs.words), {}, "text/turtle", replace(QUICK, together=6, pause=0.05))
        return loop.time() - started

    assert asyncio.run(timed()) >= 0.05 * (len(nvs.words) - 1) * 0.99


def test_a_server_that_asks_to_wait_is_left_alone_by_all(nvs):
    async def timed():
        loop = asyncio.get_running_loop()
        started = loop.time()
        await fetch_tables(nvs.url, tuple(nvs.words), {}, "text/turtle", replace(QUICK, together=1, total=5.0))
        return loop.time() - started

    nvs.faults[next(iter(nvs.words))] = ["status 429 1"]
    assert asyncio.run(timed()) >= 0.95
    paths = [path for path, _ in nvs.requests]
    assert len(paths) == len(nvs.words) + 1


def test_all_answers_together_have_a_limit(nvs, tmp_path):
    updates = fetch(nvs, tmp_path, politeness=replace(QUICK, size_together=6_000))
    failed = [one for one in updates.values() if one.state == "failed"]
    assert failed
    assert all("together have more than 6,000 bytes" in one.error for one in failed)


def test_a_copy_that_was_touched_is_fetched_whole_again(nvs, tmp_path):
    fetch(nvs, tmp_path)
    file = next(tmp_path.glob("R27-*"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(GdacError, match="R27"):
        read_folder(tmp_path)
    nvs.requests.clear()
    updates = fetch(nvs, tmp_path)
    assert updates["R27"].state == "new"
    assert [conditional for path, conditional in nvs.requests if "/R27/" in path] == [False]
    assert len(read_folder(tmp_path)) == len(nvs.words)


def test_no_server_at_all_is_an_error_per_table(tmp_path):
    answers = asyncio.run(fetch_tables("http://127.0.0.1:9", ("R03",), {}, "text/turtle", QUICK))
    assert isinstance(answers["R03"], GdacError)
    for address in ("ftp://127.0.0.1/", "nvs", "http://user@127.0.0.1/"):
        with pytest.raises(UsageError, match="not the address"):
            asyncio.run(fetch_tables(address, ("R03",), {}, "text/turtle", QUICK))


def test_a_server_that_nobody_reaches_is_not_asked_37_times():
    tables = tuple(f"R{number:02}" for number in range(37))
    answers = asyncio.run(fetch_tables("http://127.0.0.1:9", tables, {}, "text/turtle", QUICK))
    assert sum("not asked" in str(one) for one in answers.values()) >= 30
    assert all("127.0.0.1:9" in str(one) for one in answers.values())


def test_a_conditional_answer_to_an_unconditional_question_is_no_table(nvs, tmp_path):
    nvs.faults["R03"] = ["status 304"] * 3
    assert fetch(nvs, tmp_path, tables=["R03"])["R03"].state == "failed"


def test_other_things_in_the_folder_are_left_alone(nvs, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        ImportFolder(tmp_path)


@pytest.fixture
def cli(nvs, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(app, ["import", "--output", str(tmp_path), "--server", nvs.url, *arguments])

    return run


def test_the_command_ends_with_0_4_5_and_3(nvs, cli):
    tables = "--tables=" + ",".join(nvs.words)
    assert cli(tables).exit_code == 0
    nvs.version, nvs.words["R27"] = 2, nvs.words["R27"][:3]
    held = cli(tables)
    assert held.exit_code == 4, held.output
    assert "removed    OPT5" in held.output
    assert "--accept R27" in held.output
    assert cli(tables, "--accept", "r27").exit_code == 0
    nvs.faults["R03"] = ["status 404"]
    assert cli(tables).exit_code == 5
    nvs.faults["R03"] = ["status 404"]
    failed = cli("--tables", "R03", "--json")
    assert failed.exit_code == 3
    assert json.loads(failed.stdout)[0]["state"] == "failed"
    assert isinstance(cli("--syntax", "n3").exception, UsageError)
    assert isinstance(cli("--tables", "R 03").exception, UsageError)


def test_build_and_snapshot_without_a_folder_ask_nvs(nvs, tmp_path, monkeypatch):
    monkeypatch.setattr("vocab.nvs.fetch.Politeness", functools.partial(Politeness, pause=0.0))
    for table in ARGO_TABLES:
        nvs.words.setdefault(table, [Word("A")])
    options = ["--server", nvs.url, "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(app, ["build", "--output", str(tmp_path / "v"), *options])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, ["snapshot", "--output", str(tmp_path / "s.jsonl"), *options])
    assert done.exit_code == 0, done.output
    nvs.faults["R27"] = ["status 404"]
    done = CliRunner().invoke(app, ["snapshot", "--output", str(tmp_path / "s2.jsonl"), *options])
    assert done.exit_code == 0
    assert "R27 stays at version 1" in done.stderr
    assert (tmp_path / "s.jsonl").read_bytes() == (tmp_path / "s2.jsonl").read_bytes()
    nvs.faults["R27"] = ["status 404"]
    done = CliRunner().invoke(app, ["build", "--output", str(tmp_path / "w"), "--server", nvs.url, "--cache",
                                    str(tmp_path / "new")])  # fmt: skip
    assert isinstance(done.exception, GdacError)
    assert "1 tables could not be had: R27" in str(done.exception)


def test_an_import_from_files_has_the_same_brake(nvs, tmp_path):
    fetch(nvs, tmp_path / "first")
    nvs.words["R27"] = nvs.words["R27"][:2]
    fetch(nvs, tmp_path / "second")
    wanted = sources.Wanted(tmp_path / "first", folder=tmp_path / "second")
    updates = {one.table: one.state for one in sources.update(wanted)}
    assert updates.pop("R27") == "held"
    assert set(updates.values()) == {"unchanged"}


def test_answers_carry_what_the_next_question_needs(nvs):
    answers = asyncio.run(fetch_tables(nvs.url, ("R03",), {}, "text/turtle", QUICK))
    answer = answers["R03"]
    assert isinstance(answer, Answer)
    assert answer.media_type == "text/turtle"
    assert answer.known.etag.startswith("W/")
    assert answer.known.last_modified
