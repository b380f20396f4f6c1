#!/bin/sh
# SPDX-License-Identifier: MIT
# Includes point downward only (DESIGN §3): each folder may include itself and what stands before it in its list.
set -u
cd "$1" || exit 2
bad=0

# allow FOLDER PATTERN: every project include in FOLDER must match PATTERN.
allow() {
  found=$(grep -rnE '^#include "(runtime|interpreter)/' "$1" --include='*.hpp' --include='*.cpp' 2>/dev/null |
    grep -vE "#include \"($2)" || true)
  if [ -n "$found" ]; then
    printf 'layering: %s may include only %s:\n%s\n' "$1" "$2" "$found"
    bad=1
  fi
}

core='runtime/core/'
device="$core|runtime/device/|runtime/backend/(view|fft|nufft|convolution|difference|wavelet|interpolate|backend)\.hpp"
backend="$device|runtime/backend/|runtime/tensor/tensor\.hpp"
tensor="$device|runtime/backend/[a-z_]+\.hpp|runtime/tensor/|runtime/modules/"
allow runtime/core "$core"
allow runtime/device "$device"
allow runtime/tensor "$tensor"
allow runtime/linop "$tensor|runtime/linop/|runtime/plan/"
allow runtime/plan "$tensor|runtime/linop/|runtime/plan/"
allow runtime/solver "$tensor|runtime/linop/|runtime/plan/|runtime/solver/"
allow runtime/io "$tensor|runtime/io/"
allow runtime 'runtime/'

found=$(grep -rnE '#include [<"](lua|lauxlib|lualib)(\.h|\.hpp)|#include [<"]lua' . --include='*.hpp' --include='*.cpp' --include='*.h' |
  grep -vE '^\./(interpreter|tests/embed|tests/unit/interpreter|tests/binding|benchmarks/overhead|out)/' || true)
if [ -n "$found" ]; then
  printf 'layering: Lua headers belong under interpreter/ only:\n%s\n' "$found"
  bad=1
fi
for file in $(git ls-files '*.cpp' '*.hpp' '*.lua' '*.sh' '*.cmake' 2>/dev/null); do
  case $file in
    tests/conformance/* | *.lua) continue ;;
  esac
  head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || {
    printf 'layering: no licence line in %s\n' "$file"
    bad=1
  }
done
[ $bad = 0 ] && echo "layering: includes point downward, Lua stays in interpreter/"
exit $bad
