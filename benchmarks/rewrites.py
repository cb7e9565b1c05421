"""T9: files replaced by others of the same size, half of them with an old time of change: who copies them, who misses.

    python -m benchmarks.rewrites [--files 2000]

300 profiles get new bytes of the same length and a new index row, 150 with the time of now, 150 with one that is older
than every copy. Each side mirrors before and after; then every bucket is compared with the source, byte by byte. Same
sides and servers as `benchmarks.mirror`.
"""

import argparse
import sys

from benchmarks.measured import judged, missing
from benchmarks.mirror import HOME, Ours, buckets_of, change, differing, sides_of, source_tree
from benchmarks.servers import free_port, ftp, program, s3

REWRITES = 300


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when we miss one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=2_000)
    options = parser.parse_args(argv)
    HOME.mkdir(parents=True, exist_ok=True)
    tree, buckets = source_tree(options.files), buckets_of()
    ports = free_port(), free_port()
    sides = sides_of(*ports, 8, ("lftp", "rclone"))
    for name in ("lftp", "s5cmd", "rclone"):
        if not program(name):
            missing(name, "what it misses is not shown")
    missed = False
    with ftp(tree, ports[0]), s3(buckets, ports[1]):
        for side in sides:
            side()
        changed = change(tree, 1, REWRITES, old_times=True)
        assert len(changed) == REWRITES, len(changed)
        for side in sides:
            side()
        for side in sides:
            left = differing(tree, buckets / side.bucket) & set(changed)
            old = len(left & set(changed[1::2]))
            text = f"T9 {side.name}: {len(left)} of {REWRITES} rewrites missed ({len(left) - old} new times, {old} old)"
            if isinstance(side, Ours):
                missed |= judged(text, met=not left)
            else:
                print(f"        {text}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
