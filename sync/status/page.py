"""The status as one HTML page that stands alone: no script, nothing from elsewhere, whatever names and reasons hold."""

from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sync.status import wording
from sync.status.chart import draw
from sync.status.facts import Status


def render_page(
    status: Status, *, now: datetime | None = None, here: str = "", about: str = "", trouble: str = ""
) -> bytes:
    """The page of a status.

    Args:
        status: what is told; already of ``now`` where that is given (`sync.status.words.aged`).
        now: the page is served live at this time (UTC); None for one that is written down.
        here: the store in which a written page lies.
        about: relative address of the folder of the archive's landing page; empty where there is none.
        trouble: why no newer status could be read; empty where it could.
    """
    text = (
        _templates()
        .get_template("status.html")
        .render(
            status=status,
            hub=status.hub,
            aside=status.quarantine,
            chart=draw(status.hub.deltas),
            headline=wording.headline(status),
            now=now or status.made,
            live=now is not None,
            here=here,
            about=about,
            trouble=trouble,
        )
    )
    return text.encode("utf-8", "backslashreplace")


@lru_cache(maxsize=1)
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("sync.status"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (files("sync.status") / "templates" / "style.css").read_text(encoding="utf-8")
    made.globals.update(style=Markup(style), words=wording.LEGEND)  # noqa: S704 - our file
    made.globals["many"] = wording.many
    made.filters.update(
        audited=wording.audited_text,
        behind=wording.behind_text,
        count=lambda number: "unknown" if number is None else f"{number:,}",
        counts=wording.counts_text,
        day_text=wording.day_text,
        day_word=wording.day_word,
        history=wording.history_text,
        iso=lambda moment: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        minute=lambda moment: wording.minute_text(moment.astimezone(UTC)),
        share=wording.share_text,
        size=wording.size_text,
        took=wording.took_text,
    )
    return made
