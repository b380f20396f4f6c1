#!/bin/sh
# SPDX-License-Identifier: MIT
# T10 to T13 of the project's targets by one command: overhead per node, Lua calls, allocations, start-up.
# Usage: benchmarks/targets.sh BUILD_FOLDER [--quick] [--json FILE]
# An application into a given output that allocates fails the run (T12).
set -eu
build=$1
shift
folder=$(dirname "$(dirname "$build")")/bench
mkdir -p "$folder"
echo "T10, T12: operators on 16 elements (must 2 us per node and application; allocations must be 0)"
"$build/bin/bench_overhead" "$@"
echo
echo "T11, T13: Lua calls and start-up"
"$build/bin/lunops" benchmarks/overhead/calls.lua --program "$build/bin/lunops" --folder "$folder" "$@"
