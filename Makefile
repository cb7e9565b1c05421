# Everything runs from a virtual environment made here; nothing but python3, python3-venv and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
SOURCES := gdac policies vocab sync tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench soak argopy ro-crate k8s lock clean

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(VENV)/.demo ## two days of a sample GDAC, observed, sealed and mirrored, in under a minute
	@$(BIN)/gdac demo

test: $(VENV)/.dev lint ## lint, types, import layers and all tests but the long ones (under 12 minutes)
	@$(BIN)/python -m pytest -n 3 --dist worksteal -q -m "not soak"

lint: $(VENV)/.dev ## ruff, mypy --strict and the import layers
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "run: $(BIN)/ruff format $(SOURCES)"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache 2>&1 | tail -n 4

bench: $(VENV)/.dev ## the measured targets, each beside a named peer in the same run (many minutes)
	@$(BIN)/python -m benchmarks

soak: $(VENV)/.dev ## the long tests
	@$(BIN)/python -m pytest -q -m soak

argopy: demo ## argopy, in a throw-away environment, reads the demo's folder mirror as a GDAC host
	@$(PYTHON) -m venv .judges/argopy-venv
	@.judges/argopy-venv/bin/python -m pip --disable-pip-version-check install --quiet argopy
	@.judges/argopy-venv/bin/python tests/conformance/argopy_reads.py .demo/mirror

ro-crate: demo $(VENV)/.dev ## roc-validator, in a throw-away environment, judges crates of the demo's hub; offline once installed
	@$(PYTHON) -m venv .judges/ro-crate-venv
	@.judges/ro-crate-venv/bin/python -m pip --disable-pip-version-check install --quiet rocrate roc-validator
	@rm -rf .judges/crates && mkdir .judges/crates
	@$(BIN)/gdac vocab crate .demo/hub --path 'dac/*_meta.nc' --copy -o .judges/crates/with-files
	@$(BIN)/gdac vocab crate .demo/hub --path 'dac/*_prof.nc' -o .judges/crates/metadata-only
	@mkdir .judges/crates/crate-broken
	@sed 's/"datePublished"/"datumPublished"/' .judges/crates/metadata-only/ro-crate-metadata.json > .judges/crates/crate-broken/ro-crate-metadata.json
	@.judges/ro-crate-venv/bin/python tests/conformance/ro_crate_valid.py .judges/ro-crate-cache .judges/crates/*

k8s: $(VENV)/.dev ## the judges of deploy/, in throw-away environments: kubectl, kubernetes-validate, checkov, promtool and others
	@$(PYTHON) -m venv .judges/k8s-venv && $(PYTHON) -m venv .judges/checkov-venv
	@.judges/k8s-venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/k8s.txt
	@.judges/checkov-venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/checkov.txt
	@$(BIN)/python deploy/check.py .judges/k8s-venv/bin .judges/checkov-venv/bin

lock: ## renew the hashed locks (needs uv)
	@requirements/compile.sh

clean: ## remove the virtual environment and everything made
	rm -rf $(VENV) .demo .judges .bench

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV) || { echo "make: could not make $(VENV): install python3-venv (Debian, Ubuntu: apt install python3-venv)"; exit 3; }

# Locked, hashed, then the project itself with nothing resolved again.
$(VENV)/.build: requirements/build.txt | $(VENV)/bin/python
	@echo "setting up $(VENV) (once)"
	@$(PIP) --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml $(VENV)/.build
	@$(PIP) --require-hashes -r requirements/demo.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(VENV)/.build
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
