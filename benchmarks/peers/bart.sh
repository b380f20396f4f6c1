#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: benchmarks/peers/bart.sh BUILD_FOLDER [options of bart.lua]
set -eu
build=$1
shift
folder=$(dirname "$(dirname "$build")")/bench
mkdir -p "$folder"
exec "$build/bin/lunops" benchmarks/peers/bart.lua --program "$build/bin/lunops" --folder "$folder" "$@"
