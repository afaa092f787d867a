#!/usr/bin/env bash
# Set up the course: a virtual environment from the lock file, then the core tools. Safe to run again; quick when done.
# With --test also what only the tests need: Chromium, Ruby, the rest of the tools.
# With --no-tools only the Python environment and the programs of the operating system.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Python 3.11 or newer with venv is needed; '$python' is not that." >&2
  echo "Next: apt-get install -y python3 python3-venv    # or: make lab PYTHON=/path/to/python3.12" >&2
  exit 2
fi

pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }
uv() { .venv/bin/python -m uv --quiet --no-progress "$@" --python .venv/bin/python; }

# Every package by its recorded digest, exactly those of the lock file (--no-deps: it names them all). uv takes seconds where pip takes minutes, and is itself installed by pip from a
# lock file; pip does all of it where uv cannot run or cannot reach the index (which pip may know from its own settings).
by_uv() {
  pip install --require-hashes -r requirements-uv.lock &&
    uv pip install --no-deps --require-hashes -r requirements.lock &&
    uv pip install --no-deps --no-build-isolation -e .
}
by_pip() {
  pip install --no-deps --require-hashes -r requirements.lock
  pip install --no-deps --no-build-isolation -e .
}

# The stamp holds the digest of what was installed, so a changed lock file installs again and an unchanged one does not.
wanted=$(cat requirements.lock requirements-uv.lock pyproject.toml | sha256sum | cut -d' ' -f1)
stamp=.venv/.installed
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  say "Installing the Python environment (once, about 20 seconds)"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  if [ "${MOD208_INSTALLER:-uv}" != uv ] || ! by_uv; then
    say "Installing with pip (about two minutes)"
    by_pip
  fi
  # As a wheel would: IPython reads its configuration from the environment. An editable install leaves data files out.
  mkdir -p .venv/etc/ipython && cp helpers/course/kernel/ipython_kernel_config.json .venv/etc/ipython/
  # JupyterLab finds the side panel there; a link, so that the one just built is the one that is seen.
  mkdir -p .venv/etc/jupyter/jupyter_server_config.d .venv/share/jupyter/labextensions
  cp helpers/course/panel/mod208.json .venv/etc/jupyter/jupyter_server_config.d/
  ln -sfn "$PWD/helpers/course/panel/labextension" .venv/share/jupyter/labextensions/mod208
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
system bwrap "submissions are graded in sandboxes" bubblewrap
case "${1:-}" in
  --no-tools) ;;
  --test)
    system chromium "the browser tests click in it" chromium fonts-dejavu-core
    system ruby "the controls written for InSpec are parsed by it" ruby
    MOD208_SETUP=test .venv/bin/course tools install
    # Minutes on an empty cache, and the first test that needs it may not wait that long.
    .venv/bin/python -c 'from helpers.wrappers import terratest; terratest.prepare()'
    ;;
  *) .venv/bin/course tools install --core ;;
esac
