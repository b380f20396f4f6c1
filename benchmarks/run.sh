#!/bin/sh
# SPDX-License-Identifier: MIT
# All benchmarks, or those of one kind: kernels, operators, overhead; further names filter, --quick shortens,
# --json FILE appends records.
# Usage: benchmarks/run.sh BUILD_FOLDER [KIND] [NAME…] [--quick] [--json FILE]
set -eu
build=$1
shift
programs="bench_kernels bench_operators bench_overhead"
case ${1:-} in
  kernels | operators | overhead)
    programs=bench_$1
    shift
    ;;
esac
for program in $programs; do
  echo "== $program"
  "$build/bin/$program" "$@"
done
