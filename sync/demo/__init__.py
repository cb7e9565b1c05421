"""The demo: two days of a sample GDAC, served, observed, sealed and mirrored on this machine alone."""
