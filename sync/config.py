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
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gdac.errors import UsageError
from policies.extra import MOST_EXTRA, MOST_EXTRA_SHARE
from policies.licence import ARGO
from policies.retention import DEFAULT_GRACE

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

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Connections = Annotated[int, Field(ge=1, le=128)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class StoreOptions(_Section):
    """Where an archive lies and how to reach it.

    Attributes:
        store: URL or path; see docs/stores.md for the schemes.
        endpoint: for ``s3://`` on another provider than AWS: its URL.
        region: for ``s3://``.
        anonymous: for ``s3://``: sign nothing (public buckets).
        allow_http: for ``s3://``: talk to an endpoint on another machine without TLS.
        connections: most connections or transfers at once.
        timeout: seconds without a byte after which a connection counts as dead.
    """

    store: str
    endpoint: str | None = None
    region: str | None = None
    anonymous: bool = False
    allow_http: bool = False
    connections: Connections = 16
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0


class ArchiveSection(_Section):
    """What the archive is called and under which licence it is published."""

    title: str = "Argo Global Data Assembly Centre"
    licence: str = ARGO.spdx
    licence_url: str = ARGO.url
    doi: str = ARGO.doi


class HubSection(StoreOptions):
    """The archive we run and seal.

    Attributes:
        state: directory of the state database and of temporary work; beside the hub by default.
        grace: how long superseded files stay readable.
        expires: how long a head is fresh.
        memory: limit of the column engine.
    """

    state: Path | None = None
    grace: timedelta = DEFAULT_GRACE
    expires: timedelta = timedelta(hours=48)
    memory: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "2GB"


class SourceSection(StoreOptions):
    """An archive somebody else runs.

    Attributes:
        indexes: index files at its root, without extension, that decide what we hold.
        most_failures: a run that fails on more files than this stops and seals nothing.
    """

    indexes: tuple[str, ...] = GLOBAL_INDEXES
    connections: Connections = 8
    most_failures: Annotated[int, Field(ge=0)] = 100


class MirrorSection(StoreOptions):
    """An archive we keep equal to the hub's manifest.

    Attributes:
        grace: how long superseded files stay readable there.
    """

    grace: timedelta = DEFAULT_GRACE


class AuditSection(_Section):
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


class SweepSection(_Section):
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

    retention: timedelta = timedelta(days=90)


class Config(_Section):
    """One deployment, as its TOML file says."""

    archive: ArchiveSection = ArchiveSection()
    hub: HubSection
    source: Annotated[dict[Name, SourceSection], Field(min_length=1, max_length=1)]
    mirror: dict[Name, MirrorSection] = {}
    audit: AuditSection = AuditSection()
    sweep: SweepSection = SweepSection()
    vault: VaultSection | None = None

    @property
    def source_name(self) -> str:
        """Name of the one source."""
        return next(iter(self.source))

    @property
    def the_source(self) -> SourceSection:
        """The one source."""
        return self.source[self.source_name]

    @property
    def state_directory(self) -> Path:
        """Where the state database and temporary work lie."""
        if self.hub.state is not None:
            return self.hub.state
        return Path(f"{self.hub.store.removeprefix('file://').rstrip('/')}.state")


def load_config(file: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        UsageError: names every mistake at once, each with its key.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"no configuration at {file}.", hint="Write one with `gdac sync init`, or name it with --config."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the configuration {file}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}.") from error
    return check_config(raw, where=str(file))


def check_config(raw: dict[str, Any], *, where: str) -> Config:
    """Check a parsed configuration; ``where`` names it in messages.

    Raises:
        UsageError: names every mistake at once, each with its key.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        mistakes = [f"  {'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
        raise UsageError(
            f"{where} has {len(mistakes)} mistake{'s' * (len(mistakes) != 1)}:\n" + "\n".join(mistakes),
            hint="docs/commands/sync.md lists every key.",
        ) from error
