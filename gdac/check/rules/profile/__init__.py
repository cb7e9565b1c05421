"""The rules of core and bio profiles (PRF); ``MODULES`` lists them in the order in which they run."""

MODULES: tuple[str, ...] = (
    "identity",
    "sampling",
    "times",
    "records",
    "modes",
    "parameters",
    "flags",
    "adjusted",
    "letters",
    "delayed",
)
