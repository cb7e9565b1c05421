"""The vocabulary as files that ontology portals ingest whole."""
