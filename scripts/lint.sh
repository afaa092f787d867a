#!/usr/bin/env bash
# Format and type checks of every language in the project.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff format --check .
$bin/ruff check .
$bin/mypy
$bin/lint-imports --no-logo
go=$(command -v go || $bin/python -c 'from helpers import tools; print(tools.ensure("go").path)')
unformatted=$("$(dirname "$(readlink -f "$go")")/gofmt" -l toolchain)
[ -z "$unformatted" ] || { echo "gofmt: $unformatted" >&2; exit 1; }
