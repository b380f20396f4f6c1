#!/bin/sh
# SPDX-License-Identifier: MIT
# The bundle of a build, moved elsewhere: nothing of the build and nothing of the environment is needed there.
# Usage: packaging/test.sh BUILD_FOLDER [--cuda [PART,PART…]]
# With --cuda, tests/gpu/run.sh too, all or some of its parts, on the simulated GPU of the build.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
cuda=${2:-}
parts=${3:-}
if ! command -v patchelf >/dev/null 2>&1; then
  echo "skipped: patchelf is not installed"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# shellcheck disable=SC2086
sh "$here/bundle.sh" "$build" "$folder/made" --fast $cuda
bundle=$(ls -d "$folder"/made/*/)
mkdir "$folder/elsewhere"
tar -C "$folder/elsewhere" -xf "$folder"/made/*.tar.*
moved=$(ls -d "$folder"/elsewhere/*/)
moved=${moved%/}
rm -rf "$bundle"
# Nothing but this; LD_LIBRARY_PATH is empty.
clean() { env -i PATH="$PATH" HOME="$folder" LUNOPS_CACHE="$folder/cache" "$@"; }

for file in "$moved"/bin/* "$moved"/lib/*.so* "$moved"/lib/system/*.so*; do
  path=$(patchelf --print-rpath "$file")
  case $path in
    '$ORIGIN'*) ;;
    *) fail "$file looks for libraries in '$path'" ;;
  esac
  case $path in *"$build"*) fail "$file knows the build folder: '$path'" ;; esac
  outside=$(clean ldd "$file" | awk '$2 == "=>" { print $1, $3 }' | grep -v "^[^ ]* $moved/" |
    grep -Ev '^(libc|libm|libmvec|libdl|libpthread|librt|libresolv|libutil|libcu[a-zA-Z]*|libnv[a-zA-Z]*)\.so' || true)
  [ -z "$outside" ] || fail "$file needs $outside"
done

cd "$folder"
clean "$moved/bin/lunops" --version
clean "$moved/bin/lunops" --progress off "$moved/scripts/radial_sense.lua" --size 32 --coils 4 --spokes 24 --samples 64 \
  --out "$folder/image" --report "$folder/report.json" >"$folder/log" 2>&1 || fail "radial_sense.lua: $(cat "$folder/log")"
[ -s "$folder/image.png" ] || fail "radial_sense.lua wrote no picture"
# Modules that are opened at first use, with the libraries behind them.
clean "$moved/bin/lunops" "$moved/tests/conformance/run.lua" >"$folder/log" 2>&1 || fail "conformance: $(tail "$folder/log")"
clean LUA_PATH_5_4="$moved/tests/lua/?.lua" "$moved/bin/lunops" "$moved/tests/lua/tensors.lua" >"$folder/log" 2>&1 ||
  fail "tests/lua/tensors.lua: $(tail "$folder/log")"
clean "$moved/bin/native_tests" >"$folder/log" 2>&1 || fail "native_tests: $(tail "$folder/log")"
clean "$moved/bin/law_cases" --check "$moved/tests/laws/cases.txt" || fail "law_cases"
if command -v lua5.4 >/dev/null 2>&1; then
  clean LUA_CPATH_5_4="$moved/lib/?.so" lua5.4 -e 'print(require "lunops".version)' || fail "lunops.so in stock Lua"
fi

[ "$cuda" = --cuda ] || exit 0
simulated=$build/tests/cuda/simulated/modules
[ -f "$simulated/liblunops-cuda.so" ] || fail "there is no simulated GPU in $simulated"
clean LUNOPS_PLUGIN_PATH="$simulated" sh "$moved/tests/gpu/run.sh" --quick --only "$parts" --out "$folder/results" >"$folder/log" 2>&1 ||
  { tail -n 100 "$folder/log"; fail "tests/gpu/run.sh"; }
grep '^-- ' "$folder/log"
python3 "$here/check_report.py" "$folder/results/report.json" "$moved/benchmarks/record.schema.json" "$parts" || fail "report.json"
# One part that fails is told, by the exit status and in the report, and stops no other.
if clean LUNOPS_PLUGIN_PATH="$simulated" LUNOPS_SIMULATED_GPUS=0 sh "$moved/tests/gpu/run.sh" --quick --only machine,peers \
  --out "$folder/without" >"$folder/log" 2>&1; then
  fail "run.sh passed without a GPU: $(cat "$folder/log")"
fi
grep -q '"part": "peers"' "$folder/without/report.json" || fail "a failing part stopped the others"
