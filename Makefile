# One line a target; `make help` lists them. Everything runs from this folder's .venv.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHECKOV := .venv-checkov/.ready
PYTHON ?= $(shell bash scripts/find-python.sh)
TARGET ?= local
BUDGET ?= default
STAGE ?= sandbox
IAM ?= enforce
# Pipeline parameters of `run`: make run PARAMETERS="MinAuc=0.75 DataVersion=2"
PARAMETERS ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock requirements-installer.lock package-lock.json scripts/setup.sh
	@bash scripts/setup.sh "$(PYTHON)" "$(VENV)" && touch $@

$(CHECKOV): infra/checks/requirements-checkov.lock | $(READY)
	@echo "test-slow: checkov → .venv-checkov (220 MB, once)" >&2
	@$(BIN)/python -m venv .venv-checkov
	@$(BIN)/uv pip sync --quiet --python .venv-checkov/bin/python --require-hashes $< || \
		.venv-checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

setup: $(READY) ## make .venv from the lock file

run: $(READY) ## the whole pipeline on real flights: local AWS, data, train, evaluate, register, report
	@$(BIN)/python -m pipelines run --target $(TARGET) --stage $(STAGE) --budget $(BUDGET) $(PARAMETERS)

demo-release: $(READY) ## a first release, a promotion and a withdrawal, on December's flights; a report with pictures
	@$(BIN)/python -m pipelines demo-release

demo-drift: $(READY) ## December replayed with planted faults: which monitor fires when, the retraining; a timeline
	@$(BIN)/python -m pipelines demo-drift

loadtest: $(READY) ## what one instance takes; sets autoscaling's target, shows scaling (needs `make run` before)
	@$(BIN)/python -m pipelines loadtest --target $(TARGET) --stage $(STAGE)

up: $(READY) ## start the local AWS in the background; prints `export NAME=value` lines
	@$(BIN)/python -m local_aws up --iam $(IAM)

down: $(READY) ## end the local AWS (its state stays in .local)
	@$(BIN)/python -m local_aws down

render: $(READY) ## print the pipeline definition that SageMaker gets
	@$(BIN)/python -m pipelines render

synth: $(READY) ## the CloudFormation templates, in .local/cdk; needs no network and no credentials
	@$(BIN)/python -m pipelines synth --stage $(STAGE) --budget $(BUDGET)

deploy: $(READY) ## bootstrap and deploy the platform: TARGET=local (default) or aws
	@$(BIN)/python -m pipelines deploy --target $(TARGET) --stage $(STAGE) --budget $(BUDGET)

diff: $(READY) ## what a deploy would change
	@$(BIN)/python -m pipelines diff --target $(TARGET) --stage $(STAGE) --budget $(BUDGET)

destroy: $(READY) ## remove the platform; says what is kept on purpose
	@$(BIN)/python -m pipelines destroy --target $(TARGET) --stage $(STAGE) $(if $(PURGE),--purge)

doctor: $(READY) ## what would stop a deploy to an account, and how to mend it
	@$(BIN)/python -m pipelines doctor --target $(TARGET)

test: $(READY) check ## all gates and the fast tests (under 6 minutes)
	@$(BIN)/pytest -m "not slow and not aws" -n 2 --dist loadfile

test-slow: $(READY) $(CHECKOV) ## the slower suites: whole pipeline runs, fault injection end to end
	@$(BIN)/pytest -m "slow and not aws"

check: $(READY) ## format, lint, types, import contracts
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(READY) ## format and mend what can be mended
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(READY) ## measure: pipeline overhead, API latency, job start-up
	@$(BIN)/python -m benchmarks

lock: $(READY) ## write the lock files anew from pyproject.toml
	@bash scripts/lock.sh "$(BIN)/uv"

clean: ## remove what runs left behind (.local); keeps .venv
	@[ ! -x $(BIN)/python ] || $(BIN)/python -m local_aws down; rm -rf .local

.PHONY: help setup run demo-release demo-drift loadtest up down render synth deploy diff destroy doctor test test-slow check format bench lock clean
