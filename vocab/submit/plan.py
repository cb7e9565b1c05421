"""What would be sent to a portal: the payloads of an export, held against the rules of the portal's API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from gdac.errors import RefusedError, UsageError
from vocab.export.ontoportal import FORMAT, RECORD
from vocab.export.payloads import ACRONYM

#: Fields that the API of EarthPortal and its line wants on a submission; the upstream API wants fewer.
MANDATORY: Final = ("URI", "status", "hasOntologyLanguage", "description", "released", "contact")
_STATUS: Final = frozenset({"alpha", "beta", "production", "retired"})
_LANGUAGES: Final = frozenset({"OBO", "OWL", "UMLS", "SKOS"})


@dataclass(frozen=True, slots=True)
class Artefact:
    """One artefact to submit.

    Attributes:
        acronym: at the portal.
        ontology: body that creates it.
        submission: body of the version.
        file: what is uploaded; its name at the portal is `name`.
        name: file name at the portal.
        sha256: of the file.
    """

    acronym: str
    ontology: Mapping[str, Any]
    submission: Mapping[str, Any]
    file: Path
    name: str
    sha256: str

    def problems(self) -> list[str]:
        """What the API would refuse, field by field."""
        found = []
        if not ACRONYM.fullmatch(self.acronym):
            found.append("acronym: a capital, then capitals, digits, - and _, at most 16 characters")
        if not self.ontology.get("name"):
            found.append("name: missing")
        if not self.ontology.get("administeredBy"):
            found.append("administeredBy: missing; export with --account USER")
        for field in MANDATORY:
            if not self.submission.get(field):
                hint = "; export with --contact NAME,EMAIL" if field == "contact" else ""
                found.append(f"{field}: missing{hint}")
        submission = self.submission
        if submission.get("status", "alpha") not in _STATUS:
            found.append(f"status: none of {', '.join(sorted(_STATUS))}")
        if submission.get("hasOntologyLanguage", "SKOS") not in _LANGUAGES:
            found.append(f"hasOntologyLanguage: none of {', '.join(sorted(_LANGUAGES))}")
        if submission.get("URI") and submission.get("URI") in {
            submission.get("versionIRI"),
            submission.get("identifier"),
        }:
            found.append("URI: must differ from versionIRI and identifier")
        return found


def read_export(folder: Path, chosen: Sequence[str]) -> list[Artefact]:
    """Artefacts of an export.

    Args:
        folder: what `gdac vocab export` wrote.
        chosen: ``argo`` for the whole vocabulary, ids of tables for theirs.

    Raises:
        UsageError: no export, or nothing of that name in it.
        RefusedError: a file is not what the export recorded.
    """
    if not (folder / RECORD).is_file():
        raise UsageError(f"{folder} holds no export.", hint=f"Make one: gdac vocab export --ontoportal {folder}")
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise RefusedError(f"{folder / RECORD} is of another format.", hint="Export again.")
        return [_artefact(folder, record["files"], name) for name in chosen]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedError(f"{folder} is not a whole export: {error!r}.", hint="Export again.") from error


def _artefact(folder: Path, files: Mapping[str, Mapping[str, Any]], name: str) -> Artefact:
    payload = f"payloads/{name}.json"
    if payload not in files:
        known = sorted(one.removeprefix("payloads/").removesuffix(".json") for one in files if "payloads/" in one)
        raise UsageError(f"the export holds no artefact {name!a}.", hint=f"One of: {', '.join(known)}.")
    told = json.loads(_whole(folder, files, payload))
    return Artefact(
        str(told["acronym"]),
        told["ontology"],
        told["submission"],
        folder / told["file"],
        told["file"].rpartition("/")[2],
        sha256(_whole(folder, files, told["file"])).hexdigest(),
    )


def _whole(folder: Path, files: Mapping[str, Mapping[str, Any]], name: str) -> bytes:
    """A file of the export, only if the export names it and it is what was written."""
    expected = files[name]["sha256"]
    data = (folder / name).read_bytes() if (folder / name).is_file() else b""
    if sha256(data).hexdigest() != expected:
        raise RefusedError(f"{folder / name} is not what {RECORD} names: its sha256 differs.", hint="Export again.")
    return data
