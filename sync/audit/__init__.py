"""Does a store hold what its manifest says: audit, heal, and comparison of whole archives."""
