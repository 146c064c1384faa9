#!/usr/bin/env bash
# Brings what the build needs and NuGet does not carry: libtorch, a fast BLAS, DuckDB's C library, the native shim, the plots of reports.
# Each step looks first and does nothing where its result is already there, so that a second run takes a second.
#   LIBTORCH=DIR  use this libtorch (PyTorch's zip, or the torch folder of an installed wheel) instead of Debian's
#   CUDA_HOME=DIR where cuda_runtime_api.h is, for CUDA graphs with a LIBTORCH that has CUDA
#   DUCKDB=FILE   use this libduckdb.so instead of the npm package's
#   HDF5=FILE     use this libhdf5.so instead of Debian's (the tool looks at it too)
# The plots of reports (Vega, Vega-Lite, Vega-Embed) come from npm where it is there; without them reports have tables alone.
set -euo pipefail
cd "$(dirname "$0")/.."
native=.artifacts/native
mkdir -p "$native"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

# Not by a pipe into grep -q: that one leaves early, and under pipefail the library then counts as missing now and then.
has_library() { [[ $(ldconfig -p) == *"$1"* ]]; }

# The Debian packages: named here once, installed with root, else said.
debian_packages() {
  local missing=()
  need g++ g++
  need cmake cmake
  if [ -z "${DUCKDB:-}" ]; then need npm npm; fi
  if [ -z "${LIBTORCH:-}" ]; then
    [ -e /usr/include/torch/script.h ] || missing+=(libtorch-dev)
    # Debian's libtorch takes any BLAS; the reference one is some twenty times slower than OpenBLAS.
    has_library libopenblas || missing+=(libopenblas0-pthread)
  fi
  # HDF5 files are read and written through its C library.
  if [ -z "${HDF5:-}" ]; then has_library libhdf5 || missing+=(libhdf5-dev); fi
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null 2>&1 ||
    fail "missing: ${missing[*]} (Debian's names). This system has no apt-get: install their equivalents, or set LIBTORCH to an unpacked libtorch, then run make again."
  if [ "$(id -u)" -ne 0 ]; then
    fail "missing: ${missing[*]}. You are not root: run 'sudo apt-get install --no-install-recommends ${missing[*]}', or without root set LIBTORCH to an unpacked libtorch (PyTorch's zip or the torch folder of a Python wheel), then run make again."
  fi
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

duckdb_library() {
  if [ -n "${DUCKDB:-}" ]; then
    [ -f "$DUCKDB" ] || fail "DUCKDB=$DUCKDB is not a file; expected the path of libduckdb.so (1.5 or newer)."
    ln -sfn "$(realpath "$DUCKDB")" "$native/libduckdb.so"
    return
  fi
  local version
  version=$(sed -n 's/.*"@duckdb\/node-bindings-linux-x64": *"\([^"]*\)".*/\1/p' .ci/package.json)
  if [ -f "$native/libduckdb.so" ] && [ "$(cat "$native/duckdb.version" 2>/dev/null)" = "$version" ]; then return; fi
  say "fetching DuckDB $version"
  mkdir -p .artifacts/npm
  cp .ci/package.json .artifacts/npm/package.json
  npm install --prefix .artifacts/npm --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null ||
    fail "npm could not install @duckdb/node-bindings-linux-x64 $version: check the network, or set DUCKDB to a libduckdb.so you have."
  # Its own copy, so that removing the npm folder leaves the tool whole; renamed last, so that a half copy is never found.
  rm -f "$native/libduckdb.so"
  cp .artifacts/npm/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so "$native/.libduckdb.so"
  mv "$native/.libduckdb.so" "$native/libduckdb.so"
  printf '%s' "$version" > "$native/duckdb.version"
}

torch_shim() {
  local sources key
  sources=$(find train/Torch/Native -type f | LC_ALL=C sort)
  # shellcheck disable=SC2086
  key=$(cat $sources | sha256sum | cut -c1-16)-${LIBTORCH:-debian}${CUDA_HOME:+-$CUDA_HOME}
  if [ -f "$native/libofflinerl_torch.so" ] && [ "$(cat "$native/shim.key" 2>/dev/null)" = "$key" ]; then return; fi
  say "building the torch shim"
  { cmake -S train/Torch/Native -B .artifacts/shim -DCMAKE_BUILD_TYPE=Release -DLIBTORCH="${LIBTORCH:-}" &&
    cmake --build .artifacts/shim -j2; } >.artifacts/shim.log 2>&1 ||
    { tail -n 30 .artifacts/shim.log >&2; fail "the torch shim did not build against ${LIBTORCH:-the libtorch of the system}; the whole log is .artifacts/shim.log."; }
  mv .artifacts/shim/libofflinerl_torch.so "$native/libofflinerl_torch.so"
  printf '%s' "$key" > "$native/shim.key"
}

# One file of the three and their licenses. Nothing fails for want of it: a report then says in a sentence that it has no plots.
plots_library() {
  if [ -f "$native/vega.js" ] && cmp -s .ci/plots.json "$native/plots.json"; then return; fi
  command -v npm >/dev/null 2>&1 || { say "npm is not there: reports will have tables and no plots"; return; }
  say "fetching Vega for the plots of reports"
  local folder=.artifacts/npm-plots package
  mkdir -p "$folder"
  cp .ci/plots.json "$folder/package.json"
  npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --no-package-lock --loglevel=error --fetch-retries=1 >/dev/null ||
    { say "npm could not install the packages of .ci/plots.json: reports will have tables and no plots"; return; }
  for package in vega vega-lite vega-embed; do
    printf '/*! %s\n%s\n*/\n' "$package" "$(cat "$folder/node_modules/$package/LICENSE")"
    cat "$folder/node_modules/$package/build/$package.min.js"
    printf '\n;\n'
  done > "$native/.vega.js"
  mv "$native/.vega.js" "$native/vega.js"
  # Last, so that a half installation is never taken for a whole one.
  cp .ci/plots.json "$native/plots.json"
}

debian_packages
duckdb_library
torch_shim
plots_library
