"""Faces of an archive: landing pages with schema.org, Turtle, JSON-LD, DataCite JSON and signposts.

Everything here is pure: a `Described` in, bytes by name out; equal input gives equal bytes. Names are relative to
``manifest/about/`` of the archive. The modules:

- `facts`: what is told, gathered once; `variables`: what Argo measures; `places`: where things lie, seen from a page.
- `rdf`, `schema_org`, `datacite`, `signposts`, `pages`: one face each.
- `crate`: an RO-Crate of some files; `checks`: what each face must fulfil.
"""

from vocab.faces.describe import describe_archive, describe_serial, serials_to_describe

__all__ = ["describe_archive", "describe_serial", "serials_to_describe"]
