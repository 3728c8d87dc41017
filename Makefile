# Every target does its own set-up; the second time that takes a moment.
#   PYTHON=python3.12   which interpreter makes .venv
#   ARGS="..."          more arguments: make demo ARGS=--once, make test ARGS="tests/core -x -n 3"
#   WORKERS=3           how many processes share the tests of `make test`

SHELL := /bin/bash
ARGS ?=
WORKERS ?=
.DEFAULT_GOAL := help
.PHONY: help demo test soak lint bench lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a whole gate in software: no hardware, no root, no broker needed
	@.ci/setup.sh demo
	@.venv/bin/gate-agent demo $(ARGS)

test: ## linters, types, import contracts, all tests with coverage
	@.ci/setup.sh test
	@WORKERS="$(WORKERS)" .ci/check.sh test $(ARGS)

soak: ## the same tests with the counts of a night (hours)
	@GATE_PROFILE=nightly .ci/setup.sh test
	@GATE_PROFILE=nightly .ci/check.sh test $(or $(ARGS),tests)

lint: ## ruff, mypy --strict and the import contracts alone
	@.ci/setup.sh lint
	@.ci/check.sh lint

bench: ## measure this machine: taps, safety, replay, start, memory, bytes, decisions, search, screen, events, commands, fleet
	@.ci/setup.sh demo
	@.venv/bin/gate-agent bench $(ARGS)

lock: ## write the lock files anew (UPGRADE=--upgrade takes the newest versions)
	@.ci/setup.sh lock
	@UPGRADE="$(UPGRADE)" .ci/lock.sh

clean: ## remove what the other targets made
	rm -rf .venv .coverage .coverage.* .hypothesis .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache build gate_agent.egg-info
	find agent drivers tests -name __pycache__ -type d -prune -exec rm -rf {} +
