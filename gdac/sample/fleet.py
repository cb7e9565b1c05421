"""The invented floats: whose, of which make, where they drift, when they profile. Pure; all follows from a seed.

DACs, institution codes, platform types and instrument codes are real and belong together (Argo reference tables 4, 8,
23 and 24), so that the files are valid. WMO numbers, places and people are not.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np

#: Time between two profiles.
PERIOD: Final = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Dac:
    """A data assembly centre.

    Attributes:
        name: its directory.
        code: DATA_CENTRE in its files.
        institution: global attribute of its files.
        area: first digit of its floats' WMO numbers.
        latitude: degrees north of the middle of the waters its floats are in.
        longitude: degrees east of the same.
        ocean: A, P or I, as indexes say; its floats never leave it.
    """

    name: str
    code: str
    institution: str
    area: int
    latitude: float
    longitude: float
    ocean: str


@dataclass(frozen=True, slots=True)
class Model:
    """A make of float.

    Attributes:
        platform_type: Argo reference table 23.
        maker: table 24.
        instrument: WMO_INST_TYPE, table 8.
        firmware: FIRMWARE_VERSION.
        transmission: table 10.
        positioning: table 9.
        scheme: VERTICAL_SAMPLING_SCHEME.
        levels: how many levels a profile has.
        core: parameters of the core files.
        bio: parameters of the b-files; empty where it makes none.
    """

    platform_type: str
    maker: str
    instrument: str
    firmware: str
    transmission: str
    positioning: str
    scheme: str
    levels: int
    core: tuple[str, ...]
    bio: tuple[str, ...] = ()


DACS: Final = (
    Dac("aoml", "AO", "AOML", 4, 30.0, -45.0, "A"),
    Dac("coriolis", "IF", "CORIOLIS", 6, -15.0, -8.0, "A"),
    Dac("jma", "JA", "JMA", 2, 28.0, 155.0, "P"),
    Dac("csiro", "CS", "CSIRO", 1, -38.0, 95.0, "I"),
    Dac("bodc", "BO", "BODC", 3, 47.0, -22.0, "A"),
    Dac("meds", "ME", "MEDS", 7, 47.0, -145.0, "P"),
    Dac("incois", "IN", "INCOIS", 5, -5.0, 80.0, "I"),
    Dac("csio", "HZ", "CSIO", 2, 12.0, 145.0, "P"),
    Dac("kma", "KM", "KMA", 2, 38.0, 170.0, "P"),
    Dac("kiost", "KO", "KIOST", 7, -20.0, -179.0, "P"),
)

_PTS: Final = ("PRES", "TEMP", "PSAL")
_OXYGEN: Final = ("PRES", "C1PHASE_DOXY", "C2PHASE_DOXY", "TEMP_DOXY", "DOXY")
_BINS: Final = "Primary sampling: averaged [bins of 10 dbar below 500 dbar, of 5 dbar above]"
_POINTS: Final = "Primary sampling: discrete []"
MODELS: Final = (
    Model("ARVOR", "NKE", "844", "5900A04", "IRIDIUM", "GPS", _BINS, 180, _PTS),
    Model("APEX", "TWR", "846", "060612", "ARGOS", "ARGOS", _POINTS, 130, _PTS),
    Model("SOLO_II", "SIO_IDG", "853", "SBE602 11Jan18", "IRIDIUM", "GPS", _BINS, 240, _PTS),
)
OXYGEN_MODEL: Final = Model("PROVOR_III", "NKE", "836", "5900A05", "IRIDIUM", "GPS", _BINS, 300, _PTS, _OXYGEN)
LEGACY_MODEL: Final = Model("APEX", "WRC", "845", "n/a", "ARGOS", "ARGOS", _POINTS, 106, ("PRES", "TEMP"))


@dataclass(frozen=True, slots=True)
class Float:
    """One invented float.

    Attributes:
        seed: of the archive it belongs to.
        number: its place in the fleet, from 0.
        dac: who processes it.
        wmo: its number, as text.
        model: its make.
        launch: when it went into the water, UTC.
        latitude: degrees north at launch.
        longitude: degrees east at launch.
        north: drift in degrees a cycle.
        east: drift in degrees a cycle.
        descends: it also profiles on its way down, before cycle 1.
    """

    seed: int
    number: int
    dac: Dac
    wmo: str
    model: Model
    launch: datetime
    latitude: float
    longitude: float
    north: float
    east: float
    descends: bool

    @property
    def folder(self) -> str:
        """Its directory in the archive."""
        return f"dac/{self.dac.name}/{self.wmo}"

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Parameters of its synthetic profiles; empty where it has none."""
        return (*self.model.core, "DOXY") if self.model.bio else ()

    def surfaced(self, cycle: int, *, descending: bool = False) -> datetime:
        """When a profile was taken: the end of the ascent, or the start of the first descent."""
        if descending:
            return self.launch + timedelta(hours=12)
        return self.launch + cycle * PERIOD + timedelta(minutes=(cycle * 37 + self.number * 11) % 90)

    def position(self, cycle: int) -> tuple[float, float]:
        """Latitude and longitude (degrees north, east; -180 <= longitude < 180) after a cycle: drift and eddies."""
        turn = 0.55 * cycle + self.number
        # the swing keeps a float of a thousand cycles within five degrees of its launch
        swing = 3.0 * math.sin(cycle * 0.01)
        north = self.latitude + self.north * swing + 0.35 * math.sin(turn)
        east = self.longitude + self.east * swing + 0.45 * math.cos(turn * 0.8)
        return round(north, 3), round((east + 180.0) % 360.0 - 180.0, 3)

    def has_position(self, cycle: int) -> bool:
        """A few profiles came without a fix, as in real archives."""
        return not (self.number % 7 == 5 and cycle == 3)


def fleet(*, floats: int, cycles: int, seed: int, day: date) -> tuple[Float, ...]:
    """All floats of an archive, launched so that each has made ``cycles`` cycles by the beginning of ``day`` (UTC).

    The cycles of the fleet are spread over the ten days: float *i* makes its next one on day 1 + *i* mod 10.
    """
    return tuple(_one(number, cycles, seed, datetime.combine(day, time(), UTC)) for number in range(floats))


def _one(number: int, cycles: int, seed: int, now: datetime) -> Float:
    rng = np.random.default_rng((seed, number))
    dac = DACS[number % len(DACS)]
    legacy = number == 10  # the second float of the first DAC
    oxygen = number % 4 == 1
    model = LEGACY_MODEL if legacy else OXYGEN_MODEL if oxygen else MODELS[number % len(MODELS)]
    since_last = timedelta(days=(9 - number) % 10, hours=4 + number % 7)
    return Float(
        seed=seed,
        number=number,
        dac=dac,
        wmo="13990" if legacy else f"{dac.area}98{number:04d}",
        model=model,
        launch=now - since_last - cycles * PERIOD,
        latitude=dac.latitude + float(rng.uniform(-3, 3)),
        longitude=dac.longitude + float(rng.uniform(-4, 4)),
        north=float(rng.uniform(-0.8, 0.8)),
        east=float(rng.uniform(-1.2, 1.2)),
        descends=oxygen or number % 5 == 0,
    )
