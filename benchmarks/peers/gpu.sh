#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: gpu.sh BUILD_FOLDER [options of gpu_compare.py]
# LUNOPS_PEER_PYTHON names an interpreter that has numpy, torch, and cufinufft or torchlinops.
set -eu
build=$1
shift
python=${LUNOPS_PEER_PYTHON:-python3}
if ! "$python" -c 'import numpy, torch; assert torch.cuda.is_available()' 2>/dev/null; then
  echo "skipped: $python has no numpy with a torch that finds a GPU; name one in LUNOPS_PEER_PYTHON"
  exit 0
fi
if ! "$python" -c 'import cufinufft' 2>/dev/null && ! "$python" -c 'import torchlinops' 2>/dev/null; then
  echo "skipped: $python has neither cufinufft nor torchlinops"
  exit 0
fi
exec "$python" "$(dirname "$0")/gpu_compare.py" --build "$build" "$@"
