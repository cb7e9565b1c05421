"""Headers: kept byte for byte, made in two lengths, and what they stand above is known."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.errors import RefusedError
from gdac.index import BUILT, SPECS, new_header, parse_header, spec_of, with_profile

WHEN = datetime(2023, 4, 27, 11, 24, 25, tzinfo=UTC)
LINE = st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)), max_size=40)


@given(st.lists(LINE, max_size=12), LINE)
def test_a_header_round_trips_byte_for_byte(lines: list[str], row: str) -> None:
    start = "".join(f"#{line}\n" for line in lines) + f"file,{row}\n"
    header = parse_header(start.encode() + b"aoml/x.nc,1\n", "x")
    assert header.encode() == start.encode()
    assert header.count == len(lines) + 1


def test_bytes_that_are_no_text_are_kept() -> None:
    start = b"# Title : caf\xe9\nfile,date_update\n"
    assert parse_header(start, "x").encode() == start


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize("profile", [8, 10])
def test_a_new_header_can_be_read(name: str, profile: int) -> None:
    header = new_header(SPECS[name], updated=WHEN.astimezone(timezone(timedelta(hours=2))), profile=profile)  # type: ignore[arg-type]
    again = parse_header(header.encode(), name)
    assert again == header
    assert len(again.lines) == profile
    assert all(line.startswith("# ") for line in again.lines)
    assert again.updated == WHEN
    assert again.column_row == SPECS[name].column_row


def test_a_header_changes_length_and_back() -> None:
    eight = new_header(SPECS["ar_index_global_prof"], updated=WHEN)
    ten = with_profile(eight, 10)
    assert len(ten.lines) == 10
    assert with_profile(ten, 8) == eight
    assert with_profile(eight, 8) is eight


@pytest.mark.parametrize("stamp", ["", "2023042711242", "20231327112425", "2023-04-27", "yesterday"])
def test_an_unreadable_stamp_is_none(stamp: str) -> None:
    assert parse_header(f"# Date of update : {stamp}\nfile,x\n".encode(), "x").updated is None


@pytest.mark.parametrize("start", [b"<html>\n", b"\x1f\x8b\x08", b"\xef\xbb\xbf# Title\n", b"hello\n"])
def test_other_bytes_are_no_index(start: bytes) -> None:
    with pytest.raises(RefusedError, match="is not an index file"):
        parse_header(start, "x")


def test_every_name_finds_its_spec() -> None:
    for name, spec in SPECS.items():
        for file in (name, f"{name}.txt", f"{name}.txt.gz", f"etc/argo-index/{name}.txt.gz"):
            assert spec_of(file) is spec
    assert spec_of("ar_index_global_prof.csv") is None
    assert spec_of("dac/aoml/13857/13857_meta.nc") is None
