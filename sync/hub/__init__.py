"""The hub's side: observe the source, plan, ingest, seal, sweep, and undo forward."""
