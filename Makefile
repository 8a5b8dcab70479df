.PHONY: help dev test check bench load setup lock
PYTHON ?= python3
IN := .venv/bin/python -m

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

dev:  ## run Signalbox on this machine
	@$(PYTHON) -m dev $(ARGS)

test: setup node_modules  ## prove that all of it works
	$(IN) pytest -n 2 $(ARGS)

check: setup  ## static checks only: style, types, who imports whom
	$(IN) ruff check
	$(IN) ruff format --check
	$(IN) mypy
	.venv/bin/lint-imports

bench: setup  ## what an event, a cold start and a post cost, beside others
	$(IN) benchmarks

load: setup  ## many connections, broadcasts, every delivery checked
	@$(IN) load_test --url $(or $(URL),ws://127.0.0.1:3001/local) $(ARGS)

node_modules: package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund; fi

setup:  ## make the environments from the locks
	@$(PYTHON) -m dev --setup

lock: setup  ## write the locks again from pyproject.toml
	$(IN) uv pip compile --quiet --universal --extra dev $(COMPILE) -o requirements.lock pyproject.toml
	printf 'boto3\nministack==1.5.33\n' | $(IN) uv pip compile --quiet --universal --python-version 3.11 $(COMPILE) -o requirements-engine.lock -

COMPILE := --no-emit-index-url --no-annotate --no-header --generate-hashes
