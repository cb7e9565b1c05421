"""The Argo reference tables as the checker needs them: codes, labels, deprecation, relations and name templates."""

from gdac.tables.model import Concept, NameMatch, ParameterEntry, Tables, load

__all__ = ["Concept", "NameMatch", "ParameterEntry", "Tables", "load"]
