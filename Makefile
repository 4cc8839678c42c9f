# `make` lists the targets. Everything is installed into the checkout: .venv, node_modules, static/vendor.
# A stamp file per step: what is installed and unchanged is not installed again.

VENV ?= .venv
BIN := $(VENV)/bin
VENDOR := src/trading_bridge/web/static/vendor
# No build isolation: the build backend comes from the lock, not from whatever is newest.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two steps may both run pip.
.NOTPARALLEL:
.PHONY: help install demo dev check test format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

$(VENV)/.stamp-venv: scripts/venv.sh
	@scripts/venv.sh $(VENV)
	@touch $@

$(VENV)/.stamp-runtime: requirements/runtime.txt requirements/build.txt pyproject.toml $(VENV)/.stamp-venv
	@echo "Installing Trading Bridge into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.stamp-dev: requirements/dev.txt $(VENV)/.stamp-runtime
	@echo "Installing what tests need into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENDOR)/manifest.json: package.json package-lock.json scripts/install_assets.py requirements/node.txt $(VENV)/.stamp-venv
	@$(BIN)/python scripts/install_assets.py
	@touch $@

install: $(VENV)/.stamp-runtime $(VENDOR)/manifest.json ## install what running needs

dev: install $(VENV)/.stamp-dev ## install what developing needs as well

# PORT, SANDBOX_PORT and TRADING_BRIDGE_* reach the program as they are: make passes its environment on,
# and variables given on make's command line. exec: Ctrl-C reaches the program, nothing in between.
demo: install ## install, then run the bridge with its sandbox on http://127.0.0.1:8080
	@exec $(BIN)/trading-bridge demo

check: dev ## everything CI runs: format, lint, imports, types, tests on both databases, coverage
	@$(BIN)/python scripts/install_services.py
	@$(BIN)/python scripts/check.py

test: dev ## the tests only, in parallel (make test ARGS="tests/unit -k fills")
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

format: dev ## format the code and fix what can be fixed
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

lock: dev ## lock the Python and npm packages again (make lock ARGS=--upgrade for newer ones)
	@$(BIN)/python scripts/lock.py $(ARGS)

clean: ## remove everything that make installed (not the demo's state)
	rm -rf $(VENV) node_modules $(VENDOR) build dist htmlcov .coverage .coverage.*
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests scripts -name __pycache__ -type d -exec rm -rf {} +
