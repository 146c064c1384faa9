#!/usr/bin/env bash
# Brings ONNX Runtime (onnxruntime-node), in which the tests run exported policies.
# Needs Node 18 or newer and npm. Where the pinned versions are already there it does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.artifacts/npm-onnx
if cmp -s .ci/onnx.json "$folder/installed.json"; then exit 0; fi
mkdir -p "$folder"
rm -f "$folder/installed.json"
cp .ci/onnx.json "$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --no-package-lock --loglevel=error --fetch-retries=1 >/dev/null || {
  printf 'setup-onnx: npm could not install the packages of .ci/onnx.json: check the network.\n' >&2
  exit 2
}
# Last, so that a half installation is never taken for a whole one.
cp .ci/onnx.json "$folder/installed.json"
