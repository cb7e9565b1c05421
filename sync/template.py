"""The commented configuration that `gdac sync init` writes."""

from typing import Final

_TEMPLATE: Final = """\
# argo-gdac: which archive is mirrored from where to where. docs/commands/sync.md explains every key.
# Secrets never stand here: GDAC_<NAME>_USER and GDAC_<NAME>_PASSWORD, or the AWS variables, from the environment.

[archive]
# title = "Argo Global Data Assembly Centre"
# licence = "CC-BY-4.0"
# licence_url = "https://creativecommons.org/licenses/by/4.0/"
# doi = "10.17882/42182"
# base = "https://w3id.org/argo-gdac/"   # of the IRIs of serials and files; set it before the first seal

# Without any [source] the hub is your own tree: sealed where it lies, nothing copied (docs/observe.md).
[hub]                       # the archive that we run and seal
store = "{hub}"
# state = "/var/lib/argo-gdac"   # state database and work files; beside the hub by default
# grace = "P3D"             # how long superseded files stay readable (ISO 8601, or "HH:MM:SS")
# expires = "PT48H"         # how long a head counts as fresh
# single_writer = true      # only where the store keeps no preconditions: no run with another state seals there
# memory = "700MB"           # limit of the column engine

# [vault]                   # superseded and removed bytes, kept by digest: `gdac sync fetch`, `gdac sync revert`
# store = "/srv/argo-vault"
# retention = "P90D"

[source.gdac]               # the archive that somebody else runs
store = "{source}"
# observe = "index"         # or "listing": its whole tree, with geo/, latest_data/ and aux/; docs/observe.md
# connections = 8           # most connections at once; be polite
# requests_per_second = 50  # and these, for any store
# bytes_per_second = "20MB"
# most_failures = 100       # more failed files than this stop the run, and nothing is sealed
# indexes = ["ar_index_global_prof", "ar_index_global_meta"]   # all seven global ones by default
# retired = []              # index files that will not come back; what only they listed then leaves the archive

# A hub of which the DACs submit the files has no source: write [collect] in its place, as docs/collect.md shows.

# [brake]                   # what passes without asking; docs/brakes.md explains the limits
# dac_removals = {{ share = 0.05, count = 5000, floor = 20 }}

# [mirror.aws]              # archives that we keep equal to the hub, as many as you like
# store = "s3://my-bucket/argo"
# region = "eu-west-3"
# endpoint = "https://s3.example.org"   # only for another provider than AWS
# grace = "P3D"

# [mirror.disk]
# store = "/mnt/argo-mirror"
# from = "aws"              # copy from that mirror while it shows the hub's serial

# [mirror.part]             # a part of the archive, or another layout: docs/views.md
# store = "/srv/argo-part"
# layout = "gdac"           # or "argopy-s3" (argopy opens the bucket), "asdi" (pub/idx as in the public AWS bucket)
# filter = {{ dacs = ["coriolis"], since = 2015-01-01, area = {{ south = 30, north = 46, west = -6, east = 37 }} }}

# [daemon]                  # what `gdac sync daemon` runs, and when (UTC): docs/daemon.md
# sync = "daily 03:17"      # or "every 6h", "hourly", "off"
# index_check = "hourly"
# audit = "daily 05:40"
# sweep = "daily 08:20"
# jitter = "PT2M"
# listen = "127.0.0.1:8080" # status page, health, metrics
"""


def render(*, source: str, hub: str) -> str:
    """The text of a fresh configuration."""
    return _TEMPLATE.format(source=source, hub=hub)
