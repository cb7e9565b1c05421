"""Asking the vocabulary: SPARQL queries, read before they run, answered in processes that can be ended."""
