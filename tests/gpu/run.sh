#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything that can be asked of a machine with a GPU, from the folder that `./dev bundle --cuda` makes: what machine it
# is, tests, the main job beside the host, compute-sanitizer, benchmarks; under eight minutes in all.
# Usage: tests/gpu/run.sh [--out FOLDER] [--data FOLDER] [--device cuda:0] [--quick] [--only PART,PART…] [--seconds N]
#   --out      where report.json, log.txt, records.jsonl and pictures go (gpu_results)
#   --data     a folder with measured data, cardiac_radial/cardiac12_ksp.cfl in it
#   --quick    tiny problems, for machines whose times mean nothing
#   --only     of: machine kernels laws operators phantom heart memcheck racecheck benchmarks peers
#   --seconds  what all parts together may take (460)
# LUNOPS_PEER_PYTHON names an interpreter with torch, cufinufft or torchlinops.
# Each part has a limit of its own, and one that fails stops no other.  Exit status: 0 if all passed, 1 if one failed.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)

# What the parts do.  Each runs in a shell of its own, so that its limit can end it.
kernels() { bin/cuda_tests "[cuda]"; }
# All other programs that test operators there.
laws() {
  for program in bin/cuda_*; do
    [ "$program" != bin/cuda_tests ] || continue
    echo "-- $program"
    "$program" "[cuda]" || return 1
  done
}
operators() { bin/lunops tests/gpu/operators.lua --device "$device"; }
# Regularised so that it converges: iterates on the way magnify what one application differs by (10^-6 there to 3 * 10^-3
# in the image after ten iterations at lambda = 0.2), converged images do not (10^-5).
phantom() { main_job phantom "--lambda 1 ${quick:+--size 32 --coils 4 --spokes 24 --samples 64}"; }
memcheck() { sanitizer memcheck; }
racecheck() { sanitizer racecheck; }
machine() {
  cat bundle.json
  uname -srm
  sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
  echo "cores: $(nproc)"
  getconf GNU_LIBC_VERSION
  if command -v nvidia-smi >/dev/null 2>&1; then
    nvidia-smi
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem,clocks.max.sm,power.limit --format=csv
  else
    echo "nvidia-smi is not installed"
  fi
  ldd lib/liblunops-cuda.so | grep -E 'libcu|not found'
  bin/lunops --version
  bin/lunops -e "local lo = require 'lunops'; print(table.concat(lo.devices(), ' ')); print(assert(lo.device '$device'))"
}
radial() {
  # shellcheck disable=SC2086
  bin/lunops --progress off scripts/radial_sense.lua --device "$1" --out "$out/$2" --report "$out/$2.json" $3
}
# The image of the device beside that of the host.
main_job() {
  radial cpu "$1_cpu" "$2" && radial "$device" "$1_gpu" "$2" || return 1
  bin/lunops tests/gpu/same_image.lua "$out/$1_cpu.npy" "$out/$1_gpu.npy" 1e-4
}
heart() {
  source=$data/cardiac_radial/cardiac12_ksp.cfl
  if [ -z "$data" ]; then
    echo "skipped: no --data"
  elif [ ! -f "$source" ]; then
    echo "skipped: there is no $source"
  else
    main_job heart "--data $source"
  fi
}
sanitizer() {
  tool=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
  if [ -z "$tool" ]; then
    echo "skipped: compute-sanitizer is not installed"
    return 0
  fi
  "$tool" --tool "$1" --error-exitcode 9 bin/lunops tests/gpu/operators.lua --device "$device"
}
benchmarks() { bin/bench_gpu --device "$device" ${quick:+--quick} --json "$out/records.jsonl"; }
peers() { sh benchmarks/peers/gpu.sh . --device "$device" ${quick:+--quick} --json "$out/records.jsonl"; }

if [ -n "${LUNOPS_GPU_PART:-}" ]; then
  cd "$root" || exit 2
  "$LUNOPS_GPU_PART"
  exit $?
fi

out=gpu_results data="" device=cuda:0 quick="" only="" seconds=460
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=--quick ;;
    --out | --data | --device | --only | --seconds)
      [ $# -gt 1 ] || { echo "run: $1 needs a value" >&2; exit 2; }
      case $1 in
        --out) out=$2 ;;
        --data) data=$2 ;;
        --device) device=$2 ;;
        --only) only=$2 ;;
        --seconds) seconds=$2 ;;
      esac
      shift
      ;;
    *) echo "run: unknown option '$1'; see the first lines of $0" >&2; exit 2 ;;
  esac
  shift
done
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
[ -z "$data" ] || data=$(cd "$data" && pwd) || exit 2
cd "$root" || exit 2
[ -x bin/lunops ] || { echo "run: $root has no bin/lunops: this runs in the folder that './dev bundle --cuda' makes" >&2; exit 2; }
rm -f "$out/parts.jsonl" "$out/records.jsonl" "$out/report.json"
: >"$out/log.txt"
: >"$out/parts.jsonl"
export LUNOPS_CACHE="$out/cache" LUA_PATH_5_4="$root/tests/lua/?.lua"
# Records name the build, for there is no repository here.
LUNOPS_COMMIT=$(sed -n 's/.*"commit": "\([^"]*\)", "dirty": \([a-z]*\).*/\1 \2/p' bundle.json | sed 's/ true$/-dirty/; s/ false$//')
export LUNOPS_COMMIT out data device quick

say() { printf '%s\n' "$*" | tee -a "$out/log.txt"; }
quoted() { printf '"%s"' "$(printf '%s' "$1" | tr '\n\t' '  ' | sed 's/[\\"]/\\&/g')"; }
first=$(date +%s)

# The CUDA libraries: where the loader looks, else in the usual folders, toolkit or Python packages.
missing_libraries() { ldd lib/liblunops-cuda.so 2>/dev/null | awk '/not found/ { print $1 }' | sort -u; }
if [ -n "$(missing_libraries)" ]; then
  packages=$("${LUNOPS_PEER_PYTHON:-python3}" -c 'import site; print("\n".join(site.getsitepackages()))' 2>/dev/null || true)
  for folder in "${CUDA_HOME:-/usr/local/cuda}"/lib64 /usr/local/cuda*/lib64 /usr/local/cuda*/targets/x86_64-linux/lib \
    /usr/local/nvidia/lib64 /opt/cuda/lib64 $(for p in $packages; do ls -d "$p"/nvidia/*/lib 2>/dev/null; done); do
    for library in $(missing_libraries); do
      [ -e "$folder/$library" ] || continue
      export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"
      break
    done
  done
fi

parts=0
failed=0
# part NAME LIMIT: runs it under its limit; its output goes to the log, the end of it to the terminal.
part() {
  name=$1 limit=$2
  case ",$only," in
    ,, | *,"$name",*) ;;
    *) return 0 ;;
  esac
  parts=$((parts + 1))
  rest=$((seconds - $(date +%s) + first))
  [ "$rest" -ge "$limit" ] || limit=$rest
  if [ "$limit" -lt 2 ]; then
    ended failed 0 "no time was left for it"
    return 0
  fi
  say "== $name"
  start=$(date +%s.%N)
  LUNOPS_GPU_PART=$name timeout -k 5 "$limit" sh "$root/tests/gpu/run.sh" >"$out/part.txt" 2>&1
  status=$?
  took=$(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $start }")
  cat "$out/part.txt" >>"$out/log.txt"
  tail -n 12 "$out/part.txt"
  skipped=$(sed -n 's/^skipped: //p' "$out/part.txt" | head -n 1)
  case $status in
    0) if [ -n "$skipped" ]; then ended skipped "$took" "$skipped"; else ended passed "$took" ""; fi ;;
    124 | 137) ended failed "$took" "stopped after its limit of $limit s" ;;
    *) ended failed "$took" "exit status $status: $(tail -n 1 "$out/part.txt")" ;;
  esac
  rm -f "$out/part.txt"
}
ended() {
  say "-- $name: $1, $2 s${3:+ ($3)}"
  [ "$1" != failed ] || failed=$((failed + 1))
  printf '{"part": "%s", "result": "%s", "seconds": %s, "reason": %s}\n' "$name" "$1" "$2" "$(quoted "$3")" >>"$out/parts.jsonl"
}

part machine 30
part kernels 90
part laws 90
part operators 40
part phantom 40
part heart 40
part benchmarks 200
part peers 60
part memcheck 60
part racecheck 60

# One report: the build, the machine, the parts, the records.
joined() { [ ! -f "$1" ] || awk 'NF { printf "%s%s", (n++ ? ",\n  " : ""), $0 }' "$1"; }
smi() { nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null | head -n 1; }
{
  printf '{"bundle": %s,\n' "$(cat bundle.json)"
  printf ' "machine": {"gpu": %s, "driver": %s, "cpu": %s, "cores": %s, "system": %s, "lunops": %s},\n' \
    "$(quoted "$(smi name)")" "$(quoted "$(smi driver_version)")" \
    "$(quoted "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)")" "$(nproc)" "$(quoted "$(uname -sr)")" \
    "$(quoted "$(bin/lunops --version)")"
  printf ' "date": "%s", "seconds": %s, "failed": %s,\n' "$(date -u +%Y-%m-%dT%H:%MZ)" "$(($(date +%s) - first))" "$failed"
  printf ' "parts": [%s],\n "records": [%s]}\n' "$(joined "$out/parts.jsonl")" "$(joined "$out/records.jsonl")"
} >"$out/report.json"
rm -rf "$out/parts.jsonl" "$out/cache"
say "$parts parts, $failed failed; $out/report.json"
[ "$failed" = 0 ]
