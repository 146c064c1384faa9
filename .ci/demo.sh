#!/usr/bin/env bash
# The whole of it on defaults: record, train two learners with five seeds each, score them on held-out environments and
# from the log. Everything lands in demo/, which is made anew.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$PWD/.artifacts/tool/offlinerl
rm -rf demo
mkdir demo
export OFFLINERL_ROOT=$PWD/demo
start=$SECONDS

step() { printf '\n\033[1m$ offlinerl %s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; "$tool" "$@"; }

step ingest record --config ingest/configs/cartpole.yaml
step datasets show cartpole
step train --config train/configs/cartpole_bc.yaml
step train --config train/configs/cartpole_dqn.yaml
step evaluate rollout --config evaluate/configs/cartpole_rollout.yaml
step evaluate ope --config evaluate/configs/cartpole_ope.yaml

printf '\nDone in %d s. demo/data holds the log, demo/runs the policies, demo/reports the scores: report.html for reading, CSV and Parquet for more.\n' $((SECONDS - start))
