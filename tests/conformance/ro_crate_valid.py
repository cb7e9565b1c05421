"""Run roc-validator, which cannot be installed beside our pins, over crates: `make ro-crate` does that.

    python ro_crate_valid.py CACHE CRATE...

The validator wants the JSON-LD context of RO-Crate from the web. The package `rocrate` brings that very document, so it
is put into the validator's cache first, and the validator then runs offline. A crate whose name ends with ``-broken``
must be refused, every other one must pass.
"""

import json
import subprocess
import sys
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.3/context"


class _Bundled(HTTPAdapter):
    """Answers with the context that `rocrate` brings; nothing goes out."""

    def send(self, request, **_options):
        body = (files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()
        kind = {"Content-Type": "application/ld+json"}
        raw = HTTPResponse(BytesIO(body), kind, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, raw)


def fill(cache):
    """Put the context into the validator's cache."""
    if json.loads((files("rocrate") / "data" / "ro-crate.jsonld").read_bytes())["@id"] != CONTEXT:
        sys.exit("the package rocrate brings another context than RO-Crate 1.3's")
    session = CachedSession(cache_name=str(cache), backend="sqlite", expire_after=-1)
    session.mount("https://", _Bundled())
    session.get(CONTEXT, headers={"Accept": "application/ld+json, application/json"})
    session.close()


def passes(cache, crate):
    """Whether the validator finds no error in a crate; prints what it finds."""
    validator = Path(sys.executable).parent / "rocrate-validator"
    options = [
        "--no-interactive",
        "--disable-color",
        "validate",
        "--offline",
        "--cache-path",
        str(cache),
        "--no-paging",
    ]
    report = crate.with_name(f"{crate.name}.report.json")
    command = [
        validator,
        *options,
        "--skip-availability-check",
        "--output-format",
        "json",
        "--output-file",
        report,
        crate,
    ]
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)
    found = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
    for issue in found.get("issues", []):
        print(f"  {crate.name}: {issue.get('severity')}: {issue.get('message')}")
    if not found:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 0


def main():
    """Exit 1 when a crate is not judged as it should be."""
    cache, crates = Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]]
    fill(cache)
    wrong = [crate for crate in crates if passes(cache, crate) is crate.name.endswith("-broken")]
    for crate in crates:
        should = "refused, as it must be" if crate.name.endswith("-broken") else "valid RO-Crate 1.3"
        print(f"{crate.name}: {'NOT ' if crate in wrong else ''}{should}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
