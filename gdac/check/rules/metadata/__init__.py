"""Rules of metadata files (META)."""

#: Modules in the order in which their rules run.
MODULES = (
    "dates",
    "mandatory",
    "platform",
    "parameters",
    "sensors",
    "systems",
    "configuration",
    "batteries",
    "version2",
)
