"""Where the bytes of an archive come from, as RDF: archive, serials, runs, files, floats and checks."""
