"""Every path of the real archive is in the grammar."""

from collections import Counter

from gdac.paths import ArchivePath, Kind


def test_every_real_path_is_understood(shared):
    root = shared / "gdac"
    kinds = Counter(
        ArchivePath.parse(file.relative_to(root).as_posix()).kind for file in root.rglob("*") if file.is_file()
    )
    assert kinds[Kind.OTHER] == 0
    assert sum(kinds.values()) == 1277 + 14
    assert kinds[Kind.INDEX] == 14
    assert kinds[Kind.MULTI_PROFILE] == 6
    assert kinds[Kind.SYNTHETIC_MULTI_PROFILE] == 1
