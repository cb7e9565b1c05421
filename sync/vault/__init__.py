"""The vault: superseded bytes kept by digest, and the wrapper that fills it."""
