"""The small pure parts of the adapters."""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.stores.answers import shown
from sync.stores.autoindex import entries, is_listing
from sync.stores.etags import PartsDigest, looks_like_md5
from sync.stores.ftplist import Facts, parse_list, parse_mlsx
from sync.stores.times import from_ftp, from_http, from_ns, from_seconds, to_http, to_ns, to_seconds

MOMENT = datetime(2020, 2, 29, 23, 59, 58, tzinfo=UTC)
NGINX = """<html><head><title>Index of /argo/dac/</title></head><body><h1>Index of /argo/dac/</h1><hr><pre>
<a href="../">../</a>
<a href="aoml/">aoml/</a>            01-Jan-2020 00:00       -
<a href="a%20b%2bc.nc">a b+c.nc</a>  01-Jan-2020 00:00     12K
</pre></body></html>"""
APACHE = """<!DOCTYPE HTML><html><head><title>Index of /argo/dac</title></head><body><table>
<tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><a href="/argo/">Parent Directory</a></td></tr>
<tr><td><a href="aoml/">aoml/</a></td></tr><tr><td><a href="/argo/dac/x.nc">x.nc</a></td></tr>
<tr><td><a href="x.nc">again</a></td></tr>
</table><address><a href="https://httpd.example.org/">Apache</a></address></body></html>"""
HOSTILE = """<title>Index of /</title><a href="%2e%2e/up">1</a><a href="/etc/passwd">2</a><a href="x%2Fy">3</a>
<a href="http://[bad">4</a><a href="javascript:alert(1)">5</a><a name=x>6</a><a href="deep/er/x.nc">7</a>"""


def test_autoindex_pages() -> None:
    assert is_listing(NGINX)
    assert entries(NGINX, "http://h/argo/dac/") == [("aoml", True), ("a b+c.nc", False)]
    assert is_listing(APACHE)
    assert entries(APACHE, "http://h/argo/dac/") == [("aoml", True), ("x.nc", False)]
    assert entries(HOSTILE, "http://h/argo/dac/") == []
    assert not is_listing("<title>Argo GDAC</title><h1>Welcome</h1><a href='dac/'>dac</a>")


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("type=file;size=12;modify=20200229235958;perm=r; a b.nc", Facts(12, MOMENT)),
        (" Type=file;Size=12;Modify=20200229235958.123; a b.nc", Facts(12, MOMENT)),
        ("type=dir;modify=20200229235958;size=4096; a b.nc", Facts(4096, MOMENT, "dir")),
        ("type=file; a b.nc", Facts()),
        ("type=OS.unix=slink:/x;size=3; a b.nc", Facts(3, None, "os.unix=slink:/x")),
    ],
)
def test_mlsx_lines(line: str, facts: Facts) -> None:
    assert parse_mlsx(line) == ("a b.nc", facts)


@pytest.mark.parametrize(
    ("line", "kind", "size"),
    [
        ("-rw-r--r--   1 ftp      ftp         30000 Feb 29 23:59 a b.nc", "file", 30000),
        ("-rw-r--r--   1 1001     1001  317721254 Oct  8  2026 a b.nc", "file", 317721254),
        ("drwxr-xr-x+  2 ftp ftp 4096 Jan 01 2020 a b.nc", "dir", 4096),
        ("lrwxrwxrwx 1 ftp ftp 9 Jan 01 2020 a b.nc -> elsewhere", "link", None),
        ("-rw-r--r-- 1 ftp ftp 5 2020-02-29 23:59 a b.nc", "file", 5),
        ("02-29-20  11:59PM            1,234 a b.nc", "file", 1234),
        ("02-29-2020  11:59PM       <DIR>          a b.nc", "dir", None),
    ],
)
def test_list_lines(line: str, kind: str, size: int | None) -> None:
    found = parse_list(line)
    assert found is not None
    name, facts = found
    assert (name, facts.kind, facts.size, facts.modified) == ("a b.nc", kind, size, None)


@pytest.mark.parametrize("line", ["total 12", "", "  "])
def test_list_lines_about_nothing(line: str) -> None:
    assert parse_list(line) is None


@pytest.mark.parametrize("line", ["<html>", "-rw-r--r-- what", "insgesamt 12"])
def test_list_lines_unknown(line: str) -> None:
    with pytest.raises(ValueError, match=line):
        parse_list(line)


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2200, 1, 1)))
def test_times_survive_the_round_trip(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert from_ns(to_ns(moment)) == moment
    assert from_seconds(to_seconds(moment)) == moment or moment.year < 1970
    assert from_http(to_http(moment)) == moment.replace(microsecond=0)
    assert from_ftp(moment.strftime("%Y%m%d%H%M%S.%f")) == moment


def test_time_as_rclone_writes_it() -> None:
    assert to_seconds(MOMENT.replace(microsecond=500000)) == "1583020798.500000000"
    assert from_seconds("1583020798.5") == MOMENT.replace(microsecond=500000)
    for bad in ("", "yesterday", "1e9", "99999999999999999999", "999999999999999"):
        assert from_seconds(bad) is None
    for bad in ("20200230000000", "2020", "x"):
        assert from_ftp(bad) is None
    assert from_http("not a date") is None


@given(st.lists(st.binary(max_size=50)), st.integers(min_value=1, max_value=40))
def test_parts_digest(pieces: list[bytes], size: int) -> None:
    digest = PartsDigest(size)
    for piece in pieces:
        digest.update(piece)
    whole = b"".join(pieces)
    parts = [md5(whole[at : at + size]).digest() for at in range(0, len(whole), size)]
    assert digest.etag() == f"{md5(b''.join(parts)).hexdigest()}-{len(parts)}"
    assert looks_like_md5(digest.etag())


def test_answers_are_one_printable_line() -> None:
    assert shown("550 no\r\n such\tfile") == "550 no such file"
    assert shown("\x1b[31mred") == "\\x1b[31mred"
    assert len(shown("x" * 1000)) == 200


def test_interrupt_is_clean() -> None:
    script = """
import asyncio
from sync.loop import run
async def work():
    print("begun", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("put in order", flush=True)
try:
    run(work())
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "put in order\ninterrupted\n"
    assert process.returncode == 0
