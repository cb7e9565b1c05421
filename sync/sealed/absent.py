"""What was asked of a sealed archive and was never in it, or not then: an answer, and no failure."""

from gdac.errors import ExitCode, GdacError


class NotThereError(GdacError):
    """The archive never had it, or not then."""

    exit_code = ExitCode.DIFFERENCES
