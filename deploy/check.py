"""The judges of what is deployed, each on every overlay; what is not installed is said to be skipped, with the reason.

python deploy/check.py DIRECTORY...        where the tools are, before those of PATH; see `make k8s`
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).resolve().parent
ROOT: Final = DEPLOY.parent
K8S: Final = DEPLOY / "k8s"
#: Kinds that Kubernetes itself does not know, and their schemas.
SCHEMAS: Final = {
    "ServiceMonitor": "servicemonitor",
    "PrometheusRule": "prometheusrule",
    "ExternalSecret": "externalsecret",
}
#: Releases of Kubernetes that the manifests are for.
RELEASES: Final = ("1.33", "1.37")
_WHERE: Final = {"kubectl": "Debian: kubernetes-client", "promtool": "Debian: prometheus"}


@dataclass
class Judges:
    """Runs tools and counts what they say."""

    places: Sequence[str]
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def run(self, tool: str, *arguments: str, cwd: Path = ROOT) -> str | None:
        """The tool's output, or None when it is not there or found something wrong."""
        found = next((there for place in self.places if (there := shutil.which(tool, path=place))), shutil.which(tool))
        if found is None:
            self.skip(f"{tool} ({_WHERE.get(tool, 'PyPI')}) is not installed")
            return None
        done = subprocess.run([found, *arguments], cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603
        what = f"{tool} {' '.join(one for one in arguments if not one.startswith('-'))}"[:100]
        if done.returncode != 0:
            self.failed.append(what)
            sys.stdout.write(f"FAILED   {what}\n{done.stdout[-4000:]}{done.stderr[-2000:]}\n")
            return None
        sys.stdout.write(f"ok       {what}\n")
        return done.stdout

    def skip(self, why: str) -> None:
        """Say once why something is not judged."""
        if why not in self.skipped:
            self.skipped.append(why)
            sys.stdout.write(f"SKIPPED  {why}\n")


def overlays(judges: Judges, folder: Path) -> Iterator[tuple[str, Path, list[dict[str, Any]]]]:
    """Every overlay as kubectl renders it: its name, its file, its objects."""
    for overlay in sorted(one.name for one in (K8S / "overlays").iterdir()):
        text = judges.run("kubectl", "kustomize", str((K8S / "overlays" / overlay).relative_to(ROOT)))
        if text is not None:
            file = folder / f"{overlay}.yaml"
            file.write_text(text, encoding="utf-8")
            yield overlay, file, [one for one in yaml.safe_load_all(text) if one]


def judge_overlay(judges: Judges, file: Path, objects: list[dict[str, Any]], folder: Path) -> None:
    """Schemas of Kubernetes, schemas of the custom resources, and the security of all of them."""
    plain = [one for one in objects if one["kind"] not in SCHEMAS]
    (folder / "plain").mkdir(exist_ok=True)
    known = folder / "plain" / file.name
    known.write_text(yaml.safe_dump_all(plain), encoding="utf-8")
    for release in RELEASES:
        judges.run("kubernetes-validate", "--strict", "--quiet", "--kubernetes-version", release, str(known))
    for number, one in enumerate(objects):
        if one["kind"] in SCHEMAS:
            alone = folder / f"{file.stem}-{number}-{one['kind']}.yaml"
            alone.write_text(yaml.safe_dump(one), encoding="utf-8")
            schema = K8S / "schemas" / f"{SCHEMAS[one['kind']]}.json"
            judges.run("check-jsonschema", "--schemafile", str(schema), str(alone))
    judges.run("checkov", "--framework", "kubernetes", "--skip-download", "--compact", "--quiet", "--file", str(file))


def judge_alerts(judges: Judges, folder: Path) -> None:
    """The rules are read, and every alert fires and stays silent where its tests say so."""
    component = K8S / "components" / "monitoring"
    rules = yaml.safe_load((component / "alerts.yaml").read_text(encoding="utf-8"))["spec"]
    (folder / "alerts.rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    shutil.copy(component / "alerts_test.yaml", folder)
    judges.run("promtool", "check", "rules", "alerts.rules.yaml", cwd=folder)
    judges.run("promtool", "test", "rules", "alerts_test.yaml", cwd=folder)


def main(places: Sequence[str]) -> int:
    """Run every judge; 1 when one of them found something wrong."""
    judges = Judges(places)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for _, file, objects in overlays(judges, folder):
            judge_overlay(judges, file, objects, folder)
        judge_alerts(judges, folder)
    judges.run("yamllint", "--strict", "-c", "deploy/yamllint.yaml", "deploy", "compose.yaml")
    judges.run("hadolint", "Dockerfile")
    judges.run(
        "checkov", "--framework", "dockerfile", "--skip-download", "--compact", "--quiet", "--file", "Dockerfile"
    )
    judges.run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")
    sys.stdout.write(f"{len(judges.failed)} failed, {len(judges.skipped)} skipped\n")
    return 1 if judges.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
