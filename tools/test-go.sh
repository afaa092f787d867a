#!/usr/bin/env bash
# Go: vet and tests of our own modules; acceptance tests run against the local cloud.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/python -m toolchain.test_go "$@"
