"""The section ``[status]`` of the configuration; see docs/status.md."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from sync.views.section import Section


class StatusSection(Section):
    """How the status is published.

    Attributes:
        publish: write it beside hub and mirrors (``manifest/about/status.json`` and ``status.html``) after each run.
        timeout: a store that takes longer to take it is left as it is until the next run.
    """

    publish: bool = True
    timeout: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(minutes=10))] = timedelta(seconds=30)
