"""The rules of core and bio trajectories (TRJ); ``MODULES`` lists them in the order in which they run."""

MODULES: tuple[str, ...] = ()
