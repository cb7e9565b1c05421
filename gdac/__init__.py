"""What an Argo archive is: names, index files, manifests, diffs and the NetCDF files themselves. No network."""

__version__ = "0.1.0"
