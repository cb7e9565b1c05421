"""Runs every benchmark one after the other: ``python -m benchmarks``. What they measure is in docs/benchmarks.md."""

import platform
import sys

from benchmarks import index_diff, manifest_io


def main() -> int:
    """Print all tables; 1 when a target was missed."""
    print(f"{platform.platform()}, Python {platform.python_version()}\n")
    missed = 0
    print("== indexes: read two full profile indexes and diff them")
    missed += bool(index_diff.main([]))
    print("\n== manifests: write, read and diff")
    missed += bool(manifest_io.main([]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
