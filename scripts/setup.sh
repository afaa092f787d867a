#!/usr/bin/env bash
# Set up the course: a virtual environment from the lock file, then the core tools. Safe to run again; quick when done.
# With --test also what only the tests need: Chromium, the rest of the tools.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Python 3.11 or newer with venv is needed; '$python' is not that." >&2
  echo "Next: apt-get install -y python3 python3-venv    # or: make lab PYTHON=/path/to/python3.12" >&2
  exit 2
fi

# The stamp holds the digest of what was installed, so a changed lock file installs again and an unchanged one does not.
wanted=$(cat requirements.lock pyproject.toml | sha256sum | cut -d' ' -f1)
stamp=.venv/.installed
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  say "Installing the Python environment (once, about a minute)"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
  echo "$wanted" > "$stamp"
fi

# system COMMAND WHY PACKAGE...: have a program of the operating system, or say what to type.
system() {
  local command=$1 why=$2
  shift 2
  if command -v "$command" >/dev/null; then return; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing $command: $why"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    echo "$command is missing: $why. Next: sudo apt-get install -y $*" >&2
    exit 2
  fi
}

system git "the course is about Git" git
system ssh-keygen "commits are signed with SSH keys" openssh-client
system gpg "Argo CD verifies commits with GnuPG" gnupg
if [ "${1:-}" = "--test" ]; then
  system chromium "the browser tests click in it" chromium fonts-dejavu-core
  .venv/bin/course tools install
else
  .venv/bin/course tools install --core
fi
