"""Runs every benchmark one after the other: ``python -m benchmarks``. What they measure is in docs/benchmarks.md."""

import platform
import subprocess
import sys

from benchmarks import check, index_diff, manifest_io

PROGRAMS = {
    "planning a day over 4 million files (T5, T6)": "plan_day",
    "an hour's changes put into a full index (T13)": "index_update",
    "an hour's seal of a hub that collects, over 4 million files": "collect_seal",
    "collecting, from the inboxes to the sealed archive and the reports (T15)": "collect",
    "brake and seal over 20 million files (T14)": "seal",
    "time travel over 4 million files: a day's listing from deltas, single files": "timetravel",
    "provenance of one file out of 4 million, and of all as N-Quads": "provenance",
    "vocabulary: the named questions over HTTP, beside rdflib (T12)": "sparql",
    "same-size rewrites: who misses them (T9)": "rewrites",
    "fetching and uploading, beside lftp, rclone and s5cmd (T2, T3, T4)": "transfers",
    "first mirror FTP -> S3 and the days after it, beside lftp with s5cmd, and rclone (T1)": "mirror",
}


def main() -> int:
    """Print all tables; 1 when a target was missed."""
    print(f"{platform.platform()}, Python {platform.python_version()}\n")
    missed = 0
    print("== indexes: read two full profile indexes and diff them")
    missed += bool(index_diff.main([]))
    print("\n== manifests: write, read and diff")
    missed += bool(manifest_io.main([]))
    print("\n== checker: 500 profile files beside netCDF4, one file beside numpy")
    missed += bool(check.main([]))
    for title, name in PROGRAMS.items():
        print(f"\n== {title}", flush=True)
        # In a process of its own: a child begins with its parent's peak memory.
        missed += bool(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
