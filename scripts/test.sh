#!/usr/bin/env bash
# Set up, then run every test: lint, Go, Python, notebooks, browser. A missing tool is a failure, never a skip.
#   scripts/test.sh [--fast | --soak] [pytest arguments]
# --fast: lint and the tests that start no service; --soak: only what repeats, and much longer.
set -euo pipefail
cd "$(dirname "$0")/.."
begun=$(date +%s)
# Bytecode is kept: a run starts a thousand Python processes.
unset PYTHONDONTWRITEBYTECODE
choice=
case "${1:-}" in
  --fast) choice=fast && shift && set -- --fast "$@" ;;
  --soak) choice=soak && shift && export MOD208_SOAK=1 && set -- -m soak --timeout 14400 "$@" ;;
esac
if [ "$choice" = fast ]; then scripts/setup.sh; else scripts/setup.sh --test; fi

# The end of a whole run says whether it kept its budget (tests/durations.py); what took long to set up was cold.
if [ -z "$choice" ] && [ $# = 0 ]; then
  MOD208_TEST_STARTED=$begun
  MOD208_TEST_RUN=warm
  [ $(($(date +%s) - begun)) -lt 180 ] || MOD208_TEST_RUN=cold
  export MOD208_TEST_STARTED MOD208_TEST_RUN
fi
mkdir -p build
# Beside the tests, which mostly wait: what lint finds is told at the end.
lint=
[ "$choice" = soak ] || { scripts/lint.sh > build/lint.log 2>&1 & lint=$!; }

# In a fresh clone one process compiles what tests import, while lint has the other core; else each worker would do it.
if [ -z "$(find tests/__pycache__ -name 'conftest.*-pytest-*.pyc' -print -quit 2>/dev/null)" ]; then
  .venv/bin/python -m pytest -n0 --collect-only -q "$@" > /dev/null 2>&1 || true
fi
# Five workers for two cores, for the same reason: with four, the cores were idle for a quarter of a run.
# Fewer where memory is short: a cluster with Argo CD and what tests it takes about 2 GB.
workers=$(awk '/^MemAvailable/ { n = int($2 / 2500000); print (n < 2 ? 2 : (n > 5 ? 5 : n)) }' /proc/meminfo 2>/dev/null || true)
# By module: fixtures of a module (a class, a workspace, services) are made once. In the order of tests/durations.json,
# longest first.
failed=0
.venv/bin/python -m pytest -n "${MOD208_TEST_WORKERS:-${workers:-5}}" --dist loadscope --no-loadscope-reorder \
  --junitxml build/junit.xml "$@" || failed=$?
# 1: tests failed, and nothing worse. What passes alone is named, not hidden.
if [ -z "$choice" ] && [ $# = 0 ] && [ "$failed" = 1 ]; then
  failed=0
  .venv/bin/python -m tests.second_try || failed=1
fi
if [ -z "$choice" ] && [ "$failed" = 0 ]; then .venv/bin/course map --check || failed=1; fi
if [ -n "$lint" ] && ! wait "$lint"; then
  cat build/lint.log
  echo "lint failed: see above" >&2
  failed=1
fi
exit "$failed"
