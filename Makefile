# `make demo` shows the whole way, `make test` runs the tests; both set up .venv first.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# How long `make fuzz` takes for each target, and which (all, if empty).
SECONDS ?= 60
TARGETS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow fuzz lint format schema commands messages bench screenshots clean

help: ## Show what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(READY) ## Make .venv with grader and all that its tests need

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch numpy
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[plots,dev]'
	@touch $(READY)

demo: $(READY) ## Grade a small class, from fetch to reports, in demo/
	$(BIN)/grader demo --dir demo

test: $(READY) ## Run the tests (a few minutes)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(VENV)/.ray ## Run the tests that take long: attacks, packaging, every known mistake, the demo
	$(BIN)/python -m pytest -n 2 --dist loadscope -m slow

$(VENV)/.ray: $(READY)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[ray,pdf]'
	@touch $@

$(VENV)/.fuzz: $(READY)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[fuzz]'
	@touch $@

fuzz: $(VENV)/.fuzz ## Throw what is made up at whatever reads hostile input, SECONDS=60 for each of TARGETS
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS) $(TARGETS)

lint: $(READY) ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: $(READY) ## Write docs/assignment.schema.json anew from grader/spec.py
	$(BIN)/python -c "from pathlib import Path; from grader.spec import write_schema; write_schema(Path('docs/assignment.schema.json'))"

commands: $(READY) ## Write docs/commands.md anew from the commands' help
	$(BIN)/python -m grader.cli.reference > docs/commands.md

messages: $(READY) ## Gather what is to be translated in grader/locale, and compile it
	$(BIN)/python -m tests.messages

bench: $(READY) ## Measure what is claimed, as ratios to something run beside it
	$(BIN)/python -m tests.bench

screenshots: $(READY) ## Take the pictures in docs/pictures anew, with Chromium
	$(BIN)/python -m tests.screenshots

clean: ## Remove .venv and what was built
	rm -rf $(VENV) dist build demo .mypy_cache .ruff_cache .pytest_cache
