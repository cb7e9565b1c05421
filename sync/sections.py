"""The sections of a configuration: what each says of archive, hub, source, mirrors and their care.

Those of collecting, the daemon, the status page and views are beside what they configure.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from gdac.manifest.record import BASE
from policies.deletion import Limit, Limits
from policies.distribution import judge_wishes
from policies.extra import MOST_EXTRA, MOST_EXTRA_SHARE
from policies.licence import ARGO
from policies.retention import DEFAULT_GRACE, DEFAULT_RETENTION
from sync.options import Connections, StoreOptions
from sync.views.definition import Definition
from sync.views.section import FilterSection, Section

#: The index files of a GDAC's root that decide what is in the archive, without extension.
GLOBAL_INDEXES: Final = (
    "ar_index_global_prof",
    "ar_index_global_meta",
    "ar_index_global_tech",
    "ar_index_global_traj",
    "argo_bio-profile_index",
    "argo_bio-traj_index",
    "argo_synthetic-profile_index",
)


class ArchiveSection(Section):
    """What the archive is called and under which licence it is published.

    Attributes:
        title: for people.
        licence, licence_url: SPDX id, and the address of its text.
        doi: of the archive; empty for one without.
        base: under which IRIs of the archive, its serials and files are minted; set it before the first seal.
        vocabulary: IRI of the version of the vocabulary that the checks of this GDAC go by; empty when not told.
    """

    title: str = "Argo Global Data Assembly Centre"
    licence: str = ARGO.spdx
    licence_url: str = ARGO.url
    doi: str = ARGO.doi
    base: Annotated[str, Field(pattern=r"^https?://[^\s<>\"{}|\\^`]+/$")] = BASE
    vocabulary: Annotated[str, Field(pattern=r"^(https?://[^\s<>\"{}|\\^`]+)?$")] = ""


class HubSection(StoreOptions):
    """The archive we run and seal.

    Attributes:
        in_place: it is the operator's own tree: scanned and sealed where it lies, nothing is copied and nothing but
            ``manifest/`` is written. So it is when there is no source, or the source is the hub itself.
        state: directory of the state database and of temporary work; beside the hub by default.
        grace: how long superseded files stay readable.
        expires: how long a head is fresh.
        memory: limit of the column engine.
        single_writer: the operator's word that nobody seals there with another state: needed where the store keeps no
            preconditions.
    """

    in_place: bool = False
    state: Path | None = None
    grace: timedelta = DEFAULT_GRACE
    expires: timedelta = timedelta(hours=48)
    memory: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "700MB"
    single_writer: bool = False

    @model_validator(mode="after")
    def _check_state(self) -> Self:
        if self.state is None and not self.is_local:
            raise ValueError("state: a hub that is no directory needs a state directory on this machine")
        return self


class LimitSection(Section):
    """One limit of the brake; what is not given stays as it is by default.

    Attributes:
        share: of the files held, 0 to 1.
        count: in any case.
        floor: up to this many always pass.
    """

    share: Annotated[float, Field(ge=0, le=1)] | None = None
    count: Annotated[int, Field(ge=0)] | None = None
    floor: Annotated[int, Field(ge=0)] | None = None

    def over(self, limit: Limit) -> Limit:
        """``limit`` with what is given here in its place."""
        return replace(limit, **self.model_dump(exclude_none=True))


class BrakeSection(Section):
    """What the brake lets pass without asking; docs/brakes.md explains each limit."""

    dac_removals: LimitSection = LimitSection()
    total_removals: LimitSection = LimitSection()
    dac_changes: LimitSection = LimitSection()
    total_changes: LimitSection = LimitSection()
    index_loss: LimitSection = LimitSection()

    def over(self, limits: Limits) -> Limits:
        """``limits`` with what is given here in their place."""
        return Limits(
            dac_removals=self.dac_removals.over(limits.dac_removals),
            total_removals=self.total_removals.over(limits.total_removals),
            dac_changes=self.dac_changes.over(limits.dac_changes),
            total_changes=self.total_changes.over(limits.total_changes),
            index_loss=self.index_loss.over(limits.index_loss),
        )


class SourceSection(StoreOptions):
    """An archive somebody else runs.

    Attributes:
        observe: by its index files and the directories of the floats that changed, or by listing its whole tree.
        indexes: index files at its root, without extension, that decide what we hold.
        retired: index files that will not come back: not asked for, and what only they listed leaves the archive.
        most_failures: a run that fails on more files than this stops and seals nothing.
    """

    observe: Literal["index", "listing"] = "index"
    indexes: tuple[str, ...] = GLOBAL_INDEXES
    retired: tuple[Literal[GLOBAL_INDEXES], ...] = ()  # type: ignore[valid-type]
    connections: Connections = 8
    most_failures: Annotated[int, Field(ge=0)] = 100

    @field_validator("indexes")
    @classmethod
    def _check_public(cls, indexes: tuple[str, ...]) -> tuple[str, ...]:
        for name, refusal in judge_wishes(indexes=indexes):
            raise ValueError(f"{name!a} must not be published: {refusal}")
        return indexes


class MirrorSection(StoreOptions):
    """An archive we keep equal to the hub's manifest.

    Attributes:
        grace: how long superseded files stay readable there.
        brake: limits that differ there.
        layout: where files lie there, see docs/views.md.
        filter: which files it holds; all by default.
        single_writer: the operator's word that nobody writes there with another state; only reported.
        origin: ``from`` in the file: another mirror from which it copies while that one shows the hub's serial.
    """

    grace: timedelta = DEFAULT_GRACE
    brake: BrakeSection = BrakeSection()
    layout: Literal["gdac", "argopy-s3", "asdi"] = "gdac"
    filter: FilterSection = FilterSection()
    single_writer: bool = False
    origin: Annotated[str | None, Field(alias="from")] = None

    @model_validator(mode="after")
    def _check_layout(self) -> Self:
        if self.layout == "asdi" and self.store.rstrip("/").endswith("/pub"):
            raise ValueError("layout asdi puts everything under pub/ itself; leave /pub out of the store")
        return self

    @property
    def view(self) -> Definition:
        """What the mirror holds, and where."""
        return Definition(self.layout, self.filter.as_filter())


class AuditSection(Section):
    """How mirrors are audited.

    Attributes:
        parts: an audit takes one of so many parts, and the next one the next time.
        sample: share of the files that a listing does not prove, of which the bytes are read.
        most_extra: most extra files that ``--delete-extra`` deletes at once.
        most_extra_share: most of them in relation to the files that the manifest names there.
    """

    parts: Annotated[int, Field(ge=1, le=10_000)] = 30
    sample: Annotated[float, Field(ge=0, le=1)] = 0.02
    most_extra: Annotated[int, Field(ge=0)] = MOST_EXTRA
    most_extra_share: Annotated[float, Field(ge=0, le=1)] = MOST_EXTRA_SHARE


class SweepSection(Section):
    """How the source is swept for changes that no index shows.

    Attributes:
        parts: a sweep takes one of so many parts of the floats, and the next one the next time.
        most: most files found by sweeps that one run fetches.
    """

    parts: Annotated[int, Field(ge=1, le=10_000)] = 30
    most: Annotated[int, Field(ge=0)] = 10_000


class VaultSection(StoreOptions):
    """Where superseded and removed bytes are kept by digest.

    Attributes:
        retention: how long after they were needed last.
    """

    retention: timedelta = DEFAULT_RETENTION
