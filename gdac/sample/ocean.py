"""Plausible water: pressure, temperature, salinity and oxygen of one profile. Smooth, and different everywhere."""

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.float32]

_SURFACE_DAY: Final = 45.0  # day of the year with the coldest northern surface


@cache
def _shape(levels: int) -> npt.NDArray[np.float64]:
    """Pressures from 4 to 2000 decibars, close together near the surface."""
    return np.asarray(4.0 + 1996.0 * np.linspace(0.0, 1.0, levels) ** 1.7, np.float64)


def water(
    rng: np.random.Generator, *, levels: int, latitude: float, day_of_year: int, measured: tuple[str, ...]
) -> Mapping[str, Levels]:
    """Values of one profile, from the surface down.

    Args:
        rng: of this profile.
        levels: how many.
        latitude: degrees north; warm and salty at the surface in the subtropics, cold towards the poles.
        day_of_year: 1 to 366; the mixed layer follows the season of the hemisphere.
        measured: which parameters to return.

    Returns:
        Arrays of ``levels``, rounded to the resolution of each parameter: decibar, degree Celsius, psu,
        micromole/kg, degrees of phase.
    """
    pressure = np.round(_shape(levels) + rng.uniform(0.0, 0.8), 1)
    season = np.cos(2 * np.pi * (day_of_year - _SURFACE_DAY) / 365.25) * (-1.0 if latitude > 0 else 1.0)
    towards_pole = np.cos(np.radians(latitude)) ** 1.5
    mixed = 60.0 - 25.0 * season + rng.uniform(-8, 8)
    below = np.maximum(pressure - mixed, 0.0)
    surface = 2.0 + 26.0 * towards_pole + 2.0 * season
    temperature = 2.3 + (surface - 2.3) * (0.75 * np.exp(-below / 320.0) + 0.25 * np.exp(-below / 900.0))
    temperature += _wiggle(rng, pressure, 0.08)
    salinity = 34.65 + (1.6 * towards_pole - 0.6) * np.exp(-below / 350.0) + _wiggle(rng, pressure, 0.01)
    oxygen = 225.0 + 60.0 * (1 - towards_pole) - 120.0 * np.exp(-(((pressure - 800.0) / 420.0) ** 2))
    oxygen += _wiggle(rng, pressure, 1.5)
    values = {
        "PRES": pressure,
        "TEMP": np.round(temperature, 3),
        "PSAL": np.round(salinity, 3),
        "DOXY": np.round(oxygen, 3),
        "TEMP_DOXY": np.round(temperature + 0.012, 3),
        "C1PHASE_DOXY": np.round(62.0 - oxygen * 0.11, 2),
        "C2PHASE_DOXY": np.round(4.0 + temperature * 0.15, 2),
    }
    return {name: values[name].astype(np.float32) for name in measured}


def _wiggle(rng: np.random.Generator, pressure: npt.NDArray[np.float64], size: float) -> npt.NDArray[np.float64]:
    """A few slow waves over depth that fade below 1000 decibars."""
    waves = rng.uniform(0.6, 1.4, 3)[:, None] * np.sin(
        pressure[None, :] / rng.uniform(60, 300, 3)[:, None] + rng.uniform(0, 6, 3)[:, None]
    )
    found: npt.NDArray[np.float64] = waves.sum(axis=0) * size * np.exp(-pressure / 1000.0)
    return found
