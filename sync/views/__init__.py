"""Views: mirrors that hold a part of the hub, or hold it in another layout (docs/views.md).

- `sync.views.definition`: what a view is, and the archive id that follows from it.
- `sync.views.layout`: where a hub's path lies in a view, and back.
- `sync.views.select`: which files of a manifest a filter keeps.
- `sync.views.indexes`: index files, filtered and with the header that the layout asks for.
- `sync.views.derive`: manifest and head of a view, out of those of the hub; no store, no clock.
"""
