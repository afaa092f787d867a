#!/usr/bin/env bash
# Run every test: lint, Go, Python, notebooks, browser. Any missing tool is a failure, never a skip.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE=1
scripts/lint.sh
# By module: fixtures of a module (a class, a workspace, services) are made once. In the order of tests/conftest.py.
mkdir -p build
.venv/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --junitxml build/junit.xml "$@"
.venv/bin/course map --check
