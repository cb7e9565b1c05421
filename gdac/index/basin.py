"""The ocean column: A, I or P for a position, from a named source.

Source: Argo reference table R13 (NVS collection R13, "Argo ocean area codes and boundary definitions"). It says:

- below 30 S the boundaries are meridians: 20 E (Atlantic, Indian), 145 E (Indian, Pacific), 70 W (Pacific, Atlantic);
- Atlantic: Caribbean, Gulf of Mexico, Mediterranean, Black, Baltic, Labrador, Baffin, Greenland, Norwegian, Barents and
  Kara seas;
- Indian: Red Sea;
- Pacific: South China Sea, Indonesian seas, Laptev, East Siberian, Chukchi and Beaufort seas.

North of 30 S the oceans meet at land or at straits, so two polygons drawn over land complete the table: what is in
neither is Pacific. Where a polygon crosses water it follows the limits of seas in IHO publication S-23 (1953):

- the Indonesian seas are its section 48 (Java, Bali, Flores, Savu, Banda, Timor, Arafura and others);
- the Strait of Malacca, which R13 does not name, goes with the Andaman Sea (Indian) up to its end at 103.5 E;
- the channels of the Canadian archipelago go with Baffin Bay, split from the Beaufort Sea at that sea's eastern limit;
- beyond all named seas the central Arctic is split along 115 W and 95.7 E.

A point on a meridian belongs to the ocean east of it.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Line = tuple[tuple[float, float], ...]

#: Degrees north where the meridians end and the polygons begin.
SOUTH: Final = -30.0
#: Polygons reach a little over it, and over the pole, so that no point lies on their closing edges.
_BELOW: Final = -31.0
_POLE: Final = 91.0
_POINTS: Final = 4096

# All lines are (longitude, latitude) over land unless a comment names the water.
_AMERICAS: Final[_Line] = (
    *((-70.0, _BELOW), (-69.0, -25.0), (-68.5, -20.0), (-69.5, -17.0), (-72.0, -14.5), (-76.0, -11.0), (-78.3, -7.5)),
    *((-78.8, -4.0), (-78.6, -1.0), (-77.5, 1.0), (-76.4, 3.5), (-76.2, 6.0), (-76.5, 7.3), (-77.3, 7.7)),
    # Panama, where both seas lie within 60 km
    *((-77.6, 8.2), (-78.0, 8.9), (-78.6, 9.2), (-79.1, 9.25), (-79.75, 9.1), (-80.3, 8.75), (-81.0, 8.6)),
    *((-82.0, 8.75), (-82.5, 8.85), (-83.6, 9.6), (-84.2, 10.1), (-85.0, 10.8), (-85.5, 11.3), (-85.3, 12.0)),
    *((-86.2, 13.2), (-87.0, 14.0), (-88.3, 14.4), (-89.5, 14.8), (-91.0, 15.2), (-92.8, 16.2)),
    # Isthmus of Tehuantepec
    *((-94.2, 16.9), (-95.0, 17.1), (-96.5, 17.3), (-98.0, 18.3), (-99.5, 19.3), (-101.0, 20.0), (-103.0, 22.0)),
    *((-105.0, 25.0), (-106.5, 28.0), (-108.5, 31.0), (-108.5, 35.0), (-107.0, 40.0), (-111.0, 45.0)),
    *((-114.0, 49.0), (-117.0, 52.0), (-121.0, 55.0), (-126.0, 58.0), (-130.0, 61.0), (-128.0, 65.0), (-126.0, 69.0)),
    # eastern limit of the Beaufort Sea: Cape Bathurst, Cape Kellett, Cape Prince Alfred, Prince Patrick Island
    *((-128.0, 70.55), (-125.5, 72.0), (-124.7, 74.3), (-120.0, 75.8), (-121.0, 76.2), (-115.0, 80.0), (-115.0, _POLE)),
)
_KARA_TO_SUEZ: Final[_Line] = (
    # eastern limit of the Kara Sea: Severnaya Zemlya, Cape Chelyuskin
    *((95.7, _POLE), (95.7, 81.3), (100.0, 79.3), (104.3, 77.7), (105.0, 76.0), (100.0, 65.0), (70.0, 48.0)),
    *((48.0, 43.0), (44.0, 40.5), (40.0, 38.0), (38.0, 36.5), (36.8, 34.0), (35.4, 32.0), (34.7, 31.0)),
)
_SUEZ_TO_CAPE: Final[_Line] = (
    *((34.7, 31.0), (33.5, 30.6), (32.4, 30.5), (31.8, 29.5), (32.0, 27.0), (33.5, 24.0), (35.0, 20.0), (36.5, 16.5)),
    *((38.5, 13.0), (40.5, 11.0), (39.0, 9.0), (37.0, 5.0), (36.0, 0.0), (35.0, -5.0), (33.0, -12.0), (30.0, -18.0)),
    *((27.0, -25.0), (22.0, -29.5), (20.0, _BELOW)),
)
_SUEZ_TO_SINGAPORE: Final[_Line] = (
    *((34.7, 31.0), (36.0, 32.0), (45.0, 34.0), (60.0, 35.0), (70.0, 35.0), (90.0, 30.0), (97.0, 28.0), (98.5, 20.0)),
    # Isthmus of Kra, Malay Peninsula
    *((98.9, 14.0), (99.3, 12.5), (98.95, 10.5), (98.85, 9.5), (99.0, 8.8), (99.6, 7.9), (100.2, 7.2), (100.4, 6.8)),
    *((101.0, 5.5), (101.8, 4.5), (102.3, 3.2), (103.2, 2.2), (103.6, 1.6)),
)
_SUNDA: Final[_Line] = (
    # end of the Strait of Malacca, then Sumatra
    *((103.5, 1.2), (103.0, 0.7), (102.0, 0.3), (101.5, -1.0), (103.0, -2.8), (104.5, -4.5), (105.3, -5.5)),
    # narrows of the Sunda Strait, then Java
    *((105.75, -5.87), (106.0, -5.97), (107.0, -6.9), (109.0, -7.3), (111.0, -7.6), (113.0, -8.1), (114.4, -8.75)),
    # southern limits of the Bali and Savu Seas: Bali, Lombok, Sumbawa, Sumba, Savu, Roti
    *((115.1, -8.8), (115.55, -8.83), (115.85, -8.83), (116.6, -8.95), (116.8, -9.1), (118.0, -8.9), (118.9, -8.8)),
    *((118.93, -9.55), (120.0, -10.2), (120.85, -10.3), (121.8, -10.6), (122.8, -10.95)),
    # western limit of the Timor Sea, to Cape Londonderry; then Australia
    *((126.9, -13.75), (126.8, -15.0), (130.0, -18.0), (135.0, -22.0), (140.0, -27.0), (145.0, _BELOW)),
)
_ATLANTIC: Final[_Line] = (*_AMERICAS, *_KARA_TO_SUEZ, *_SUEZ_TO_CAPE)
_INDIAN: Final[_Line] = (*_SUEZ_TO_SINGAPORE, *_SUNDA, *reversed(_SUEZ_TO_CAPE))


def ocean_codes(latitude: ArrayLike, longitude: ArrayLike) -> NDArray[np.str_]:
    """The ocean code of each position.

    Args:
        latitude: degrees north; NaN, or beyond the poles, gives an empty code.
        longitude: degrees east, in any turn (200 and -160 are the same); NaN, or beyond 360, gives an empty code.

    Returns:
        ``A``, ``I``, ``P`` or an empty text, in the shape of the input.
    """
    north = np.asarray(latitude, dtype=np.float64)
    given = np.asarray(longitude, dtype=np.float64)
    known = (np.abs(north) <= 90.0) & (np.abs(given) <= 360.0)
    east = np.where(known, (given + 180.0) % 360.0 - 180.0, 0.0)
    north = np.where(known, north, 0.0)
    south = north < SOUTH
    atlantic = np.where(south, (east >= -70.0) & (east < 20.0), _inside(_ATLANTIC, east, north))
    indian = np.where(south, (east >= 20.0) & (east < 145.0), _inside(_INDIAN, east, north))
    return np.where(known, np.where(atlantic, "A", np.where(indian, "I", "P")), "")


def _inside(polygon: _Line, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Even-odd rule: every point against every edge, some thousands of points at a time."""
    start = np.array(polygon)
    end = np.roll(start, -1, axis=0)
    sloped = start[:, 1] != end[:, 1]
    (x0, y0), (x1, y1) = start[sloped].T, end[sloped].T
    slope = (x1 - x0) / (y1 - y0)
    low, high = np.minimum(y0, y1), np.maximum(y0, y1)
    inside = np.zeros(x.size, dtype=np.bool_)
    flat_x, flat_y = x.reshape(-1, 1), y.reshape(-1, 1)
    for at in range(0, x.size, _POINTS):
        px, py = flat_x[at : at + _POINTS], flat_y[at : at + _POINTS]
        crossed = (py >= low) & (py < high) & (px < x0 + (py - y0) * slope)
        inside[at : at + _POINTS] = crossed.sum(axis=1) % 2 == 1
    return inside.reshape(x.shape)
