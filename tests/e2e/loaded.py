"""What `tests.e2e.forked` loads before it forks; no import of these starts a thread or opens anything."""

import gdac.cli.main
import gdac.tables
import sync.audit.audit
import sync.cli.sync
import sync.mirror.anywhere
import sync.run
import sync.status.page
import sync.stores.open
from vocab.faces import pages

gdac.tables.load()
for templates in (sync.status.page._templates(), pages._templates()):  # compiled once, for all commands
    for name in templates.list_templates(["html"]):
        templates.get_template(name)
