"""What things mean: Argo terms (NVS), ontology, export, query and provenance as RDF."""
