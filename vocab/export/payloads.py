"""What an OntoPortal API is told about an artefact: the body that creates it, and the one of a submission."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gdac.errors import UsageError
from vocab.header import CREATED, Release
from vocab.names import CC_BY

#: Rule of the API: a letter, then capitals, digits, hyphen and underscore; at most 16 characters.
ACRONYM: Final = re.compile(r"[A-Z][A-Z0-9_-]{0,15}")


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a portal asks about an artefact; the API refuses a submission without one."""

    name: str
    email: str


def check_acronym(acronym: str) -> str:
    """An acronym that the API takes.

    Raises:
        UsageError: it would be refused.
    """
    if not ACRONYM.fullmatch(acronym):
        raise UsageError(
            f"{acronym!a} is no acronym that a portal takes.",
            hint="A capital letter, then capitals, digits, hyphens and underscores; at most 16 characters.",
        )
    return acronym


def payload(
    acronym: str,
    name: str,
    description: str,
    uri: str,
    version_iri: str,
    release: Release,
    file: str,
    *,
    flat: bool,
    contact: Contact | None = None,
    account: str = "",
) -> Mapping[str, Any]:
    """The two API bodies of one artefact and the file that goes with them.

    `contact` and `account` (the portal user who administers it) are left out where they are not known; the API then
    refuses, naming the field.
    """
    ontology: dict[str, Any] = {"acronym": check_acronym(acronym), "name": name, "flat": flat}
    if account:
        ontology["administeredBy"] = [account]
    submission: dict[str, Any] = {
        "URI": uri,
        "versionIRI": version_iri,
        "version": release.label,
        "status": release.status,
        "hasOntologyLanguage": "SKOS",
        "description": description,
        "released": f"{release.issued}T00:00:00Z",
        "modificationDate": f"{max(release.modified, CREATED)}T00:00:00Z",
        "naturalLanguage": ["http://lexvo.org/id/iso639-1/en"],
        "hasLicense": CC_BY,
        "hasFormalityLevel": "http://w3id.org/nkos/nkostype#thesaurus",
        "isOfType": "http://omv.ontoware.org/2005/05/ontology#Vocabulary",
        "hasOntologySyntax": "http://www.w3.org/ns/formats/Turtle",
    }
    if contact:
        submission["contact"] = [{"name": contact.name, "email": contact.email}]
    return {"acronym": acronym, "file": file, "ontology": ontology, "submission": submission}
