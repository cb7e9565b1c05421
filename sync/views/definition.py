"""What a view is: a layout and a filter, and the archive id that follows from them and from the hub's."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Final

from gdac.errors import UsageError
from gdac.manifest.head import MAX_DEFINITION
from gdac.paths import Kind
from sync.views.layout import LAYOUTS, Layout

#: Goes into every definition: another way to derive views is another number, and so another archive.
RULES: Final = 1
#: Marks an archive id as that of a view; part of the id, never to be changed.
_NAMESPACE: Final = b"argo-gdac view\n"


@dataclass(frozen=True, slots=True)
class Area:
    """A box in degrees, edges included; ``west`` greater than ``east`` spans the date line."""

    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True, slots=True)
class Filter:
    """Which files a view holds; what is not set lets everything pass, what is set must all hold.

    Attributes:
        dacs: DAC directories.
        kinds: kinds of files.
        wmos: floats, by their WMO numbers as written.
        bgc_only: floats with biogeochemical files.
        since: cycles observed on this day (UTC) or later.
        oceans: cycles in these oceans, by the index's column (A, I, P).
        area: cycles in this box.
    """

    dacs: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    wmos: frozenset[str] = frozenset()
    bgc_only: bool = False
    since: date | None = None
    oceans: frozenset[str] = frozenset()
    area: Area | None = None

    @property
    def is_empty(self) -> bool:
        """Everything passes."""
        return self == Filter()

    @property
    def by_cycle(self) -> bool:
        """Single cycles of a float may be left out, by what the indexes say of them."""
        return self.since is not None or bool(self.oceans) or self.area is not None

    @property
    def by_float(self) -> bool:
        """Whole floats may be left out, so that files which belong to no float have no place."""
        return bool(self.dacs or self.wmos) or self.bgc_only or self.by_cycle


@dataclass(frozen=True, slots=True)
class Definition:
    """A view as its mirror's section of the configuration defines it, or pinned to one serial for good.

    Attributes:
        layout: name of the layout; a key of `sync.views.layout.LAYOUTS`.
        filter: which files it holds.
        serial: the serial of the hub that it shows for good; None follows the hub.
    """

    layout: str = "gdac"
    filter: Filter = field(default_factory=Filter)
    serial: int | None = None

    @property
    def is_plain(self) -> bool:
        """The same files at the same places: an ordinary mirror and no view."""
        return self.layout == "gdac" and self.filter.is_empty and self.serial is None

    @property
    def how(self) -> Layout:
        """The layout itself."""
        return LAYOUTS[self.layout]

    @property
    def text(self) -> str:
        """The canonical JSON text: equal definitions, equal texts.

        Raises:
            UsageError: it is too long for a head.
        """
        text = json.dumps(self._fields(), sort_keys=True, separators=(",", ":"))
        if len(text) > MAX_DEFINITION:
            raise UsageError(
                f"the definition of a view has {len(text):,} characters; {MAX_DEFINITION:,} fit into a head.",
                hint="Name fewer floats, or filter by DAC, kind, area or date.",
            )
        return text

    def archive_id(self, hub: str) -> str:
        """The archive id of this view of a hub: the same for whoever derives it.

        Args:
            hub: the hub's archive id.
        """
        digest = sha256(_NAMESPACE + hub.encode() + b"\n" + self.text.encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def _fields(self) -> dict[str, Any]:
        kept = self.filter
        found: dict[str, Any] = {
            "dacs": sorted(kept.dacs),
            "kinds": sorted(kind.value for kind in kept.kinds),
            "wmos": sorted(kept.wmos),
            "bgc_only": kept.bgc_only,
            "since": kept.since.isoformat() if kept.since else None,
            "oceans": sorted(kept.oceans),
            "area": _box(kept.area) if kept.area else None,
        }
        return {
            "rules": RULES,
            "layout": self.layout,
            "filter": {name: value for name, value in found.items() if value},
            **({} if self.serial is None else {"serial": self.serial}),
        }


def _box(area: Area) -> dict[str, float]:
    return {name: float(getattr(area, name)) + 0.0 for name in ("south", "north", "west", "east")}
