#!/usr/bin/env bash
# Brings MuJoCo's WebAssembly build for the environments Hopper-v4, HalfCheetah-v4 and Walker2d-v4, and steps a robot once.
# Needs Node 18 or newer and npm. Where the pinned version is already there it does nothing.
#   OFFLINERL_NODE=FILE    use this node instead of the one in PATH
#   OFFLINERL_MUJOCO=DIR   use the package mujoco-js in this folder instead of npm's
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.artifacts/npm-mujoco
package=$folder/node_modules/mujoco-js

say() { printf 'setup-mujoco: %s\n' "$*"; }
fail() { printf 'setup-mujoco: %s\n' "$*" >&2; exit 2; }

node=${OFFLINERL_NODE:-node}
command -v "$node" >/dev/null 2>&1 ||
  fail "missing: ${OFFLINERL_NODE:-node}. Install Node 18 or newer (Debian: apt-get install nodejs npm), or name its program with OFFLINERL_NODE."
major=$("$node" --version | sed 's/^v\([0-9]*\).*/\1/')
[ "$major" -ge 18 ] 2>/dev/null || fail "$(command -v "$node") is $("$node" --version); expected v18 or newer. Name a newer one with OFFLINERL_NODE."

if [ -n "${OFFLINERL_MUJOCO:-}" ]; then
  for package in "$OFFLINERL_MUJOCO" "$OFFLINERL_MUJOCO/node_modules/mujoco-js"; do
    [ -f "$package/dist/mujoco_wasm.js" ] && { say "using $package"; exit 0; }
  done
  fail "OFFLINERL_MUJOCO=$OFFLINERL_MUJOCO holds no package mujoco-js; expected its folder, or one with node_modules/mujoco-js."
fi

version=$(sed -n 's/.*"mujoco-js": *"\([^"]*\)".*/\1/p' .ci/mujoco.json)
if [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ] && [ -f "$package/dist/mujoco_wasm.js" ]; then exit 0; fi
command -v npm >/dev/null 2>&1 || fail "missing: npm (Debian: apt-get install npm). Or set OFFLINERL_MUJOCO to a folder of the package mujoco-js $version."
say "fetching mujoco-js $version"
mkdir -p "$folder"
rm -f "$folder/version"
cp .ci/mujoco.json "$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --no-package-lock --loglevel=error --fetch-retries=1 >/dev/null ||
  fail "npm could not install mujoco-js $version: check the network, or set OFFLINERL_MUJOCO to a folder of that package."
robot=$("$node" ingest/Environments/Mujoco/Server/check.mjs "$package") || fail "mujoco-js $version was installed but does not run under $("$node" --version); the message stands above."
# Last, so that a half installation is never taken for a whole one.
printf '%s' "$version" > "$folder/version"
say "$robot"
