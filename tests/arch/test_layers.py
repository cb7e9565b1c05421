"""What import-linter cannot say: no private module of another package, and nothing heavy before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("gdac", "policies", "vocab", "sync")
HEAVY = ("duckdb", "numpy", "netCDF4", "aiohttp", "aioftp", "obstore", "sqlite_utils", "pydantic", "rdflib", "boto3")


def modules():
    return [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def test_no_private_module_of_another_package_is_imported():
    found = []
    for file in modules():
        own = file.relative_to(ROOT).parts[0]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                parts = name.split(".")
                if (
                    parts[0] in PACKAGES
                    and parts[0] != own
                    and any(part.startswith("_") and not part.startswith("__") for part in parts[1:])
                ):
                    found.append(f"{file}: {name}")
    assert not found


def test_every_module_says_what_it_is_for():
    silent = [str(file) for file in modules() if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))]
    assert not silent


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["path", "dac/aoml/13857/13857_meta.nc"]])
def test_light_commands_import_nothing_heavy(command):
    program = (
        f"import sys; sys.argv = ['gdac', *{command!r}]\n"
        "from gdac.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(','.join(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = set(done.stderr.split(",")) - {"", "pydantic"}  # typer itself brings pydantic
    assert not heavy, done.stderr


@pytest.mark.parametrize(("command", "missing"), [(["sync", "status"], "sqlite_utils"), (["demo"], "obstore")])
def test_a_missing_extra_is_named_in_one_sentence(command, missing, tmp_path):
    program = (
        f"import sys; sys.argv = ['gdac', *{command!r}]; sys.modules[{missing!r}] = None\n"
        "from gdac.cli.main import main\nmain()\n"
    )
    (tmp_path / "gdac.toml").write_text('[hub]\nstore = "hub"\n[source.a]\nstore = "source"\n')
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 3
    assert missing in done.stderr
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_base_install_is_portable():
    """`gdac` runs on DAC desks with Windows: nothing that only Unix has at module level."""
    unix = {"fcntl", "resource", "uvloop", "pwd", "grp"}
    for file in sorted((ROOT / "gdac").rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not unix & set(names), file


def test_locks_name_no_index():
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock
        assert "--index" not in text, lock
        assert "--hash=sha256:" in text, lock


def test_fixed_top_level():
    for name in ("pyproject.toml", "gdac", "vocab", "sync", "policies", "tests", "deploy/k8s", "README.md", "docs"):
        assert (Path(ROOT) / name).exists(), name
