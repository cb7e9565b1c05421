"""The image and compose.yaml: what they copy, call and ask is there; the whole stack of compose runs, as processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from sync.config import check_config
from tests.arch.test_deploy import KNOWN, check_arguments, store_names
from tests.conftest import ROOT

HEALTHY = ROOT / "deploy" / "container" / "healthy.py"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
CONFIG = ROOT / "deploy" / "compose" / "gdac.toml"


def instructions():
    sys.path.insert(0, str(ROOT / "deploy" / "container"))
    try:
        import clean_root
    finally:
        sys.path.pop(0)
    return clean_root, list(clean_root.instructions((ROOT / "Dockerfile").read_text()))


def test_the_image_copies_what_is_there_and_runs_as_nobody():
    clean_root, found = instructions()
    for word, rest in found:
        if word == "COPY" and not rest.startswith("--from="):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert clean_root._is_sent(source), f".dockerignore holds {source} back"
    users = [rest for word, rest in found if word == "USER"]
    assert users == ["10001:10001"]
    environment = " ".join(rest for word, rest in found if word == "ENV")
    assert set(re.findall(r"\b(GDAC_\w+)=", environment)) <= KNOWN
    for packages in re.findall(r"-r (\S+)", (ROOT / "Dockerfile").read_text()):
        lock = (ROOT / packages).read_text()
        assert "--hash=sha256:" in lock
        assert "://" not in lock
    (command,) = (json.loads(rest) for word, rest in found if word == "CMD")
    check_arguments(command)


def test_secrets_and_data_do_not_reach_the_builder():
    clean_root, _ = instructions()
    for source in (".git", ".demo", ".venv", "credentials.env", "gdac.toml", "tests"):
        assert not clean_root._is_sent(source)


class Answering(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        assert self.path == "/healthz"
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_the_server(status, code):
    handler = type("Handler", (Answering,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.handle_request, daemon=True).start()
        assert healthy(f":{server.server_address[1]}") == code


def test_the_health_check_of_what_does_not_listen():
    assert healthy(":1") == 1
    assert healthy("") == 0


def healthy(listen):
    environment = {"PATH": os.environ["PATH"], "GDAC_LISTEN": listen, "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run([sys.executable, str(HEALTHY)], env=environment, capture_output=True, check=False).returncode


def test_compose_calls_what_is_there():
    config = check_config(tomllib.loads(CONFIG.read_text()), where="compose")
    credentials = {f"GDAC_{name}_{what}" for name in store_names(config) for what in ("USER", "PASSWORD")}
    for name, service in SERVICES.items():
        if "entrypoint" not in service:
            check_arguments(service.get("command", ["sync", "daemon"]))
        assert set(service.get("environment", {})) <= credentials | KNOWN, name
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        for other in service.get("depends_on", {}):
            assert other in SERVICES
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "a newcomer's stack is for this machine alone"
    hosts = set(re.findall(r"://([a-z0-9]+):\d+", CONFIG.read_text()))
    assert hosts <= set(SERVICES)


class Stack:
    """The services of compose.yaml as processes: hosts are ports of this machine, volumes are directories."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, {}
        self.ports = {name: _free_port() for name in ("ftp", "s3", "daemon", "status")}
        self.low = _free_port()
        etc = folder / "etc"
        etc.mkdir()
        for file in (ROOT / "deploy" / "compose").iterdir():
            if file.is_file():
                (etc / file.name).write_text(self.told(file.read_text()))

    def told(self, text: str) -> str:
        for host, port in (("ftp", 2121), ("s3", 9000)):
            text = text.replace(f"{host}:{port}", f"127.0.0.1:{self.ports[host]}")
        text = text.replace("every 1m", "every 1s").replace("every 10m", "every 2s")
        return text.replace('"/', f'"{self.folder}/')

    def command(self, name: str) -> tuple[list[str], dict[str, str]]:
        service = SERVICES[name]
        words = [*service.get("entrypoint", ["gdac"]), *service.get("command", ["sync", "daemon"])]
        mounted = {path: str(self.folder / source) for source, path in self.mounts(service)}
        for path, there in mounted.items():
            words = [word.replace(path, there) for word in words]
        words = [self.told(word) for word in words]
        words = [
            {"2121": str(self.ports["ftp"]), "9000": str(self.ports["s3"]), "0.0.0.0": "127.0.0.1"}.get(w, w)
            for w in words
        ]
        words = [word.replace("30000-30019", f"{self.low}-{self.low + 19}") for word in words]
        there = Path(sys.executable).parent / words[0]
        words[0] = str(there if there.exists() else sys.executable)
        environment = {
            **os.environ,
            **service.get("environment", {}),
            "GDAC_LISTEN": f"127.0.0.1:{self.ports.get(name, 0)}",
        }
        return words, {**environment, "GDAC_CONFIG": str(self.folder / "etc" / "gdac.toml")}

    def mounts(self, service):
        for volume in service.get("volumes", []):
            source, path = volume.split(":")[:2]
            where = {"./deploy/compose": "etc", "hub": "srv/argo", "state": "var/lib/argo-gdac"}.get(source, source)
            (self.folder / where).mkdir(parents=True, exist_ok=True)
            yield where, path

    def once(self, name: str) -> None:
        words, environment = self.command(name)
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{name}: {done.stderr}"

    def start(self, name: str) -> None:
        words, environment = self.command(name)
        log = (self.folder / f"{name}.log").open("w")
        self.running[name] = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
        log.close()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()[-3000:]

    def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _json(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())
    except OSError:
        return {}


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_the_whole_stack_of_compose_runs(tmp_path):
    stack = Stack(tmp_path)
    try:
        stack.once("sample")
        stack.start("ftp")
        stack.start("s3")
        stack.once("bucket")
        stack.start("daemon")
        stack.start("status")
        page = f"http://127.0.0.1:{stack.ports['status']}"
        until = time.monotonic() + 300
        found = {}
        while time.monotonic() < until:
            found = _json(f"{page}/status.json")
            if [one.get("serial") for one in found.get("mirrors", [])] == [1]:
                break
            time.sleep(0.5)
        assert found["hub"]["serial"] == 1, stack.log("daemon") + stack.log("status")
        assert found["mirrors"][0]["serial"] == 1, stack.log("daemon")
        with urllib.request.urlopen(page, timeout=10) as answer:
            assert b"<html" in answer.read()
        with urllib.request.urlopen(f"{page}/metrics", timeout=10) as answer:
            assert b"gdac_hub_serial 1.0" in answer.read()
        with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports['daemon']}/healthz", timeout=10) as answer:
            assert answer.status == 200
    finally:
        stack.stop()
    assert stack.running["daemon"].returncode == 0, stack.log("daemon")
