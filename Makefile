.PHONY: help dev test test-pythons check bench load synth deploy destroy deploy-local iam-proof smoke page setup peers lock
PYTHON ?= python3
STAGE ?= dev
IN := .venv/bin/python -m
CDK := CDK_DISABLE_CLI_TELEMETRY=true node_modules/.bin/cdk

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

dev:  ## run Signalbox on this machine
	@$(PYTHON) -m signalbox dev $(ARGS)

test: peers node_modules  ## prove that all of it works
	$(IN) pytest -n 2 --dist loadgroup --ignore=tests/deploy $(ARGS)

test-pythons: setup  ## unit and contract tests on every Python from 3.11 on that this machine has
	$(IN) tests.pythons $(ARGS)

check: setup  ## static checks only: style, types, who imports whom
	$(IN) ruff check
	$(IN) ruff format --check
	$(IN) mypy
	$(IN) mypy app.py
	.venv/bin/lint-imports

bench: peers benchmarks/peers/node_modules  ## what an event, a start, a post, a broadcast and a gateway cost, beside others
	$(IN) benchmarks $(ARGS)

load: setup  ## many connections, broadcasts, every delivery checked
	@$(IN) signalbox load --url $(or $(URL),ws://127.0.0.1:3001/local) $(ARGS)

synth: setup node_modules  ## write the template of STAGE (dev) into cdk.out
	@$(IN) signalbox.constructs.node
	@$(CDK) synth --quiet --context stage=$(STAGE) $(ARGS)
	@echo cdk.out/signalbox-$(STAGE).template.json

deploy: setup node_modules  ## deploy STAGE to the AWS account whose credentials are set
	@$(IN) signalbox.constructs.node
	@$(CDK) deploy --context stage=$(STAGE) $(ARGS)

destroy: setup node_modules  ## remove STAGE from it
	@$(IN) signalbox.constructs.node
	@$(CDK) destroy --context stage=$(STAGE) $(ARGS)

deploy-local: setup node_modules  ## deploy to an emulator: real clients, a release under traffic, destroy
	$(IN) pytest tests/deploy/test_deployed.py $(ARGS)

iam-proof: setup node_modules  ## the same with IAM on: each permission taken away breaks what it is for
	$(IN) pytest tests/deploy/test_permissions.py $(ARGS)

smoke: setup  ## ask a deployed stage what a client would: URL=wss://...
	@SMOKE_URL='$(URL)' $(IN) pytest -q tests/application/smoke $(ARGS)

page: setup  ## serve the page on localhost for a deployed stage: URL=wss://...
	@echo "http://localhost:8000/?url=$(URL)"
	@$(IN) signalbox.dev.pages

node_modules benchmarks/peers/node_modules: %node_modules: %package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund --prefix $(@D); fi

setup:  ## make the environments from the locks
	@$(PYTHON) -m signalbox dev --setup

peers: setup
	@$(PYTHON) -m signalbox dev --setup --peers

lock: setup  ## write the locks again from pyproject.toml
	$(IN) uv pip compile --quiet --universal --extra dev $(COMPILE) -o requirements.lock pyproject.toml
	printf 'aws-lambda-powertools\npydantic\n' | $(IN) uv pip compile --quiet --universal --python-version 3.11 --constraint requirements.lock $(COMPILE) -o requirements-functions.lock -
	printf 'aws-lambda-powertools\npydantic\nPyJWT[crypto]\n' | $(IN) uv pip compile --quiet --universal --python-version 3.11 --constraint requirements.lock $(COMPILE) -o requirements-authorizer.lock -
	printf 'boto3\nministack==1.5.33\n' | $(IN) uv pip compile --quiet --universal --python-version 3.11 $(COMPILE) -o signalbox/dev/engine.lock -
	printf "aiobotocore==3.10.0\naiodynamo==26.4\naiohttp==3.14.5\nawscli==1.46.3\nuvloop==0.23.0; sys_platform != 'win32'\n" | $(IN) uv pip compile --quiet --universal --python-version 3.11 $(COMPILE) -o requirements-peers.lock -

COMPILE := --no-emit-index-url --no-annotate --no-header --generate-hashes
