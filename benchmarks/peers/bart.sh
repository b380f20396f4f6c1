#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: benchmarks/peers/bart.sh SCRIPT BUILD_FOLDER [options of SCRIPT.lua]     SCRIPT: bart, bart_nufft
set -eu
script=$1
build=$2
shift 2
folder=$(dirname "$(dirname "$build")")/bench
mkdir -p "$folder"
exec "$build/bin/lunops" "benchmarks/peers/$script.lua" --program "$build/bin/lunops" --folder "$folder" "$@"
