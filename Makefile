# Two commands do everything: `make lab` opens the course, `make test` runs all tests.
.DEFAULT_GOAL := help
.PHONY: help setup lab test test-setup lint check release benchmarks clean

VENV := .venv
BIN := $(VENV)/bin

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Python environment and core tools
	@scripts/setup.sh

lab: setup ## Set up and open the course in JupyterLab
	@$(BIN)/course open

test-setup: setup
	@scripts/setup.sh --test

test: test-setup ## Set up and run every test
	@scripts/test.sh

lint: setup ## Format and type checks only
	@scripts/lint.sh

release: setup ## Generate release/ from source/
	@$(BIN)/python -m grading.release

benchmarks: setup ## Print all benchmarks
	@$(BIN)/python -m benchmarks all

clean: ## Stop services, free the compiler's caches
	@$(BIN)/course services stop
	@$(BIN)/course tools clean
