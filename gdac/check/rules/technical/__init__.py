"""The rules of technical files (TECH); ``MODULES`` lists them in the order in which they run."""

MODULES: tuple[str, ...] = ()
