#!/usr/bin/env bash
# Prints "N passed, N failed, N skipped" from the result file of the last test run; fails where there is none.
# The counters of the file, not the console's text: a run that died half-way left no file.
set -uo pipefail
cd "$(dirname "$0")/.."
counters=$(grep -o '<Counters [^>]*>' .artifacts/tests.trx 2>/dev/null) || exit 1
number() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
echo "$(number passed) passed, $(($(number failed) + $(number error))) failed, $(number notExecuted) skipped"
