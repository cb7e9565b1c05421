"""Floats as their metadata files describe them, with every word joined to the term of its reference table.

    with open_dataset(file) as dataset:
        facts = read_float(dataset)              # plain values, nothing believed
    triples = float_triples(facts, load(), Names(), version=sha256_of_the_file)

A word that its table does not have stays text and is said to be unmatched; the checker says whether that is an error.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyoxigraph as ox

from gdac.check.dataset import Dataset
from gdac.errors import RefusedError
from gdac.paths import DAC_NAME, WMO
from gdac.tables import Tables
from vocab.names import DCT, GEO, PROV, RDFS, SOSA, Names, collection, concept, node, typed
from vocab.provenance.statements import Pair, moment, statements, types

#: Words that stand for nothing.
_NOTHING: Final = frozenset({"", "n/a", "N/A", "none", "NONE"})
#: Coordinates from here on are fill values.
_FILL: Final = 99990.0
_STAMP: Final = re.compile(r"\d{14}", re.ASCII)


class FloatError(RefusedError):
    """A metadata file that does not say which float it is of."""


@dataclass(frozen=True, slots=True)
class SensorFacts:
    """One entry of the sensor list: type (R25), model (R27), maker (R26), serial number and what it measures (R03)."""

    type: str
    model: str
    maker: str
    serial: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FloatFacts:
    """What a metadata file says, as it writes it; empty texts where it says nothing.

    Attributes:
        wmo: WMO number.
        platform_type, instrument_type, maker: of R23, R08 and R24.
        serial: number of the float at its maker.
        transmission, positioning: systems of R10 and R09.
        sensors: in the order of the file.
        parameters: of R03, each once.
        launched: UTC, None where the file has no date.
        latitude, longitude: of the launch, degrees; None where the file has none.
        launch_flag: quality flag of the three.
        centre: data centre that processes the data, of R04; DACs of several countries use several.
    """

    wmo: str
    platform_type: str
    instrument_type: str
    maker: str
    serial: str
    transmission: tuple[str, ...]
    positioning: tuple[str, ...]
    sensors: tuple[SensorFacts, ...]
    parameters: tuple[str, ...]
    launched: datetime | None
    latitude: float | None
    longitude: float | None
    launch_flag: str
    centre: str = ""


def read_float(dataset: Dataset) -> FloatFacts:
    """What an open metadata file says of its float, of format 2.2 or later.

    Raises:
        FloatError: it has no WMO number.
        NetcdfError: its data cannot be read.
    """
    wmo = _one(dataset, "PLATFORM_NUMBER")
    if not WMO.fullmatch(wmo):
        raise FloatError(f"{dataset.label} names no float: PLATFORM_NUMBER is {wmo[:40]!a}.")
    return FloatFacts(
        wmo=wmo,
        platform_type=_one(dataset, "PLATFORM_TYPE") or _one(dataset, "PLATFORM_MODEL"),
        instrument_type=_one(dataset, "WMO_INST_TYPE"),
        maker=_one(dataset, "PLATFORM_MAKER"),
        serial=_one(dataset, "FLOAT_SERIAL_NO") or _one(dataset, "INST_REFERENCE"),
        transmission=_many(dataset, "TRANS_SYSTEM"),
        positioning=_many(dataset, "POSITIONING_SYSTEM"),
        sensors=tuple(_sensors(dataset)),
        parameters=_many(dataset, "PARAMETER"),
        launched=_stamp(_one(dataset, "LAUNCH_DATE")),
        latitude=_degrees(dataset, "LAUNCH_LATITUDE", 90.0),
        longitude=_degrees(dataset, "LAUNCH_LONGITUDE", 360.0),
        launch_flag=_one(dataset, "LAUNCH_QC") or _one(dataset, "LAUNCH_FLAG"),
        centre=_one(dataset, "DATA_CENTRE"),
    )


def float_triples(facts: FloatFacts, tables: Tables, names: Names, *, dac: str, version: str = "") -> list[ox.Triple]:
    """A float, its sensors and its launch.

    Args:
        facts: what its metadata file says.
        tables: reference tables to look words up in.
        names: our IRIs.
        dac: directory of the data centre, that of the file.
        version: SHA-256 of the metadata file, where it is known.
    """
    iri = names.wmo(facts.wmo)
    words = _Words(tables, names, iri)
    own = names.own
    pairs: list[Pair] = [
        *types(own("Float").value, SOSA + "Platform", PROV + "Entity"),
        (RDFS + "label", ox.Literal(f"float {facts.wmo}")),
        (own("wmoNumber").value, ox.Literal(facts.wmo)),
        (own("serialNumber").value, _text(facts.serial)),
        (PROV + "wasDerivedFrom", node(names.file_version(version)) if version else None),
        *words.look("ofPlatformType", "R23", "PLATFORM_TYPE", facts.platform_type),
        *words.look("wmoInstrumentType", "R08", "WMO_INST_TYPE", facts.instrument_type),
        *words.look("madeBy", "R24", "PLATFORM_MAKER", facts.maker),
        *words.look("dataCentre", "R04", "DATA_CENTRE", facts.centre),
        *words.look("transmissionSystem", "R10", "TRANS_SYSTEM", *facts.transmission),
        *words.look("positioningSystem", "R09", "POSITIONING_SYSTEM", *facts.positioning),
        *words.look("measuresParameter", "R03", "PARAMETER", *facts.parameters),
    ]
    if DAC_NAME.fullmatch(dac):
        pairs.append((PROV + "wasAttributedTo", node(names.dac(dac))))
        words.triples += dac_triples(names, dac)
    for number, sensor in enumerate(facts.sensors, 1):
        pairs.append((SOSA + "hosts", node(f"{iri}#sensor-{number}")))
        words.triples += _sensor(sensor, f"{iri}#sensor-{number}", iri, tables, names)
    return [*statements(iri, pairs), *words.triples, *_launch(facts, iri, names)]


def dac_triples(names: Names, dac: str) -> list[ox.Triple]:
    """A data centre, known by its directory."""
    return statements(
        names.dac(dac),
        [
            *types(names.own("DataAssemblyCentre").value, PROV + "Organization"),
            (RDFS + "label", ox.Literal(dac)),
            (DCT + "identifier", ox.Literal(dac)),
        ],
    )


class _Words:
    """Looks words of one thing up in the tables; keeps what is said of those that are in none."""

    def __init__(self, tables: Tables, names: Names, about: str) -> None:
        self._tables = tables
        self._names = names
        self._about = about
        self._unmatched = 0
        self.triples: list[ox.Triple] = []

    def look(self, local: str, table: str, variable: str, *words: str) -> Iterator[Pair]:
        """Pairs that link to the terms of these words, and to unmatched values for the others."""
        for word in words:
            found = self._tables.concept(table, word)
            if found is not None:
                yield self._names.own(local).value, node(found.id if ":" in found.id else concept(table, found.id))
                continue
            if word in _NOTHING:
                continue
            self._unmatched += 1
            iri = f"{self._about}{'.' if '#' in self._about else '#'}unmatched-{self._unmatched}"
            self.triples += statements(
                iri,
                [
                    *types(self._names.own("UnmatchedValue").value, PROV + "Entity"),
                    (RDFS + "label", ox.Literal(f"{variable} {_printable(word)!a}")),
                    (self._names.own("inVariable").value, ox.Literal(variable)),
                    (self._names.own("unmatchedText").value, ox.Literal(_printable(word))),
                    (self._names.own("expectedTable").value, node(collection(table))),
                ],
            )
            yield self._names.own("unmatched").value, node(iri)


def _sensor(sensor: SensorFacts, iri: str, hosted: str, tables: Tables, names: Names) -> list[ox.Triple]:
    words = _Words(tables, names, iri)
    known = [one for one in sensor.parameters if tables.concept("R03", one)]  # the float says which are not
    label = (
        " ".join(_printable(one) for one in (sensor.type, sensor.model, sensor.serial) if one not in _NOTHING)
        or "sensor"
    )
    pairs: list[Pair] = [
        *types(names.own("Sensor").value, SOSA + "Sensor"),
        (RDFS + "label", ox.Literal(label)),
        (SOSA + "isHostedBy", node(hosted)),
        (names.own("serialNumber").value, _text(sensor.serial)),
        *words.look("ofSensorType", "R25", "SENSOR", sensor.type),
        *words.look("sensorModel", "R27", "SENSOR_MODEL", sensor.model),
        *words.look("madeBy", "R26", "SENSOR_MAKER", sensor.maker),
    ]
    for one in known:
        found = tables.concept("R03", one)
        assert found is not None  # it was just there
        pairs.append((SOSA + "observes", node(concept("R03", found.id))))
    return [*statements(iri, pairs), *words.triples]


def _launch(facts: FloatFacts, iri: str, names: Names) -> list[ox.Triple]:
    launch, place = f"{iri}#deployment", f"{iri}#launch-position"
    known = facts.latitude is not None and facts.longitude is not None
    if facts.launched is None and not known:
        return []
    pairs: list[Pair] = [
        *types(names.own("Deployment").value, PROV + "Activity"),
        (RDFS + "label", ox.Literal(f"deployment of float {facts.wmo}")),
        (names.own("deployedFloat").value, node(iri)),
        (PROV + "startedAtTime", moment(facts.launched)),
        (names.own("launchFlag").value, _text(facts.launch_flag)),
        (PROV + "atLocation", node(place) if known else None),
    ]
    triples = statements(launch, pairs)
    if facts.latitude is not None and facts.longitude is not None:
        position: list[Pair] = [
            *types(PROV + "Location", GEO + "Point"),
            (GEO + "lat", typed(f"{facts.latitude:.5f}", "decimal")),
            (GEO + "long", typed(f"{facts.longitude:.5f}", "decimal")),
        ]
        triples += statements(place, position)
    return triples


def _sensors(dataset: Dataset) -> Iterator[SensorFacts]:
    columns = [_column(dataset, f"SENSOR{what}") for what in ("", "_MODEL", "_MAKER", "_SERIAL_NO")]
    parameters, of = _column(dataset, "PARAMETER"), _column(dataset, "PARAMETER_SENSOR")
    for type_, model, maker, serial in zip(*_padded(columns), strict=True):
        if type_ in _NOTHING and model in _NOTHING:
            continue
        measured = [name for name, sensor in zip(parameters, of, strict=False) if sensor == type_ and name]
        yield SensorFacts(type_, model, maker, serial, tuple(dict.fromkeys(measured)))


def _padded(columns: Iterable[tuple[str, ...]]) -> list[list[str]]:
    known = list(columns)
    longest = max(map(len, known))
    return [[*one, *[""] * (longest - len(one))] for one in known]


def _column(dataset: Dataset, name: str) -> tuple[str, ...]:
    return dataset.trimmed(name) if dataset.is_char(name) else ()


def _many(dataset: Dataset, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in _column(dataset, name) if one))


def _one(dataset: Dataset, name: str) -> str:
    return next(iter(_column(dataset, name)), "")


def _degrees(dataset: Dataset, name: str, most: float) -> float | None:
    if name not in dataset or dataset.array(name).dtype.kind != "f" or not dataset.array(name).size:
        return None
    value = float(dataset.array(name).ravel()[0])
    return value if math.isfinite(value) and abs(value) <= most < _FILL else None


def _stamp(text: str) -> datetime | None:
    if not _STAMP.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - Argo's stamps are UTC without saying so
    except ValueError:
        return None


def _text(word: str) -> ox.Literal | None:
    return None if word in _NOTHING else ox.Literal(_printable(word))


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "�" for one in text)
