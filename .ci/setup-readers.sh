#!/usr/bin/env bash
# Brings the independent readers of Parquet (hyparquet, parquet-wasm) that the tests compare ours with.
# Needs Node 18 or newer and npm. Where the pinned versions are already there it does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.artifacts/npm-readers
if cmp -s .ci/readers.json "$folder/installed.json"; then exit 0; fi
mkdir -p "$folder"
rm -f "$folder/installed.json"
cp .ci/readers.json "$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --no-package-lock --loglevel=error --fetch-retries=1 >/dev/null || {
  printf 'setup-readers: npm could not install the packages of .ci/readers.json: check the network.\n' >&2
  exit 2
}
# Last, so that a half installation is never taken for a whole one.
cp .ci/readers.json "$folder/installed.json"
