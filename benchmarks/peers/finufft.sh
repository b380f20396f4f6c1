#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: finufft.sh BUILD_FOLDER [options of finufft_compare.py]
# LUNOPS_PEER_PYTHON names an interpreter that has numpy and finufft.
set -eu
build=$1
shift
python=${LUNOPS_PEER_PYTHON:-python3}
if ! "$python" -c 'import numpy, finufft' 2>/dev/null; then
  echo "bench: $python has no numpy with finufft; name an interpreter that has both in LUNOPS_PEER_PYTHON" >&2
  exit 1
fi
# Both sides inherit the cores that the script chooses.  OMP_PROC_BIND would pin the script's own thread
# to one of them, and every process that it starts.
unset OMP_PROC_BIND
export OMP_WAIT_POLICY=passive
exec "$python" "$(dirname "$0")/finufft_compare.py" --build "$build" "$@"
