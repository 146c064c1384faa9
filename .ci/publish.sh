#!/usr/bin/env bash
# Publishes the tool into .artifacts/tool, compiled ahead of time where NuGet has the compiler for it: it then starts sooner, and short work,
# such as recording a few hundred thousand steps, takes a third less processor time. Argument: the configuration.
set -uo pipefail
cd "$(dirname "$0")/.."
publish() { dotnet publish cli/OfflineRL.Cli.csproj -c "${1:-Release}" -o .artifacts/tool --nologo -v quiet "${@:2}"; }

probe=.artifacts/ahead
mkdir -p "$probe"
# Restored on its own first, so that a fault in the sources is said once.
if dotnet restore cli/OfflineRL.Cli.csproj --use-current-runtime -p:PublishReadyToRun=true --nologo -v quiet >"$probe/restore.log" 2>&1; then
  publish "${1:-Release}" --use-current-runtime --self-contained false -p:PublishReadyToRun=true
else
  echo "publish: NuGet has no ahead-of-time compiler here ($probe/restore.log says why); the tool is compiled as it runs"
  publish "${1:-Release}"
fi
