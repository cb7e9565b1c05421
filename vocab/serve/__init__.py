"""The vocabulary on the web: SPARQL 1.1 protocol, a page for every term and table, downloads."""
