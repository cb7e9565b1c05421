"""Sealed archives read and published: local copies, heads, grace periods, earlier days."""
