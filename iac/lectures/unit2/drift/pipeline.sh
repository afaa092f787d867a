#!/bin/sh
# What the drift job does, here and in the hosted CI alike. Exit code: 0 in sync, 1 drifted, 3 could not tell,
# 4 only code that nobody applied.
set -eu
exec course drift run drift.yaml --history .drift/history.json --report .drift/report.json --spread "${DRIFT_SPREAD:-0}"
