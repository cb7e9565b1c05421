"""Bring the query editor into the package: `python -m vocab.serve.vendor` where npm is; the answer is committed.

The release is pinned by its integrity as the registry states it, so what comes is what was looked at.
"""

import base64
import hashlib
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gdac.errors import RefusedError

PACKAGE: Final = "@triply/yasgui@4.2.28"
INTEGRITY: Final = "sha512-HN1neZqERSGoDyk/Fg40nI+F0tHnaBxjqizhN0mur2Kj0oJsklBsFMRk/M+wW+ohy8dSEn7AgX3H0pPrV/wmVg=="

#: File in the package, and its name here.
FILES: Final = {
    "package/build/yasgui.min.js": "yasgui.min.js",
    "package/build/yasgui.min.css": "yasgui.min.css",
    "package/LICENSE.txt": "LICENSE.txt",
    "package/build/yasgui.min.js.LICENSE.txt": "yasgui.min.js.LICENSE.txt",
}


def vendor(target: Path) -> None:
    """Fetch the pinned release and put its files in place.

    Raises:
        RefusedError: npm brought something else.
    """
    with TemporaryDirectory() as scratch:
        subprocess.run(["npm", "pack", PACKAGE, "--pack-destination", scratch], check=True, capture_output=True)  # noqa: S603, S607 - pinned
        (archive,) = Path(scratch).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise RefusedError(f"{PACKAGE} is not what it was: its integrity is sha512-{digest}.")
        with tarfile.open(archive) as files:
            for name, here in FILES.items():
                member = files.extractfile(name)
                if member is None:
                    raise RefusedError(f"{PACKAGE} has no file {name}.")
                (target / here).write_bytes(_without_map(member.read()))


def _without_map(data: bytes) -> bytes:
    """Without the line that names a source map, which is not shipped."""
    return b"\n".join(line for line in data.split(b"\n") if b"sourceMappingURL=" not in line[:64])


if __name__ == "__main__":
    vendor(Path(__file__).parent / "static" / "yasgui")
