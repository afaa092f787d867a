#!/usr/bin/env bash
# Format and type checks of every language in the project.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff format --check .
$bin/ruff check .
# Mypy knows files by their content. So clones share what it knows: a fresh one takes 1 s of processor time instead of 45.
# One of them at a time; a second one, or a system without flock, has a cache of its own.
known=$($bin/python -c 'from helpers.core.paths import cache_dir; print(cache_dir() / "mypy")')
if [ -z "${MYPY_CACHE_DIR:-}" ] && command -v flock >/dev/null && mkdir -p "$known" && exec 9> "$known/lock" && flock -n 9; then
  export MYPY_CACHE_DIR=$known
fi
$bin/mypy
$bin/lint-imports --no-logo
go=$(command -v go || $bin/python -c 'from helpers import tools; print(tools.ensure("go").path)')
unformatted=$("$(dirname "$(readlink -f "$go")")/gofmt" -l toolchain)
[ -z "$unformatted" ] || { echo "gofmt: $unformatted" >&2; exit 1; }
