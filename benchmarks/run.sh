#!/bin/sh
# SPDX-License-Identifier: MIT
# All benchmarks of kernels, operators and overhead; names filter, --quick shortens, --json FILE appends records.
# Usage: benchmarks/run.sh BUILD_FOLDER [NAME…] [--quick] [--json FILE]
set -eu
build=$1
shift
for program in bench_kernels bench_operators bench_overhead; do
  echo "== $program"
  "$build/bin/$program" "$@"
done
