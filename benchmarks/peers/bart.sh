#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: benchmarks/peers/bart.sh SCRIPT BUILD_FOLDER [options of SCRIPT.lua]     SCRIPT: bart, bart_nufft
set -eu
script=$1
build=$2
shift 2
folder=$(dirname "$(dirname "$build")")/bench
mkdir -p "$folder"
# Both programs write to a memory file system where there is one, so that no disk is timed.
results=$folder
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
  results=$(mktemp -d /dev/shm/lunops-bench.XXXXXX)
  trap 'rm -rf "$results"' EXIT
  trap 'exit 130' INT TERM
fi
"$build/bin/lunops" "benchmarks/peers/$script.lua" --program "$build/bin/lunops" --folder "$folder" --results "$results" "$@"
