"""FTP servers that cut, lie and hang: every one ends in a clear `StoreError`, soon."""

import time
from pathlib import Path

import pytest

from gdac.errors import StoreError
from sync.loop import run
from sync.stores.ftp import FtpStore
from sync.stores.settings import FtpSettings
from tests import servers
from tests.contract.bad_servers import FtpTalk, fetch, listening


def ftp(port: int, **settings: object) -> FtpStore:
    return FtpStore("127.0.0.1", port, "", FtpSettings(connect_seconds=1, read_seconds=0.5, **settings))  # type: ignore[arg-type]


def test_ftp_good_twin() -> None:
    with listening(FtpTalk()) as port:
        assert run(fetch(ftp(port))) == b"hello"


@pytest.mark.parametrize("body", [b"hell", b"hello!"])
def test_ftp_wrong_length(body: bytes) -> None:
    """The server closes the data connection early (or late) and still says that all went well."""
    with listening(FtpTalk(body)) as port, pytest.raises(StoreError, match=f"after {len(body)} bytes.*announced 5"):
        run(fetch(ftp(port)))


def test_ftp_admits_failure() -> None:
    talk = FtpTalk(b"hell", size=None, done="426 Connection closed; transfer aborted")
    with listening(talk) as port, pytest.raises(StoreError, match="426 Connection closed"):
        run(fetch(ftp(port)))


@pytest.mark.parametrize("mute", ["USER", "MDTM", "EPSV", "RETR"])
def test_ftp_hangs(mute: str) -> None:
    began = time.monotonic()
    with listening(FtpTalk(mute=mute)) as port, pytest.raises(StoreError, match="did not answer in time"):
        run(fetch(ftp(port)))
    assert time.monotonic() - began < 4


def test_ftp_ignores_the_address_in_pasv() -> None:
    """10.9.8.7 would be dialled by a client that believes the server; we stay with the machine we talk to."""
    with listening(FtpTalk(host="10,9,8,7", epsv=False)) as port:
        assert run(fetch(ftp(port))) == b"hello"


def test_ftp_extended_passive_comes_first() -> None:
    talk = FtpTalk(epsv=False)
    with listening(talk) as port:
        run(fetch(ftp(port, pipeline=False)))
    asked = [command for command in talk.commands if command in {"EPSV", "PASV"}]
    assert asked == ["EPSV", "PASV"]


def test_ftp_full_server() -> None:
    welcome = "421 There are too many connected users, please try again later."
    with (
        listening(FtpTalk(welcome=welcome)) as port,
        pytest.raises(StoreError, match="421 There are too many") as found,
    ):
        run(fetch(ftp(port)))
    assert "connections" in found.value.hint


def test_ftp_wrong_password_is_not_shown(tmp_path: Path) -> None:
    with servers.ftp_pyftpdlib(tmp_path, user=servers.USER) as server:
        store = FtpStore("127.0.0.1", server.port, "", FtpSettings(user=servers.USER, password="not-this-one"))
        with pytest.raises(StoreError, match="refused the log-in") as found:
            run(fetch(store))
    error = found.value
    assert "not-this-one" not in f"{error} {error!r} {error.__cause__!r}"


def test_ftp_connection_closed_while_idle() -> None:
    """One fresh try, without bothering the caller."""
    talk = FtpTalk(quits_after=1)

    async def visit(port: int) -> list[bytes]:
        got = []
        async with ftp(port) as store:
            for _ in range(3):
                async with store.read("x.nc") as reading:
                    assert reading is not None
                    got.append(b"".join([piece async for piece in reading.chunks()]))
        return got

    with listening(talk) as port:
        assert run(visit(port)) == [b"hello"] * 3
    assert talk.connections == 3


def test_ftp_speaks_http() -> None:
    with listening(FtpTalk(welcome="HTTP/1.1 400 Bad Request")) as port, pytest.raises(StoreError):
        run(fetch(ftp(port)))
