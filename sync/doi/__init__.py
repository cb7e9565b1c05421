"""DOI snapshots of the archive: what the publisher offers, which serials hold one, and hubs begun from one."""
