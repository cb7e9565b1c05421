"""The checker's table file: the same bytes as `gdac tables build` makes, and never a broken one in place."""

import pytest

from gdac.errors import RefusedError
from gdac.tables import load
from gdac.tables.nvs import read_folder as read_for_checker
from gdac.tables.snapshot import dump
from tests.unit.vocab.nvs_tables import Word, small_tables, write_tables
from vocab.nvs.folder import read_folder
from vocab.nvs.known import ARGO_TABLES
from vocab.snapshot import snapshot_bytes, write_snapshot


def test_it_equals_what_the_checker_makes_of_the_same_files(tmp_path):
    folder = write_tables(tmp_path, small_tables())
    assert snapshot_bytes(one.table for one in read_folder(folder)) == dump(*read_for_checker(folder))


def test_it_is_written_when_whole_and_refused_when_tables_lack(tmp_path):
    words = {table: [Word("A")] for table in ARGO_TABLES} | small_tables()
    tables = [one.table for one in read_folder(write_tables(tmp_path / "nvs", words))]
    file = tmp_path / "made" / "tables.jsonl"
    digest = write_snapshot(tables, file)
    assert load(file).digest == digest
    before = file.read_bytes()
    with pytest.raises(RefusedError, match="lacks"):
        write_snapshot(tables[:5], file)
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir()] == ["tables.jsonl"]
