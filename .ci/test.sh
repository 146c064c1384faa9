#!/usr/bin/env bash
# Builds and runs every test; ends with "N passed, N failed, N skipped" and exits 1 where a test failed.
# Arguments go to xunit's own runner, for example: .ci/test.sh -class OfflineRL.Tests.Datasets.ConfigTests
set -uo pipefail
cd "$(dirname "$0")/.."
rm -f .artifacts/tests.trx

# Where Node is there; the tests of MuJoCo's environments, of other readers of Parquet and of exported policies skip without it, saying so.
if command -v npm >/dev/null 2>&1; then
  .ci/setup-mujoco.sh || echo "test: MuJoCo is not set up; its tests are skipped"
  .ci/setup-npm.sh readers || echo "test: hyparquet and parquet-wasm are not there; their tests are skipped"
  .ci/setup-npm.sh onnx || echo "test: onnxruntime-node is not there; the tests of exported policies that run them are skipped"
fi
# Reports are opened in Chromium; with root it is brought here, without it those tests skip, saying so.
if ! command -v chromium >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "test: installing chromium"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 ||
    echo "test: chromium could not be installed; the tests that open reports are skipped"
fi
dotnet build tests/OfflineRL.Tests.csproj -c Release --nologo -v quiet || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
.artifacts/bin/OfflineRL.Tests/release/OfflineRL.Tests -noColor -trx .artifacts/tests.trx "$@"
status=$?
.ci/counts.sh || {
  echo "the test run ended with exit code $status before it could write its results"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}
exit $((status != 0))
