"""Where things lie, seen from the page of an archive or of a serial."""

from dataclasses import dataclass
from typing import Final

from gdac.errors import UsageError
from gdac.paths import MANIFEST_DIR

#: The folder of the descriptions, below the archive root.
ABOUT: Final = f"{MANIFEST_DIR}/about"
PAGE: Final = "index.html"


@dataclass(frozen=True, slots=True)
class Places:
    """Links from a page: relative, so that they hold in every copy of the archive; absolute where its address is known.

    Attributes:
        serial: whose page it is; None for the page of the archive.
        public: address of the archive's root, with a slash at the end; empty where it is not known.
    """

    serial: int | None
    public: str = ""

    def __post_init__(self) -> None:
        if self.public and not (self.public.startswith(("http://", "https://")) and self.public.endswith("/")):
            raise UsageError(f"{self.public!a} is no address of an archive: http(s), with a slash at the end.")

    @property
    def root(self) -> str:
        """The archive root, as a folder."""
        return self.public or ("../../" if self.serial is None else "../../../")

    @property
    def about(self) -> str:
        """The folder of the archive's descriptions."""
        if self.public:
            return f"{self.public}{ABOUT}/"
        return "" if self.serial is None else "../"

    @property
    def home(self) -> str:
        """The archive's page."""
        return self.about + PAGE

    @property
    def here(self) -> str:
        """The page itself."""
        return self.home if self.serial is None else self.page(self.serial)

    def own(self, name: str) -> str:
        """A file beside the page."""
        if not self.public:
            return name
        return self.about + (name if self.serial is None else f"{self.serial}/{name}")

    def page(self, serial: int) -> str:
        """The page of a serial."""
        if serial == self.serial and not self.public:
            return PAGE
        return f"{self.about}{serial}/{PAGE}"

    def sealed(self, name: str) -> str:
        """A file below ``manifest/``, by its name there."""
        if self.public:
            return f"{self.public}{MANIFEST_DIR}/{name}"
        return ("../" if self.serial is None else "../../") + name
