"""The rules of metadata files (META); ``MODULES`` lists them in the order in which they run."""

MODULES: tuple[str, ...] = ()
