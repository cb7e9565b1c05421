"""Damaged files, made from right ones by a seed: what disks, networks and enemies do to headers."""

from collections.abc import Iterator

import numpy as np

from gdac.netcdf import read_header

_NUMBERS = tuple(
    bytes.fromhex(each) for each in ("00000000", "00000001", "7fffffff", "80000000", "ffffffff", "00010000")
)


def damaged(data: bytes, header: int, rng: np.random.Generator) -> bytes:
    """One to four changes within the first ``header`` bytes."""
    made = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, max(1, min(header, len(made)) - 8)))
        match int(rng.integers(0, 7)):
            case 0:
                made[at] ^= 1 << int(rng.integers(0, 8))
            case 1:
                made[at] = int(rng.integers(0, 256))
            case 2:
                at &= ~3  # counts and lengths stand at multiples of four
                made[at : at + 4] = _NUMBERS[int(rng.integers(0, len(_NUMBERS)))]
            case 3:
                del made[at : at + int(rng.integers(1, 9))]
            case 4:
                made[at:at] = rng.bytes(int(rng.integers(1, 9)))
            case 5:
                start = int(rng.integers(0, max(1, min(header, len(made)) - 64)))
                made[at : at + 32] = made[start : start + 32]
            case 6:
                made[at : at + 8] = rng.bytes(8)
    return bytes(made)


def header_length(data: bytes) -> int:
    """Bytes in front of the data of a classic file; for HDF5, where its metadata are thick."""
    if not data.startswith(b"CDF"):
        return min(len(data), 60_000)
    return min((each.begin or len(data) for each in read_header(data).variables.values()), default=len(data))


def damaged_files(
    files: list[tuple[str, bytes]], count: int, seed: int, *, headers: bool = True
) -> Iterator[tuple[str, bytes]]:
    """``count`` damaged files, each from one of ``files`` in turn: within the header, or anywhere; names stay."""
    lengths = [header_length(data) if headers else len(data) for _, data in files]
    for number in range(count):
        name, data = files[number % len(files)]
        yield name, damaged(data, lengths[number % len(files)], np.random.default_rng((seed, number)))


def truncated_files(files: list[tuple[str, bytes]], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """``count`` files that end too early: within the header, within the data, by a few bytes."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        name, data = files[number % len(files)]
        ends = (rng.integers(0, 64), rng.integers(0, min(20_000, len(data))), rng.integers(0, len(data)), len(data) - 3)
        yield name, data[: int(ends[number % 4])]
