#!/bin/sh
# Renews the locks. Needs uv (from PyPI). The locks hold hashes and no index address.
set -eu
cd "$(dirname "$0")/.."
lock() { uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@"; }
lock --all-extras --group dev --output-file requirements/dev.txt >/dev/null
lock --extra sync --extra demo -c requirements/dev.txt --output-file requirements/demo.txt >/dev/null
lock --extra sync --extra vocab -c requirements/dev.txt --output-file requirements/container.txt >/dev/null
printf 'cyclonedx-bom>=7\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate -c requirements/dev.txt --output-file requirements/sbom.txt >/dev/null
printf 'hatchling>=1.27\neditables>=0.5\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate -c requirements/dev.txt --output-file requirements/build.txt >/dev/null
printf 'kubernetes-validate\ncheck-jsonschema\nyamllint\nhadolint-bin\n' | uv pip compile - --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --output-file requirements/k8s.txt >/dev/null
printf 'checkov\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --output-file requirements/checkov.txt >/dev/null
