"""Rules of technical files (TECH)."""

#: Modules in the order in which their rules run.
MODULES = ("identity", "parameters")
