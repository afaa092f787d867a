# Two commands do everything: `make lab` opens the course, `make test` runs all tests.
.DEFAULT_GOAL := help
.PHONY: help setup lab test test-fast soak lint check release site benchmarks clean

VENV := .venv
BIN := $(VENV)/bin

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Python environment and core tools
	@scripts/setup.sh

lab: ## Open the course in JupyterLab; the tools are built while you read
	@scripts/setup.sh --no-tools
	@$(BIN)/course open

test: ## Set up and run every test
	@scripts/test.sh

test-fast: ## While you work: lint, and the tests that start no service (3 minutes)
	@scripts/test.sh --fast

soak: ## Long repeats: random kills, hundreds of submissions, long fuzzing (hours)
	@scripts/test.sh --soak

lint: setup ## Format and type checks only
	@scripts/lint.sh

release: setup ## Generate release/ from source/
	@$(BIN)/python -m grading.release

site: setup ## The course as a static site, in build/site
	@$(BIN)/python -m website

benchmarks: setup ## Print all benchmarks
	@$(BIN)/python -m benchmarks all

clean: ## Stop services, free the compiler's caches
	@$(BIN)/course services stop
	@$(BIN)/course tools clean
