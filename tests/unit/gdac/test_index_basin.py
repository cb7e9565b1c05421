"""The ocean column on both sides of every boundary, by named places (R13 and IHO S-23, not our floats)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.index.basin import ocean_codes

PLACES = {
    # meridians of R13 below 30 S
    "west of the Agulhas meridian": (-36, 19.99, "A"),
    "on the Agulhas meridian": (-36, 20.0, "I"),
    "Cape Town, Table Bay": (-33.8, 18.3, "A"),
    "Durban": (-30.2, 31.5, "I"),
    "Bass Strait west": (-39.5, 144.9, "I"),
    "Bass Strait east": (-39.5, 145.1, "P"),
    "south of Tasmania, 146 E": (-50, 146, "P"),
    "Great Australian Bight": (-32.5, 130, "I"),
    "Drake Passage west": (-58, -70.1, "P"),
    "Drake Passage east": (-58, -69.9, "A"),
    "Antarctic, dateline": (-70, 180, "P"),
    "Weddell Sea": (-72, -45, "A"),
    # the Americas
    "Valparaiso": (-30.5, -72.5, "P"),
    "Antofagasta": (-23.6, -70.6, "P"),
    "Lima": (-12.1, -77.4, "P"),
    "Guayaquil": (-2.9, -80.3, "P"),
    "Buenaventura": (3.8, -77.5, "P"),
    "Gulf of Uraba": (8.4, -76.9, "A"),
    "Gulf of San Miguel": (8.2, -78.4, "P"),
    "San Blas": (9.6, -78.8, "A"),
    "Panama Bay": (8.8, -79.4, "P"),
    "Colon": (9.45, -79.9, "A"),
    "Gulf of Chiriqui": (8.0, -82.2, "P"),
    "Bocas del Toro": (9.4, -82.0, "A"),
    "Puntarenas": (9.8, -84.9, "P"),
    "Limon": (10.0, -82.9, "A"),
    "San Juan del Sur": (11.2, -86.0, "P"),
    "Mosquito Coast": (12.0, -83.5, "A"),
    "Gulf of Fonseca": (13.2, -87.7, "P"),
    "Gulf of Honduras": (16.0, -88.2, "A"),
    "Gulf of Tehuantepec": (16.0, -95.0, "P"),
    "Bay of Campeche": (18.5, -94.5, "A"),
    "Acapulco": (16.7, -99.9, "P"),
    "Veracruz": (19.3, -96.0, "A"),
    "Gulf of California, head": (31.3, -114.2, "P"),
    "Gulf of Mexico": (25, -90, "A"),
    "Caribbean": (15, -70, "A"),
    "San Francisco": (37.7, -122.8, "P"),
    "Puget Sound": (47.6, -122.4, "P"),
    "Gulf of Alaska": (58, -145, "P"),
    "Hudson Bay": (60, -85, "A"),
    "Labrador Sea": (58, -53, "A"),
    "Baffin Bay": (73, -67, "A"),
    # the Arctic
    "Bering Sea": (60, -178, "P"),
    "Bering Strait south": (65, -168.5, "P"),
    "Bering Strait north": (66.5, -168.5, "P"),
    "Chukchi Sea": (69, -171, "P"),
    "Beaufort Sea": (72, -140, "P"),
    "East Siberian Sea": (73, 160, "P"),
    "Laptev Sea": (76, 125, "P"),
    "Kara Sea": (76, 80, "A"),
    "Barents Sea": (74, 40, "A"),
    "Greenland Sea": (76, -5, "A"),
    "Norwegian Sea": (67, 3, "A"),
    "Fram Strait": (80, 0, "A"),
    # Europe, Africa
    "Baltic": (58, 20, "A"),
    "Black Sea, Batumi": (41.8, 41.3, "A"),
    "Sea of Azov": (46, 36.5, "A"),
    "Gulf of Iskenderun": (36.6, 35.8, "A"),
    "Haifa": (32.9, 34.9, "A"),
    "Port Said": (31.4, 32.4, "A"),
    "Gulf of Suez, head": (29.8, 32.5, "I"),
    "Gulf of Aqaba": (29.0, 34.8, "I"),
    "Red Sea, Port Sudan": (19.6, 37.6, "I"),
    "Bab el Mandeb": (12.6, 43.4, "I"),
    "Gulf of Aden, Djibouti": (11.7, 43.4, "I"),
    "Persian Gulf, head": (29.5, 48.8, "I"),
    "Mozambique Channel": (-18, 41, "I"),
    "Gulf of Guinea": (0, 5, "A"),
    "Walvis Bay": (-23, 14, "A"),
    # Asia, Australia
    "Arabian Sea": (15, 65, "I"),
    "Bay of Bengal": (15, 88, "I"),
    "Andaman Sea": (11, 96, "I"),
    "Gulf of Martaban": (16, 96.5, "I"),
    "Gulf of Thailand": (10, 101, "P"),
    "Ranong": (9.9, 98.4, "I"),
    "Chumphon": (10.4, 99.5, "P"),
    "Phuket": (7.8, 98.2, "I"),
    "Samui": (9.5, 100.2, "P"),
    "Strait of Malacca": (3.0, 100.8, "I"),
    "Singapore Strait east": (1.3, 104.3, "P"),
    "South China Sea": (12, 115, "P"),
    "Karimata Strait": (-2, 108.5, "P"),
    "Padang": (-1, 100.0, "I"),
    "Java Sea": (-5, 110, "P"),
    "Sunda Strait south": (-6.2, 105.2, "I"),
    "Sunda Strait north": (-5.6, 106.2, "P"),
    "south of Java": (-9, 110, "I"),
    "Bali Sea": (-7.8, 115.5, "P"),
    "Lombok Strait south end": (-9.1, 115.7, "I"),
    "Flores Sea": (-7.5, 120, "P"),
    "Savu Sea": (-9.5, 122, "P"),
    "south of Sumba": (-11, 119.5, "I"),
    "Banda Sea": (-5, 127, "P"),
    "Timor Sea": (-11.5, 127, "P"),
    "Joseph Bonaparte Gulf": (-14, 129, "P"),
    "Browse Basin": (-14, 123, "I"),
    "Arafura Sea": (-9.5, 135, "P"),
    "Gulf of Carpentaria": (-14, 139, "P"),
    "Torres Strait west": (-10.5, 141.5, "P"),
    "Torres Strait east": (-10, 143.5, "P"),
    "Coral Sea": (-18, 152, "P"),
    "Brisbane": (-27.3, 153.6, "P"),
    "Shark Bay": (-25.5, 113.3, "I"),
    "Sea of Japan": (40, 135, "P"),
    "equator at the dateline": (0, 180, "P"),
}


@pytest.mark.parametrize(("latitude", "longitude", "code"), PLACES.values(), ids=PLACES)
def test_named_places(latitude: float, longitude: float, code: str) -> None:
    assert ocean_codes(latitude, longitude) == code
    assert ocean_codes(latitude, longitude + (360 if longitude < 0 else -360)) == code  # 200 E is 160 W


def test_no_position_no_ocean() -> None:
    assert ocean_codes([np.nan, 0, 99999, -999.999, 0], [0, np.nan, 99999, 0, 361]).tolist() == [""] * 5


@given(st.floats(-90, 90), st.floats(-180, 360))
def test_every_position_has_one_ocean_the_same_in_every_turn(latitude: float, longitude: float) -> None:
    code = str(ocean_codes(latitude, longitude))
    assert code in {"A", "I", "P"}
    assert ocean_codes(np.full(3, latitude), [longitude] * 3).tolist() == [code] * 3
