"""Adapters: one module turns one kind of server or disk into a `gdac.store.Store`; `sync.stores.open` picks by URL."""
