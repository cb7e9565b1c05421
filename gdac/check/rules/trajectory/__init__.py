"""Rules of trajectory files (TRJ). Most are computed and never reported by the official checker: advice.

Everything behind the cycle numbers is looked at only when those agree, as the official checker does.
"""

#: Modules in the order in which their rules run.
MODULES = (
    "identity",
    "parameters",
    "cycles",
    "measurements",
    "events",
    "positions",
    "levels",
    "adjusted",
    "missions",
    "nul_modes",
)
