"""The rules of the house as TOML, one file per group; `policies.law` reads them, docs/policies.md shows them."""
