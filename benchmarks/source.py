"""The archive that transfers are measured on, and its days; a process of its own, since making it takes memory.

python -m benchmarks.source make DIRECTORY FILES                    DIRECTORY/source, from DIRECTORY/archive-FILES
python -m benchmarks.source change TREE NUMBER FILES OLD_TIMES      a day; prints the paths that changed
"""

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

from gdac.netcdf import read_header
from gdac.sample.archive import make_archive

FILES_PER_FLOAT = 42
CYCLES = 27
INDEX = "ar_index_global_prof.txt"
OLD = 1_000_000_000  # 2001: older than anything that was ever copied


def make(home: Path, files: int) -> None:
    """A sample archive of about so many profile files, made once, and a fresh copy of it by hard links."""
    kept = home / f"archive-{files}"
    if not (kept / INDEX).is_file():
        make_archive(kept, floats=max(1, files // FILES_PER_FLOAT), cycles=CYCLES, seed=1, day=date(2025, 3, 1))
    shutil.rmtree(home / "source", ignore_errors=True)
    shutil.copytree(kept, home / "source", copy_function=os.link)


def change(tree: Path, number: int, files: int, old_times: bool) -> None:
    """Give core profiles new bytes of the same size: a new DATE_UPDATE, in the file and in its index row.

    Args:
        tree: the archive.
        number: days after the first; every day takes other files.
        files: how many.
        old_times: every second file gets a time of change that is older than any copy of it.
    """
    index = tree / INDEX
    lines = index.read_text().splitlines()
    rows = [at for at, line in enumerate(lines) if line[-1:].isdigit() and ".nc," in line]
    stamp = f"202503{1 + number:02d}070000"
    for place, at in enumerate(rows[number :: max(1, len(rows) // (files + 1))][:files]):
        name = lines[at].partition(",")[0]
        file = tree / "dac" / name
        raw = bytearray(file.read_bytes())
        begin = read_header(bytes(raw)).variables["DATE_UPDATE"].begin
        assert begin is not None
        raw[begin : begin + 14] = stamp.encode()
        file.unlink()  # the kept archive shares it
        file.write_bytes(raw)
        if old_times and place % 2:
            os.utime(file, (OLD + place, OLD + place))
        lines[at] = f"{lines[at].rpartition(',')[0]},{stamp}"
        print(f"dac/{name}")
    head = f"# Date of update : 202503{1 + number:02d}082402"
    index.unlink()
    index.write_text("\n".join(head if "Date of update" in line else line for line in lines) + "\n")
    packed = tree / f"{INDEX}.gz"
    packed.unlink()
    subprocess.run(["gzip", "-k", str(index)], check=True)


if __name__ == "__main__":
    what, place, *rest = sys.argv[1:]
    if what == "make":
        make(Path(place), int(rest[0]))
    else:
        change(Path(place), int(rest[0]), int(rest[1]), bool(int(rest[2])))
