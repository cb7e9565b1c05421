"""What the official result document lists about a file, beside the findings: keys and values in its own order.

Texts are not trimmed; a variable that the file lacks is ``null``; lists begin with a blank and are joined by commas.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.instants import juld_moment, stamp

#: The official program writes its own text for the type, not the file's.
CANONICAL: Final = {
    "P": "Argo profile",
    "B": "B-Argo profile",
    "T": "Argo trajectory",
    "BT": "B-Argo trajectory",
    "M": "Argo meta-data",
    "K": "Argo technical data",
}
_ABSENT: Final = "null"
#: Coordinates from here on are fill values, and what stands for "none".
_FILL: Final = 99990.0
_NONE: Final = 99999.0
#: How far above the deepest good level salinities are compared, in decibar.
_DEEP: Final = 500.0

Pair = tuple[str, str]


def extracted(ctx: Context, *, format_passed: bool) -> tuple[Pair, ...]:
    """Keys and values in the order of the document.

    Args:
        ctx: the file.
        format_passed: whether its format is right, so that numbers may be relied upon.
    """
    return tuple(_pairs(ctx, format_passed))


def _pairs(ctx: Context, format_passed: bool) -> Iterator[Pair]:
    yield "dac", ctx.dac or ""
    yield "DATA_TYPE", CANONICAL[ctx.letter]
    yield "FORMAT_VERSION", ctx.raw_version
    yield from _texts(ctx, "DATE_UPDATE")
    if ctx.file_type.is_profile:
        yield from _profile(ctx, format_passed)
    elif ctx.file_type.is_trajectory:
        yield from _texts(ctx, "DATA_CENTRE", "PLATFORM_NUMBER", "PI_NAME", "WMO_INST_TYPE", "DATA_MODE")
        if format_passed:
            yield from _bounds(ctx)
            if ctx.file_type.is_bio:
                yield from _parameters(ctx, "TRAJECTORY_PARAMETERS")
    else:
        more = ("PI_NAME", "WMO_INST_TYPE") if ctx.letter == "M" else ()
        yield from _texts(ctx, "DATA_CENTRE", "PLATFORM_NUMBER", *more)


def _profile(ctx: Context, format_passed: bool) -> Iterator[Pair]:
    for name in ("DATA_CENTRE", "PLATFORM_NUMBER", "PI_NAME", "WMO_INST_TYPE"):
        known = ctx.dataset.is_char(name)
        yield name, " " + ",".join(ctx.dataset.trimmed(name)) if known else _ABSENT
    yield from _texts(ctx, "DATA_MODE", "DIRECTION")
    if format_passed:
        yield from ((name, str(ctx.dataset.dimensions[name])) for name in ("N_PROF", "N_LEVELS"))
        yield "CYCLE_NUMBER", _list(_cycle(number) for number in ctx.dataset.array("CYCLE_NUMBER").tolist())
        yield "JULD-dtg", _list(stamp(juld_moment(days)) for days in ctx.dataset.array("JULD").tolist())
        for name in ("LATITUDE", "LONGITUDE"):
            yield name, _list(f"{degrees:.4f}" for degrees in ctx.dataset.array(name).tolist())
        yield from _texts(ctx, "JULD_QC", "POSITION_QC")
    yield from _texts(ctx, "PROFILE_TEMP_QC", "PROFILE_PSAL_QC", "PROFILE_DOXY_QC")
    yield from _parameters(ctx, "STATION_PARAMETERS")
    if format_passed and not ctx.file_type.is_bio:
        mean, deviation = _salinity_adjustment(ctx)
        yield "psal-adj-mean", f" {mean:.4f}"
        yield "psal-adj-sdev", f" {deviation:.4f}"


def _texts(ctx: Context, *names: str) -> Iterator[Pair]:
    for name in names:
        yield name, ctx.dataset.text(name) if ctx.dataset.is_char(name) else _ABSENT


def _parameters(ctx: Context, variable: str) -> Iterator[Pair]:
    """Distinct names as they first come, and for each the letter of its mode there (``-`` where there is none)."""
    if not ctx.dataset.is_char(variable):
        return
    names = ctx.dataset.trimmed(variable)
    with_modes = ctx.letter == "B" and ctx.dataset.is_char("PARAMETER_DATA_MODE")
    modes = ctx.dataset.bytes("PARAMETER_DATA_MODE").decode("latin-1") if with_modes else ""
    found: dict[str, str] = {}
    for at, name in enumerate(names):
        if name:
            found.setdefault(name, modes[at : at + 1] or "-")
    yield "STATION_PARAMETERS", " ".join(found)
    yield "PARAMETER_DATA_MODE", "".join(found.values())


def _bounds(ctx: Context) -> Iterator[Pair]:
    for name in ("latitude", "longitude"):
        values = ctx.dataset.array(name.upper())
        known = values[values < _FILL]
        least, most = (known.min(), known.max()) if known.size else (_NONE, _NONE)
        yield f"min_{name}", f"{least:.4f}"
        yield f"max_{name}", f"{most:.4f}"


def _salinity_adjustment(ctx: Context) -> tuple[float, float]:
    """Mean and standard deviation of adjusted minus raw salinity over the deepest 500 dbar of the first profile.

    99999 twice when that cannot be said (no salinity, no good deep level, fewer than two levels); 0 twice in real time.
    """
    none = (_NONE, _NONE)
    needed = ("PSAL", "PSAL_ADJUSTED", "PSAL_QC", "PSAL_ADJUSTED_QC", "PRES_ADJUSTED", "PRES_ADJUSTED_QC")
    if not all(name in ctx.dataset for name in needed) or not ctx.dataset.dimensions.get("N_PROF"):
        return none
    if ctx.dataset.bytes("DATA_MODE")[:1] == b"R":
        return 0.0, 0.0
    raw, adjusted, raw_flag, flag, pressure, pressure_flag = (ctx.dataset.array(name)[0] for name in needed)
    good = np.flatnonzero(pressure_flag[1:] == b"1") + 1
    if not good.size:
        return none
    deepest = int(good[-1])
    start = int(np.argmax(pressure >= pressure[deepest] - _DEEP))
    both = (raw_flag == b"1") & (flag == b"1")
    levels = np.flatnonzero(both[start : deepest + 1]) + start
    if levels.size < 2:
        return none
    with np.errstate(invalid="ignore", over="ignore"):  # infinite values are findings; here they give no statistics
        shift = adjusted[levels].astype(float) - raw[levels].astype(float)
        mean, deviation = float(shift.mean()), float(shift.std(ddof=1))
    return (mean, deviation) if math.isfinite(mean) and math.isfinite(deviation) else none


def _cycle(number: int) -> str:
    return f"-{-number:03d}" if number < 0 else f"{number:03d}"


def _list(values: Iterator[str]) -> str:
    return " " + ",".join(values)
