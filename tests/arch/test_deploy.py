"""What `deploy/` says agrees with the program: variables, mounts, arguments, paths, metrics, exit codes."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import jsonschema
import pytest
import typer
import yaml

from gdac.cli.main import plugged_in
from gdac.errors import ExitCode
from sync.config import check_config
from sync.daemon.section import CONFIG_VARIABLE, LISTEN_VARIABLE, LOG_VARIABLE, address
from tests.conftest import ROOT

K8S = ROOT / "deploy" / "k8s"
OVERLAYS = sorted(folder.name for folder in (K8S / "overlays").iterdir())
#: Variables that a container may have besides the credentials of stores.
KNOWN = {CONFIG_VARIABLE, LISTEN_VARIABLE, LOG_VARIABLE, "HOME", "AWS_REGION", "GDAC_SMTP_USER", "GDAC_SMTP_PASSWORD"}
SCHEMAS = {"ServiceMonitor": "servicemonitor", "PrometheusRule": "prometheusrule", "ExternalSecret": "externalsecret"}
ALERTS = K8S / "components" / "monitoring" / "alerts.yaml"


@cache
def rendered(overlay: str) -> list[dict[str, Any]]:
    tool = shutil.which("kubectl")
    if tool is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(
        [tool, "kustomize", str(K8S / "overlays" / overlay)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def of_kind(overlay: str, *kinds: str) -> list[dict[str, Any]]:
    return [one for one in rendered(overlay) if one["kind"] in kinds]


def pods(overlay: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for one in of_kind(overlay, "StatefulSet", "Deployment", "Job", "CronJob"):
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        found.append((one["metadata"]["name"], spec["template"]["spec"]))
    assert found
    return found


def containers(overlay: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return [
        (name, pod, one) for name, pod in pods(overlay) for one in [*pod.get("initContainers", []), *pod["containers"]]
    ]


def config_of(overlay: str) -> Any:
    import tomllib

    maps = [one for one in of_kind(overlay, "ConfigMap") if "gdac.toml" in one["data"]]
    assert len(maps) == 1
    return check_config(tomllib.loads(maps[0]["data"]["gdac.toml"]), where=overlay)


def store_names(config: Any) -> set[str]:
    names = {*config.source, *config.mirror, "hub", *(["vault"] if config.vault else [])}
    names |= {f"inbox-{dac}" for dac in (config.collect.inbox if config.collect else ())}
    return {name.upper().replace("-", "_") for name in names}


def check_arguments(arguments: list[str]) -> None:
    """The command and its options exist, and take these values."""
    name, *rest = arguments
    command = typer.main.get_command(plugged_in()[name].load())
    if hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    with command.make_context(name, rest, resilient_parsing=False):
        pass


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_is_one_that_the_program_reads(overlay):
    config = config_of(overlay)
    credentials = {f"GDAC_{name}_{what}" for name in store_names(config) for what in ("USER", "PASSWORD")}
    for name, _, container in containers(overlay):
        for variable in container.get("env", []):
            assert variable["name"] in KNOWN, f"{name}: {variable['name']}"
    for secret in of_kind(overlay, "ExternalSecret"):
        keys = {one["secretKey"] for one in secret["spec"]["data"]}
        assert keys <= credentials, f"no store reads {keys - credentials}"
        assert secret["spec"]["target"]["name"] == "argo-gdac-credentials"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_argument_is_one_that_the_program_takes(overlay):
    for name, _, container in containers(overlay):
        if "command" in container:
            continue
        arguments = [str(one) for one in container["args"]]
        if "shard" in arguments:
            arguments += ["--index", "0"]  # JOB_COMPLETION_INDEX, which Kubernetes sets
        try:
            check_arguments(arguments)
        except (typer.BadParameter, KeyError, SystemExit) as error:
            pytest.fail(f"{name}: gdac {' '.join(arguments)}: {error!r}")


def writable(pod: dict[str, Any], container: dict[str, Any]) -> list[PurePosixPath]:
    mounts = [one for one in container["volumeMounts"] if not one.get("readOnly")]
    assert {one["name"] for one in container["volumeMounts"]} <= {one["name"] for one in pod["volumes"]}
    return [PurePosixPath(one["mountPath"]) for one in mounts]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_path_of_the_configuration_lies_below_a_volume(overlay):
    config = config_of(overlay)
    wanted = [
        str(config.state_directory),
        *(one.store for one in (config.hub, *config.mirror.values()) if one.is_local),
    ]
    for name, pod, container in containers(overlay):
        variables = {one["name"]: one.get("value") for one in container.get("env", [])}
        if CONFIG_VARIABLE not in variables:
            continue
        file = PurePosixPath(variables[CONFIG_VARIABLE])
        mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
        volume = next(one for one in pod["volumes"] if one["name"] == mounts[str(file.parent)])
        maps = {one["metadata"]["name"]: one for one in of_kind(overlay, "ConfigMap")}
        assert file.name in maps[volume["configMap"]["name"]]["data"]
        for path in map(PurePosixPath, wanted):
            holders = [mount for mount in writable(pod, container) if path.is_relative_to(mount)]
            assert holders, f"{name}: {path} lies in no volume that may be written"
            # The root of a fresh file system holds a lost+found.
            assert path not in holders, f"{name}: {path} is the root of a volume"
        assert PurePosixPath("/tmp") in writable(pod, container)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_status_server_reads_the_hub_and_no_state(overlay):
    config = config_of(overlay)
    found = [(pod, one) for name, pod, one in containers(overlay) if name == "argo-gdac-status"]
    assert len(found) == 1
    pod, container = found[0]
    assert container["args"][:2] == ["sync", "serve"]
    assert container["args"][2] == config.hub.store
    assert "argo-gdac-state" not in json.dumps(pod)
    assert all(one["mountPath"] == "/tmp" or one["readOnly"] for one in container["volumeMounts"])
    assert pod["serviceAccountName"] == "argo-gdac-reader"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_ports_probes_and_services_meet(overlay):
    listening = {}
    for name, _, container in containers(overlay):
        ports = {one["name"]: one["containerPort"] for one in container.get("ports", [])}
        variables = {one["name"]: one.get("value") for one in container.get("env", [])}
        if LISTEN_VARIABLE in variables:
            assert address(variables[LISTEN_VARIABLE])[1] == ports["http"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                assert container[probe]["httpGet"]["port"] in ports
                assert container[probe]["httpGet"]["path"] in {"/healthz", "/readyz", "/"}
        if ports:
            listening[name] = ports
    for service in of_kind(overlay, "Service"):
        (label,) = service["spec"]["selector"].values()
        assert service["spec"]["ports"][0]["targetPort"] in listening[label]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_restricted(overlay):
    for name, pod, container in containers(overlay):
        security, own = pod["securityContext"], container["securityContext"]
        assert security["runAsNonRoot"], name
        assert security["runAsUser"] > 10_000, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert own["readOnlyRootFilesystem"], name
        assert own["allowPrivilegeEscalation"] is False, name
        assert own["capabilities"] == {"drop": ["ALL"]}, name
        for kind in ("requests", "limits"):
            assert {"cpu", "memory"} <= set(container["resources"][kind]), name
    for one in of_kind(overlay, "Namespace"):
        assert one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_job_that_is_asked_to_stop_has_the_time(overlay):
    grace = config_of(overlay).daemon.grace
    for _, pod, container in containers(overlay):
        if container.get("args", [])[:2] in (["sync", "daemon"], ["sync", "run"], ["sync", "shard"]):
            assert timedelta(seconds=pod["terminationGracePeriodSeconds"]) >= grace + timedelta(seconds=10)


@pytest.mark.parametrize("overlay", ["cronjob", "first-mirror"])
def test_jobs_know_our_exit_codes(overlay):
    jobs = of_kind(overlay, "Job", "CronJob")
    assert jobs
    for one in jobs:
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        rules = spec["podFailurePolicy"]["rules"]
        assert rules[0]["action"] == "Ignore"
        assert rules[0]["onPodConditions"][0]["type"] == "DisruptionTarget"
        names = {container["name"] for container in spec["template"]["spec"]["containers"]}
        final = {code for rule in rules if rule["action"] == "FailJob" for code in rule["onExitCodes"]["values"]}
        assert {ExitCode.USAGE, ExitCode.HELD} <= final
        assert ExitCode.FAILED not in final
        assert final <= {int(code) for code in ExitCode}
        assert {rule["onExitCodes"]["containerName"] for rule in rules if "onExitCodes" in rule} <= names
        if one["kind"] == "CronJob":
            assert one["spec"]["concurrencyPolicy"] == "Forbid"
            assert one["spec"]["timeZone"] == "Etc/UTC"


def test_shards_and_the_one_who_joins_them_count_alike():
    jobs = {one["metadata"]["name"]: one["spec"] for one in of_kind("first-mirror", "Job")}
    shards, seal = jobs["argo-gdac-shards"], jobs["argo-gdac-first-seal"]
    assert shards["completionMode"] == "Indexed"
    number = str(shards["completions"])
    assert number in shards["template"]["spec"]["containers"][0]["args"]
    assert number in seal["template"]["spec"]["initContainers"][0]["args"]
    assert next(one for one in of_kind("first-mirror", "StatefulSet"))["spec"]["replicas"] == 0


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_custom_resources_are_valid(overlay):
    for one in of_kind(overlay, *SCHEMAS):
        schema = json.loads((K8S / "schemas" / f"{SCHEMAS[one['kind']]}.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(one)


def test_the_schemas_refuse_what_is_wrong():
    rule = yaml.safe_load(ALERTS.read_text())
    rule["spec"]["groups"][0]["rulez"] = []
    schema = json.loads((K8S / "schemas" / "prometheusrule.json").read_text())
    assert not jsonschema.Draft202012Validator(schema).is_valid(rule)


def documented_metrics() -> set[str]:
    return set(re.findall(r"`(gdac_[a-z_]+)`", (ROOT / "docs" / "daemon.md").read_text()))


def metrics_in(text: str) -> set[str]:
    found = set(re.findall(r"\bgdac_[a-z_]+", text))
    return {re.sub(r"_(count|sum)$", "", one) if one not in documented_metrics() else one for one in found}


def alert_rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["spec"]["groups"] for rule in group["rules"]]


def test_alerts_and_dashboard_ask_for_metrics_that_are_there():
    records = {rule["record"] for rule in alert_rules() if "record" in rule}
    dashboard = json.loads((K8S / "components" / "monitoring" / "dashboard.json").read_text())
    texts = [rule["expr"] for rule in alert_rules()]
    texts += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    for text in texts:
        assert metrics_in(text) <= documented_metrics(), metrics_in(text) - documented_metrics()
        assert set(re.findall(r"gdac:[a-z_:]+", text)) <= records
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_alert_has_a_section_in_the_runbook_and_is_tested_both_ways():
    runbook = (ROOT / "docs" / "operations.md").read_text()
    sections = {
        re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).replace(" ", "-")
        for line in runbook.splitlines()
        if line.startswith("## ")
    }
    tests = {one["name"] for one in yaml.safe_load((ALERTS.parent / "alerts_test.yaml").read_text())["tests"]}
    for rule in alert_rules():
        if "alert" not in rule:
            continue
        page, _, section = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operations.md"
        assert section in sections, rule["alert"]
        assert rule["alert"] in runbook or section == "capacity"
        assert {f"{rule['alert']} fires", f"{rule['alert']} is silent"} <= tests


def promtool(folder: Any, *arguments: str) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    groups = yaml.safe_load(ALERTS.read_text())["spec"]
    (folder / "alerts.rules.yaml").write_text(yaml.safe_dump(groups))
    shutil.copy(ALERTS.parent / "alerts_test.yaml", folder)
    done = subprocess.run([tool, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_reads_the_rules(tmp_path):
    promtool(tmp_path, "check", "rules", "alerts.rules.yaml")


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_every_alert_fires_and_stays_silent(tmp_path):
    promtool(tmp_path, "test", "rules", "alerts_test.yaml")


@pytest.mark.parametrize("file", sorted((ROOT / "deploy").rglob("gdac.toml")), ids=lambda file: file.parent.name)
def test_every_configuration_is_good(file):
    import tomllib

    check_config(tomllib.loads(file.read_text()), where=str(file))


def test_what_is_deployed_names_no_latest_image():
    for file in [*K8S.rglob("*.yaml"), ROOT / "compose.yaml", ROOT / "Dockerfile"]:
        assert ":latest" not in file.read_text(), file
