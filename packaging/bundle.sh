#!/bin/sh
# SPDX-License-Identifier: MIT
# One folder that runs on another machine: program, libraries, modules, tests and benchmarks of a build, with the
# libraries of this system that they need.  Left out are those of glibc, which must be as new there, and those of CUDA.
# Usage: packaging/bundle.sh BUILD_FOLDER OUTPUT_FOLDER [--cuda] [--limit MB] [--fast]
# Leaves OUTPUT_FOLDER/NAME/ and OUTPUT_FOLDER/NAME.tar.zst (.tar.xz without zstd); one that is larger than the limit
# (60 MB) is an error.  --fast packs in a second instead of half a minute, into a quarter more.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
fail() {
  printf 'bundle: %s\n' "$*" >&2
  exit 1
}
[ $# -ge 2 ] || fail "usage: bundle.sh BUILD_FOLDER OUTPUT_FOLDER [--cuda] [--limit MB] [--fast]"
build=$(cd "$1" && pwd)
mkdir -p "$2"
output=$(cd "$2" && pwd)
shift 2
cuda=no
limit=60
level=19
while [ $# -gt 0 ]; do
  case $1 in
    --cuda) cuda=yes ;;
    --fast) level=3 ;;
    --limit)
      [ $# -gt 1 ] || fail "--limit needs a number of MB"
      limit=$2
      shift
      ;;
    *) fail "unknown option '$1'" ;;
  esac
  shift
done
for tool in patchelf strip ldd objdump tar; do
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed"
done

cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
version=$(cached CMAKE_PROJECT_VERSION)
architectures=""
name=lunops-$version-$(uname -m)
if [ "$cuda" = yes ]; then
  name=$name-cuda
  [ -f "$build/lib/liblunops-cuda.so" ] || fail "$build has no liblunops-cuda.so: was nvcc found?"
  architectures=$(cached CMAKE_CUDA_ARCHITECTURES)
  case ";$architectures;" in
    *";90;"* | *";90-real;"*) ;;
    *) fail "the module is built for '$architectures', without sm_90" ;;
  esac
fi
folder=$output/$name
rm -rf "$folder" "$folder".tar.*
mkdir -p "$folder/bin" "$folder/lib/system" "$folder/licenses"

# What the build made.  Libraries go by the name under which they are asked for.
programs="lunops law_tests law_cases native_tests"
modules="liblunops.so.$version liblunops-lua.so.1 liblunops-files.so liblunops-blas.so lunops.so"
[ ! -f "$build/lib/liblunops-cuda-probe.so" ] || modules="$modules liblunops-cuda-probe.so"
[ "$cuda" = no ] || modules="$modules liblunops-cuda.so"
for file in "$build"/bin/bench_* "$build"/bin/nufft_case "$build"/bin/nufft_targets; do
  [ ! -f "$file" ] || programs="$programs $(basename "$file")"
done
if [ "$cuda" = yes ]; then
  for file in "$build"/bin/cuda_*; do
    [ ! -f "$file" ] || programs="$programs $(basename "$file")"
  done
fi
made=""
for program in $programs; do
  [ -f "$build/bin/$program" ] || fail "$build/bin/$program is not built"
  cp -L "$build/bin/$program" "$folder/bin/"
  made="$made $build/bin/$program"
done
for module in $modules; do
  [ -f "$build/lib/$module" ] || fail "$build/lib/$module is not built"
  cp -L "$build/lib/$module" "$folder/lib/"
  made="$made $build/lib/$module"
done

# The libraries of the system, with the licences of the packages that they come from.
is_elsewhere() {
  case $1 in
    ld-linux* | libc.so.* | libm.so.* | libmvec.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.* | \
      libutil.so.* | libanl.so.* | libnss_* | libnsl.so.* | linux-vdso*) return 0 ;;
    libcuda* | libcudart* | libcublas* | libcufft* | libcusolver* | libcusparse* | libnvJitLink* | libnv*) return 0 ;;
    liblunops*) return 0 ;;
  esac
  return 1
}
# shellcheck disable=SC2086
ldd $made 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' | sort -u >"$folder/needed"
while read -r soname path; do
  is_elsewhere "$soname" && continue
  cp -L "$path" "$folder/lib/system/$soname"
  real=$(readlink -f "$path")
  command -v dpkg-query >/dev/null 2>&1 || continue
  package=$(dpkg-query -S "$real" "$path" "${real#/usr}" "${path#/usr}" 2>/dev/null | head -n 1 | cut -d: -f1) || true
  [ -n "$package" ] || continue
  dpkg-query -W -f '${Package} ${Version}\n' "$package" 2>/dev/null | head -n 1 >>"$folder/packages"
  [ ! -f "/usr/share/doc/$package/copyright" ] || cp -L "/usr/share/doc/$package/copyright" "$folder/licenses/$package"
done <"$folder/needed"
rm "$folder/needed"
[ ! -f "$folder/packages" ] || sort -u "$folder/packages" >"$folder/lib/system/packages.txt"
rm -f "$folder/packages"

# Debug information goes first: a file that patchelf has changed is not for strip.
chmod -R u+w "$folder/bin" "$folder/lib"
strip --strip-unneeded "$folder"/bin/* "$folder"/lib/*.so* "$folder"/lib/system/*.so*
for file in "$folder"/bin/*; do
  patchelf --set-rpath '$ORIGIN/../lib:$ORIGIN/../lib/system' "$file"
done
for file in "$folder"/lib/*.so*; do
  patchelf --set-rpath '$ORIGIN:$ORIGIN/system' "$file"
done
for file in "$folder"/lib/system/*.so*; do
  patchelf --set-rpath '$ORIGIN' "$file"
done
glibc=$(objdump -T "$folder"/bin/* "$folder"/lib/*.so* "$folder"/lib/system/*.so* 2>/dev/null |
  sed -n 's/.*(\{0,1\}GLIBC_\([0-9][0-9.]*\).*/\1/p' | sort -uV | tail -n 1)

# What runs there is found by the paths that it has in the source tree.
(
  cd "$root"
  cp -r --parents scripts benchmarks tests/gpu tests/lua tests/conformance tests/cuda/absence.lua tests/laws/cases.txt \
    tests/laws/recipes.lua tests/laws/recipes.txt LICENSE README.md CHANGELOG.md docs/gpu.md "$folder"
)
find "$folder/benchmarks" "$folder/tests" \( -name '*.cpp' -o -name '*.hpp' -o -name CMakeLists.txt -o -name __pycache__ \) \
  -exec rm -rf {} +
rm -rf "$folder/benchmarks/results"

commit=$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)
dirty=false
[ -z "$(git -C "$root" status --porcelain --untracked-files=no 2>/dev/null | head -n 1)" ] || dirty=true
cat >"$folder/bundle.json" <<JSON
{"name": "$name", "version": "$version", "commit": "$commit", "dirty": $dirty, "date": "$(date -u +%Y-%m-%dT%H:%MZ)",
 "compiler": "$("$(cached CMAKE_CXX_COMPILER)" --version | head -n 1)", "build_type": "$(cached CMAKE_BUILD_TYPE)",
 "cuda_architectures": "$architectures", "glibc": "$glibc"}
JSON

if command -v zstd >/dev/null 2>&1; then
  archive=$folder.tar.zst
  tar -C "$output" --owner=0 --group=0 -cf - "$name" | zstd -q -$level -T0 -o "$archive"
else
  archive=$folder.tar.xz
  tar -C "$output" --owner=0 --group=0 -cf - "$name" | xz -$((level / 2)) -T0 >"$archive"
fi
size=$(wc -c <"$archive")
echo "$folder"
printf '%s: %s MB (at most %s), unpacked %s MB, needs glibc %s\n' "$archive" \
  "$(awk "BEGIN { printf \"%.1f\", $size / 1e6 }")" "$limit" "$(du -sm "$folder" | cut -f1)" "$glibc"
[ "$size" -le $((limit * 1000000)) ] || fail "the bundle is larger than $limit MB; largest files:
$(find "$folder" -type f -printf '%s %P\n' | sort -rn | head -n 8)"
