"""Every index file of a GDAC as data: its names, titles, versions and columns.

Source: the Argo user's manual (chapter 4), the GDAC cookbook (doi 10.13155/46202), and the real files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gdac.paths import Kind


class Type(StrEnum):
    """What a column holds: how its text becomes a value and a value its text."""

    FILE = "file"  # path relative to the index's root
    TIME = "time"  # YYYYMMDDHHMMSS, UTC
    DAY = "day"  # YYYYMMDD
    DEGREES = "degrees"  # three decimals, north and east positive
    NUMBER = "number"  # free decimals
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an index: its name in the column row, and its type."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """One index file as data.

    Attributes:
        name: file name without folder and extension.
        title: of the header line ``# Title``.
        description: of the header line ``# Description``.
        version: of the header line ``# Format version``.
        columns: in file order.
        root: folder that the ``file`` column is relative to, ``dac`` or ``aux``; empty where there is no such column.
        kinds: what its rows list.
        folder: where the archive keeps it; empty for the archive's root.
        column_rows: other column rows that real files carry above rows of these columns.
        own_columns: True when the file's own column row says which columns it has.
    """

    name: str
    title: str
    description: str
    version: str
    columns: tuple[Column, ...]
    root: str
    kinds: frozenset[Kind]
    folder: str = ""
    column_rows: tuple[str, ...] = ()
    own_columns: bool = False

    @property
    def column_row(self) -> str:
        """The line above the rows."""
        return ",".join(column.name for column in self.columns)

    @property
    def lists_files(self) -> bool:
        """False for the greylist, whose rows name floats and parameters."""
        return bool(self.root)


_TYPES: Final[Mapping[str, Type]] = {
    "file": Type.FILE,
    "date": Type.TIME,
    "date_update": Type.TIME,
    "gdac_date_creation": Type.TIME,
    "gdac_date_update": Type.TIME,
    "latitude": Type.DEGREES,
    "longitude": Type.DEGREES,
    "latitude_max": Type.DEGREES,
    "latitude_min": Type.DEGREES,
    "longitude_max": Type.DEGREES,
    "longitude_min": Type.DEGREES,
    "ad_psal_adjustment_mean": Type.NUMBER,
    "ad_psal_adjustment_deviation": Type.NUMBER,
    "n_levels": Type.NUMBER,
    "START_DATE": Type.DAY,
    "END_DATE": Type.DAY,
}


def columns_of(row: str) -> tuple[Column, ...]:
    """The columns that a column row names; names we do not know hold text."""
    return tuple(Column(name, _TYPES.get(name, Type.TEXT)) for name in row.split(","))


_PROFILE: Final = "file,date,latitude,longitude,ocean,profiler_type,institution,date_update"
_BIO: Final = _PROFILE.replace("date_update", "parameters,parameter_data_mode,date_update")
_AUX: Final = _PROFILE.replace("date_update", "parameters,date_update")
_META: Final = "file,profiler_type,institution,date_update"
_TRAJ: Final = "file,latitude_max,latitude_min,longitude_max,longitude_min,profiler_type,institution,date_update"
_BIO_TRAJ: Final = _TRAJ.replace("date_update", "parameters,date_update")
_QUALITY: Final = "profile_temp_qc,profile_psal_qc,profile_doxy_qc"
_ADJUSTED: Final = "ad_psal_adjustment_mean,ad_psal_adjustment_deviation"
_ARRIVAL: Final = "gdac_date_creation,gdac_date_update,n_levels"
_DETAILED: Final = f"{_PROFILE},{_QUALITY},{_ADJUSTED},{_ARRIVAL}"
_BIO_DETAILED: Final = f"{_BIO.replace('date_update', 'parameter_quality,date_update')},{_ADJUSTED},{_ARRIVAL}"
_GREYLIST: Final = "PLATFORM_CODE,PARAMETER_NAME,START_DATE,END_DATE,QUALITY_CODE,COMMENT,DAC"


def _spec(
    name: str,
    title: str,
    what: str,
    version: str,
    columns: str,
    *kinds: Kind,
    root: str = "dac",
    folder: str = "",
    column_rows: tuple[str, ...] = (),
    own_columns: bool = False,
) -> IndexSpec:
    description = f"The directory file describes all {what} files of the argo GDAC ftp site."
    return IndexSpec(
        name=name,
        title=f"{title} directory file of the Argo Global Data Assembly Center",
        description=description,
        version=version,
        columns=columns_of(columns),
        root=root,
        kinds=frozenset(kinds),
        folder=folder,
        column_rows=column_rows,
        own_columns=own_columns,
    )


_BESIDE: Final = "etc/argo-index"
_ALL: Final = (
    _spec("ar_index_global_prof", "Profile", "individual profile", "2.0", _PROFILE, Kind.PROFILE),
    _spec("ar_index_this_week_prof", "Profile", "individual profile", "2.0", _PROFILE, Kind.PROFILE),
    _spec("ar_index_global_meta", "Metadata", "metadata", "2.0", _META, Kind.META),
    _spec("ar_index_this_week_meta", "Metadata", "metadata", "2.0", _META, Kind.META),
    _spec("ar_index_global_tech", "Technical", "technical", "2.0", "file,institution,date_update", Kind.TECH),
    _spec("ar_index_global_traj", "Trajectory", "trajectory", "2.2", _TRAJ, Kind.TRAJECTORY),
    _spec("argo_bio-traj_index", "Bio-Trajectory", "bio-trajectory", "2.2", _BIO_TRAJ, Kind.BIO_TRAJECTORY),
    _spec("argo_bio-profile_index", "Bio-Profile", "individual bio-profile", "2.2", _BIO, Kind.BIO_PROFILE),
    _spec(
        "argo_synthetic-profile_index",
        "Synthetic-Profile",
        "individual synthetic-profile",
        "2.2",
        _BIO,
        Kind.SYNTHETIC_PROFILE,
    ),
    _spec(
        "argo_merge-profile_index",
        "Merged-Profile",
        "individual merged-profile",
        "2.2",
        _BIO,
        Kind.MERGED_PROFILE,
        # the real files end their column row in a comma and leave the parameters out of it
        column_rows=(f"{_PROFILE},", _PROFILE, _AUX),
    ),
    _spec(
        "argo_aux-profile_index",
        "Aux-Profile",
        "individual auxiliary profile",
        "2.2",
        _AUX,
        Kind.AUX,
        root="aux",
        folder=_BESIDE,
    ),
    *(
        _spec(
            name,
            title,
            f"individual {title.lower()}",
            "2.1",
            columns,
            kind,
            folder=_BESIDE,
            own_columns=True,
        )
        for name, title, columns, kind in (
            ("argo_profile_detailled_index", "Profile", _DETAILED, Kind.PROFILE),
            ("argo_bio-profile_detailled_index", "Bio-Profile", _BIO_DETAILED, Kind.BIO_PROFILE),
            ("argo_synthetic-profile_detailled_index", "Synthetic-Profile", _BIO_DETAILED, Kind.SYNTHETIC_PROFILE),
        )
    ),
    IndexSpec(
        name="ar_greylist",
        title="",
        description="Sensors under suspicion (public until 2025-06-30)",
        version="",
        columns=columns_of(_GREYLIST),
        root="",
        kinds=frozenset(),
    ),
)

#: Every index file by name (without folder and extension).
SPECS: Final[Mapping[str, IndexSpec]] = {spec.name: spec for spec in _ALL}

#: The seven indexes that `gdac index build` makes out of a tree, in the order of the manual.
BUILT: Final = (
    "ar_index_global_prof",
    "ar_index_global_meta",
    "ar_index_global_tech",
    "ar_index_global_traj",
    "argo_bio-profile_index",
    "argo_synthetic-profile_index",
    "argo_bio-traj_index",
)


def spec_of(file_name: str) -> IndexSpec | None:
    """The spec that a file name asks for, with or without folder, ``.txt`` and ``.gz``; None when it is no index."""
    name = file_name.replace("\\", "/").rpartition("/")[2]
    return SPECS.get(name.removesuffix(".gz").removesuffix(".txt"))
