"""Manifest, delta and head: what a sealed archive is, byte by byte (specified in docs/formats.md).

- `gdac.manifest.names`: the names under ``manifest/``.
- `gdac.manifest.model`: the records, columns and errors all of it shares.
- `gdac.manifest.files`: Parquet files written and read, nothing believed.
- `gdac.manifest.delta`: diff, apply, revert, fold.
- `gdac.manifest.head`: the one mutable file, and what a reader must refuse.
- `gdac.manifest.seal`: the next serial, prepared in a staging directory.
- `gdac.manifest.build`, `gdac.manifest.verify`: a local tree, hashed and compared.
"""
