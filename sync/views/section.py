"""The filter of a mirror as the configuration writes it; see docs/views.md."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gdac.paths import DAC_NAME, Kind
from policies.distribution import judge_wishes
from sync.views.definition import Area, Filter


class Section(BaseModel):
    """A table of the configuration: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class AreaSection(Section):
    """A box in degrees; ``west`` greater than ``east`` spans the date line."""

    south: Annotated[float, Field(ge=-90, le=90)]
    north: Annotated[float, Field(ge=-90, le=90)]
    west: Annotated[float, Field(ge=-180, le=180)]
    east: Annotated[float, Field(ge=-180, le=180)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.south > self.north:
            raise ValueError("south is north of north")
        return self


class FilterSection(Section):
    """Which files a mirror holds: what is set must hold, what is not set lets everything pass; see docs/views.md.

    Attributes:
        dacs: DAC directories.
        kinds: kinds of files, by the words of `gdac.paths.Kind`.
        wmos: floats.
        bgc_only: only floats with biogeochemical files.
        since: only cycles observed on this day (UTC) or later.
        oceans: only cycles in these oceans: A, I, P.
        area: only cycles in this box.
    """

    dacs: tuple[Annotated[str, Field(pattern=f"^{DAC_NAME.pattern}$")], ...] = ()
    kinds: tuple[Kind, ...] = ()
    wmos: tuple[Annotated[str, Field(pattern=r"^([0-9]{7}|[0-9]{5})$")], ...] = ()
    bgc_only: bool = False
    since: date | None = None
    oceans: tuple[Literal["A", "I", "P"], ...] = ()
    area: AreaSection | None = None

    @field_validator("dacs")
    @classmethod
    def _check_public(cls, dacs: tuple[str, ...]) -> tuple[str, ...]:
        for dac, refusal in judge_wishes(dacs=dacs):
            raise ValueError(f"{dac!a} must not be published: {refusal}")
        return dacs

    @field_validator("wmos", mode="before")
    @classmethod
    def _as_text(cls, found: Any) -> Any:
        return [str(one) if isinstance(one, int) else one for one in found] if isinstance(found, list) else found

    def as_filter(self) -> Filter:
        """The filter itself."""
        area = Area(**self.area.model_dump()) if self.area else None
        return Filter(
            frozenset(self.dacs),
            frozenset(self.kinds),
            frozenset(self.wmos),
            self.bgc_only,
            self.since,
            frozenset(self.oceans),
            area,
        )
