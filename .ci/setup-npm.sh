#!/usr/bin/env bash
# Brings npm packages that tests alone use. Argument: readers (hyparquet, parquet-wasm: what others read in our Parquet) or
# onnx (onnxruntime-node, in which exported policies are run); their versions are pinned in .ci/ARGUMENT.json.
# Needs Node 18 or newer and npm. Where the pinned versions are already there it does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?expected readers or onnx}
folder=.artifacts/npm-$name
if cmp -s ".ci/$name.json" "$folder/installed.json"; then exit 0; fi
mkdir -p "$folder"
rm -f "$folder/installed.json"
cp ".ci/$name.json" "$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --no-package-lock --loglevel=error --fetch-retries=1 >/dev/null || {
  printf 'setup-npm: npm could not install the packages of .ci/%s.json: check the network.\n' "$name" >&2
  exit 2
}
# Last, so that a half installation is never taken for a whole one.
cp ".ci/$name.json" "$folder/installed.json"
