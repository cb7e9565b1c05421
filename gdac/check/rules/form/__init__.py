"""The rules of the format family (FMT); ``MODULES`` lists them in the order in which they run."""

MODULES: tuple[str, ...] = ("dimensions", "variables", "attributes", "globals", "groups")
