#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: sigpy.sh BUILD_FOLDER [options of sigpy_compare.py]
# LUNOPS_PEER_PYTHON names an interpreter that has numpy, numba and sigpy.
set -eu
build=$1
shift
python=${LUNOPS_PEER_PYTHON:-python3}
if ! "$python" -c 'import numpy, numba, sigpy' 2>/dev/null; then
  echo "bench: $python has no numpy with numba and sigpy; name an interpreter that has all three in LUNOPS_PEER_PYTHON" >&2
  exit 1
fi
# Both sides inherit the cores that the script chooses.
unset OMP_PROC_BIND
exec "$python" "$(dirname "$0")/sigpy_compare.py" --build "$build" "$@"
