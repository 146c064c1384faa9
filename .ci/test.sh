#!/usr/bin/env bash
# Builds and runs every test; ends with "N passed, N failed, N skipped" and exits 1 where a test failed.
# Arguments go to xunit's own runner, for example: .ci/test.sh -class OfflineRL.Tests.Datasets.ConfigTests
set -uo pipefail
cd "$(dirname "$0")/.."

dotnet build tests/OfflineRL.Tests.csproj -c Release --nologo -v quiet || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

results=.artifacts/tests.trx
rm -f "$results"
.artifacts/bin/OfflineRL.Tests/release/OfflineRL.Tests -noColor -trx "$results" "$@"
status=$?

# The counters of the result file, not the console's text: a run that died half-way has no such file and counts as failed.
counters=$(grep -o '<Counters [^>]*>' "$results" 2>/dev/null)
number() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
passed=$(number passed); failed=$(number failed); skipped=$(number notExecuted)
if [ -z "$counters" ]; then
  echo "the test run ended with exit code $status before it could write its results"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
[ "$status" -ne 0 ] && [ "${failed:-0}" -eq 0 ] && failed=1
echo "${passed:-0} passed, ${failed:-0} failed, ${skipped:-0} skipped"
[ "${failed:-0}" -eq 0 ]
