"""The Argo reference tables as the checker needs them: codes, labels, deprecation, relations and name templates.

tables = gdac.tables.load()                      # the shipped snapshot; or load(Path("nvs-jsonld-folder"))
"G" in tables.codes("R05"), "N" in tables.deprecated("RP2")
tables.linked("R27", "SBE41CP", "broader", "R26", "SBE")
tables.match_name("R18", "CONFIG_CtdDriftAtParkPresSamplingPeriod")
"""

from gdac.tables.model import Concept, Found, NameMatch, ParameterEntry, TableFacts
from gdac.tables.reference import Tables, load

__all__ = ["Concept", "Found", "NameMatch", "ParameterEntry", "TableFacts", "Tables", "load"]
