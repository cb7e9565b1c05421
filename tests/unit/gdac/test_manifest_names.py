import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.errors import RefusedError
from gdac.manifest.names import (
    HEAD_KEY,
    NameKind,
    delta_key,
    index_key,
    manifest_key,
    parse_key,
    parse_name,
)

SHA = "0123456789abcdef" * 4


def test_the_three_forms() -> None:
    assert HEAD_KEY == "manifest/head.json"
    assert manifest_key(7, SHA) == "manifest/000000007-0123456789abcdef.manifest.parquet"
    assert delta_key(7, SHA) == "manifest/000000007-0123456789abcdef.delta.parquet"
    assert index_key(7, SHA, "ar_index_global_prof.txt.gz") == (
        "manifest/index/000000007-0123456789abcdef-ar_index_global_prof.txt.gz"
    )


@given(st.integers(1, 999_999_999), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_what_is_made_is_understood(serial: int, sha256: str) -> None:
    for key, kind, index in (
        (manifest_key(serial, sha256), NameKind.MANIFEST, None),
        (delta_key(serial, sha256), NameKind.DELTA, None),
        (index_key(serial, sha256, "argo_bio-profile_index.txt"), NameKind.INDEX, "argo_bio-profile_index.txt"),
    ):
        found = parse_key(key)
        assert (found.kind, found.serial, found.digest, found.index) == (kind, serial, sha256[:16], index)
        assert found.key == key
        assert found.fits(serial, sha256)
        assert not found.fits(serial % 999_999_999 + 1, sha256)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "head.json",
        "../head.json",
        "/etc/passwd",
        "000000001-0123456789abcdef.manifest.parquet/../x",
        "000000000-0123456789abcdef.manifest.parquet",
        "1-0123456789abcdef.manifest.parquet",
        "000000001-0123456789ABCDEF.manifest.parquet",
        "000000001-0123456789abcdef.manifest.parquet\n",
        "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661-0123456789abcdef.delta.parquet",
        "index/000000001-0123456789abcdef-../x",
        "index/000000001-0123456789abcdef-.hidden",
        "index/000000001-0123456789abcdef-a/b.txt",
        "index/000000001-0123456789abcdef-" + "x" * 129,
    ],
)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(RefusedError):
        parse_name(name)


@pytest.mark.parametrize("key", [HEAD_KEY, "dac/aoml/13857/13857_meta.nc", "manifest", "manifest/../dac/x"])
def test_keys_that_are_refused(key: str) -> None:
    with pytest.raises(RefusedError):
        parse_key(key)


@pytest.mark.parametrize(("serial", "sha256"), [(0, SHA), (1_000_000_000, SHA), (1, SHA.upper()), (1, SHA[:63])])
def test_serials_and_digests_that_are_refused(serial: int, sha256: str) -> None:
    with pytest.raises(RefusedError):
        manifest_key(serial, sha256)


def test_index_names_hold_no_slash() -> None:
    with pytest.raises(RefusedError):
        index_key(1, SHA, "etc/x.txt")
