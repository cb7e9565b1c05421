"""Directory pages of web servers: nginx, Apache, lighttpd, Python's http.server, ``rclone serve http`` and their like.

Only names are taken: such pages round sizes and write times without a zone.
"""

import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

#: A page that lists says so in its title or heading, or is titled by its path; a home page that merely links is not.
_SIGNS: Final = re.compile(r"<(?:title|h1)[^>]*>\s*(?:index of|directory listing|listing of|/)", re.IGNORECASE)


def is_listing(page: str) -> bool:
    """Whether an HTML page is a server's list of a directory."""
    return _SIGNS.search(page) is not None


def entries(page: str, url: str) -> list[tuple[str, bool]]:
    """Names that a directory page links, in its order, each with whether it is a directory.

    Links to parents, to other hosts or directories, and to other sort orders of the page are no entries.

    Args:
        page: the HTML.
        url: where it came from, ending in a slash.
    """
    collector = _Links()
    collector.feed(page)
    here = urlsplit(url)
    found: dict[str, bool] = {}
    for href in collector.hrefs:
        try:
            link = urlsplit(urljoin(url, href.strip()))
        except ValueError:  # no URL at all
            continue
        if (link.scheme, link.netloc) != (here.scheme, here.netloc) or not link.path.startswith(here.path):
            continue
        quoted = link.path[len(here.path) :]
        name = unquote(quoted.removesuffix("/"), errors="surrogateescape")
        if name and "/" not in name and not (href.lstrip().startswith("?") or link.query):
            found.setdefault(name, quoted.endswith("/"))
    return list(found.items())


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.hrefs += [value for key, value in attrs if key == "href" and value]
