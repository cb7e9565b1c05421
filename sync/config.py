"""The configuration: one TOML file, checked whole, frozen.

    [hub]
    store = "/srv/argo"                # the archive we run and seal
    [source.ifremer]
    store = "https://data-argo.ifremer.fr"
    [mirror.aws]
    store = "s3://argo-gdac-sandbox/pub"

Secrets are never here: they come from the environment (see docs/stores.md).
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from gdac.errors import UsageError
from policies.deletion import DEFAULT_LIMITS, Limits
from sync.collect.accounts import why_not_apart, why_not_shown
from sync.collect.section import CollectSection
from sync.daemon.section import DaemonSection
from sync.mistakes import tell
from sync.options import StoreOptions
from sync.places import from_home, is_in_place, local_path, why_not_disjoint, why_not_in_place, why_not_outside
from sync.sections import (
    ArchiveSection,
    AuditSection,
    BrakeSection,
    HubSection,
    MirrorSection,
    SourceSection,
    SweepSection,
    VaultSection,
)
from sync.status.section import StatusSection
from sync.views.section import Section

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class Config(Section):
    """One deployment, as its TOML file says."""

    archive: ArchiveSection = ArchiveSection()
    hub: HubSection
    source: Annotated[dict[Name, SourceSection], Field(min_length=1, max_length=1)] = Field(default={})
    mirror: dict[Name, MirrorSection] = Field(default={})
    brake: BrakeSection = BrakeSection()
    audit: AuditSection = AuditSection()
    sweep: SweepSection = SweepSection()
    vault: VaultSection | None = None
    collect: CollectSection | None = None
    daemon: DaemonSection = DaemonSection()
    status: StatusSection = StatusSection()

    def limits_for(self, mirror: str | None = None) -> Limits:
        """What the brake lets pass at the hub, or at a mirror."""
        limits = self.brake.over(DEFAULT_LIMITS)
        return self.mirror[mirror].brake.over(limits) if mirror else limits

    @model_validator(mode="before")
    @classmethod
    def _recognise_in_place(cls, raw: Any) -> Any:
        """A hub without a source, or one that is its own source, is sealed in place."""
        if isinstance(raw, dict) and is_in_place(raw):
            return {**raw, "hub": {"in_place": True, **raw["hub"]}}
        return raw

    @model_validator(mode="after")
    def _check_in_place(self) -> Self:
        if not self.hub.in_place:
            if not self.source and self.collect is None:
                raise ValueError("source: there is none, and hub.in_place is false; name an archive to mirror")
            return self
        why = why_not_in_place(self.hub.store, self.state_directory, [one.store for one in self.source.values()])
        if why is None and self.vault is not None:
            why = "vault: a tree in place is changed by others, so gdac never sees the old bytes; leave the vault out"
        if why is not None:
            raise ValueError(why)
        return self

    @model_validator(mode="after")
    def _check_outside(self) -> Self:
        mirrors: dict[str, StoreOptions] = {f"mirror.{name}.store": one for name, one in self.mirror.items()}
        ours = {"hub.state": str(self.state_directory)}
        if self.vault is not None:
            ours["vault.store"] = self.vault.store
        if self.collect is not None and self.collect.reports is not None:
            ours["collect.reports"] = str(self.reports_directory)
        trees = {"the hub": self.hub.store, **{key: one.store for key, one in mirrors.items()}}
        sources = {} if self.hub.in_place else {f"source.{name}.store": one for name, one in self.source.items()}
        why = why_not_outside(trees, ours) or why_not_disjoint({**sources, "hub.store": self.hub, **mirrors})
        if why is not None:
            raise ValueError(why)
        return self

    @model_validator(mode="after")
    def _check_collect(self) -> Self:
        if self.collect is None:
            return self
        if self.source:
            raise ValueError("collect: a hub either collects or mirrors a source; give each a hub of its own")
        if self.hub.in_place or local_path(self.hub.store) is None:
            raise ValueError("collect: submissions are collected into a local directory that gdac alone writes")
        ours = {"the hub": self.hub.store, "its state": str(self.state_directory)}
        why = why_not_apart(self.collect.inbox, ours)
        if why is None and self.collect.reports is not None:
            why = why_not_shown(self.reports_directory, self.state_directory, self.collect.inbox)
        if why is not None:
            raise ValueError(why)
        return self

    @model_validator(mode="after")
    def _check_origins(self) -> Self:
        for name, mirror in self.mirror.items():
            seen = {name}
            origin = mirror.origin
            while origin is not None:
                if origin not in self.mirror:
                    raise ValueError(f"mirror.{name}.from: there is no mirror {origin!r}")
                if origin in seen:
                    raise ValueError(f"mirror.{name}.from: leads in a circle")
                if not self.mirror[origin].view.is_plain:
                    raise ValueError(f"mirror.{name}.from: {origin!r} is a view, which does not hold everything")
                seen.add(origin)
                origin = self.mirror[origin].origin
        return self

    @property
    def in_place(self) -> bool:
        """Whether the hub is the operator's own tree."""
        return self.hub.in_place

    @property
    def source_name(self) -> str:
        """Name of the one source; that of the hub where it is sealed in place."""
        return next(iter(self.source), "hub")

    @property
    def the_source(self) -> SourceSection:
        """The one source; where the hub is sealed in place, the hub."""
        return self.source.get(self.source_name) or SourceSection(
            store=self.hub.store, connections=self.hub.connections
        )

    @property
    def state_directory(self) -> Path:
        """Where the state database and temporary work lie."""
        if self.hub.state is not None:
            return Path(from_home(str(self.hub.state)))
        return Path(f"{(local_path(self.hub.store) or self.hub.store).rstrip('/')}.state")

    @property
    def reports_directory(self) -> Path:
        """Where reports of submissions and pages of DACs lie."""
        chosen = self.collect.reports if self.collect is not None else None
        return self.state_directory / "reports" if chosen is None else Path(from_home(str(chosen)))


def load_config(file: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        UsageError: names every mistake at once, each with its key.
    """
    return parse_config(read_config(file), where=str(file))


def read_config(file: Path) -> bytes:
    """The bytes of a configuration file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"no configuration at {file}.", hint="Write one with `gdac sync init`, or name it with --config."
        ) from error
    except OSError as error:
        raise UsageError(f"cannot read the configuration {file}: {error}.") from error


def parse_config(raw: bytes, *, where: str) -> Config:
    """Check the bytes of a configuration; ``where`` names it in messages.

    Raises:
        UsageError: names every mistake at once, each with its key.
    """
    try:
        return check_config(tomllib.loads(raw.decode("utf-8")), where=where)
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read the configuration {where}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is not valid TOML: {error}.") from error


def check_config(raw: dict[str, Any], *, where: str) -> Config:
    """Check a parsed configuration; ``where`` names it in messages.

    Raises:
        UsageError: names every mistake at once, each with its key.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        mistakes, hint = tell(error.errors())
        told = "".join(f"\n  {one}" for one in mistakes)
        raise UsageError(
            f"{where} has {len(mistakes)} mistake{'s' * (len(mistakes) != 1)}:{told}", hint=hint
        ) from error
