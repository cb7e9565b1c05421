"""How files move: stores, observe, ingest, seal, replicate and the state that remembers it."""
